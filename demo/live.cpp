#include "demo/live.hpp"

#include <thread>

namespace mailboat::demo {
namespace {

constexpr auto look_interval = std::chrono::milliseconds(2);
constexpr auto rate_interval = std::chrono::seconds(1);
constexpr auto time_dead = std::chrono::seconds(1);

std::chrono::milliseconds in_milliseconds(Clock::duration duration) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(duration);
}

}  // namespace

LiveChapter::LiveChapter(Application& application, Pipeline& pipeline, ReplicaView& replica, Display& display)
    : application_(application), pipeline_(pipeline), replica_(replica), display_(display) {}

void LiveChapter::run(std::chrono::seconds length, const std::function<void()>& check) {
  bool working = true;
  while (working || consumer_ != Consumer::SecondLife || lag_.changes_behind() > 0) {
    check();
    const auto age = Clock::now() - begin_;
    if (working && age >= length) {
      application_.stop();
      working = false;
    }
    kill_and_restart(age, length);
    look();
    std::this_thread::sleep_for(look_interval);
  }
}

void LiveChapter::kill_and_restart(Clock::duration age, std::chrono::seconds length) {
  const auto now = Clock::now();
  if (consumer_ == Consumer::FirstLife && age >= length / 2) {
    pipeline_.kill_consumer();
    display_.line("          consumer killed with SIGKILL; the application does not notice");
    consumer_ = Consumer::Dead;
    killed_at_ = now;
  } else if (consumer_ == Consumer::Dead && now - killed_at_ >= time_dead) {
    pipeline_.start_consumer();
    display_.line("          consumer started again, " + grouped(lag_.changes_behind()) + " changes behind");
    consumer_ = Consumer::SecondLife;
  }
}

void LiveChapter::look() {
  // The commits are taken after the look into the file: what the file shows may not be reported yet, never
  // the other way round.
  const auto position = replica_.position();
  const auto now = Clock::now();
  lag_.committed(application_.take_commits());
  lag_.reached(position, now);
  if (now - rate_since_ >= rate_interval) {
    const auto elapsed = std::chrono::duration<double>(now - rate_since_).count();
    rate_ = static_cast<std::int64_t>(static_cast<double>(lag_.changes_applied() - applied_then_) / elapsed);
    applied_then_ = lag_.changes_applied();
    rate_since_ = now;
  }
  show(now);
}

void LiveChapter::show(Clock::time_point now) {
  display_.moving("  " + readable(in_milliseconds(now - begin_)) + "  committed " +
                  grouped(lag_.changes_committed()) + ", applied " + grouped(lag_.changes_applied()) + " (" +
                  grouped(rate_) + "/s), behind " + grouped(lag_.changes_behind()) + " changes, " +
                  readable(lag_.behind(now)));
}

}  // namespace mailboat::demo
