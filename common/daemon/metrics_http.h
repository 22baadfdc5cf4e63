// The plain HTTP side of the admin port: GET /metrics (Prometheus' text), /livez (200 as long as
// the process answers) and /readyz (200 or 503, and why, as JSON), and nothing else.
// Not encrypted and without certificates: it is meant for this machine or a network of
// one's own; what it shows are counts and dates, never a card, a name or an order (ADR 0046).
#pragma once

#include <optional>
#include <string>

#include "common/daemon/http_door.h"
#include "common/daemon/readiness.h"

namespace CLI {
class App;
}

namespace set {

/// Of a `serve` command; the port that the documentation proposes is 9464.
struct MetricsOptions {
  std::optional<ListenAddress> listen = std::nullopt;  ///< none: nothing is shown
  bool to_other_machines = false;
};
/// --metrics-listen, --metrics-remote.
void add_metrics_options(CLI::App& app, MetricsOptions& options);

/// `readiness` outlives the door. bad_config: as HttpDoor::start, and if other machines reach the
/// address and nobody said that they may.
Result<HttpDoor> open_metrics_door(const ListenAddress& listen, bool to_other_machines,
                                   Readiness& readiness);

/// The body of /readyz.
std::string readiness_json(const Readiness::State& state);

}  // namespace set
