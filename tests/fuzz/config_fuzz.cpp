#include <cstdlib>
#include <sstream>
#include <stdexcept>
#include <sys/mman.h>
#include <unistd.h>

#include "common/error.hpp"
#include "consumer/options.hpp"
#include "producer/allow_list.hpp"
#include "producer/options.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace mailboat;

namespace {

/// A file in memory, which has a path as long as it is open.
class MemoryFile {
 public:
  MemoryFile() : fd_(::memfd_create("config", MFD_CLOEXEC)) {
    if (fd_ < 0) throw std::runtime_error("cannot make a file in memory");
  }
  ~MemoryFile() { ::close(fd_); }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;

  void rewrite(const std::uint8_t* data, std::size_t size) const {
    if (::ftruncate(fd_, 0) != 0 || ::pwrite(fd_, data, size, 0) != static_cast<ssize_t>(size)) {
      throw std::runtime_error("cannot write to a file in memory");
    }
  }
  [[nodiscard]] std::string path() const { return "/proc/self/fd/" + std::to_string(fd_); }

 private:
  int fd_;
};

const Environment no_variables({});

// Refused means exit code 2 and a sentence; accepted means that nobody has to look twice.
template <typename Parsed>
void require_refused_with_a_sentence(const Parsed& parsed, const std::ostringstream& err) {
  if (std::get<ExitCode>(parsed) != ExitCode::Usage || err.str().empty()) std::abort();
}

void require_whole(const consumer::Route& route) {
  if (route.topic.empty()) std::abort();
  if (!route.skip && route.table.empty() && !route.is_managed()) std::abort();
  for (const auto& column : route.columns) {
    if (column.name.empty()) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const MemoryFile file;
  file.rewrite(data, size);
  const std::vector<std::string> arguments{"--config", file.path()};
  std::ostringstream out;
  std::ostringstream err;
  const auto consumer = consumer::parse_options(arguments, {out, err}, no_variables);
  if (const auto* options = std::get_if<consumer::ConsumerOptions>(&consumer)) {
    for (const auto& route : options->routes) require_whole(route);
    if (options->sources.empty()) std::abort();
    for (const auto& source : options->sources) {
      if (source.producers.empty() || source.subscription.empty()) std::abort();
    }
  } else {
    require_refused_with_a_sentence(consumer, err);
  }
  err.str("");
  const auto producer = producer::parse_options(arguments, {out, err}, no_variables);
  if (std::holds_alternative<ExitCode>(producer)) require_refused_with_a_sentence(producer, err);
  try {
    if (producer::read_allow_list(file.path()).knows("")) std::abort();
  } catch (const ConfigurationError&) {
    return 0;
  }
  return 0;
}

std::vector<std::string> fuzz_seeds() {
  return {R"(producer = ["tcp://127.0.0.1:5657", "ipc:///run/feed"]
subscription = "shop"
database = 'shop.db'
until_caught_up = true
heartbeat = "1s"
reject_limit = 1_000
log_level = "debug"
[[route]]
topic = "create_user"
table = "users"
key = ["user_id"]
[route.columns]
user_id = ":user_id"
"e-mail" = ":m\u00e4il"
[[route]]
topic = "a"
table = "t"
key = ["a", "b"]
name = "other"
where = ":a > 1"
allow_subqueries = true
create = true
[[route]]
topic = "*"
mode = "append"
table = "log"
create = '''CREATE TABLE log (_event_id INTEGER PRIMARY KEY)'''
[[route]]
topic = "b"
skip = true
)",
          R"(producer="tcp://127.0.0.1:1"
subscription="s"
database="d"
route = [{topic = "t", table = "t", key = ["k"], columns = {k = ":k"}}]
)",
          R"(database = "d"
insecure = true
[[source]]
name = "eu"
producer = ["tcp://a:1", "ipc:///run/eu"]
subscription = "shop"
prefix = "eu_"
[[source]]
name = "us"
producer = "tcp://b:1"
subscription = "shop"
[[route]]
source = "us"
topic = "t"
table = "t"
key = ["k"]
)",
          R"(postgres = "host=/run/postgresql dbname=shop"
listen = "tcp://127.0.0.1:5657"
insecure = false
trust_failover = true
poll_interval_max = "50ms"
snapshot_hold_max = "30s"
heartbeat = "1s"
log_level = "info"
)",
          R"([[consumer]]
name = "web-1"
key = "Vnz/LU*ItPG^Zfxip}/0:=har-FxlmZdQ!*1+sz{"
subscriptions = ["shop", "*"]
)",
          "x = 1979-05-27T07:32:00Z\ny = [[1, 2.5e3], {a.b = nan}]\nz = '''\n'''\n[a.\"b c\"]\n"};
}
