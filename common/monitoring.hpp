#pragma once

#include <memory>
#include <string>

#include "common/health.hpp"
#include "common/http_server.hpp"
#include "common/metrics.hpp"

namespace mailboat {

/// What `path` is answered with at `now`: `/metrics`, `/healthz` (200 while the main loops move), `/readyz`
/// (200 while the daemon does its work, otherwise 503 and why).
[[nodiscard]] HttpAnswer monitoring_answer(const std::string& path, const MetricSet& metrics,
                                           const Health& health, Health::Clock::time_point now);

/// Answers over HTTP at HOST:PORT, until what is returned goes; nothing where `address` is empty. Both have
/// to outlive it. Throws ConfigurationError.
[[nodiscard]] std::unique_ptr<HttpServer> serve_monitoring(const std::string& address,
                                                           const MetricSet& metrics, const Health& health);

}  // namespace mailboat
