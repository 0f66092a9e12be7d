// What systemd is told of both daemons; this test stands in for it.
#include <array>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <gtest/gtest.h>
#include <map>
#include <sys/socket.h>
#include <sys/un.h>
#include <system_error>

#include "common/service_manager.hpp"
#include "tests/faults/item_pipeline.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/temp_dir.hpp"

namespace mailboat::test {
namespace {

/// Where a service says how it is: sd_notify(3).
class NotifySocket {
 public:
  NotifySocket()
      : path_(folder_.path() / "notify"), socket_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path_.c_str(), sizeof address.sun_path - 1);
    if (::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
      throw std::system_error(errno, std::generic_category(), "bind");
  }

  [[nodiscard]] const std::string& path() const { return path_; }

  /// How often `state` has been said so far.
  int count(const std::string& state) {
    std::array<char, 256> said{};
    for (ssize_t size = 0; (size = ::recv(socket_.get(), said.data(), said.size(), MSG_DONTWAIT)) > 0;)
      ++heard_[std::string(said.data(), static_cast<std::size_t>(size))];
    return heard_[state];
  }

 private:
  const TempDir folder_{"notify"};
  const std::string path_;
  const FileDescriptor socket_;
  std::map<std::string, int> heard_;
};

/// What systemd gives to a service, as long as it lives; whatever is started meanwhile inherits it.
class ServiceEnvironment {
 public:
  ServiceEnvironment() {
    ::setenv("NOTIFY_SOCKET", socket_.path().c_str(), 1);
    ::setenv("WATCHDOG_USEC", "50000", 1);
  }
  ~ServiceEnvironment() {
    ::unsetenv("NOTIFY_SOCKET");
    ::unsetenv("WATCHDOG_USEC");
  }
  ServiceEnvironment(const ServiceEnvironment&) = delete;
  ServiceEnvironment& operator=(const ServiceEnvironment&) = delete;

  int count(const std::string& state) { return socket_.count(state); }

 private:
  NotifySocket socket_;
};

class ServiceNotices : public ItemPipeline {
 protected:
  void expect(const std::string& state, int times) {
    EXPECT_TRUE(eventually([&] { return systemd_.count(state) >= times; })) << state << '\n'
                                                                            << pipeline_.said();
  }

  ServiceEnvironment systemd_;  // not for the cluster, which runs already
};

TEST_F(ServiceNotices, TellOfTheStartTheEndAndThatTheProducerLives) {
  auto& producer = pipeline_.start_producer();
  expect("READY=1", 1);
  expect("WATCHDOG=1", 3);
  producer.kill(SIGTERM);
  expect("STOPPING=1", 1);
}

TEST_F(ServiceNotices, TellOfTheStartTheEndAndThatTheConsumerLives) {
  auto& consumer = pipeline_.start_consumer();
  expect("READY=1", 1);
  expect("WATCHDOG=1", 3);
  consumer.kill(SIGTERM);
  expect("STOPPING=1", 1);
}

TEST(ServiceWatchdog, SaysNothingMoreOfADaemonWhoseLoopsDoNotMove) {
  ServiceEnvironment systemd;
  const Health health;
  std::atomic<bool> is_late = false;
  std::atomic<int> said_in_time = -1;
  {
    const ServiceWatchdog watchdog(health, [&] {
      if (!is_late) return Health::Clock::now();
      said_in_time = systemd.count("WATCHDOG=1");
      return Health::Clock::now() + Health::stuck_after;
    });
    ASSERT_TRUE(eventually([&] { return systemd.count("WATCHDOG=1") >= 3; }));
    is_late = true;
    ASSERT_TRUE(eventually([&] { return said_in_time >= 0; }));
  }
  EXPECT_EQ(systemd.count("WATCHDOG=1"), said_in_time);
}

}  // namespace
}  // namespace mailboat::test
