#include "producer/access.hpp"

#include <utility>

#include "common/error.hpp"
#include "common/log.hpp"

namespace mailboat::producer {
namespace {

// Anybody can come with new keys for ever: ten lines at once, then one in ten seconds.
constexpr double lines_at_once = 10;
constexpr double lines_per_second = 0.1;

}  // namespace

Access::Access(std::string allow_list)
    : path_(std::move(allow_list)), lines_(lines_at_once, lines_per_second, TokenBucket::Clock::now()) {
  if (!has_keys()) return;
  list_ = read_allow_list(path_);
  if (list_.size() == 0) log::warn("nobody is on the allow list", {{"file", path_}});
}

bool Access::admits(const std::string& key, const std::string& address) {
  if (list_.knows(key)) return true;
  ++refused_since_line_;
  if (lines_.take(TokenBucket::Clock::now())) {
    log::warn("a consumer was turned away: its key is not on the allow list",
              {{"key", key}, {"address", address}, {"times", std::exchange(refused_since_line_, 0)}});
  }
  return false;
}

bool Access::read_again() {
  if (!has_keys()) {
    log::info("SIGHUP: there is no allow list to read again");
    return false;
  }
  try {
    list_ = read_allow_list(path_);
  } catch (const ConfigurationError& error) {
    log::error("the allow list was not read again; the one from before holds", {{"reason", error.what()}});
    return false;
  }
  log::info("the allow list was read again", {{"file", path_}, {"consumers", list_.size()}});
  if (list_.size() == 0) log::warn("nobody is on the allow list", {{"file", path_}});
  return true;
}

}  // namespace mailboat::producer
