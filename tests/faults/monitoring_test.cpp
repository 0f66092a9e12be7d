// What both daemons tell of themselves while they work, and while they cannot.
#include <algorithm>
#include <chrono>
#include <fstream>
#include <gmock/gmock.h>
#include <limits>
#include <list>

#include "consumer/consumer_metrics.hpp"
#include "producer/producer_metrics.hpp"
#include "tests/faults/item_pipeline.hpp"
#include "tests/faults/stranger.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/exposition.hpp"
#include "tests/support/http_client.hpp"

namespace mailboat::test {
namespace {

using std::chrono::seconds;
using ::testing::HasSubstr;
using ::testing::IsSubsetOf;

/// `name type label,label`: how Exposition names what a program declares.
std::set<std::string> declared(const MetricSet& set) {
  std::set<std::string> metrics;
  for (const auto& row : set.rows()) {
    const std::set<std::string> sorted(row.labels.begin(), row.labels.end());
    std::string labels;
    for (const auto& label : sorted) labels += (labels.empty() ? "" : ",") + label;
    metrics.insert(row.name + ' ' + std::string(type_name(row.type)) + ' ' + labels);
  }
  return metrics;
}

class Monitoring : public ItemPipeline {
 protected:
  static Pipeline::Arguments monitored(const Pipeline::Arguments& more = {}) {
    Pipeline::Arguments arguments{"--heartbeat", "100ms", "--metrics-listen", "127.0.0.1:0"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }
  explicit Monitoring(Cluster& cluster = shared_cluster()) : ItemPipeline(cluster) {}

  void start_producer() { pipeline_.start_producer(monitored()); }
  void start_consumer() { pipeline_.start_consumer(monitored()); }

  /// Where a daemon answers, which it has said itself.
  static std::string address(Process& process) {
    const std::string words = "metrics can be read address=";
    EXPECT_TRUE(process.wait_for_output(words)) << process.errors();
    const auto said = process.errors();
    const auto begin = said.find(words) + words.size();
    return said.substr(begin, said.find('\n', begin) - begin);
  }
  static HttpReply get(Process& process, const std::string& path) { return http_get(address(process), path); }
  static Exposition metrics(Process& process) { return Exposition(get(process, "/metrics").body); }

  /// Waits until the daemon says that it is ready, or that it is not because of something.
  void expect_ready(Process& process) {
    EXPECT_TRUE(eventually([&] { return get(process, "/readyz").status == 200; }, seconds(60)))
        << get(process, "/readyz").body << pipeline_.said();
  }
  void expect_unready(Process& process, const std::string& reason) {
    HttpReply reply;
    EXPECT_TRUE(eventually(
        [&] {
          reply = get(process, "/readyz");
          return reply.status == 503 && reply.body.find(reason) != std::string::npos;
        },
        seconds(60)))
        << reply.status << ' ' << reply.body << pipeline_.said();
    EXPECT_EQ(occurrences(reply.body, "\n"), 1) << reply.body;
  }
  void expect_value(Process& process, const std::string& metric, double expected) {
    double found = 0;
    EXPECT_TRUE(eventually([&] { return (found = metrics(process).value(metric)) == expected; }))
        << metric << " is " << found << pipeline_.said();
  }
  void expect_producer_value(const std::string& metric, double expected) {
    expect_value(pipeline_.producer(), "mailboat_producer_" + metric, expected);
  }
  void expect_consumer_value(const std::string& metric, double expected) {
    expect_value(pipeline_.consumer(), "mailboat_consumer_" + metric, expected);
  }
};

double seconds_now() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

TEST_F(Monitoring, ValuesMoveWhenEventsPass) {
  start_producer();
  start_consumer();
  follow();
  const auto before = seconds_now();
  insert(3);
  pipeline_.sql("DELETE FROM item WHERE id = 1");
  const std::string item = R"(subscription="replica",topic="public.item"})";
  expect_value(pipeline_.producer(), R"(mailboat_producer_events_total{op="I",)" + item, 3);
  expect_value(pipeline_.producer(), R"(mailboat_producer_events_total{op="D",)" + item, 1);
  const std::string source = R"(source="",)";
  expect_value(pipeline_.consumer(), R"(mailboat_consumer_events_total{op="I",)" + source + item, 3);
  expect_value(pipeline_.consumer(), R"(mailboat_consumer_events_total{op="D",)" + source + item, 1);
  expect_value(pipeline_.producer(), R"(mailboat_producer_sessions{subscription="replica"})", 1);
  const auto consumer = metrics(pipeline_.consumer());
  const std::string labels = R"({source="",subscription="replica"})";
  EXPECT_EQ(consumer.value("mailboat_consumer_connected" + labels), 1);
  EXPECT_EQ(consumer.value("mailboat_consumer_ready" + labels), 1);
  EXPECT_EQ(consumer.value("mailboat_consumer_apply_seconds_count" + labels),
            consumer.value("mailboat_consumer_windows_total" + labels));
  EXPECT_GT(consumer.value("mailboat_consumer_commit_seconds_count" + labels), 0);
  EXPECT_GT(consumer.value("mailboat_consumer_wal_bytes"), 0);
  const auto bytes = consumer.value("mailboat_consumer_event_bytes_total{op=\"I\",source=\"\"," + item);
  EXPECT_GT(bytes, 3);
  expect_producer_value(R"(event_bytes_total{op="I",)" + item, bytes);
  EXPECT_EQ(consumer.value("mailboat_consumer_sessions_total" + labels), 1);
  EXPECT_GT(consumer.value("mailboat_consumer_commit_timestamp_seconds" + labels), before);
  EXPECT_LE(consumer.value("mailboat_consumer_commit_timestamp_seconds" + labels), seconds_now());
  const std::string sent = R"(mailboat_producer_windows_total{subscription="replica"})";
  EXPECT_TRUE(eventually([&] {
    return metrics(pipeline_.consumer()).value("mailboat_consumer_windows_total" + labels) ==
           metrics(pipeline_.producer()).value(sent);
  })) << pipeline_.said();
  EXPECT_GT(metrics(pipeline_.producer()).value(sent), 1);
  expect_value(pipeline_.producer(), "mailboat_producer_ready", 1);
  EXPECT_GT(metrics(pipeline_.producer()).value("mailboat_producer_retained_bytes"), 0);

  pipeline_.kill_consumer();
  expect_value(pipeline_.producer(), R"(mailboat_producer_sessions{subscription="replica"})", 0);
}

TEST_F(Monitoring, EachSessionOfAConsumerIsCounted) {
  start_producer();
  start_consumer();
  follow();
  pipeline_.kill_producer();
  start_producer();
  expect_consumer_value(R"(sessions_total{source="",subscription="replica"})", 2);
}

TEST_F(Monitoring, RowsOfALoadAreCountedAndAreNoEvents) {
  insert(5);
  start_producer();
  start_consumer();
  follow();
  expect_producer_value(R"(loaded_rows_total{subscription="replica",topic="public.item"})", 5);
  expect_consumer_value(R"(loaded_rows_total{source="",subscription="replica",topic="public.item"})", 5);
  EXPECT_FALSE(
      metrics(pipeline_.producer())
          .has(R"(mailboat_producer_events_total{op="I",subscription="replica",topic="public.item"})"));
}

TEST_F(Monitoring, WhatIsRejectedOnceIsCountedOnce) {
  pipeline_.sql("SELECT outbox.configure('replica', retry_delay => '1 h', retry_delay_max => '1 h')");
  start_producer();
  start_consumer();
  follow();
  by_hand(
      "CREATE TRIGGER poison BEFORE INSERT ON item WHEN NEW.note = 'poison'"
      " BEGIN SELECT RAISE(ABORT, 'it is poison'); END");
  insert(1, "harmless");
  insert(2, "poison");
  expect_producer_value(R"(rejections_total{subscription="replica"})", 2);
  expect_consumer_value(R"(rejections_total{source="",subscription="replica"})", 2);
  expect_consumer_value(R"(events_total{op="I",source="",subscription="replica",topic="public.item"})", 3);
}

TEST_F(Monitoring, EventsOfAReplayAreCountedAndAreNoRetries) {
  start_producer();
  start_consumer();
  follow();
  insert(3);
  ASSERT_TRUE(becomes_equal());
  pipeline_.sql("SELECT outbox.request_replay('replica', min(id), max(id)) FROM outbox.event WHERE op = 'I'");
  expect_producer_value(R"(replays_total{subscription="replica"})", 3);
  const auto came_again =
      R"(mailboat_consumer_retried_events_total{result="applied",source="",subscription="replica"})";
  EXPECT_TRUE(eventually([&] { return metrics(pipeline_.consumer()).value(came_again) == 3; }))
      << pipeline_.said();
  EXPECT_FALSE(
      metrics(pipeline_.producer()).has(R"(mailboat_producer_retries_total{subscription="replica"})"));
}

TEST_F(Monitoring, ARefusedConsumerIsCountedByTheReason) {
  start_producer();
  auto command = pipeline_.consumer_command();
  *std::find(command.begin(), command.end(), "replica") = "nobody";
  EXPECT_EQ(run(command).exit_code, 1);
  expect_producer_value(R"(refusals_total{reason="unknown_subscription"})", 1);
}

TEST_F(Monitoring, MessagesOfAStrangerAreCounted) {
  start_producer();
  Stranger stranger(pipeline_.endpoint());
  for (int message = 0; message < 7; ++message) stranger.send("nothing that we say");
  expect_producer_value("bad_messages_total", 7);
}

TEST_F(Monitoring, TheLimitOfTheLogIsTheSetting) {
  pipeline_.start_producer(monitored({"--max-retained-bytes", "1GiB"}));
  expect_producer_value("max_retained_bytes", 1 << 30);
  pipeline_.start_producer(monitored({"--max-retained-bytes", "none"}));
  expect_producer_value("max_retained_bytes", std::numeric_limits<double>::infinity());
}

// The source is surveyed every ten seconds, or less often where that takes long: every 100 s at least.
TEST_F(Monitoring, ATransactionThatStaysOpenIsSeen) {
  const auto age = "mailboat_producer_oldest_transaction_seconds";
  auto application = pipeline_.connect();
  application.query("BEGIN; SELECT pg_current_xact_id()");
  start_producer();
  EXPECT_TRUE(eventually([&] { return metrics(pipeline_.producer()).value(age) > 0; }, seconds(120)))
      << pipeline_.said();
}

// In a scenario that has something of nearly everything.
TEST_F(Monitoring, EachMetricHasTheNameTypeAndLabelsThatAreDeclared) {
  pipeline_.sql("SELECT outbox.configure('replica', retry_delay => '50 ms', retry_delay_max => '100 ms')");
  insert(5);
  start_producer();
  start_consumer();
  follow();
  pipeline_.sql("SELECT outbox.publish('nobody_wants_it', '{}')");
  run({program("mailboat"), "--postgres", pipeline_.conninfo(), "verify", "replica"});
  const auto found = [&](Process& process, const std::string& metric) {
    return eventually([&] {
      const auto seen = metrics(process);
      const auto has = [&](const std::string& each) { return each.starts_with(metric + ' '); };
      return std::any_of(seen.metrics().begin(), seen.metrics().end(), has);
    });
  };
  EXPECT_TRUE(found(pipeline_.producer(), "mailboat_producer_retries_total"));
  EXPECT_TRUE(found(pipeline_.producer(), "mailboat_producer_verified_timestamp_seconds"));
  EXPECT_TRUE(found(pipeline_.consumer(), "mailboat_consumer_retried_events_total"));

  const auto producer = metrics(pipeline_.producer()).metrics();
  auto expected = declared(producer::ProducerMetrics().set);
  EXPECT_THAT(producer, IsSubsetOf(expected));
  for (const auto* rare : {"mailboat_producer_refusals_total counter reason",
                           "mailboat_producer_replays_total counter subscription",
                           "mailboat_producer_bad_messages_total counter "})
    expected.erase(rare);
  EXPECT_EQ(producer, expected);
  EXPECT_EQ(metrics(pipeline_.consumer()).metrics(), declared(consumer::ConsumerMetrics().set));
}

TEST_F(Monitoring, AConsumerIsNotReadyWhileNoProducerAnswersAndIsReadyAgain) {
  start_consumer();
  expect_unready(pipeline_.consumer(), "no answer from producer " + pipeline_.endpoint());
  EXPECT_EQ(get(pipeline_.consumer(), "/healthz").body, "alive\n");
  start_producer();
  expect_ready(pipeline_.consumer());
  pipeline_.kill_producer();
  expect_unready(pipeline_.consumer(), "no answer from producer " + pipeline_.endpoint());
  expect_value(pipeline_.consumer(), R"(mailboat_consumer_connected{source="",subscription="replica"})", 0);
  start_producer();
  expect_ready(pipeline_.consumer());
}

TEST_F(Monitoring, AConsumerIsNotReadyWhileATableIsPaused) {
  start_producer();
  start_consumer();
  follow();
  expect_ready(pipeline_.consumer());
  by_hand("CREATE TABLE extra (mine TEXT)");
  pipeline_.sql("CREATE TABLE extra (id int PRIMARY KEY); SELECT outbox.track('extra')");
  expect_unready(pipeline_.consumer(), "changes are applied, but table extra (public.extra) is paused");
  EXPECT_EQ(
      metrics(pipeline_.consumer()).value(R"(mailboat_consumer_ready{source="",subscription="replica"})"), 0);
  EXPECT_EQ(get(pipeline_.consumer(), "/healthz").status, 200);
  by_hand("DROP TABLE extra");
  expect_ready(pipeline_.consumer());
}

TEST_F(Monitoring, RudeClientsDoNotDisturb) {
  start_producer();
  start_consumer();
  follow();
  std::list<HttpConnection> rude;
  for (auto* process : {&pipeline_.producer(), &pipeline_.consumer()}) {
    for (int i = 0; i < 50; ++i) {
      rude.emplace_back(address(*process)).say(i % 2 == 0 ? "GET /met" : std::string(20'000, '\x16'));
      HttpConnection(address(*process)).say("GET /metrics HTTP/1.1\r\n\r\n");
    }
  }
  insert_large(3);
  EXPECT_TRUE(becomes_equal());
  for (auto* process : {&pipeline_.producer(), &pipeline_.consumer()}) {
    EXPECT_EQ(get(*process, "/metrics").status, 200);
    EXPECT_EQ(get(*process, "/nowhere").status, 404);
    EXPECT_TRUE(process->running());
  }
  rude.clear();
  pipeline_.consumer().kill(SIGTERM);
  EXPECT_EQ(pipeline_.consumer().wait(seconds(30)), 0) << pipeline_.said();
}

TEST_F(Monitoring, AnAddressThatCannotBeHadIsToldAtTheStart) {
  start_producer();
  const auto taken = address(pipeline_.producer());
  for (const auto& command : {pipeline_.producer_command({"--metrics-listen", taken}),
                              pipeline_.consumer_command({"--metrics-listen", taken})}) {
    const auto refused = run(command);
    EXPECT_EQ(refused.exit_code, 2) << refused.errors;
    EXPECT_THAT(refused.errors, HasSubstr("cannot listen on " + taken + ": Address already in use"));
  }
  const auto wrong = run(pipeline_.consumer_command({"--metrics-listen", "9658"}));
  EXPECT_EQ(wrong.exit_code, 2);
  EXPECT_THAT(wrong.errors, HasSubstr("metrics-listen: not an address: '9658' (expected HOST:PORT"));
}

/// On a server of its own, which can be stopped.
class OwnServer {
 protected:
  Cluster cluster_;
};
class MonitoringSource : private OwnServer, public Monitoring {
 protected:
  MonitoringSource() : Monitoring(cluster_) {}
  Cluster& cluster() { return cluster_; }
};

TEST_F(MonitoringSource, AProducerIsReadyWhileItsSourceIsThere) {
  start_producer();
  expect_ready(pipeline_.producer());
  cluster().stop(Cluster::Stop::Immediate);
  expect_unready(pipeline_.producer(), "the source database cannot be used: ");
  EXPECT_EQ(get(pipeline_.producer(), "/healthz").status, 200);
  EXPECT_EQ(metrics(pipeline_.producer()).value("mailboat_producer_ready"), 0);
  cluster().start();
  expect_ready(pipeline_.producer());
}

}  // namespace
}  // namespace mailboat::test
