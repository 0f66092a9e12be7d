// What is sent and received later, what is asked again and again, and what is copied.
#include "postgres/connection.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "postgres/copy_text.hpp"
#include "tests/support/cluster.hpp"

namespace mailboat::postgres {
namespace {

class SentStatement : public ::testing::Test {
 protected:
  Connection connection_{test::shared_cluster().create_database(), "test"};
};

TEST_F(SentStatement, IsReceivedWithItsRows) {
  connection_.send("SELECT 1 WHERE pg_sleep(0.01) IS NOT NULL");
  EXPECT_EQ(connection_.receive().int64(0, 0), 1);
  connection_.send("SELECT 2");
  EXPECT_EQ(connection_.receive().int64(0, 0), 2);
}

TEST_F(SentStatement, StaysToBeReceivedWhenSomethingElseIsAskedMeanwhile) {
  connection_.send("SELECT 1");
  EXPECT_EQ(connection_.query("SELECT $1::int", {"2"}).int64(0, 0), 2);
  EXPECT_EQ(connection_.query("SELECT 3").int64(0, 0), 3);
  EXPECT_EQ(connection_.receive().int64(0, 0), 1);
}

TEST_F(SentStatement, TellsWhatWasWrongWhenItIsReceived) {
  connection_.send("SELECT 1 / 0");
  EXPECT_EQ(connection_.query("SELECT 3").int64(0, 0), 3) << "the connection goes on";
  try {
    connection_.receive();
    FAIL() << "it was received";
  } catch (const StatementFailed& error) {
    EXPECT_EQ(error.sqlstate(), "22012");
  }
}

TEST_F(SentStatement, ThatFailedDoesNotKeepItsTransactionFromEnding) {
  {
    Transaction transaction(connection_, Transaction::Kind::RepeatableReadOnly);
    connection_.send("SELECT 1 / 0");
  }
  EXPECT_EQ(connection_.query("SELECT pg_current_xact_id_if_assigned() IS NULL").text(0, 0), "t");
}

TEST_F(SentStatement, EndsWithTheConnection) {
  connection_.send("SELECT pg_terminate_backend(pg_backend_pid())");
  EXPECT_THROW(connection_.receive(), ConnectionLost);
}

class PreparedStatement : public ::testing::Test {
 protected:
  Connection connection_{test::shared_cluster().create_database(), "test"};
};

TEST_F(PreparedStatement, IsPreparedOnceAndAnswersEachTimeAnew) {
  const std::string sql = "SELECT $1::int + 1, $2::text IS NULL";
  for (int i = 0; i < 10; ++i) {
    const auto rows = connection_.query_prepared(sql, {std::to_string(i), std::nullopt});
    EXPECT_EQ(rows.int64(0, 0), i + 1);
    EXPECT_TRUE(rows.boolean(0, 1));
    EXPECT_EQ(connection_.query_prepared("SELECT 'another'", {}).text(0, 0), "another");
  }
  EXPECT_EQ(connection_.query("SELECT count(*) FROM pg_prepared_statements").int64(0, 0), 2);
}

TEST_F(PreparedStatement, MayFailAndWorksWhenItsReasonIsGone) {
  const std::string sql = "SELECT 1 / $1::int FROM item";
  EXPECT_THROW(connection_.query_prepared(sql, {"1"}), StatementFailed) << "there is no such table";
  connection_.query("CREATE TABLE item AS SELECT 1 AS id");
  EXPECT_EQ(connection_.query_prepared(sql, {"1"}).int64(0, 0), 1);
  EXPECT_THROW(connection_.query_prepared(sql, {"0"}), StatementFailed);
  connection_.query("DROP TABLE item; CREATE TABLE item AS SELECT 'x' AS name FROM generate_series(1, 2)");
  EXPECT_EQ(connection_.query_prepared(sql, {"1"}).size(), 2) << "the table is another one";
}

TEST_F(PreparedStatement, LeavesWhatWasSentToBeReceived) {
  connection_.send("SELECT 1");
  EXPECT_EQ(connection_.query_prepared("SELECT 2", {}).int64(0, 0), 2);
  EXPECT_EQ(connection_.receive().int64(0, 0), 1);
}

class CopiedRows : public ::testing::Test {
 protected:
  Connection connection_{test::shared_cluster().create_database(), "test"};
};

TEST_F(CopiedRows, AreWhatTheQueryReturnsWhateverTheirText) {
  const std::string query =
      "SELECT nullif(n, 5), CASE WHEN n % 7 > 0 THEN 'a' || chr(n) || chr(n) || 'b' END, '\\N', ''"
      " FROM generate_series(1, 300) n ORDER BY n";
  const auto expected = connection_.query(query);
  int row = 0;
  connection_.copy(query, [&](std::string_view line) {
    ASSERT_LT(row, expected.size());
    for (int column = 0; column < 4; ++column) {
      const auto field = next_field(line);
      ASSERT_EQ(field.has_value(), !expected.is_null(row, column)) << row << ", " << column;
      EXPECT_EQ(unescaped(field.value_or("")), expected.text(row, column));
    }
    EXPECT_EQ(line, "");
    ++row;
  });
  EXPECT_EQ(row, expected.size());
}

TEST_F(CopiedRows, EndWithTheErrorThatTheServerMeetsAmongThem) {
  Transaction transaction(connection_, Transaction::Kind::RepeatableReadOnly);
  try {
    connection_.copy("SELECT 1 / (5000 - n) FROM generate_series(1, 10000) n", [](std::string_view) {});
    FAIL() << "it was copied";
  } catch (const StatementFailed& error) {
    EXPECT_EQ(error.sqlstate(), "22012");
  }
  transaction.rollback();
  EXPECT_EQ(connection_.query("SELECT 3").int64(0, 0), 3);
}

TEST_F(CopiedRows, MayBeRefusedByTheirReader) {
  int rows = 0;
  const auto refuse = [&](std::string_view) {
    if (++rows == 3) throw InvalidInput("refused");
  };
  EXPECT_THROW(connection_.copy("SELECT n FROM generate_series(1, 10000) n", refuse), InvalidInput);
  EXPECT_EQ(rows, 3);
  EXPECT_EQ(connection_.query("SELECT 3").int64(0, 0), 3) << "the connection goes on";
}

TEST_F(CopiedRows, EndWithTheConnection) {
  EXPECT_THROW(connection_.copy("SELECT pg_terminate_backend(pg_backend_pid())", [](std::string_view) {}),
               ConnectionLost);
}

/// A server that listens at an address of this test's own: each cluster has the same port.
class TcpServer : public ::testing::Test {
 protected:
  static std::string own_address() {
    const auto number = static_cast<unsigned>(::getpid());
    return "127." + std::to_string(1 + number / 65536 % 250) + "." + std::to_string(number / 256 % 256) +
           "." + std::to_string(number % 256);
  }

  /// What the kernel does about the only TCP connection to port 5432 that this process has.
  static int option_of_connection(int name) {
    for (int descriptor = 0; descriptor < 1024; ++descriptor) {
      sockaddr_in peer{};
      socklen_t size = sizeof peer;
      if (::getpeername(descriptor, reinterpret_cast<sockaddr*>(&peer), &size) != 0) continue;
      if (peer.sin_family != AF_INET || ntohs(peer.sin_port) != 5432) continue;
      int value = -1;
      socklen_t value_size = sizeof value;
      ::getsockopt(descriptor, IPPROTO_TCP, name, &value, &value_size);
      return value;
    }
    return -1;
  }

  const std::string address_ = own_address();
  test::Cluster cluster_{{.settings = {"listen_addresses=" + address_}}};
  const std::string conninfo_ = "host=" + address_ + " user=postgres dbname=postgres";
};

TEST_F(TcpServer, ThatVanishesIsMissedByUsAfterSecondsAndWeByIt) {
  {
    Connection connection(conninfo_, "test");
    EXPECT_EQ(option_of_connection(TCP_KEEPIDLE), 5);
    EXPECT_EQ(option_of_connection(TCP_KEEPINTVL), 2);
    EXPECT_EQ(option_of_connection(TCP_KEEPCNT), 3);
    EXPECT_EQ(option_of_connection(TCP_USER_TIMEOUT), 10'000);
    const auto theirs = connection.query(
        "SELECT current_setting('tcp_keepalives_idle'), current_setting('tcp_keepalives_interval'),"
        " current_setting('tcp_keepalives_count'), current_setting('tcp_user_timeout')");
    EXPECT_EQ(theirs.text(0, 0), "5");
    EXPECT_EQ(theirs.text(0, 1), "2");
    EXPECT_EQ(theirs.text(0, 2), "3");
    EXPECT_EQ(theirs.text(0, 3), "10000");
  }
  const Connection as_given(conninfo_ + " tcp_user_timeout=99000 keepalives_idle=77", "test");
  EXPECT_EQ(option_of_connection(TCP_USER_TIMEOUT), 99'000);
  EXPECT_EQ(option_of_connection(TCP_KEEPIDLE), 77);
}

}  // namespace
}  // namespace mailboat::postgres
