#include "common/http_server.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <poll.h>
#include <sys/socket.h>

#include "common/listen_address.hpp"
#include "common/log.hpp"

namespace mailboat {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr seconds longest_conversation{10};
// After the system had no descriptor left for a connection.
constexpr seconds accept_pause{1};

bool would_block() { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }

}  // namespace

HttpServer::HttpServer(const std::string& address, Handler handler)
    : handler_(std::move(handler)),
      listener_(listen_at(parse_listen_address(address))),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

HttpServer::~HttpServer() {
  thread_.request_stop();
  closing_.ring();
}

std::string HttpServer::address() const { return address_of(listener_); }

void HttpServer::run(const std::stop_token& stop) {
  std::vector<pollfd> polled;
  while (!stop.stop_requested()) {
    wait(polled);
    auto client = clients_.begin();
    for (std::size_t i = 2; i < polled.size(); ++i, ++client) {
      if (polled[i].revents != 0) serve(*client);
    }
    const auto now = Clock::now();
    clients_.remove_if([now](const Client& each) { return each.is_over || now >= each.until; });
    if (polled[1].revents != 0) accept();
  }
}

// Until somebody has something for us, or somebody's time is over.
void HttpServer::wait(std::vector<pollfd>& polled) {
  const auto now = Clock::now();
  const bool accepts = now >= accept_at_;
  auto until = accepts ? Clock::time_point::max() : accept_at_;
  polled.assign({{closing_.fd(), POLLIN, 0}, {accepts ? listener_.get() : -1, POLLIN, 0}});
  for (const auto& client : clients_) {
    const bool has_answer = client.sent < client.answer.size();
    polled.push_back({client.socket.get(), static_cast<short>(has_answer ? POLLOUT : POLLIN), 0});
    until = std::min(until, client.until);
  }
  // Not below 0, which poll() takes for "for ever": somebody's time may have ended since we looked.
  const auto left = std::max(std::chrono::ceil<milliseconds>(until - now), milliseconds(0)).count();
  ::poll(polled.data(), polled.size(), until == Clock::time_point::max() ? -1 : static_cast<int>(left));
}

void HttpServer::accept() {
  FileDescriptor socket(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (socket.get() < 0) {
    if (!would_block() && errno != ECONNABORTED) accept_at_ = Clock::now() + accept_pause;
    return;
  }
  if (clients_.size() >= most_clients) clients_.pop_front();
  clients_.push_back({std::move(socket), Clock::now() + longest_conversation});
}

void HttpServer::serve(Client& client) {
  if (client.sent < client.answer.size()) {
    write(client);
  } else {
    read(client);
  }
}

// Also when the answer has gone out: closing a socket with something unread in it would take the answer back.
void HttpServer::read(Client& client) {
  std::array<char, 4096> buffer{};
  const auto size = ::recv(client.socket.get(), buffer.data(), buffer.size(), 0);
  if (size < 0 && would_block()) return;
  if (size <= 0) {
    client.is_over = true;
    return;
  }
  if (!client.answer.empty()) return;
  client.received.append(buffer.data(), static_cast<std::size_t>(size));
  if (!complete_head(client.received) && client.received.size() <= longest_request) return;
  client.answer = answer(client);
  write(client);
}

void HttpServer::write(Client& client) {
  const auto size = ::send(client.socket.get(), client.answer.data() + client.sent,
                           client.answer.size() - client.sent, MSG_NOSIGNAL);
  if (size < 0 && would_block()) return;
  if (size < 0) {
    client.is_over = true;
    return;
  }
  client.sent += static_cast<std::size_t>(size);
  if (client.sent == client.answer.size()) ::shutdown(client.socket.get(), SHUT_WR);
}

std::string HttpServer::answer(const Client& client) const {
  const auto head = complete_head(client.received);
  const auto request = head ? parse_request(*head) : HttpRequest{};
  if (request.path.empty())
    return to_text({.status = 400, .body = "expected GET or HEAD over HTTP/1.1\n"}, false);
  try {
    return to_text(handler_(request.path), request.without_body);
  } catch (const std::exception& error) {
    log::warn("cannot answer a question over HTTP", {{"path", request.path}, {"error", error.what()}});
    return to_text({.status = 500, .body = "internal error; see the log\n"}, request.without_body);
  }
}

}  // namespace mailboat
