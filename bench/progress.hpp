#pragma once

#include <string_view>

namespace mailboat::bench {

/// One line on standard error: what is being done. The figures go to standard output.
void say(std::string_view what);

}  // namespace mailboat::bench
