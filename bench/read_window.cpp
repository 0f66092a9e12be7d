#include "bench/read_window.hpp"

namespace mailboat::bench {

postgres::Params beyond(const Snapshot& from) {
  std::string in_progress = "{";
  for (const auto transaction : from.in_progress()) {
    if (in_progress.size() > 1) in_progress += ',';
    in_progress += std::to_string(transaction);
  }
  return {std::to_string(from.xmax()), in_progress + '}'};
}

}  // namespace mailboat::bench
