#include <SQLiteCpp/SQLiteCpp.h>

#include "tests/faults/soak.hpp"
#include "tests/support/eventually.hpp"

// What the soak inflicts. Each fault is over when its function returns, but for damage to the replica's
// table, which stays until it is mended.

namespace mailboat::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr int busy_timeout_ms = 20'000;
// As long as it takes to be noticed: five heartbeats of 200 ms, and some more on a busy machine.
constexpr seconds noticed_within{2};

}  // namespace

void Soak::declare_faults() {
  faults_ = {
      {"consumer killed",
       [this] {
         pipeline_.kill_consumer();
         work_goes_on(pick(0, 30));
         start_consumer();
         return "";
       }},
      {"producer killed",
       [this] {
         pipeline_.kill_producer();
         work_goes_on(pick(0, 30));
         start_producer();
         return "";
       }},
      {"both killed",
       [this] {
         pipeline_.kill_producer();
         pipeline_.kill_consumer();
         start_consumer();
         start_producer();
         return "";
       }},
      {"PostgreSQL crashed",
       [this] {
         cluster_.restart(Cluster::Stop::Immediate);
         return "";
       }},
      {"consumer frozen",
       [this] { return freeze(pipeline_.consumer(), pipeline_.producer(), "a consumer has fallen silent"); }},
      {"producer frozen",
       [this] { return freeze(pipeline_.producer(), pipeline_.consumer(), "it has been silent"); }},
  };
  declare_network_faults();
  declare_file_faults();
}

void Soak::declare_network_faults() {
  const std::vector<Fault> network = {
      {"network cut",
       [this] {
         proxy_.cut(pick(0, 1) == 0 ? TcpProxy::Ending::Fin : TcpProxy::Ending::Reset);
         return "";
       }},
      {"network half closed",
       [this] {
         proxy_.half_close(pick(0, 1) == 0 ? TcpProxy::Direction::ToServer : TcpProxy::Direction::ToClient);
         return "";
       }},
      {"network stalled",
       [this] {
         const auto way = pick(0, 2);
         return stall([&] {
           if (way != 0) proxy_.stall(TcpProxy::Direction::ToServer);
           if (way != 1) proxy_.stall(TcpProxy::Direction::ToClient);
         });
       }},
      {"network slow", [this] { return stall([&] { proxy_.delay(milliseconds(pick(10, 300))); }); }},
  };
  faults_.insert(faults_.end(), network.begin(), network.end());
}

void Soak::declare_file_faults() {
  const std::vector<Fault> file = {
      {"SQLite file locked",
       [this] {
         SQLite::Database other(pipeline_.file().string(), SQLite::OPEN_READWRITE, busy_timeout_ms);
         const SQLite::Transaction holding(other, SQLite::TransactionBehavior::IMMEDIATE);
         work_goes_on(pick(30, 200));
         return "";
       }},
      {"SQLite file copied",
       [this] {
         copy_ = pipeline_.folder() / "copy.db";
         std::filesystem::remove(*copy_);
         SQLite::Database(pipeline_.file().string(), SQLite::OPEN_READONLY, busy_timeout_ms)
             .backup(copy_->c_str(), SQLite::Database::Save);
         return "";
       }},
      {"SQLite file put back",
       [this] {
         if (!copy_) return "there is no copy";
         put_copy_back();
         return "";
       }},
      {"SQLite table damaged", [this] { return damage_.inflict(random_); }},
      {"SQLite table mended",
       [this] {
         damage_.mend();
         shop::retry_what_can_succeed(pipeline_);
         return "";
       }},
  };
  for (int i = 0; i < 2; ++i) faults_.insert(faults_.end(), file.begin(), file.end());  // twice as often
}

std::string Soak::freeze(Process& process, Process& witness, const std::string& words) {
  const auto before = occurrences(witness.errors(), words);
  process.kill(SIGSTOP);
  const bool noticed =
      eventually([&] { return occurrences(witness.errors(), words) > before; }, noticed_within);
  process.kill(SIGCONT);
  return noticed ? "noticed" : "not noticed";
}

std::string Soak::stall(const std::function<void()>& how) {
  const auto before = occurrences(pipeline_.said(), "silent");
  how();
  const bool noticed =
      eventually([&] { return occurrences(pipeline_.said(), "silent") > before; }, seconds(pick(1, 3)));
  proxy_.resume();
  return noticed ? "noticed" : "not noticed";
}

}  // namespace mailboat::test
