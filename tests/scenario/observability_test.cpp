// What the five programs show of themselves while they work: figures that move as they must, a trace
// from wallet to bank, readiness that goes and comes back, and no card number anywhere in it.
#include <algorithm>
#include <csignal>
#include <fstream>
#include <thread>

#include "tests/scenario/figures.h"
#include "tests/scenario/shop_world.h"
#include "tests/support/test_pans.h"

using namespace set::test;
namespace fs = std::filesystem;

namespace {

struct ShownWorld : ShopWorld {
  std::string ca_address = start_ca(showing({"--bci-life", "4s", "--bci-every", "1s"}));
  const std::vector<std::string> follow{"--ca", ca_address, "--revocation-every", "500ms",
                                        "--revocation-grace", "1s"};

  void start_shown() {
    start_bank(showing());
    start_gateway({}, showing(follow));
    start_merchant({}, showing(follow));
    start_wallet({}, showing());
  }
  Door door(const std::string& daemon) { return Door(home() / (daemon + ".log")); }
  std::map<std::string, double> figures(const std::string& daemon) {
    return series_of(door(daemon).text());
  }
};

constexpr std::array kDaemons = {"ca", "bank", "gateway", "merchant", "wallet"};

double of(const std::map<std::string, double>& series, const std::string& name) {
  const auto found = series.find(name);
  return found == series.end() ? 0 : found->second;
}

/// Until it holds, for 30 s at most.
bool eventually(const std::function<bool()>& holds) {
  for (int i = 0; i < 300 && !holds(); ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  return holds();
}

/// The rows of the table in docs/observability.md: name → type.
std::map<std::string, std::string> documented() {
  std::map<std::string, std::string> out;
  std::ifstream page(fs::path(SET_SOURCE_DIR) / "docs/observability.md");
  for (std::string line; std::getline(page, line);) {
    if (!line.starts_with("| `")) continue;
    const auto end = line.find('`', 3);
    const auto bar = line.find('|', end);
    std::istringstream cell(line.substr(bar + 1));
    std::string type;
    cell >> type;
    if (type == "counter" || type == "gauge" || type == "histogram")
      out[line.substr(3, end - 3)] = type;
  }
  return out;
}

/// The lines of a log that are of this trace.
std::size_t lines_of(const fs::path& log, const std::string& trace) {
  const auto text = read_file(log);
  std::istringstream lines(text);
  std::size_t count = 0;
  for (std::string line; std::getline(lines, line);)
    count += line.find("\"trace_id\":\"" + trace + "\"") != std::string::npos ? 1U : 0U;
  return count;
}

}  // namespace

TEST_CASE("figures: a purchase, a decline and a refund move what they must, everywhere") {
  ShownWorld world;
  world.start_shown();
  const auto order = world.paid({"--amount", "49.95 EUR"});
  CHECK(world.pay(world.order("12.00 EUR"), "decline").exit_code == 6);
  REQUIRE(world.shop({"refund", order, "--amount", "9.95 EUR"}).exit_code == 0);

  const auto merchant = world.figures("merchant");
  CHECK(of(merchant, R"(set_purchases_total{outcome="approved"})") == 1);
  CHECK(of(merchant, R"(set_purchases_total{outcome="declined"})") == 1);
  CHECK(of(merchant, R"(set_authorizations_total{code="approved"})") == 1);
  CHECK(of(merchant, R"(set_authorizations_total{code="declined"})") == 1);
  CHECK(of(merchant, R"(set_messages_total{code="none",message="PReq",outcome="answered"})") == 2);
  CHECK(of(merchant, R"(grpc_client_call_duration_seconds_count{)"
                     R"(grpc_method="set.v1.GatewayService/Authorize",grpc_status="OK"})") == 2);
  CHECK(of(merchant, R"(set_queue_length{queue="gateway_requests"})") == 0);
  for (const auto* side : {"merchant", "gateway"}) {
    INFO(side);
    const auto books = world.figures(side);
    CHECK(of(books, R"(set_money_total{currency="EUR",movement="authorized"})") == 49.95);
    CHECK(of(books, R"(set_money_total{currency="EUR",movement="captured"})") == 49.95);
    CHECK(of(books, R"(set_money_total{currency="EUR",movement="credited"})") == 9.95);
    CHECK(of(books, R"(set_payment_items_total{movement="credited",outcome="done"})") == 1);
    CHECK(of(books, "set_signatures_total") >= 3);
    CHECK(of(books, R"(set_signature_verifications_total{outcome="good"})") >= 3);
    CHECK(of(books, R"(set_ready{condition="revocation"})") == 1);
    const double year = 365.0 * 86400;
    const double left = of(books, R"(set_certificate_expiry_timestamp_seconds{)"
                                  R"(certificate="signature"})") -
                        of(books, "process_start_time_seconds");
    CHECK((left > year - 2 * 86400 && left < year + 2 * 86400));
    CHECK(of(books, "process_resident_memory_bytes") > 1e6);
    CHECK(of(books, "process_open_fds") > 3);
    // Each start proves that TLS 1.2 is refused, which is a handshake that fails.
    CHECK(of(books, "set_tls_handshakes_failed_total") >= 1);
  }
  const auto gateway = world.figures("gateway");
  CHECK(of(gateway, R"(set_messages_total{code="none",message="AuthReq",outcome="answered"})") == 2);
  CHECK(of(gateway, R"(set_bank_request_duration_seconds_count{response="00",type="0100"})") == 1);
  CHECK(of(gateway, R"(set_bank_request_duration_seconds_count{response="05",type="0100"})") == 1);
  CHECK(of(gateway, R"(set_database_transaction_seconds_count{outcome="committed",)"
                    R"(transaction="acquirer:authorize"})") >= 2);
  const auto bank = world.figures("bank");
  CHECK(of(bank, R"(set_bank_answer_duration_seconds_count{response="05",type="0100"})") == 1);
  const auto wallet = world.figures("wallet");
  CHECK(of(wallet, R"(set_purchases_total{outcome="approved"})") == 1);
  CHECK(of(wallet, R"(set_purchases_total{outcome="declined"})") == 1);
  CHECK(of(wallet, R"(grpc_server_call_duration_seconds_count{)"
                   R"(grpc_method="set.v1.WalletService/Confirm",grpc_status="OK"})") == 2);

  // Nothing that is secret or somebody's, and docs/observability.md tells of all, and of no more.
  std::map<std::string, std::string> shown;
  const auto page = read_file(fs::path(SET_SOURCE_DIR) / "docs/observability.md");
  for (const auto* daemon : kDaemons) {
    INFO(daemon);
    const auto text = world.door(daemon).text();
    for (const auto& card : kScenarioCards) CHECK(text.find(card.number) == std::string::npos);
    CHECK(text.find(world.xid(order)) == std::string::npos);
    CHECK(text.find("Corner Shop") == std::string::npos);
    CHECK(text.find("shop-1") == std::string::npos);
    CHECK(text.find("Alice") == std::string::npos);
    shown.merge(described_in(text));
    const auto series = series_of(text);
    for (const auto& [name, value] : series) {
      const std::string queue = "set_queue_length{queue=\"";
      if (!name.starts_with(queue)) continue;
      const auto word = name.substr(queue.size(), name.rfind('"') - queue.size());
      INFO(word << " is not in docs/observability.md");
      CHECK(page.find("`" + word + "`") != std::string::npos);
    }
    CHECK(std::ranges::count_if(series, [](const auto& one) {
            return one.first.starts_with("set_build_info{daemon=\"set-");
          }) == 1);
  }
  CHECK(shown == documented());
}

TEST_CASE("a trace goes from the wallet's command to the bank, and none is refused for its trace") {
  ShownWorld world;
  world.start_shown();
  const auto order = world.paid({"--amount", "10.00 EUR"});
  const auto log = read_file(world.home() / "wallet.log");
  const auto line = log.find("\"event\":\"order signed\"");
  REQUIRE(line != std::string::npos);
  const std::string word = "\"trace_id\":\"";
  const auto trace = log.substr(log.find(word, line) + word.size(), 32);
  for (const auto* daemon : {"wallet", "merchant", "gateway", "bank"}) {
    INFO(daemon);
    CHECK(lines_of(world.home() / (std::string(daemon) + ".log"), trace) >= 2);
  }
  // The lines of a purchase have its XID beside the trace, and who called.
  const auto gateway = read_file(world.home() / "gateway.log");
  const auto asked = gateway.find("\"event\":\"the bank was asked\"");
  REQUIRE(asked != std::string::npos);
  const auto about = gateway.substr(asked, gateway.find('\n', asked) - asked);
  CHECK(about.find("\"xid\":\"" + world.xid(order) + "\"") != std::string::npos);
  CHECK(about.find("\"peer\":\"merchant 400000/shop-1\"") != std::string::npos);
  CHECK(about.find("\"rrn\":\"") != std::string::npos);
}

TEST_CASE("ready goes with a stale BCI and comes back with the CA") {
  ShownWorld world;
  world.start_shown();
  auto gateway = world.door("gateway");
  REQUIRE(eventually([&] { return gateway.ready(); }));
  CHECK(world.set_gateway({"healthcheck"}).exit_code == 0);

  world.ca().signal(SIGSTOP);  // 4 s of life and 1 s of grace are soon over
  REQUIRE(eventually([&] { return !gateway.ready(); }));
  const auto why = gateway.get("/readyz")->body;
  CHECK(nlohmann::json::parse(why).at("conditions").at("revocation").at("good") == false);
  CHECK(nlohmann::json::parse(why).at("conditions").at("database").at("good") == true);
  REQUIRE(eventually([&] { return world.set_gateway({"healthcheck"}).exit_code == 1; }));
  const auto unhealthy = world.set_gateway({"healthcheck"});
  CHECK(unhealthy.err.find("is not ready: ") != std::string::npos);
  CHECK(unhealthy.err.find("revocation: ") != std::string::npos);
  CHECK(gateway.get("/livez")->status == 200);
  CHECK(of(world.figures("gateway"), R"(set_ready{condition="revocation"})") == 0);

  world.ca().signal(SIGCONT);
  REQUIRE(eventually([&] { return gateway.ready(); }));
  REQUIRE(eventually([&] { return world.set_gateway({"healthcheck"}).exit_code == 0; }));
  CHECK(log_says(world.home() / "gateway.log",
                 R"("event":"ready again","condition":"revocation")"));
  // One line for each change, however often it was looked.
  const auto log = read_file(world.home() / "gateway.log");
  const std::string gone = R"("event":"not ready","condition":"revocation")";
  CHECK(log.find(gone) == log.rfind(gone));
}

TEST_CASE("what is asked for wrongly is refused with one sentence") {
  World world;
  const auto serve = [&](std::vector<std::string> flags) {
    std::vector<std::string> all{"serve", "--listen", "127.0.0.1:0", "--cards",
                                 (fs::path(SET_SOURCE_DIR) / "deploy/sandbox/cards.toml").string(),
                                 "--passphrase-file", World::passphrase_file().string()};
    all.insert(all.end(), flags.begin(), flags.end());
    return world.set_gateway(all);
  };
  const auto open = serve({"--metrics-listen", "0.0.0.0:0"});
  CHECK(open.exit_code == 3);
  CHECK(open.err.find("--metrics-remote") != std::string::npos);
  CHECK(serve({"--metrics-listen", "here"}).exit_code == 2);
  CHECK(serve({"--metrics-listen", "unix:/tmp/figures.sock"}).exit_code == 2);
  world.start_gateway({}, showing());
  const auto log = read_file(world.home() / "gateway.log");
  const std::string word = R"("event":"showing figures","address":")";
  const auto at = log.find(word) + word.size();
  const auto taken =
      run({"set-bank", "serve", "--dir", (world.home() / "bank").string(), "--listen",
           "127.0.0.1:0", "--cards",
           (fs::path(SET_SOURCE_DIR) / "deploy/sandbox/cards.toml").string(), "--metrics-listen",
           log.substr(at, log.find('"', at) - at)});
  CHECK(taken.exit_code == 3);
  CHECK(taken.err.find("another program listens on") != std::string::npos);
}
