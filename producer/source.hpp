#pragma once

#include <optional>
#include <string>

#include "common/messages.hpp"
#include "postgres/connection.hpp"

namespace mailboat::producer {

/// A session cannot be served; the code says what the consumer does next, the text what the operator does.
class SessionRefused : public Error {
 public:
  SessionRefused(RefusalCode code, const std::string& text) : Error(text), code_(code) {}
  [[nodiscard]] RefusalCode code() const { return code_; }

 private:
  RefusalCode code_;
};

/// Connects for reading the outbox: checks that server and schema are ones we can work with (Fatal otherwise)
/// and sets whatever the text of a value or the plan of the window query depends on.
postgres::Connection connect_to_source(const std::string& conninfo, const std::string& application_name);

/// For the start of a daemon: tries the source once and throws Fatal when it is one that we cannot work with.
/// A source that is only away is logged: consumers are served as soon as it is back.
void require_suitable_source(const std::string& conninfo);

/// The source as a session finds it.
struct SourceState {
  SourceIdentity identity;
  Snapshot now;
  EventId last_event = 0;  ///< the highest event id handed out
};
SourceState look_at_source(postgres::Connection& connection);

}  // namespace mailboat::producer
