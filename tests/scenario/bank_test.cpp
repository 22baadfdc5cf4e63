// Purchases with the bank in a process of its own, behind ISO 8583: what it does not answer is
// reversed, what it must hear is kept while it or the gateway is away, and the books agree.
#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <chrono>
#include <sstream>
#include <thread>

#include "tests/scenario/world.h"

using namespace set::test;

namespace {

nlohmann::json bank_account(World& world) {
  for (const auto& account : world.json(world.set_bank({"account", "list", "--json"}))) {
    const bool same = world.card("approve").number.ends_with(account.at("card").get<std::string>());
    if (same && account.at("currency") == "EUR") return account;
  }
  FAIL("the bank does not know the card");
  return {};
}

/// Waits until nothing is held on the card that is not captured.
void check_nothing_held(World& world, std::int64_t captured_minor) {
  for (int i = 0; i < 200 && bank_account(world).at("held_minor") != 0; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  CHECK(bank_account(world).at("held_minor") == 0);
  CHECK(bank_account(world).at("captured_minor") == captured_minor);
}

constexpr const char* kRoughScenario = R"(
[[rule]]
message = "0100"
amount = "13.01 EUR"
do = "silent"

[[rule]]
message = "0100"
amount = "13.02 EUR"
do = "late"
delay = "1500ms"

[[rule]]
message = "0100"
amount = "13.03 EUR"
do = "garbled"

[[rule]]
message = "0220"
amount = "14.00 EUR"
times = 1
do = "silent"
)";

}  // namespace

TEST_CASE("a bank over ISO 8583: lost, late and garbled answers, and restarts, to the cent") {
  World world;
  write_file(world.home() / "scenario.toml", kRoughScenario);
  const std::vector<std::string> scenario = {"--scenario", world.home() / "scenario.toml"};
  const std::vector<std::string> patience = {"--acquirer-timeout", "1s"};
  world.start_bank(scenario);
  world.start_gateway({}, patience);
  world.start_merchant();
  world.start_wallet();

  INFO("a purchase end to end");
  REQUIRE(world.pay(world.order("49.95 EUR")).exit_code == 0);
  CHECK(world.pay(world.order("10.00 EUR"), "decline").exit_code == 6);

  for (const auto* amount : {"13.01 EUR", "13.02 EUR", "13.03 EUR"}) {
    INFO("the answer to " << amount << " does not come, comes late, or is garbled");
    const auto paid = world.pay(world.order(amount));
    CHECK(paid.exit_code == 6);
    CHECK(paid.out.find("noReply") != std::string::npos);
  }
  check_nothing_held(world, 4995);

  INFO("a capture advice whose first answer is lost is sent again, and booked once");
  REQUIRE(world.pay(world.order("14.00 EUR")).exit_code == 0);
  check_nothing_held(world, 6395);

  INFO("the gateway is killed with a queued reversal");
  world.start_gateway({{"SET_CRASH_AT", "after-commit:acquirer:reverse"}}, patience);
  const auto killed = world.order("13.01 EUR");
  CHECK(world.pay(killed).exit_code == 8);
  REQUIRE(world.gateway().wait(std::chrono::seconds(5)) == 137);
  CHECK(bank_account(world).at("held_minor") == 1301);
  world.start_gateway({}, patience);
  check_nothing_held(world, 6395);

  INFO("the bank is killed and comes back with its books");
  world.bank().kill();
  CHECK(world.pay(world.order("20.00 EUR")).exit_code == 6);
  world.start_bank(scenario);
  REQUIRE(world.pay(world.order("30.00 EUR")).exit_code == 0);
  check_nothing_held(world, 9395);

  const auto report = world.json(world.set_bank({"batch", "list", "--json"}));
  REQUIRE(report.size() == 1);
  CHECK(report.at(0).at("merchant_id") == "shop-1");
  CHECK(report.at(0).at("debits") == nlohmann::json{{"number", 3}, {"minor", 9395}});
  CHECK(report.at(0).at("net_minor") == 9395);
  const auto log = read_file(world.home() / "bank.log") + read_file(world.home() / "gateway.log");
  CHECK(log.find(world.card("approve").number) == std::string::npos);
}

TEST_CASE("the CA registers a card on the bank's word, and not without it") {
  World world;
  const auto& home = world.home();
  world.start_bank();
  const auto ca = world.start_ca({"--bank", "tcp://" + world.bank_address()});
  std::istringstream addresses(read_file(home / "ca.ready"));
  std::string http;
  addresses >> http >> http;  // the second line
  std::filesystem::create_directory(home / "wallet2");
  std::filesystem::permissions(home / "wallet2", std::filesystem::perms::owner_all);
  const Environment environment = {{"SET_WALLET_HOME", home / "wallet2"}};
  auto wallet = Process::start({"set-wallet", "serve", "--passphrase-file",
                                World::passphrase_file(), "--ready-file", home / "wallet2.ready"},
                               environment, home / "wallet2.out", home / "wallet2.log");
  wait_ready(home / "wallet2.ready", wallet, home / "wallet2.log");
  const auto add = [&](const std::string& verification) {
    const auto& card = World::card("approve");
    write_file(home / "card.toml", "number = \"" + card.number + "\"\nexpiry = \"" + card.expiry +
                                       "\"\nverification = \"" + verification +
                                       "\"\n[form]\ncardholderName = \"Alice Example\"\n");
    return run({"set-wallet", "card", "add", "--accept-policy", "--card-file", home / "card.toml", "--ca", ca,
                "--trust", "http://" + http + "/trust.pem", "--root-fingerprint",
                read_file(enrolled_template() / "root_fingerprint")},
               environment);
  };
  const auto wrong = add("124");
  INFO(wrong.err);
  CHECK(wrong.exit_code == 6);
  // It says that the issuer cannot be reached (91), which is no word about the card.
  write_file(home / "away.toml", "[[rule]]\nmessage = \"0100\"\ndo = \"decline\"\ncode = \"91\"\n");
  world.start_bank({"--scenario", home / "away.toml"});
  const auto unheard = add("123");
  INFO(unheard.err);
  CHECK(unheard.exit_code == 4);
  world.start_bank();
  const auto right = add("123");
  INFO(right.err);
  CHECK(right.exit_code == 0);
}

TEST_CASE("the bank's sentences and exit codes") {
  World world;
  const auto cards = std::string(SET_SOURCE_DIR) + "/deploy/sandbox/cards.toml";
  const auto refused = [](const Finished& finished, int exit_code, const std::string& sentence) {
    INFO(finished.err);
    CHECK(finished.exit_code == exit_code);
    CHECK(finished.err.find(sentence) != std::string::npos);
    CHECK(std::count(finished.err.begin(), finished.err.end(), '\n') == 1);
  };
  refused(world.set_bank({"batch", "list"}), 3, "run set-bank serve");
  refused(world.set_bank({"serve", "--listen", "127.0.0.1:0", "--cards", "/nowhere"}), 3,
          "/nowhere");
  write_file(world.home() / "scenario.toml", "[[rule]]\ndo = \"dance\"\n");
  refused(world.set_bank({"serve", "--listen", "127.0.0.1:0", "--cards", cards, "--scenario",
                          world.home() / "scenario.toml"}),
          3, "line 2");
  refused(world.set_gateway({"serve", "--listen", "127.0.0.1:0"}), 2, "--acquirer");
  refused(world.set_gateway({"serve", "--listen", "127.0.0.1:0", "--acquirer", "127.0.0.1:1"}), 2,
          "tcp://");
}
