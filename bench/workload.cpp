#include "bench/workload.hpp"

#include <algorithm>
#include <array>

namespace mailboat::bench {
namespace {

constexpr auto scrobble_columns =
    "id bigint PRIMARY KEY, name text NOT NULL, artist text NOT NULL, album text, image text, mbid uuid, "
    "url text, date timestamptz NOT NULL";

// All but the id.
constexpr auto scrobble = R"sql(
  ('{Sinnerman,Europa Endlos,Svefn-g-englar,Hunter,So What,Группа крови,Zombie,正しい街,Powerslave,River,Glory Box}'::text[])
    [1 + n * 7919 % 11] || ' No. ' || n % 997,
  ('{Nina Simone,Kraftwerk,Sigur Rós,Björk,Miles Davis,Кино,Fela Kuti,椎名林檎,Iron Maiden,Joni Mitchell,Portishead}'::text[])
    [1 + n * 7919 % 11],
  ('{Pastel Blues,Trans Europa Express,Ágætis byrjun,Homogenic,Kind of Blue,Группа крови,Zombie,無罪モラトリアム,Powerslave,Blue,Dummy}'::text[])
    [1 + n * 7919 % 11],
  'https://lastfm.freetls.fastly.net/i/u/300x300/' || md5((n % 997)::text) || '.png',
  CASE WHEN n % 4 <> 0 THEN md5((n % 50000)::text)::uuid END,
  'https://www.last.fm/music/artist+' || n % 997 || '/_/track+' || n % 50000,
  timestamptz '2020-04-13 05:01:31Z' - n * interval '225 seconds'
)sql";

const std::array all_workloads{
    Workload{.name = "scrobbles",
             .table = "music_scrobble_records",
             .columns = scrobble_columns,
             .rows = std::string("n, ") + scrobble,
             .op = 'I',
             .share = 1,
             .keys = 0},
    Workload{.name = "hot",
             .table = "now_playing",
             .columns = scrobble_columns,
             .rows = std::string("1 + n * 7919 % 1000, ") + scrobble,
             .op = 'U',
             .share = 1,
             .keys = 1000},
    Workload{.name = "small",
             .table = "play_count",
             .columns = "id bigint PRIMARY KEY, track text NOT NULL, plays int NOT NULL",
             .rows = "n, 'track ' || n % 50000, n % 1009",
             .op = 'I',
             .share = 1,
             .keys = 0},
    Workload{.name = "large",
             .table = "page",
             .columns =
                 "id bigint PRIMARY KEY, url text NOT NULL, fetched timestamptz NOT NULL, body text NOT NULL",
             .rows =
                 "n, 'https://www.last.fm/music/artist+' || n % 997,"
                 " timestamptz '2020-04-13 05:01:31Z' - n * interval '225 seconds',"
                 " (SELECT string_agg(md5((n * 128 + part)::text), '') FROM generate_series(1, 125) part)",
             .op = 'I',
             .share = 10,
             .keys = 0}};

constexpr std::uint64_t rows_per_transaction = 10'000;

template <typename Statement>
void in_transactions(postgres::Connection& connection, std::uint64_t rows, const Statement& statement) {
  for (std::uint64_t first = 1; first <= rows; first += rows_per_transaction) {
    connection.query(statement(first, std::min(rows, first + rows_per_transaction - 1)));
  }
}

}  // namespace

std::string Workload::select(std::uint64_t first, std::uint64_t last) const {
  return "SELECT " + rows + " FROM generate_series(" + std::to_string(first) + "::bigint, " +
         std::to_string(last) + ") n";
}

std::uint64_t Workload::rows_left(std::uint64_t events) const {
  return keys == 0 ? events : std::min<std::uint64_t>(keys, events);
}

std::span<const Workload> workloads() { return all_workloads; }

const Workload& scrobbles() { return all_workloads.front(); }

void create_table(postgres::Connection& connection, const Workload& workload) {
  connection.query("CREATE TABLE public." + workload.table + " (" + workload.columns + ")");
}

void insert_rows(postgres::Connection& connection, const Workload& workload, std::uint64_t rows) {
  in_transactions(connection, rows, [&](std::uint64_t first, std::uint64_t last) {
    return "INSERT INTO public." + workload.table + ' ' + workload.select(first, last);
  });
  connection.query("VACUUM ANALYZE public." + workload.table);
  connection.query("CHECKPOINT");
}

void write_events(postgres::Connection& connection, const Workload& workload, std::uint64_t events) {
  connection.query("SET TimeZone = 'UTC'");
  in_transactions(connection, events, [&](std::uint64_t first, std::uint64_t last) {
    return "INSERT INTO outbox.event (topic, op, payload) SELECT '" + workload.topic() + "', '" +
           workload.op + "', row_to_json(ROW(made.*)::public." + workload.table + ") FROM (" +
           workload.select(first, last) + ") made";
  });
  connection.query("VACUUM ANALYZE outbox.event");
  connection.query("CHECKPOINT");
}

}  // namespace mailboat::bench
