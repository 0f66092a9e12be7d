#include "tests/faults/soak.hpp"

#include <iomanip>
#include <numeric>

#include "tests/support/eventually.hpp"

namespace mailboat::test {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

constexpr int tellers = 2;
const Pipeline::Arguments quick{"--heartbeat", "200ms"};

Cluster::Options cluster_options() {
  Cluster::Options options;
  options.settings = {"deadlock_timeout=20ms"};
  return options;
}

}  // namespace

Soak::Soak(std::uint64_t seed, std::ostream& out) : out_(out), random_(seed), cluster_(cluster_options()) {
  say("seed " + std::to_string(seed));
  pipeline_.listen_at("tcp://127.0.0.1:" + std::to_string(port_));
  pipeline_.connect_through(proxy_.endpoint());
  bank::open(pipeline_);
  shop::open(pipeline_);
  config_ = shop::prepare_replica(pipeline_);
  start_producer();
  start_consumer();
  const auto difference = bank::lasting_difference(pipeline_);
  if (!difference.empty())
    throw std::runtime_error("it did not even begin: " + difference + pipeline_.said());
  begin_reading();
  for (int i = 0; i < tellers; ++i) tellers_.emplace_back(pipeline_.conninfo(), random_(), Teller::Habits{});
  clerks_.emplace_back(pipeline_.conninfo(), random_());
  declare_faults();
}

void Soak::run(const Enough& enough) {
  for (int count = 0; !enough(count) && wrong_.empty(); ++count) {
    if (!work_goes_on(pick(1, 60))) wrong_.emplace_back("the applications stand still");
    // The other times it is hit while it still recovers.
    if (pick(1, 3) == 1 && !replica_moves_on()) wrong_.emplace_back("the replica stands still");
    auto& fault = faults_.at(static_cast<std::size_t>(pick(0, static_cast<int>(faults_.size()) - 1)));
    const auto detail = fault.inflict();
    ++inflicted_[fault.name];
    say(fault.name + (detail.empty() ? "" : ": " + detail));
  }
}

void Soak::start_producer() { pipeline_.start_producer(quick); }

void Soak::start_consumer() {
  auto arguments = quick;
  arguments.insert(arguments.end(), {"--config", config_.string(), "--reject-limit", "0"});
  pipeline_.start_consumer(arguments);
}

void Soak::begin_reading() { auditor_.emplace(pipeline_); }

void Soak::end_reading() {
  auditor_->finish();
  reads_ += auditor_->reads();
  for (const auto& complaint : auditor_->complaints())
    wrong_.push_back("a read of the bank was " + complaint);
  auditor_.reset();
}

int Soak::commits() const {
  int sum = 0;
  for (const auto& teller : tellers_) sum += teller.commits();
  for (const auto& clerk : clerks_) sum += clerk.commits();
  return sum;
}

bool Soak::work_goes_on(int more_commits) {
  const auto enough = commits() + more_commits;
  return eventually([&] { return commits() >= enough; }, minutes(1));
}

bool Soak::replica_moves_on() {
  const auto before = pipeline_.cursor();
  return eventually([&] { return pipeline_.cursor() != before; }, minutes(1));
}

// As in docs/operations.md: nobody has the file open, and nothing of the file before is left beside it.
void Soak::put_copy_back() {
  end_reading();
  pipeline_.kill_consumer();
  for (const std::string suffix : {"-wal", "-shm"})
    std::filesystem::remove(pipeline_.file().string() + suffix);
  std::filesystem::rename(*copy_, pipeline_.file());
  copy_.reset();
  start_consumer();
  begin_reading();
}

void Soak::come_to_rest() {
  proxy_.resume();
  damage_.mend();
  shop::retry_what_can_succeed(pipeline_);  // while changes go on that overtake them
  work_goes_on(100);
  tellers_.clear();
  clerks_.clear();
  if (!pipeline_.producer().running()) wrong_.emplace_back("the producer has ended");
  if (!pipeline_.consumer().running()) wrong_.emplace_back("the consumer has ended");
  eventually([&] { return shop::retry_what_can_succeed(pipeline_) && shop::complaints(pipeline_).empty(); },
             minutes(2));
  const auto difference = bank::lasting_difference(pipeline_);
  if (!difference.empty()) wrong_.push_back("bank: " + difference);
  end_reading();
}

std::vector<std::string> Soak::verdict() {
  const auto commits_made = commits();
  come_to_rest();
  for (auto& complaint : shop::complaints(pipeline_)) wrong_.push_back(std::move(complaint));
  if (reads_ == 0) wrong_.emplace_back("nothing was read");
  for (const auto& [name, count] : inflicted_) say(std::to_string(count) + " x " + name);
  say(std::to_string(commits_made) + " commits, " + std::to_string(reads_) + " reads of the bank; " +
      shop::figures(pipeline_));
  for (const auto& complaint : wrong_) say("WRONG: " + complaint);
  if (!wrong_.empty()) say(pipeline_.said());
  say(wrong_.empty() ? "verdict: everything is where it must be" : "verdict: WRONG");
  return wrong_;
}

void Soak::say(const std::string& text) {
  const auto elapsed = std::chrono::duration<double>(std::chrono::steady_clock::now() - begun_at_).count();
  out_ << std::fixed << std::setprecision(1) << std::setw(7) << elapsed << " s  " << text << std::endl;
}

}  // namespace mailboat::test
