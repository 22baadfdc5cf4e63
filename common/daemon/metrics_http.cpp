#include "common/daemon/metrics_http.h"

#include <nlohmann/json.hpp>

#include "common/daemon/metrics.h"
#include "common/daemon/options.h"

namespace set {
namespace {

std::optional<HttpPage> admin_page(std::string_view path, Readiness& readiness) {
  if (path == "/metrics")
    return HttpPage{"text/plain; version=0.0.4; charset=utf-8", metrics_text()};
  if (path == "/livez") return HttpPage{"text/plain", "ok\n"};
  if (path != "/readyz") return std::nullopt;
  const auto state = readiness.look();
  return HttpPage{"application/json", readiness_json(state) + "\n", state.ready ? 200 : 503};
}

}  // namespace

void add_metrics_options(CLI::App& app, MetricsOptions& options) {
  add_parsed(app, "--metrics-listen", options.listen, ListenAddress::parse,
             "Where Prometheus reads figures over HTTP, such as 127.0.0.1:9464; also /livez and "
             "/readyz (default: nowhere)");
  app.add_flag("--metrics-remote", options.to_other_machines,
               "Lets --metrics-listen be an address that other machines reach");
}

Result<HttpDoor> open_metrics_door(const ListenAddress& listen, bool to_other_machines,
                                   Readiness& readiness) {
  CHECK_OR_FAIL(listen.is_unix() || listen.is_loopback() || to_other_machines,
                ErrorCode::bad_config,
                "other machines reach " + listen.str() +
                    ", and the figures ask for no certificate: say --metrics-remote if its network "
                    "is your own, or choose 127.0.0.1");
  return HttpDoor::start("--metrics-listen", listen, [&readiness](std::string_view path) {
    return admin_page(path, readiness);
  });
}

std::string readiness_json(const Readiness::State& state) {
  nlohmann::ordered_json conditions = nlohmann::ordered_json::object();
  for (const auto& [name, error] : state.conditions) {
    conditions[name] = error ? nlohmann::ordered_json{{"good", false},
                                                      {"code", to_string(error->code)},
                                                      {"reason", error->detail}}
                             : nlohmann::ordered_json{{"good", true}};
  }
  const nlohmann::ordered_json out{{"ready", state.ready}, {"conditions", conditions}};
  return out.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace set
