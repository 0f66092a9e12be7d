#include "bench/progress.hpp"

#include <iostream>

namespace mailboat::bench {

void say(std::string_view what) { std::cerr << "mailboat-bench: " << what << std::endl; }

}  // namespace mailboat::bench
