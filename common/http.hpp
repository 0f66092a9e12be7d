#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace mailboat {

/// The little of HTTP/1.1 that it takes to be asked for a page. Source: RFC 9112. All pure.

struct HttpAnswer {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
};

struct HttpRequest {
  std::string path;           ///< without a query; empty when this is no request, or not one that we know
  bool without_body = false;  ///< HEAD
};

/// Where a request's head ends, if all of it is here: everything up to the empty line.
[[nodiscard]] std::optional<std::string_view> complete_head(std::string_view received);

/// Reads the first line of a head. Of the rest nothing matters: who asks is answered, and the connection is
/// closed.
[[nodiscard]] HttpRequest parse_request(std::string_view head);

/// As it is sent.
[[nodiscard]] std::string to_text(const HttpAnswer& answer, bool without_body);

}  // namespace mailboat
