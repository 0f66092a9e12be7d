#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <list>
#include <mutex>
#include <string>
#include <thread>

#include "common/file_descriptor.hpp"

namespace mailboat::test {

/// A network between clients and one server that can be hurt. Listens on a free port of 127.0.0.1 and carries
/// bytes, both ways, until told otherwise. What is told holds for connections to come as well, but for cut()
/// and half_close(), which hit those that are open now. Any thread.
class TcpProxy {
 public:
  enum class Direction { ToServer, ToClient };
  enum class Ending {
    Fin,    ///< closed in good order
    Reset,  ///< as if the other machine had forgotten the connection
  };

  /// To a port of 127.0.0.1, or to a Unix socket.
  explicit TcpProxy(std::uint16_t server_port);
  explicit TcpProxy(const std::filesystem::path& server_socket);
  ~TcpProxy();
  TcpProxy(const TcpProxy&) = delete;
  TcpProxy& operator=(const TcpProxy&) = delete;

  [[nodiscard]] std::uint16_t port() const { return port_; }
  /// For ZeroMQ.
  [[nodiscard]] std::string endpoint() const { return "tcp://127.0.0.1:" + std::to_string(port_); }

  /// Ends all connections at both of their ends.
  void cut(Ending how);
  /// Tells the receiver of one direction that nothing more comes; the other direction goes on.
  void half_close(Direction direction);
  /// Carries nothing that way any more, and tells nobody, until resume().
  void stall(Direction direction);
  void stall();
  /// From now on each byte takes so much longer.
  void delay(std::chrono::milliseconds duration);
  /// Ends stall() and delay().
  void resume();

  /// How many connections have been made in all.
  [[nodiscard]] int connections() const { return connections_; }
  /// How many bytes have been handed over, both ways together.
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }

 private:
  struct Lane;
  struct Link;
  using Connect = std::function<FileDescriptor()>;

  explicit TcpProxy(Connect connect);
  void run(const std::stop_token& stop);
  void wait_for_work();
  void accept_clients();
  void carry(Link& link);
  void take_in(Lane& lane);
  void hand_over(Lane& lane);

  const Connect connect_;
  const FileDescriptor listener_;
  const std::uint16_t port_;
  std::atomic<int> connections_ = 0;
  std::atomic<std::uint64_t> bytes_ = 0;

  std::mutex mutex_;
  std::list<Link> links_;               // guarded by mutex_
  bool stalled_[2] = {false, false};    // guarded by mutex_, by Direction
  std::chrono::milliseconds delay_{0};  // guarded by mutex_
  std::jthread thread_;                 // last: it uses everything above
};

/// A port of 127.0.0.1 that nobody listens on at the moment.
std::uint16_t free_port();

}  // namespace mailboat::test
