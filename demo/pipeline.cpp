#include "demo/pipeline.hpp"

#include "common/error.hpp"
#include "demo/source.hpp"

namespace mailboat::demo {
namespace {

constexpr auto stop_patience = std::chrono::seconds(30);

std::string last_words(const test::Process& process) {
  constexpr std::size_t enough = 2000;
  const auto said = process.output() + process.errors();
  return said.size() <= enough ? said : "..." + said.substr(said.size() - enough);
}

/// SIGTERM, and patience: a daemon finishes its window.
void stop(test::Process& process) {
  process.kill(SIGTERM);
  process.wait(stop_patience);
}

void require_running(const char* name, test::Process* process) {
  if (process == nullptr || process->running()) return;
  throw Error(std::string(name) + " has ended:\n" + last_words(*process));
}

}  // namespace

Pipeline::Pipeline(std::string conninfo, std::filesystem::path replica)
    : conninfo_(std::move(conninfo)), replica_(std::move(replica)) {}

Pipeline::~Pipeline() {
  if (consumer_) stop(*consumer_);
  if (producer_) stop(*producer_);
}

// The connection string travels in the environment: a password in it is nobody's who lists processes.
std::unique_ptr<test::Process> Pipeline::start(std::vector<std::string> argv) const {
  test::Process::Options options;
  options.environment = {"MAILBOAT_POSTGRES=" + conninfo_};
  return std::make_unique<test::Process>(std::move(argv), options);
}

void Pipeline::command(const std::vector<std::string>& arguments) {
  std::vector<std::string> argv = {test::program("mailboat")};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  const auto process = start(std::move(argv));
  if (process->wait(std::chrono::minutes(1)) != 0) {
    throw Error("mailboat " + arguments.front() + " failed:\n" + last_words(*process));
  }
}

void Pipeline::start_producer() {
  producer_ = start({test::program("mailboat-producer"), "--listen", endpoint_});
}

void Pipeline::start_consumer(const std::vector<std::string>& more_arguments) {
  std::vector<std::string> argv = {test::program("mailboat-consumer"),
                                   "--producer",
                                   endpoint_,
                                   "--subscription",
                                   subscription_name,
                                   "--database",
                                   replica_.string()};
  argv.insert(argv.end(), more_arguments.begin(), more_arguments.end());
  consumer_ = start(std::move(argv));
}

void Pipeline::kill_consumer() {
  consumer_->kill(SIGKILL);
  consumer_->wait(stop_patience);
  consumer_.reset();
}

void Pipeline::stop_consumer() {
  stop(*consumer_);
  consumer_.reset();
}

void Pipeline::require_running() {
  demo::require_running("mailboat-producer", producer_.get());
  demo::require_running("mailboat-consumer", consumer_.get());
}

bool Pipeline::consumer_is_done() {
  demo::require_running("mailboat-producer", producer_.get());
  const auto exit_code = consumer_->wait(std::chrono::milliseconds(0));
  if (exit_code.value_or(0) != 0) throw Error("mailboat-consumer failed:\n" + last_words(*consumer_));
  return exit_code.has_value();
}

}  // namespace mailboat::demo
