#include "consumer/trouble_report.hpp"

#include <chrono>

#include "common/channel_zmq.hpp"
#include "common/log.hpp"
#include "consumer/feed_client.hpp"

namespace mailboat::consumer {
namespace {

// A producer that needs longer is tried again with the next pause.
constexpr std::chrono::seconds answer_within{2};

bool report_to(const std::string& endpoint, const Hello& hello, const std::stop_token& stop) {
  FeedClient client(connect_zmq(endpoint), hello, hello.heartbeat);
  const auto answer = client.next(stop, answer_within);
  return answer && std::holds_alternative<Refusal>(*answer);
}

}  // namespace

bool report_trouble(const Source& source, std::chrono::milliseconds heartbeat, const std::string& trouble,
                    const std::stop_token& stop) {
  Hello hello;
  hello.subscription = source.subscription;
  hello.heartbeat = heartbeat;
  hello.trouble = trouble;
  for (const auto& endpoint : source.producers) {
    try {
      if (report_to(endpoint, hello, stop)) return true;
    } catch (const Error& error) {
      log::debug("a producer could not be told of the trouble",
                 {{"producer", endpoint}, {"reason", error.what()}});
    }
  }
  return false;
}

}  // namespace mailboat::consumer
