#include "tests/support/cluster.hpp"

#include <cerrno>
#include <charconv>
#include <fstream>
#include <optional>
#include <pwd.h>
#include <sstream>
#include <stdexcept>
#include <system_error>
#include <unistd.h>

#include "tests/support/eventually.hpp"

namespace mailboat::test {
namespace {

namespace fs = std::filesystem;
using std::chrono::seconds;

constexpr auto start_timeout = seconds(120);  // recovery after a crash included
constexpr auto stop_timeout = seconds(120);
constexpr auto superuser = "postgres";

std::optional<int> number(const std::string& text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// Debian's place: /usr/lib/postgresql/MAJOR/bin.
std::optional<fs::path> newest_debian_programs() {
  std::optional<fs::path> best;
  int best_version = 0;
  std::error_code none_installed;
  for (const auto& entry : fs::directory_iterator("/usr/lib/postgresql", none_installed)) {
    const auto version = number(entry.path().filename().string());
    if (!version || *version <= best_version || !fs::exists(entry.path() / "bin/initdb")) continue;
    best_version = *version;
    best = entry.path() / "bin";
  }
  return best;
}

fs::path find_programs() {
  if (const auto found = newest_debian_programs()) return *found;
  const auto asked = run({"pg_config", "--bindir"});
  if (asked.exit_code == 0) return asked.output.substr(0, asked.output.find('\n'));
  throw std::runtime_error("no PostgreSQL server on this machine: install the package 'postgresql'");
}

/// PostgreSQL refuses to run as root.
std::optional<std::string> server_user() {
  if (::geteuid() != 0) return std::nullopt;
  return ::getpwnam("postgres") != nullptr ? "postgres" : "nobody";
}

void give_to(const fs::path& directory, const std::optional<std::string>& user) {
  if (!user) return;
  const passwd* entry = ::getpwnam(user->c_str());
  if (entry == nullptr || ::chown(directory.c_str(), entry->pw_uid, entry->pw_gid) != 0) {
    throw std::system_error(errno, std::generic_category(), "cannot give a directory to user " + *user);
  }
}

bool accepts_connections(const std::string& conninfo) {
  try {
    postgres::Connection(conninfo, "test support").query("SELECT 1");
    return true;
  } catch (const postgres::ConnectionLost&) {
    return false;
  }
}

}  // namespace

Cluster::Cluster(Options options) : options_(std::move(options)), programs_(find_programs()) {
  initialise();
  start();
}

Cluster::Cluster(StandbyOf source) : options_(source.primary.options_), programs_(find_programs()) {
  give_to(directory_.path(), server_user());
  run_program({programs_ / "pg_basebackup", "--pgdata", data(), "--dbname", source.primary.conninfo(),
               "--checkpoint", "fast", "--write-recovery-conf", "--no-sync"});
  start();
}

Cluster::~Cluster() {
  if (server_) server_->kill(SIGQUIT);  // the files go away anyway
  if (server_) server_->wait(stop_timeout);
}

void Cluster::initialise() {
  give_to(directory_.path(), server_user());
  run_program({programs_ / "initdb", "--pgdata", data(), "--username", superuser, "--auth", "trust",
               "--encoding", "UTF8", "--locale", "C.UTF-8", "--no-sync"});
}

void Cluster::run_program(const std::vector<std::string>& argv) const {
  Process::Options as_server;
  as_server.user = server_user();
  const auto ended = run(argv, as_server);
  if (ended.exit_code != 0)
    throw std::runtime_error(argv.front() + " failed: " + ended.output + ended.errors);
}

void Cluster::start() {
  if (server_) return;
  std::vector<std::string> argv = {programs_ / "postgres", "-D", data()};
  const auto set = [&argv](const std::string& setting) { argv.insert(argv.end(), {"-c", setting}); };
  set("listen_addresses=");
  set("unix_socket_directories=" + directory_.path().string());
  set("max_connections=100");
  if (options_.fast) {
    set("fsync=off");
    set("full_page_writes=off");
  }
  for (const auto& setting : options_.settings) set(setting);

  Process::Options as_server;
  as_server.user = server_user();
  as_server.death_signal = SIGQUIT;  // lets the postmaster take its children along
  server_ = std::make_unique<Process>(std::move(argv), as_server);
  const auto ready = [this] { return !server_->running() || accepts_connections(conninfo()); };
  if (!eventually(ready, start_timeout) || !server_->running()) {
    throw std::runtime_error("PostgreSQL did not start: " + log());
  }
}

void Cluster::stop(Stop how) {
  if (!server_) return;
  server_->kill(how == Stop::Fast ? SIGINT : SIGQUIT);
  if (!server_->wait(stop_timeout)) throw std::runtime_error("PostgreSQL did not stop: " + log());
  server_.reset();
}

void Cluster::restart(Stop how) {
  stop(how);
  start();
}

void Cluster::promote() {
  const auto promoted = postgres::Connection(conninfo(), "test support").query("SELECT pg_promote()");
  if (!promoted.boolean(0, 0)) throw std::runtime_error("PostgreSQL was not promoted: " + log());
}

void Cluster::make_folder(const fs::path& folder) {
  fs::create_directory(folder);
  fs::permissions(folder, fs::perms::owner_all);  // the server insists on it
  give_to(folder, server_user());
}

void Cluster::back_up(const fs::path& folder) const {
  make_folder(folder);
  run_program({programs_ / "pg_basebackup", "--pgdata", folder, "--dbname", conninfo(), "--checkpoint",
               "fast", "--no-sync"});
}

void Cluster::restore(const fs::path& backup) {
  fs::remove_all(data());
  const auto copied = run({"cp", "--archive", backup, data()});
  if (copied.exit_code != 0) throw std::runtime_error("cannot restore a backup: " + copied.errors);
}

void Cluster::authenticate(const std::string& role, const std::string& method) {
  const auto rules = data() / "pg_hba.conf";
  std::stringstream others;
  others << std::ifstream(rules).rdbuf();
  std::ofstream(rules) << "local all " << role << ' ' << method << '\n' << others.str();
  postgres::Connection(conninfo(), "test support").query("SELECT pg_reload_conf()");
}

std::string Cluster::conninfo(const std::string& database) const {
  return "host=" + directory_.path().string() + " user=" + superuser + " dbname=" + database;
}

std::string Cluster::create_database() {
  const auto name = "test_" + std::to_string(++databases_);
  postgres::Connection(conninfo(), "test support").query("CREATE DATABASE " + name);
  return conninfo(name);
}

std::string Cluster::log() const { return server_ ? server_->errors() : ""; }

Cluster& shared_cluster() {
  static Cluster cluster;
  return cluster;
}

}  // namespace mailboat::test
