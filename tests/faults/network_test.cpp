#include <algorithm>
#include <random>

#include "tests/faults/item_pipeline.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/seed.hpp"
#include "tests/support/tcp_proxy.hpp"

namespace mailboat::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Direction = TcpProxy::Direction;
using Ending = TcpProxy::Ending;

/// A network that can be hurt between consumer and producer.
class Network : public ItemPipeline {
 protected:
  Network() {
    pipeline_.listen_at("tcp://127.0.0.1:" + std::to_string(port_));
    pipeline_.connect_through(proxy_.endpoint());
  }

  int sessions() { return occurrences(pipeline_.producer().errors(), "session begins"); }

  const std::uint16_t port_ = free_port();
  TcpProxy proxy_{port_};
};

struct Cut {
  std::string name;
  std::function<void(TcpProxy&)> apply;
};
void PrintTo(const Cut& cut, std::ostream* out) { *out << cut.name; }

class NetworkCut : public Network, public ::testing::WithParamInterface<Cut> {};

TEST_P(NetworkCut, BeginsANewSessionThatGoesOnWhereTheOldOneWas) {
  follow();
  for (int cut = 0; cut < 2; ++cut) {
    const auto before = sessions();
    GetParam().apply(proxy_);
    change_everything();
    ASSERT_TRUE(becomes_equal());
    EXPECT_TRUE(eventually([&] { return sessions() > before; })) << pipeline_.said();
  }
  EXPECT_TRUE(pipeline_.consumer().running());
}

// Two cuts, each in the middle of the same window: it is sent again from its beginning until it is whole.
TEST_P(NetworkCut, InTheMiddleOfAWindowLosesAndRepeatsNothing) {
  follow();
  std::mt19937_64 random(seed());
  insert_large(10);
  for (int cut = 0; cut < 2; ++cut) {
    const auto enough = proxy_.bytes() + random() % (8 << 20);
    ASSERT_TRUE(eventually([&] { return proxy_.bytes() >= enough || is_equal(); }));
    GetParam().apply(proxy_);
  }
  EXPECT_TRUE(becomes_equal());
}

INSTANTIATE_TEST_SUITE_P(
    Of, NetworkCut,
    ::testing::Values(Cut{"GoodOrder", [](TcpProxy& proxy) { proxy.cut(Ending::Fin); }},
                      Cut{"Reset", [](TcpProxy& proxy) { proxy.cut(Ending::Reset); }},
                      Cut{"HalfToProducer", [](TcpProxy& proxy) { proxy.half_close(Direction::ToServer); }},
                      Cut{"HalfToConsumer", [](TcpProxy& proxy) { proxy.half_close(Direction::ToClient); }}),
    [](const auto& test) { return test.param.name; });

TEST_F(Network, ThatStallsIsNoticedByBothOnceAndSurvived) {
  follow();
  proxy_.stall();
  change_everything();
  expect_said(pipeline_.consumer(), silence);
  expect_said(pipeline_.producer(), "a consumer has fallen silent");
  EXPECT_TRUE(pipeline_.becomes_connected(false)) << "the subscription is still taken";
  EXPECT_NE(pipeline_.status().find("away"), std::string::npos) << pipeline_.status();

  proxy_.resume();
  EXPECT_TRUE(becomes_equal());
  expect_said(pipeline_.consumer(), "working again");
  expect_said(pipeline_.consumer(), "it has been silent");
}

TEST_F(Network, ThatStallsOnTheWayToTheConsumerIsSurvived) {
  follow();
  proxy_.stall(Direction::ToClient);
  change_everything();
  expect_said(pipeline_.consumer(), silence);
  proxy_.resume();
  EXPECT_TRUE(becomes_equal());
}

TEST_F(Network, ThatStallsOnTheWayToTheProducerIsSurvived) {
  follow();
  proxy_.stall(Direction::ToServer);
  change_everything();
  EXPECT_TRUE(becomes_equal()) << "the window needs nothing from the consumer";
  EXPECT_TRUE(pipeline_.producer().wait_for_output("a consumer has fallen silent")) << pipeline_.said();
  insert();
  proxy_.resume();
  EXPECT_TRUE(becomes_equal());
}

TEST_F(Network, ThatIsSlowLosesNoSession) {
  follow();
  proxy_.delay(milliseconds(300));
  for (int change = 0; change < 3; ++change) {
    change_everything();
    ASSERT_TRUE(becomes_equal());
  }
  EXPECT_EQ(occurrences(pipeline_.consumer().errors(), "following"), 1) << pipeline_.said();
}

/// A network that can be hurt between the producer and PostgreSQL.
class SourceNetwork : public ItemPipeline {
 protected:
  SourceNetwork() {
    pipeline_.reach_source_by("host=127.0.0.1 port=" + std::to_string(proxy_.port()) +
                              " user=postgres dbname=" + pipeline_.database());
  }
  TcpProxy proxy_{shared_cluster().socket_folder() / ".s.PGSQL.5432"};
};

TEST_F(SourceNetwork, ThatIsCutIsConnectedAnewAndTheWindowReadAgain) {
  follow();
  std::mt19937_64 random(seed());
  for (const auto how : {Ending::Fin, Ending::Reset}) {
    insert_large(8);
    const auto enough = proxy_.bytes() + random() % (8 << 20);
    ASSERT_TRUE(eventually([&] { return proxy_.bytes() >= enough || is_equal(); }));
    proxy_.cut(how);
    expect_goes_on();
  }
  EXPECT_NE(pipeline_.producer().errors().find("session refused"), std::string::npos) << pipeline_.said();
  EXPECT_TRUE(pipeline_.producer().running());
}

TEST_F(SourceNetwork, ThatStallsLooksLikeQuietAndGoesOn) {
  follow();
  proxy_.stall();
  change_everything();
  insert_large(3);
  const auto before = pipeline_.cursor();
  EXPECT_TRUE(pipeline_.becomes_connected()) << "the heartbeat goes on meanwhile";
  EXPECT_EQ(pipeline_.cursor(), before);
  proxy_.resume();
  EXPECT_TRUE(becomes_equal());
  EXPECT_EQ(occurrences(pipeline_.consumer().errors(), "following"), 1) << pipeline_.said();
}

}  // namespace
}  // namespace mailboat::test
