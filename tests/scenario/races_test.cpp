// Many commands about one order at once, on the real programs with the bank behind ISO 8583: each
// ends in a documented way, nothing is done twice, and the sums of all books hold.
#include <catch2/catch_test_macros.hpp>

#include <atomic>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include "tests/scenario/shop_world.h"

using namespace set::test;

namespace {

/// The bank takes this capture and never says so.
constexpr const char* kSilentScenario = R"(
[[rule]]
message = "0220"
amount = "7.77 EUR"
times = 1
do = "silent"
)";

struct RaceWorld : ShopWorld {
  RaceWorld() {
    write_file(home() / "scenario.toml", kSilentScenario);
    start_bank({"--scenario", home() / "scenario.toml"});
    start_gateway({}, {"--acquirer-timeout", "2s"});
    start_merchant();
    start_wallet();
  }

  /// Captured less credited, by the bank.
  std::int64_t banks_net() {
    std::int64_t net = 0;
    for (const auto& batch : json(set_bank({"batch", "list", "--json"})))
      net += batch.at("net_minor").get<std::int64_t>();
    return net;
  }
};

/// What the commands of a race came to.
struct Race {
  std::mutex mutex;
  std::map<int, int> ends;          // exit codes
  std::map<std::string, int> done;  // RRPIDs of requests that were done, and how many said so
  std::string trouble;

  void note(const Finished& finished) {
    const std::lock_guard lock(mutex);
    ++ends[finished.exit_code];
    if (finished.exit_code == 0) {
      const auto out = nlohmann::json::parse(finished.out);
      ++done[out.at("rrpid")];
      return;
    }
    // Too much by now, refused by the gateway, or another one about this payment is under way.
    const bool clear =
        finished.exit_code == 2 || finished.exit_code == 6 || finished.exit_code == 7;
    if (!clear || finished.err.empty())
      trouble += std::to_string(finished.exit_code) + " " + finished.err + finished.out;
  }
};

/// The commands, ten at once.
void run_at_once(ShopWorld& world, const std::vector<std::vector<std::string>>& commands,
                 Race& race) {
  std::atomic<std::size_t> next = 0;
  std::vector<std::jthread> threads;
  for (int i = 0; i < 10; ++i) {
    threads.emplace_back([&] {
      for (auto k = next++; k < commands.size(); k = next++) race.note(world.shop(commands[k]));
    });
  }
}

}  // namespace

TEST_CASE(
    "fifty captures, refunds and reversals at once, twice over, and a batch closed meanwhile") {
  RaceWorld world;
  const auto order = world.paid({"--amount", "60.00 EUR", "--capture", "later"});
  REQUIRE(world.shop({"capture", order, "--amount", "12.00 EUR"}).exit_code == 0);

  // One daemon asks the gateway (the database is locked); everybody may want something.
  const auto second =
      world.set_merchant({"serve", "--listen", "127.0.0.1:0", "--gateway", "127.0.0.1:1",
                          "--passphrase-file", World::passphrase_file()});
  CHECK(second.exit_code == 3);
  CHECK(second.err.find("another process uses the database") != std::string::npos);

  std::vector<std::vector<std::string>> commands;
  for (int i = 0; i < 50; ++i) {
    // Neighbours have one name: the second of them finds what the first one did.
    const auto once = "race-" + std::to_string(i / 2);
    switch (i / 2 % 5) {
      case 0:
      case 1:
        commands.push_back({"capture", order, "--amount", "4.00 EUR", "--once", once});
        break;
      case 2:
        commands.push_back({"refund", order, "--amount", "3.00 EUR", "--once", once});
        break;
      case 3:
        commands.push_back({"reverse", order, "--amount", "2.00 EUR", "--once", once});
        break;
      default:
        commands.push_back({"void-refund", order, "--once", once});
    }
  }
  Race race;
  std::jthread closing([&] {
    const auto closed = world.shop({"batch", "close"});
    const std::lock_guard lock(race.mutex);
    if (closed.exit_code != 0)
      race.trouble += "close: " + std::to_string(closed.exit_code) + " " + closed.err;
  });
  run_at_once(world, commands, race);
  closing.join();
  INFO(race.trouble);
  CHECK(race.trouble.empty());
  CHECK(race.ends[0] > 0);

  // Each request that was done is in the books, once; and nothing else is.
  const auto books = world.books(order);
  INFO(books.dump(2));
  std::multiset<std::string> booked;
  std::int64_t captured = 0, credited = 0, released = 0;
  for (const auto& item : books.at("payments").at(0).at("items")) {
    const std::string state = item.at("state");
    CHECK(state != "asked");
    if (state != "done" && state != "reversed") continue;
    booked.insert(item.at("rrpid").get<std::string>());
    const auto minor = minor_of(item.at("amount"));
    const std::string kind = item.at("kind");
    if (kind == "capture") captured += minor;
    if (kind == "credit" && state == "done") credited += minor;
    if (kind == "reversal") released += minor;
  }
  CHECK(booked.size() == race.done.size() + 1);  // and the capture before the race
  for (const auto& [rrpid, said] : race.done) {
    CHECK(booked.count(rrpid) == 1);
    CHECK(said <= 2);
  }
  CHECK(minor_of(books.at("captured")) == captured);
  CHECK(minor_of(books.at("credited")) == credited);
  CHECK(minor_of(books.at("authorized")) == 6000 - released);
  CHECK(minor_of(books.at("remaining")) == 6000 - released - captured);
  CHECK(captured <= 6000 - released);
  CHECK(credited <= captured);
  const auto theirs = world.gateways_books(order);
  CHECK(minor_of(theirs.at("captured")) == captured);
  CHECK(minor_of(theirs.at("credited")) == credited);
  CHECK(world.banks_net() == captured - credited);

  // Every batch of the race is in balance in the end.
  for (const auto& batch : world.json(world.set_gateway({"batch", "list", "--json"}))) {
    const std::string id = batch.at("batch_id");
    const auto shown = world.shop({"batch", batch.at("state") == "open" ? "close" : "show", id});
    INFO(shown.err << shown.out);
    CHECK(shown.exit_code == 0);
    CHECK(world.json(shown).at("reconciled") == true);
  }
}

TEST_CASE("a refund while the bank is silent about a capture") {
  RaceWorld world;
  const auto order = world.paid({"--amount", "20.00 EUR", "--capture", "later"});
  REQUIRE(world.shop({"capture", order, "--amount", "5.00 EUR"}).exit_code == 0);
  const auto unknown = world.shop({"capture", order, "--amount", "7.77 EUR", "--timeout", "1s"});
  CHECK(unknown.exit_code == 8);
  CHECK(world.json(unknown).at("state") == "unknown");
  for (const auto& command : {"refund", "void-capture", "reverse", "capture"}) {
    const auto waits = world.shop({command, order});
    INFO(command << waits.err);
    CHECK(waits.exit_code == 7);
  }
  world.start_merchant();  // asks at once for what is open
  for (int i = 0; i < 200 && world.books(order).at("captured") != "12.77 EUR"; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  REQUIRE(world.books(order).at("captured") == "12.77 EUR");
  REQUIRE(world.shop({"refund", order}).exit_code == 0);
  CHECK(world.books(order).at("credited") == "12.77 EUR");
  CHECK(world.gateways_books(order).at("credited") == "12.77 EUR");
  CHECK(world.banks_net() == 0);
  REQUIRE(world.shop({"reverse", order}).exit_code == 0);
  for (int i = 0; i < 100; ++i) {
    const auto accounts = world.json(world.set_bank({"account", "list", "--json"}));
    const auto held = [](const auto& account) { return account.at("held_minor") != 0; };
    if (std::none_of(accounts.begin(), accounts.end(), held)) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  for (const auto& account : world.json(world.set_bank({"account", "list", "--json"})))
    CHECK(account.at("held_minor") == 0);
}
