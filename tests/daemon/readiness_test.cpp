#include "common/daemon/readiness.h"

#include <httplib.h>
#include <sys/resource.h>

#include <csignal>

#include <catch2/catch_test_macros.hpp>

#include "common/daemon/healthcheck.h"
#include "common/daemon/metrics_http.h"
#include "common/daemon/observation.h"
#include "common/daemon/rpc_observer.h"
#include "common/daemon/server.h"
#include "tests/store/temporary_directory.h"

namespace set {
namespace {

Result<void> good() { return {}; }
Result<void> bad() { return failure(ErrorCode::storage_unavailable, "the disk is full"); }

int port_of(const HttpDoor& door) {
  const auto address = ListenAddress::parse(door.address());
  REQUIRE(address);
  return address->port;
}

TEST_CASE("ready while every condition holds, with the reason while one does not") {
  Readiness readiness;
  CHECK(readiness.look().ready);  // nothing is required
  bool broken = false;
  readiness.require("database", [&] { return broken ? bad() : good(); });
  readiness.hold("start", "it is starting");
  CHECK_FALSE(readiness.look().ready);
  CHECK(readiness.last().reason() == "start: it is starting");
  readiness.release("start");
  CHECK(readiness.look().ready);
  CHECK(readiness.last().reason().empty());
  broken = true;
  CHECK(readiness.look().reason() == "database: the disk is full");
  CHECK(readiness.last().conditions.at("database")->code == ErrorCode::storage_unavailable);
  broken = false;
  CHECK(readiness.look().ready);
}

TEST_CASE("the HTTP side says ready or why not, and knows three things") {
  Readiness readiness;
  bool broken = false;
  readiness.require("database", [&] { return broken ? bad() : good(); });
  const auto door = open_metrics_door(*ListenAddress::parse("127.0.0.1:0"), false, readiness);
  REQUIRE(door);
  httplib::Client client("127.0.0.1", port_of(*door));
  CHECK(client.Get("/livez")->status == 200);
  CHECK(client.Get("/readyz")->status == 200);
  broken = true;
  const auto answer = client.Get("/readyz");
  CHECK(answer->status == 503);
  CHECK(answer->body == R"({"ready":false,"conditions":{"database":{"good":false,)"
                        R"("code":"storage_unavailable","reason":"the disk is full"}}})"
                        "\n");
  CHECK(client.Get("/livez")->status == 200);  // a restart would mend nothing
  const auto figures = client.Get("/metrics");
  CHECK(figures->status == 200);
  CHECK(figures->get_header_value("Content-Type").starts_with("text/plain; version=0.0.4"));
  CHECK(figures->body.find("# TYPE set_messages_total counter\n") != std::string::npos);
  for (const auto* other : {"/", "/metrics/", "/debug", "/readyz/../../etc/passwd"}) {
    INFO(other);
    CHECK(client.Get(other)->status == 404);
  }
  CHECK(client.Post("/metrics", "x", "text/plain")->status == 404);
}

TEST_CASE("figures are for this machine unless it was said otherwise") {
  Readiness readiness;
  const auto anywhere = *ListenAddress::parse("0.0.0.0:0");
  const auto refused = open_metrics_door(anywhere, false, readiness);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == ErrorCode::bad_config);
  CHECK(refused.error().detail.find("--metrics-remote") != std::string::npos);
  const auto unix_socket = open_metrics_door(*ListenAddress::parse("unix:/tmp/x"), true, readiness);
  REQUIRE_FALSE(unix_socket);
  CHECK(unix_socket.error().code == ErrorCode::invalid_argument);
  // A port that somebody has.
  const auto first = open_metrics_door(*ListenAddress::parse("127.0.0.1:0"), false, readiness);
  REQUIRE(first);
  const auto second =
      open_metrics_door(*ListenAddress::parse(first->address()), false, readiness);
  REQUIRE_FALSE(second);
  CHECK(second.error().detail.find("another program listens on") != std::string::npos);
}

TEST_CASE("a database that cannot be written is not ready, though it can be read") {
  test::TemporaryDirectory directory;
  auto database = Database::open("sqlite:" + (directory.path() / "x.db").string());
  REQUIRE(database);
  constexpr Migration kOnly[] = {{1, "CREATE TABLE t (a BLOB NOT NULL) STRICT;"}};
  REQUIRE(database->migrate(kOnly));
  auto now = system_clock()();
  auto observation = Observation::start("set-test", {}, [&now] { return now; });
  REQUIRE(observation);
  (*observation)->watch(*database);
  auto& readiness = (*observation)->readiness();
  const auto fill = [&](std::size_t bytes) {
    return database->in_transaction("test:fill", [&](Transaction& t) {
      return t.execute("INSERT INTO t (a) VALUES ($1)", {Bytes(bytes)});
    });
  };
  REQUIRE(fill(10));
  CHECK(readiness.look().ready);

  // As a full disk: no byte can be written.
  rlimit before = {};
  ::getrlimit(RLIMIT_FSIZE, &before);
  const auto on_too_large = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit small = {1, before.rlim_max};
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &small) == 0);
  const auto filled = fill(10);
  const auto state = readiness.look();
  now += std::chrono::seconds(11);  // and nobody writes meanwhile
  const auto later = readiness.look();
  ::setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, on_too_large);
  REQUIRE_FALSE(filled);
  CHECK(filled.error().code == ErrorCode::storage_unavailable);
  CHECK_FALSE(state.ready);
  CHECK(state.reason().find("is the disk full") != std::string::npos);
  CHECK_FALSE(later.ready);
  CHECK_FALSE(readiness.look().ready);  // what looked at it has failed a moment ago
  now += std::chrono::seconds(11);
  CHECK(readiness.look().ready);
  CHECK(metrics_text().find(R"(set_database_transaction_seconds_count{outcome="failed",)"
                            R"(transaction="test:fill"} 1)") != std::string::npos);
}

TEST_CASE("a health check hears why a server is not ready") {
  test::TemporaryDirectory directory;
  auto admin = Server::start_admin({.host = "", .port = 0,
                                    .socket_path = directory.path() / "health.sock"});
  REQUIRE(admin);
  CHECK(admin->is_admin());
  const auto not_yet = healthcheck(admin->address(), nullptr);
  REQUIRE_FALSE(not_yet);
  CHECK(not_yet.error().detail.find("it is about to start") != std::string::npos);
  admin->set_serving(true);
  CHECK(healthcheck(admin->address(), nullptr));
  admin->set_serving(false, "revocation: the CA\nwas not reached");
  const auto stale = healthcheck(admin->address(), nullptr);
  REQUIRE_FALSE(stale);
  CHECK(stale.error().detail.ends_with("is not ready: revocation: the CA was not reached"));
}

}  // namespace
}  // namespace set
