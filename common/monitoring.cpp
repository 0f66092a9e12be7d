#include "common/monitoring.hpp"

#include "common/log.hpp"

namespace mailboat {
namespace {

HttpAnswer alive(const Health& health, Health::Clock::time_point now) {
  const auto stuck = health.stuck(now);
  if (!stuck) return {.body = "alive\n"};
  return {.status = 503,
          .body = "no main loop has moved for " + std::to_string(stuck->count()) + " s: restart it\n"};
}

HttpAnswer ready(const Health& health) {
  const auto reason = health.unready();
  if (reason.empty()) return {.body = "ready\n"};
  return {.status = 503, .body = reason + '\n'};
}

}  // namespace

HttpAnswer monitoring_answer(const std::string& path, const MetricSet& metrics, const Health& health,
                             Health::Clock::time_point now) {
  if (path == "/metrics")
    return {.content_type = "text/plain; version=0.0.4; charset=utf-8", .body = metrics.text()};
  if (path == "/healthz") return alive(health, now);
  if (path == "/readyz") return ready(health);
  return {.status = 404, .body = "here are /metrics, /healthz and /readyz\n"};
}

std::unique_ptr<HttpServer> serve_monitoring(const std::string& address, const MetricSet& metrics,
                                             const Health& health) {
  if (address.empty()) return nullptr;
  auto server = std::make_unique<HttpServer>(address, [&metrics, &health](const std::string& path) {
    return monitoring_answer(path, metrics, health, Health::Clock::now());
  });
  log::info("metrics can be read", {{"address", server->address()}});
  return server;
}

}  // namespace mailboat
