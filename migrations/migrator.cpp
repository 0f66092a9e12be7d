#include "migrations/migrator.hpp"

#include <string>

namespace mailboat::migrations {
namespace {

constexpr int kOldestServer = 130000;

// Class "mbot", object 2: one migrator at a time. Held until the transaction ends.
constexpr const char* kLock = "SELECT pg_advisory_xact_lock(1835162484, 2)";

int newest_version() { return all_migrations().back().version; }

// 0: there is no schema yet.
int installed_version(postgres::Connection& connection) {
  const auto found = connection.query(
      "SELECT to_regclass('outbox.migration') IS NOT NULL, to_regnamespace('outbox') IS NOT NULL, current_database()");
  if (found.boolean(0, 0)) {
    return static_cast<int>(connection.query("SELECT coalesce(max(version), 0) FROM outbox.migration").int64(0, 0));
  }
  if (found.boolean(0, 1)) {
    throw Fatal("database '" + std::string(found.text(0, 2)) +
                "' has a schema 'outbox' that mailboat did not create; rename it, or use another database");
  }
  return 0;
}

void refuse_newer_schema(int installed) {
  if (installed > newest_version()) {
    throw Fatal("the outbox schema has version " + std::to_string(installed) + ", newer than this mailboat's " +
                std::to_string(newest_version()) + "; upgrade mailboat on this machine");
  }
}

bool apply_if_missing(postgres::Connection& connection, const Migration& migration) {
  postgres::Transaction transaction(connection, postgres::Transaction::Kind::ReadWrite, kLock);
  const int installed = installed_version(connection);
  refuse_newer_schema(installed);
  if (installed >= migration.version) return false;
  try {
    transaction.query(std::string(migration.sql));
  } catch (const postgres::StatementFailed& error) {
    throw postgres::StatementFailed("migration " + std::to_string(migration.version) + " (" +
                                        std::string(migration.name) + ") failed: " + error.what(),
                                    error.sqlstate());
  }
  transaction.query("INSERT INTO outbox.migration (version, name) VALUES ($1, $2)",
                    {std::to_string(migration.version), std::string(migration.name)});
  transaction.commit();
  return true;
}

}  // namespace

std::vector<Migration> migrate(postgres::Connection& connection) {
  require_supported_server(connection);
  std::vector<Migration> applied;
  for (const auto& migration : all_migrations()) {
    if (apply_if_missing(connection, migration)) applied.push_back(migration);
  }
  return applied;
}

void require_current_schema(postgres::Connection& connection) {
  const int installed = installed_version(connection);
  refuse_newer_schema(installed);
  if (installed == 0) {
    throw Fatal("the database has no outbox schema yet; create it with: mailboat migrate");
  }
  if (installed < newest_version()) {
    throw Fatal("the outbox schema has version " + std::to_string(installed) + ", older than this mailboat's " +
                std::to_string(newest_version()) + "; bring it up to date with: mailboat migrate");
  }
}

void require_supported_server(postgres::Connection& connection) {
  if (connection.server_version() < kOldestServer) {
    throw Fatal("PostgreSQL " + std::to_string(connection.server_version() / 10000) +
                " has no pg_snapshot, which mailboat's cursors are made of; use PostgreSQL 13 or newer");
  }
  if (connection.query("SELECT pg_is_in_recovery()").boolean(0, 0)) {
    throw Fatal("this server is a standby, whose snapshots do not tell which transactions are in progress; "
                "connect to the primary");
  }
}

}  // namespace mailboat::migrations
