#include "tests/support/tcp_proxy.hpp"

#include <array>
#include <cerrno>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "common/file_descriptor.hpp"
#include "tests/support/eventually.hpp"

namespace mailboat::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr auto ended = "(end)";
constexpr auto reset = "(reset)";

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return address;
}

/// One end of a connection.
class Talker {
 public:
  explicit Talker(FileDescriptor socket) : socket_(std::move(socket)) {}

  void say(const std::string& text) const { ::send(socket_.get(), text.data(), text.size(), MSG_NOSIGNAL); }
  /// What has arrived; how the connection ended, if it did.
  [[nodiscard]] std::string hear() const {
    std::array<char, 256> buffer{};
    const auto count = ::recv(socket_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (count == 0) return ended;
    if (count < 0) return errno == ECONNRESET ? reset : "";
    return {buffer.data(), static_cast<std::size_t>(count)};
  }
  [[nodiscard]] bool hears(const std::string& text) const {
    return eventually([&] { return hear() == text; }, seconds(10));
  }

 private:
  FileDescriptor socket_;
};

class Tcp : public ::testing::Test {
 protected:
  static FileDescriptor listen() {
    FileDescriptor made(::socket(AF_INET, SOCK_STREAM, 0));
    const auto any = loopback(0);
    EXPECT_EQ(::bind(made.get(), reinterpret_cast<const sockaddr*>(&any), sizeof any), 0);
    EXPECT_EQ(::listen(made.get(), 5), 0);
    return made;
  }
  static std::uint16_t port_of(const FileDescriptor& socket) {
    sockaddr_in address{};
    socklen_t size = sizeof address;
    EXPECT_EQ(::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
    return ntohs(address.sin_port);
  }
  FileDescriptor connect() const {
    FileDescriptor made(::socket(AF_INET, SOCK_STREAM, 0));
    const auto address = loopback(proxy_.port());
    EXPECT_EQ(::connect(made.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    return made;
  }

  FileDescriptor listener_ = listen();
  TcpProxy proxy_{port_of(listener_)};
  Talker client_{connect()};
  Talker server_{FileDescriptor(::accept(listener_.get(), nullptr, nullptr))};
};

TEST_F(Tcp, IsCarriedBothWays) {
  client_.say("question");
  EXPECT_TRUE(server_.hears("question"));
  server_.say("answer");
  EXPECT_TRUE(client_.hears("answer"));
  EXPECT_TRUE(eventually([this] { return proxy_.bytes() == 14; })) << "counted once it has been sent";
  EXPECT_EQ(proxy_.connections(), 1);
}

TEST_F(Tcp, IsCutInGoodOrder) {
  proxy_.cut(TcpProxy::Ending::Fin);
  EXPECT_TRUE(client_.hears(ended));
  EXPECT_TRUE(server_.hears(ended));
}

TEST_F(Tcp, IsCutByAReset) {
  proxy_.cut(TcpProxy::Ending::Reset);
  EXPECT_TRUE(client_.hears(reset));
  EXPECT_TRUE(server_.hears(reset));
}

TEST_F(Tcp, IsStalledOneWay) {
  proxy_.stall(TcpProxy::Direction::ToServer);
  client_.say("question");
  server_.say("unasked");
  EXPECT_TRUE(client_.hears("unasked"));
  EXPECT_EQ(server_.hear(), "");
  proxy_.resume();
  EXPECT_TRUE(server_.hears("question"));
}

TEST_F(Tcp, IsStalledBothWaysForConnectionsToComeAsWell) {
  proxy_.stall();
  const Talker another{connect()};
  const Talker its_server{FileDescriptor(::accept(listener_.get(), nullptr, nullptr))};
  another.say("question");
  its_server.say("unasked");
  EXPECT_FALSE(eventually([&] { return !(its_server.hear() + another.hear()).empty(); }, milliseconds(50)));
  proxy_.resume();
  EXPECT_TRUE(its_server.hears("question"));
}

TEST_F(Tcp, IsDelayed) {
  proxy_.delay(milliseconds(200));
  const auto begin = std::chrono::steady_clock::now();
  client_.say("question");
  EXPECT_TRUE(server_.hears("question"));
  EXPECT_GE(std::chrono::steady_clock::now() - begin, milliseconds(200));
}

TEST_F(Tcp, IsHalfClosed) {
  proxy_.half_close(TcpProxy::Direction::ToServer);
  EXPECT_TRUE(server_.hears(ended));
  server_.say("answer");
  EXPECT_TRUE(client_.hears("answer"));
}

}  // namespace
}  // namespace mailboat::test
