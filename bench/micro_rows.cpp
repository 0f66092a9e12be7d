#include "bench/micro_rows.hpp"

namespace mailboat::bench {
namespace {

constexpr auto topic = "public.music_scrobble_records";
constexpr auto description =
    R"({"schema":"public","table":"music_scrobble_records","key":["id"],"columns":[)"
    R"({"name":"id","type":"bigint","number":1},{"name":"name","type":"text","number":2},)"
    R"({"name":"artist","type":"text","number":3},{"name":"album","type":"text","number":4},)"
    R"({"name":"image","type":"text","number":5},{"name":"mbid","type":"uuid","number":6},)"
    R"({"name":"url","type":"text","number":7},{"name":"date","type":"timestamp with time zone","number":8}]})";

}  // namespace

Description scrobble_table() { return {description, consumer::parse_relation(topic, description)}; }

std::string scrobble_json(std::uint64_t id) {
  return "{\"id\":" + std::to_string(id) + R"(,"name":"Sinnerman No. )" + std::to_string(id % 997) +
         R"(","artist":"Sigur Rós","album":"Ágætis byrjun",)"
         R"("image":"https://lastfm.freetls.fastly.net/i/u/300x300/8d5a2cd1e2b5f1a68d5a2cd1e2b5f1a6.png",)"
         R"("mbid":"c4ca4238-a0b9-2382-0dcc-509a6f75849b",)"
         R"("url":"https://www.last.fm/music/artist+17/_/track+)" +
         std::to_string(id % 50'000) + R"(","date":"2020-04-13T05:01:31+00:00"})";
}

EventBatch scrobble_events(std::uint64_t first) {
  EventBatch events;
  for (auto id = first; id < first + events_per_frame; ++id) {
    events.add({id, id, topic, Op::Insert, scrobble_json(id)});
  }
  return events;
}

}  // namespace mailboat::bench
