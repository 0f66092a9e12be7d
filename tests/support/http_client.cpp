#include "tests/support/http_client.hpp"

#include <array>
#include <cerrno>
#include <charconv>
#include <memory>
#include <netdb.h>
#include <stdexcept>
#include <sys/socket.h>

namespace mailboat::test {
namespace {

FileDescriptor connect_to(const std::string& address) {
  const auto colon = address.rfind(':');
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (::getaddrinfo(address.substr(0, colon).c_str(), address.substr(colon + 1).c_str(), &hints, &found) != 0)
    throw std::runtime_error("no such address: " + address);
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owned(found, &freeaddrinfo);
  FileDescriptor made(::socket(found->ai_family, found->ai_socktype | SOCK_CLOEXEC, 0));
  if (::connect(made.get(), found->ai_addr, found->ai_addrlen) != 0)
    throw std::runtime_error("nobody listens at " + address);
  return made;
}

HttpReply parse(const std::string& text) {
  HttpReply reply;
  const auto line_end = text.find("\r\n");
  const auto head_end = text.find("\r\n\r\n");
  if (!text.starts_with("HTTP/1.1 ") || head_end == std::string::npos) return reply;
  std::from_chars(text.data() + 9, text.data() + line_end, reply.status);
  if (line_end < head_end) reply.head = text.substr(line_end + 2, head_end - line_end - 2);
  reply.body = text.substr(head_end + 4);
  return reply;
}

}  // namespace

HttpConnection::HttpConnection(const std::string& address) : socket_(connect_to(address)) {}

bool HttpConnection::say(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto sent = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

HttpReply HttpConnection::reply() {
  std::string text;
  std::array<char, 4096> buffer{};
  while (true) {
    const auto size = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return parse(text);
    text.append(buffer.data(), static_cast<std::size_t>(size));
  }
}

HttpReply http_get(const std::string& address, const std::string& path) {
  HttpConnection connection(address);
  connection.say("GET " + path + " HTTP/1.1\r\nHost: " + address + "\r\nAccept: */*\r\n\r\n");
  return connection.reply();
}

}  // namespace mailboat::test
