#include <filesystem>
#include <fstream>
#include <pwd.h>
#include <sstream>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/faults/item_pipeline.hpp"
#include "tests/support/eventually.hpp"

// Passwords of the source show up nowhere, however they are given, and TLS settings reach libpq.

namespace mailboat::test {
namespace {

const std::string password = "S3CRET-word";

std::string content_of(const std::filesystem::path& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

/// One way to tell the password, as arguments and variables of a program.
struct Telling {
  std::string name;
  std::vector<std::string> arguments = {};
  std::vector<std::string> environment = {};
};
void PrintTo(const Telling& telling, std::ostream* out) { *out << telling.name; }

/// Words in braces stand for what a test knows; {userless} for host and dbname.
const std::vector<Telling> tellings = {
    {"PasswordFile", {"--postgres", "{userless} user=keeper"}, {"PGPASSFILE={folder}/pgpass"}},
    {"PasswordVariable", {"--postgres", "{userless} user=keeper"}, {"PGPASSWORD={password}"}},
    {"Variable", {}, {"MAILBOAT_POSTGRES={userless} user=keeper password={password}"}},
    {"File", {"--config", "{folder}/postgres.toml"}},
    {"Flag", {"--postgres", "{userless} user=keeper password={password}"}},
    {"FlagWithAUri", {"--postgres=postgresql://keeper:{password}@/{database}?host={socket}"}},
};

class SourcePassword : public ItemPipeline, public ::testing::WithParamInterface<Telling> {
 protected:
  SourcePassword() {
    pipeline_.sql(
        "DO $$ BEGIN CREATE ROLE keeper LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$;"
        "ALTER ROLE keeper PASSWORD '" +
        password + "'; GRANT outbox_producer TO keeper");
    static const bool once = [] {
      shared_cluster().authenticate("keeper", "scram-sha-256");
      return true;
    }();
    static_cast<void>(once);
    const auto file = pipeline_.folder() / "pgpass";
    std::ofstream(file) << "*:*:*:keeper:" << password << '\n';
    std::filesystem::permissions(file, std::filesystem::perms::owner_read);
    std::ofstream(pipeline_.folder() / "postgres.toml")
        << filled("postgres = '{userless} user=keeper password={password}'");
  }

  [[nodiscard]] std::string filled(std::string text) const {
    const auto socket = shared_cluster().socket_folder().string();
    const std::vector<std::pair<std::string, std::string>> meanings{
        {"{folder}", pipeline_.folder().string()},
        {"{userless}", "host=" + socket + " dbname=" + pipeline_.database()},
        {"{password}", password},
        {"{socket}", socket},
        {"{database}", pipeline_.database()}};
    for (const auto& [name, meaning] : meanings) {
      for (auto at = text.find(name); at != std::string::npos; at = text.find(name))
        text.replace(at, name.size(), meaning);
    }
    return text;
  }
  [[nodiscard]] std::vector<std::string> command(const std::string& name,
                                                 const std::vector<std::string>& more = {}) const {
    std::vector<std::string> all{program(name)};
    for (const auto& argument : GetParam().arguments) all.push_back(filled(argument));
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }
  [[nodiscard]] Process::Options variables() const {
    Process::Options options;
    for (const auto& variable : GetParam().environment) options.environment.push_back(filled(variable));
    return options;
  }
  static void expect_untold(const std::string& text, const std::string& where) {
    EXPECT_EQ(text.find(password), std::string::npos) << "the password stands in " << where << ": " << text;
  }
};

TEST_P(SourcePassword, ShowsUpNowhere) {
  Process producer(command("mailboat-producer", {"--listen", pipeline_.endpoint(), "--log-level", "debug"}),
                   variables());
  pipeline_.start_consumer(quick);
  expect_goes_on();
  expect_untold(content_of("/proc/" + std::to_string(producer.id()) + "/cmdline"), "ps");
  for (const auto* what : {"status", "doctor"}) {
    const auto said = run(command("mailboat", {what}), variables());
    EXPECT_NE(said.output + said.errors, "");
    expect_untold(said.output + said.errors, what);
  }

  pipeline_.sql(
      "ALTER ROLE keeper PASSWORD 'another'; SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
      " WHERE usename = 'keeper'");
  EXPECT_TRUE(pipeline_.consumer().wait_for_output("password authentication failed")) << pipeline_.said();
  const auto said = run(command("mailboat", {"status"}), variables());
  EXPECT_EQ(said.exit_code, 1);
  expect_untold(said.errors, "an error");
  expect_untold(producer.errors() + producer.output(), "the producer's log");
  expect_untold(pipeline_.consumer().errors(), "the consumer's log");
}

INSTANTIATE_TEST_SUITE_P(GivenBy, SourcePassword, ::testing::ValuesIn(tellings),
                         [](const auto& test) { return test.param.name; });

/// A server that lets its role in with TLS only, over TCP, with a certificate of `source.example`.
class TlsSource {
 public:
  TlsSource() {
    std::filesystem::permissions(folder_.path(),
                                 std::filesystem::perms(0755));  // the server is somebody else
    Cluster::make_folder(files());
    sign(files());
    std::ofstream(files() / "hba.conf") << "local all all trust\nhostssl all clerk 127.0.0.0/8 trust\n";
    Cluster::Options options;
    // The port is the usual one, and the address one of the 16 million that nobody else uses.
    options.settings = {"listen_addresses=" + address_, "ssl=on", "ssl_cert_file=" + certificate(),
                        "ssl_key_file=" + (files() / "server.key").string(),
                        "hba_file=" + (files() / "hba.conf").string()};
    cluster_.emplace(options);
  }

  [[nodiscard]] std::filesystem::path files() const { return folder_.path() / "tls"; }
  [[nodiscard]] std::string certificate() const { return (files() / "server.crt").string(); }
  [[nodiscard]] const std::string& address() const { return address_; }
  Cluster& cluster() { return *cluster_; }

  static void sign(const std::filesystem::path& folder) {
    Process::Options as_owner;
    struct stat status {};
    ::stat(folder.c_str(), &status);
    if (status.st_uid != ::geteuid()) as_owner.user = ::getpwuid(status.st_uid)->pw_name;
    const auto made =
        run({"openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
             "/CN=source.example", "-keyout", folder / "server.key", "-out", folder / "server.crt"},
            as_owner);
    EXPECT_EQ(made.exit_code, 0) << made.errors;
  }

 private:
  TempDir folder_{"tls"};
  const std::string address_ = "127." + std::to_string(1 + ::getpid() / 65536 % 250) + "." +
                               std::to_string(::getpid() / 256 % 256) + "." +
                               std::to_string(1 + ::getpid() % 250);
  std::optional<Cluster> cluster_;
};

TEST(SourceTls, SettingsReachLibpqAndAreKept) {
  if (run({"sh", "-c", "command -v openssl"}).exit_code != 0) GTEST_SKIP() << "openssl is not here";
  TlsSource source;
  Pipeline pipeline(source.cluster());
  pipeline.sql(
      "CREATE ROLE clerk LOGIN IN ROLE outbox_producer; CREATE TABLE item (id int PRIMARY KEY, note text);"
      "SELECT outbox.track('item'); SELECT outbox.subscribe('replica'); INSERT INTO item VALUES (1, 'a')");
  const auto with = [&](const std::string& host, const std::string& root) {
    return "hostaddr=" + source.address() + " host=" + host + " user=clerk dbname=" + pipeline.database() +
           " sslmode=verify-full sslrootcert=" + root;
  };
  pipeline.start_consumer({"--heartbeat", "100ms"});
  pipeline.reach_source_by(with("another.example", source.certificate()));
  EXPECT_TRUE(pipeline.start_producer().wait_for_output("does not match host name")) << pipeline.said();

  const TempDir others("tls");
  TlsSource::sign(others.path());
  pipeline.reach_source_by(with("source.example", (others.path() / "server.crt").string()));
  EXPECT_TRUE(pipeline.start_producer().wait_for_output("certificate verify failed")) << pipeline.said();

  pipeline.reach_source_by(with("source.example", source.certificate()));
  pipeline.start_producer();
  EXPECT_EQ(pipeline.lasting_difference("item", "id, note"), "") << pipeline.said();
  EXPECT_EQ(pipeline.value(
                "SELECT count(*) > 0 AND bool_and(ssl) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)"
                " WHERE application_name LIKE 'mailboat-producer%'"),
            "t");
}

}  // namespace
}  // namespace mailboat::test
