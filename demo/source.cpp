#include "demo/source.hpp"

#include <algorithm>
#include <iostream>

#include "common/error.hpp"

namespace mailboat::demo {
namespace {

constexpr auto application_name = "mailboat-demo";
constexpr auto mark = "made by mailboat-demo";  // the table's comment: what bears it may be dropped

std::unique_ptr<postgres::Connection> connect(const std::string& conninfo) {
  return std::make_unique<postgres::Connection>(conninfo, application_name);
}

/// One array for each column, for unnest().
postgres::Params columns_of(const std::vector<Scrobble>& scrobbles) {
  postgres::Params columns;
  for (const auto member : {&Scrobble::name, &Scrobble::artist, &Scrobble::album, &Scrobble::image,
                            &Scrobble::mbid, &Scrobble::url, &Scrobble::date}) {
    std::vector<std::string> values;
    values.reserve(scrobbles.size());
    for (const auto& scrobble : scrobbles) values.push_back(scrobble.*member);
    columns.emplace_back(postgres::array_literal(values));
  }
  return columns;
}

}  // namespace

Source::Source(const std::string& postgres) {
  if (postgres.empty()) {
    cluster_ = std::make_unique<test::Cluster>(test::Cluster::Options{.fast = false});
    conninfo_ = cluster_->conninfo();
    connection_ = connect(conninfo_);
  } else {
    conninfo_ = postgres;
    connection_ = connect(conninfo_);
    remove_leftovers();
    remember_what_is_there();
  }
}

Source::~Source() {
  if (is_throw_away()) return;
  try {
    clean_up();
  } catch (const std::exception& error) {
    std::cerr << "mailboat-demo: could not remove everything from your server: " << error.what() << '\n';
  }
}

std::string Source::version() {
  const auto rows = connection_->query("SHOW server_version");
  const auto text = rows.text(0, 0);  // `15.18 (Debian 15.18-0+deb12u1)`
  return std::string(text.substr(0, text.find(' ')));
}

void Source::remember_what_is_there() {
  outbox_was_there_ = connection_->query("SELECT to_regnamespace('outbox') IS NOT NULL").boolean(0, 0);
  for (const auto* role : {"outbox_producer", "outbox_capture"}) {
    if (connection_->query("SELECT to_regrole($1) IS NULL", {role}).boolean(0, 0))
      new_roles_.emplace_back(role);
  }
}

/// Of an earlier demo that was killed.
void Source::remove_leftovers() {
  const auto table = connection_->query(
      "SELECT coalesce(obj_description(to_regclass('public.music_scrobble_records')), '') = $1"
      " WHERE to_regclass('public.music_scrobble_records') IS NOT NULL",
      {mark});
  if (table.empty()) return;
  if (!table.boolean(0, 0)) {
    throw ConfigurationError(
        "your database has a table public.music_scrobble_records that this demo did not make, and it would "
        "not "
        "touch it: give --postgres another database");
  }
  outbox_was_there_ = true;
  clean_up();
}

void Source::create_table() {
  connection_->query(
      "CREATE TABLE public.music_scrobble_records (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,"
      " name text NOT NULL, artist text NOT NULL, album text, image text, mbid uuid, url text,"
      " date timestamptz NOT NULL)");
  connection_->query("COMMENT ON TABLE public.music_scrobble_records IS '" + std::string(mark) + "'");
}

void Source::fill(const Scrobbles& scrobbles, std::int64_t first, std::int64_t rows,
                  const Progress& progress) {
  constexpr std::int64_t batch_rows = 5000;
  std::vector<Scrobble> batch;
  for (std::int64_t done = 0; done < rows;) {
    const auto end = std::min(rows, done + batch_rows);
    batch.clear();
    for (; done < end; ++done) batch.push_back(scrobbles.at(first + done));
    connection_->query(
        "INSERT INTO public.music_scrobble_records (name, artist, album, image, mbid, url, date)"
        " SELECT s.name, s.artist, s.album, s.image, nullif(s.mbid, '')::uuid, s.url, s.date::timestamptz"
        " FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[])"
        " AS s (name, artist, album, image, mbid, url, date)",
        columns_of(batch));
    progress(done);
  }
}

TransactionId Source::committed_marker() {
  return connection_->query("SELECT pg_current_xact_id()").uint64(0, 0);
}

void Source::clean_up() {
  connection_->query("DROP TABLE IF EXISTS public.music_scrobble_records");
  if (outbox_was_there_) {
    connection_->query("DELETE FROM outbox.subscription WHERE name = $1", {subscription_name});
    return;
  }
  connection_->query("DROP SCHEMA IF EXISTS outbox CASCADE");
  for (const auto& role : new_roles_) {
    if (connection_->query("SELECT FROM pg_roles WHERE rolname = $1", {role}).empty()) continue;
    connection_->query("DROP OWNED BY " + connection_->quote_name(role));
    connection_->query("DROP ROLE " + connection_->quote_name(role));
  }
}

}  // namespace mailboat::demo
