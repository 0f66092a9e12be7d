#include "common/http.hpp"

namespace mailboat {
namespace {

std::string_view reason_phrase(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 400:
      return "Bad Request";
    case 404:
      return "Not Found";
    case 503:
      return "Service Unavailable";
    default:
      return "Internal Server Error";
  }
}

}  // namespace

std::optional<std::string_view> complete_head(std::string_view received) {
  const auto with_returns = received.find("\r\n\r\n");
  if (with_returns != std::string_view::npos) return received.substr(0, with_returns);
  const auto without = received.find("\n\n");
  if (without != std::string_view::npos) return received.substr(0, without);
  return std::nullopt;
}

HttpRequest parse_request(std::string_view head) {
  const auto line = head.substr(0, head.find_first_of("\r\n"));
  const auto method_end = line.find(' ');
  const auto path_end = line.rfind(' ');
  if (method_end == std::string_view::npos || path_end == method_end) return {};
  const auto method = line.substr(0, method_end);
  const auto target = line.substr(method_end + 1, path_end - method_end - 1);
  const bool is_known = (method == "GET" || method == "HEAD") && target.starts_with('/') &&
                        line.substr(path_end + 1).starts_with("HTTP/1.");
  if (!is_known) return {};
  return {std::string(target.substr(0, target.find('?'))), method == "HEAD"};
}

std::string to_text(const HttpAnswer& answer, bool without_body) {
  std::string text = "HTTP/1.1 " + std::to_string(answer.status) + ' ';
  text += reason_phrase(answer.status);
  text += "\r\nContent-Type: " + answer.content_type +
          "\r\nContent-Length: " + std::to_string(answer.body.size()) +
          "\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n";
  if (!without_body) text += answer.body;
  return text;
}

}  // namespace mailboat
