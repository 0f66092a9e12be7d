#include "consumer/trouble_report.hpp"

#include <chrono>

#include "common/log.hpp"
#include "consumer/feed_client.hpp"
#include "consumer/producer_connection.hpp"

namespace mailboat::consumer {
namespace {

// A producer that needs longer is tried again with the next pause.
constexpr std::chrono::seconds answer_within{2};

bool report_to(std::unique_ptr<Connection> connection, const Hello& hello, const std::stop_token& stop) {
  const ColumnsInForce none;
  FeedClient client(std::move(connection), hello, hello.heartbeat, none, FeedClient::IfUnreachable::GiveUp);
  const auto answer = client.next(stop, answer_within);
  return answer && std::holds_alternative<Refusal>(answer->message);
}

}  // namespace

bool report_trouble(const ConsumerOptions& options, const Source& source, const std::string& trouble,
                    const std::stop_token& stop) {
  Hello hello;
  hello.subscription = source.subscription;
  hello.heartbeat = options.heartbeat;
  hello.trouble = trouble;
  for (const auto& endpoint : source.producers) {
    try {
      if (report_to(connect_to_producer(options, source, endpoint), hello, stop)) return true;
    } catch (const Error& error) {
      log::debug("a producer could not be told of the trouble",
                 {{"producer", endpoint}, {"reason", error.what()}});
    }
  }
  return false;
}

}  // namespace mailboat::consumer
