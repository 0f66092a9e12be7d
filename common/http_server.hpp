#pragma once

#include <chrono>
#include <functional>
#include <list>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "common/file_descriptor.hpp"
#include "common/http.hpp"
#include "common/wake_up.hpp"

struct pollfd;

namespace mailboat {

/// Answers GET and HEAD over plain TCP, in a thread of its own, which sleeps while nobody asks. Each
/// connection is for one question and lasts 10 s at most; when there are too many, the oldest goes. So nobody
/// who is slow, silent or talks nonsense keeps others from an answer.
class HttpServer {
 public:
  /// What a path is answered with. Called by the server's thread; what it throws is logged and answered
  /// with 500.
  using Handler = std::function<HttpAnswer(const std::string& path)>;

  /// Listens at HOST:PORT; port 0 lets the system choose. Throws InvalidInput,
  /// ConfigurationError, or Unavailable when the kernel gives no file descriptor.
  HttpServer(const std::string& address, Handler handler);
  /// Returns when the thread has ended, which is at once.
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  /// Where it listens.
  [[nodiscard]] std::string address() const;

  static constexpr std::size_t most_clients = 32;
  static constexpr std::size_t longest_request = 8192;

 private:
  using Clock = std::chrono::steady_clock;
  struct Client {
    FileDescriptor socket;
    Clock::time_point until;
    std::string received = {};
    std::string answer = {};
    std::size_t sent = 0;
    bool is_over = false;  // to be closed
  };

  void run(const std::stop_token& stop);
  void wait(std::vector<pollfd>& polled);
  void accept();
  void serve(Client& client);
  void read(Client& client);
  void write(Client& client);
  [[nodiscard]] std::string answer(const Client& client) const;

  const Handler handler_;
  const FileDescriptor listener_;
  const WakeUp closing_;
  Clock::time_point accept_at_{};  // not before
  std::list<Client> clients_;      // the oldest first
  std::jthread thread_;            // last: it uses everything above
};

}  // namespace mailboat
