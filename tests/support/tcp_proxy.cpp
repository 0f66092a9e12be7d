#include "tests/support/tcp_proxy.hpp"

#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <deque>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <system_error>
#include <vector>

namespace mailboat::test {
namespace {

using Clock = std::chrono::steady_clock;

// What is told takes effect within this time.
constexpr int poll_ms = 2;
// As much as a network holds before its sender has to wait.
constexpr std::size_t bytes_under_way = 1 << 20;

[[noreturn]] void fail(const char* what) { throw std::system_error(errno, std::generic_category(), what); }

FileDescriptor make_socket(int family, int flags = 0) {
  FileDescriptor made(::socket(family, SOCK_STREAM | SOCK_CLOEXEC | flags, 0));
  if (made.get() < 0) fail("cannot make a socket");
  return made;
}

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return address;
}

template <typename Address>
const sockaddr* generic(const Address& address) {
  return reinterpret_cast<const sockaddr*>(&address);
}

FileDescriptor listen_on(std::uint16_t port) {
  auto made = make_socket(AF_INET, SOCK_NONBLOCK);
  const auto address = loopback(port);
  if (::bind(made.get(), generic(address), sizeof address) != 0) fail("cannot bind a port");
  if (::listen(made.get(), SOMAXCONN) != 0) fail("cannot listen");
  return made;
}

std::uint16_t port_of(const FileDescriptor& bound) {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  if (::getsockname(bound.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0) fail("no port");
  return ntohs(address.sin_port);
}

// No socket when nobody listens there.
template <typename Address>
FileDescriptor connect_to(int family, const Address& address) {
  auto made = make_socket(family);
  if (::connect(made.get(), generic(address), sizeof address) != 0) return {};
  return made;
}

sockaddr_un unix_address(const std::filesystem::path& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.native().size() >= sizeof address.sun_path) throw std::length_error("too long: " + path.string());
  path.native().copy(address.sun_path, sizeof address.sun_path - 1);
  return address;
}

void send_at_once(const FileDescriptor& socket) {
  const int yes = 1;
  ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);  // fails on a Unix socket
}

void reset_when_closed(const FileDescriptor& socket) {
  const linger at_once{1, 0};
  ::setsockopt(socket.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

}  // namespace

// One direction of one connection.
struct TcpProxy::Lane {
  struct Chunk {
    Clock::time_point due;
    std::string bytes;
  };
  int from;
  int to;
  Direction direction;
  std::deque<Chunk> chunks = {};
  std::size_t held = 0;
  bool ended = false;   // nothing more will be taken in
  bool closed = false;  // and that has been told
};

struct TcpProxy::Link {
  Link(FileDescriptor one, FileDescriptor other) : client(std::move(one)), server(std::move(other)) {}
  FileDescriptor client;
  FileDescriptor server;
  std::array<Lane, 2> lanes{Lane{client.get(), server.get(), Direction::ToServer},
                            Lane{server.get(), client.get(), Direction::ToClient}};
};

TcpProxy::TcpProxy(Connect connect)
    : connect_(std::move(connect)),
      listener_(listen_on(0)),
      port_(port_of(listener_)),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

TcpProxy::TcpProxy(std::uint16_t server_port)
    : TcpProxy(Connect([server_port] { return connect_to(AF_INET, loopback(server_port)); })) {}

TcpProxy::TcpProxy(const std::filesystem::path& server_socket)
    : TcpProxy(Connect([address = unix_address(server_socket)] { return connect_to(AF_UNIX, address); })) {}

TcpProxy::~TcpProxy() {
  thread_.request_stop();
  thread_.join();
}

void TcpProxy::cut(Ending how) {
  const std::lock_guard lock(mutex_);
  if (how == Ending::Reset) {
    for (const auto& link : links_) {
      reset_when_closed(link.client);
      reset_when_closed(link.server);
    }
  }
  links_.clear();
}

void TcpProxy::half_close(Direction direction) {
  const std::lock_guard lock(mutex_);
  for (auto& link : links_) link.lanes.at(static_cast<std::size_t>(direction)).ended = true;
}

void TcpProxy::stall(Direction direction) {
  const std::lock_guard lock(mutex_);
  stalled_[static_cast<std::size_t>(direction)] = true;
}

void TcpProxy::stall() {
  stall(Direction::ToServer);
  stall(Direction::ToClient);
}

void TcpProxy::delay(std::chrono::milliseconds duration) {
  const std::lock_guard lock(mutex_);
  delay_ = duration;
}

void TcpProxy::resume() {
  const std::lock_guard lock(mutex_);
  stalled_[0] = stalled_[1] = false;
  delay_ = {};
}

void TcpProxy::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    wait_for_work();
    const std::lock_guard lock(mutex_);
    accept_clients();
    for (auto& link : links_) carry(link);
    links_.remove_if([](const Link& link) { return link.lanes[0].closed && link.lanes[1].closed; });
  }
}

// Only waits: whatever the poll says, everything is tried afterwards, since a descriptor may have been closed
// and its number given to another meanwhile.
void TcpProxy::wait_for_work() {
  std::vector<pollfd> wanted{{listener_.get(), POLLIN, 0}};
  {
    const std::lock_guard lock(mutex_);
    for (const auto& link : links_) {
      for (const auto& lane : link.lanes) {
        const bool takes_in = !lane.ended && lane.held == 0 && !stalled_[static_cast<int>(lane.direction)];
        if (takes_in) wanted.push_back({lane.from, POLLIN, 0});
      }
    }
  }
  ::poll(wanted.data(), wanted.size(), poll_ms);
}

void TcpProxy::accept_clients() {
  FileDescriptor client(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
  if (client.get() < 0) return;
  auto server = connect_();
  if (server.get() < 0) return;  // the client learns it by the closing of its own connection
  send_at_once(client);
  send_at_once(server);
  links_.emplace_back(std::move(client), std::move(server));
  ++connections_;
}

void TcpProxy::carry(Link& link) {
  for (auto& lane : link.lanes) {
    if (stalled_[static_cast<std::size_t>(lane.direction)]) continue;
    take_in(lane);
    hand_over(lane);
  }
}

void TcpProxy::take_in(Lane& lane) {
  std::array<char, 65536> buffer{};
  while (!lane.ended && lane.held < bytes_under_way) {
    const auto count = ::recv(lane.from, buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (count <= 0) {
      lane.ended = true;
      return;
    }
    const auto size = static_cast<std::size_t>(count);
    lane.chunks.push_back({Clock::now() + delay_, std::string(buffer.data(), size)});
    lane.held += size;
  }
}

void TcpProxy::hand_over(Lane& lane) {
  while (!lane.chunks.empty() && lane.chunks.front().due <= Clock::now()) {
    auto& bytes = lane.chunks.front().bytes;
    const auto count = ::send(lane.to, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (count < 0) {  // the receiver is gone, and with it what was under way
      lane.chunks.clear();
      lane.ended = true;
      break;
    }
    const auto size = static_cast<std::size_t>(count);
    bytes_ += size;
    lane.held -= size;
    bytes.erase(0, size);
    if (bytes.empty()) lane.chunks.pop_front();
  }
  if (!lane.ended || lane.closed || !lane.chunks.empty()) return;
  ::shutdown(lane.to, SHUT_WR);
  lane.closed = true;
}

std::uint16_t free_port() { return port_of(listen_on(0)); }

}  // namespace mailboat::test
