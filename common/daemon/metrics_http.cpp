#include "common/daemon/metrics_http.h"

#include <httplib.h>

#include <nlohmann/json.hpp>

#include "common/daemon/metrics.h"
#include "common/daemon/options.h"

namespace set {
namespace {

constexpr std::size_t kMetricsThreads = 2;  // Prometheus, and a look by hand

void answer_ready(Readiness& readiness, httplib::Response& response) {
  const auto state = readiness.look();
  response.status = state.ready ? 200 : 503;
  response.set_content(readiness_json(state) + "\n", "application/json");
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
  return HttpDoor::start(
      "--metrics-listen", listen, kMetricsThreads, [&readiness](httplib::Server& server) {
        server.Get("/metrics", [](const httplib::Request&, httplib::Response& response) {
          response.set_content(metrics_text(), "text/plain; version=0.0.4; charset=utf-8");
        });
        server.Get("/livez", [](const httplib::Request&, httplib::Response& response) {
          response.set_content("ok\n", "text/plain");
        });
        server.Get("/readyz", [&readiness](const httplib::Request&, httplib::Response& response) {
          answer_ready(readiness, response);
        });
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
