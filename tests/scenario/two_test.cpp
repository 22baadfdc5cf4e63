// Two gateways on one PostgreSQL database and two merchants on another, each pair behind a balancer,
// with one bank behind ISO 8583: whoever of them dies, each purchase ends, once.
#include <catch2/catch_test_macros.hpp>

#include <atomic>
#include <set>
#include <thread>

#include "tests/scenario/balancer.h"
#include "tests/scenario/event_books.h"
#include "tests/support/databases.h"

using namespace set::test;

namespace {

struct DoubledWorld : ShopWorld {
  DoubledWorld() {
    start_bank();
    for (int i : {0, 1}) start_one_gateway(i);
    gateway_door.lead_to({gateway_addresses[0], gateway_addresses[1]});
    for (int i : {0, 1}) start_one_merchant(i);
    merchant_door.lead_to({merchant_addresses[0], merchant_addresses[1]});
    start_wallet();
  }
  ~DoubledWorld() {
    for (auto* each : {&merchants[0], &merchants[1], &gateways[0], &gateways[1]}) each->reset();
  }

  /// Both have the same folder: the same keys, and the same name before the world.
  void start_one_gateway(int i) {
    const auto base = enrolled_template();
    // A database that has never seen a gateway: a first start, with certificates that are there.
    start_one("gateway", i, gateways[i], gateway_addresses[i],
              {"--database", gateway_database, "--acquirer", "tcp://" + bank_address(), "--acquirer-timeout", "2s",
               "--enroll", "--accept-policy", "--bin", "400000", "--id", "gateway-1", "--token-file",
               base / "gateway.token", "--ca", "localhost:1", "--trust", home() / "gateway" / "trust.pem",
               "--root-fingerprint", read_file(base / "root_fingerprint")});
  }
  void start_one_merchant(int i) {
    start_one("merchant", i, merchants[i], merchant_addresses[i],
              {"--database", merchant_database, "--gateway", gateway_door.address(), "--public-address",
               merchant_door.address()});
  }
  void start_one(const std::string& role, int i, std::optional<Process>& process, std::string& address,
                 const std::vector<std::string>& flags) {
    const auto name = role + std::to_string(i);
    const auto ready = home() / (name + ".ready"), log = home() / (name + ".log");
    process.reset();
    std::filesystem::remove(ready);
    std::vector<std::string> arguments{"set-" + role, "serve", "--dir", home() / role, "--listen",
                                       address.empty() ? "127.0.0.1:0" : address, "--admin-listen",
                                       "unix:" + (home() / (name + ".admin")).string(), "--passphrase-file",
                                       passphrase_file(), "--ready-file", ready, "--log-level", "trace"};
    arguments.insert(arguments.end(), flags.begin(), flags.end());
    process = Process::start(arguments, {}, home() / (name + ".out"), log);
    address = wait_ready(ready, *process, log).at(0);
  }

  Finished shop_at_once(std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--database", merchant_database, "--json"});
    return set_merchant(std::move(arguments));
  }
  std::string new_order(const std::string& amount, const std::vector<std::string>& terms = {}) {
    std::vector<std::string> arguments{"order", "create", "--amount", amount, "--description", "Three chairs"};
    arguments.insert(arguments.end(), terms.begin(), terms.end());
    const auto made = shop_at_once(arguments);
    INFO(made.err);
    REQUIRE(made.exit_code == 0);
    const auto order = json(made);
    links[order.at("order")] = order.at("link");
    return order.at("order");
  }
  nlohmann::json books_of(const std::string& order) { return json(shop_at_once({"order", "show", order})); }

  /// Captured less credited, by the bank.
  std::int64_t net_at_bank() {
    std::int64_t net = 0;
    for (const auto& batch : json(set_bank({"batch", "list", "--json"}))) net += batch.at("net_minor").get<std::int64_t>();
    return net;
  }
  /// What was queued for the bank when its gateway died is told by the other.
  bool net_becomes(std::int64_t wanted) {
    for (int i = 0; i < 120 && net_at_bank() != wanted; ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(500));
    return net_at_bank() == wanted;
  }
  /// Whether the outcome of each purchase is known to the wallet within a minute and a half.
  bool all_resumed() {
    for (int i = 0; i < 90; ++i) {
      if (set_wallet({"resume"}).exit_code == 0) return true;
      std::this_thread::sleep_for(std::chrono::seconds(1));
    }
    return false;
  }

  std::string gateway_database = postgres_url(), merchant_database = postgres_url();
  Balancer gateway_door, merchant_door;
  std::optional<Process> gateways[2], merchants[2];
  std::string gateway_addresses[2], merchant_addresses[2];
  std::map<std::string, std::string> links;
};

}  // namespace

TEST_CASE("two gateways and two merchants: one of each is killed in the middle of purchases") {
  constexpr int kPurchases = 24;
  DoubledWorld world;
  WebhookReceiver receiver;
  const auto webhook = world.shop_at_once(
      {"webhook", "add", "--url", receiver.url(), "--passphrase-file", DoubledWorld::passphrase_file().string()});
  INFO(webhook.err);
  REQUIRE(webhook.exit_code == 0);
  std::vector<std::string> orders;
  for (int i = 0; i < kPurchases; ++i) orders.push_back(world.new_order("1.00 EUR"));

  std::atomic<int> next = 0, ended = 0;
  std::vector<int> exits(kPurchases, -1);
  std::vector<std::string> said(kPurchases);
  {
    std::vector<std::jthread> shoppers;
    for (int s = 0; s < 3; ++s) {
      shoppers.emplace_back([&] {
        for (int i = next++; i < kPurchases; i = next++) {
          const auto paying = world.pay(world.links.at(orders[static_cast<std::size_t>(i)]));
          exits[static_cast<std::size_t>(i)] = paying.exit_code;
          said[static_cast<std::size_t>(i)] = paying.err;
          ++ended;
        }
      });
    }
    const auto when = [&](int count) {
      while (ended < count) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    };
    when(4);
    world.gateways[0]->kill();
    when(10);
    world.start_one_gateway(0);
    world.merchants[0]->kill();
    when(15);
    world.start_one_merchant(0);
    world.gateways[1]->kill();
  }
  for (int i = 0; i < kPurchases; ++i) {
    const auto exit = exits[static_cast<std::size_t>(i)];
    INFO(said[static_cast<std::size_t>(i)]);
    CHECK((exit == 0 || exit == 4 || exit == 8));
  }
  CHECK(world.all_resumed());
  // A purchase that did not reach anybody is begun again.
  for (int i = 0; i < kPurchases; ++i) {
    if (exits[static_cast<std::size_t>(i)] != 4) continue;
    const auto again = world.pay(world.links.at(orders[static_cast<std::size_t>(i)]));
    INFO(again.err);
    CHECK((again.exit_code == 0 || again.exit_code == 7));  // 7: it was paid after all
  }

  std::set<std::string> xids;
  for (const auto& order : orders) {
    const auto books = world.books_of(order);
    INFO(books.dump(2));
    CHECK(minor_of(books.at("captured")) == 100);
    CHECK(books.at("payments").size() == 1);
    xids.insert(books.at("xid").get<std::string>());
  }
  CHECK(xids.size() == kPurchases);
  CHECK(world.net_becomes(100 * kPurchases));

  // Both wrote one feed, and one of them at a time told the shop's own software: all of it, in order.
  const auto events = events_of(world, {"--database", world.merchant_database});
  check_events_are_the_books(events, world.json(world.shop_at_once({"order", "list"})));
  CHECK(receiver.wait([&] { return distinct_numbers_of(receiver.taken()).size() == events.size(); }));
  CHECK(std::ranges::is_sorted(numbers_of(receiver.taken())));
}

TEST_CASE("captures and refunds at two merchants and two gateways at once are done once each") {
  DoubledWorld world;
  const auto order = world.new_order("60.00 EUR", {"--capture", "later"});
  REQUIRE(world.pay(world.links.at(order)).exit_code == 0);
  REQUIRE(world.shop_at_once({"capture", order, "--amount", "12.00 EUR"}).exit_code == 0);

  std::atomic<int> next = 0;
  std::mutex mutex;
  std::set<std::string> done;
  std::string trouble;
  {
    std::vector<std::jthread> clerks;
    for (int c = 0; c < 8; ++c) {
      clerks.emplace_back([&] {
        for (int i = next++; i < 40; i = next++) {
          // Neighbours have one name: the second of them finds what the first one did.
          const auto once = "race-" + std::to_string(i / 2);
          const auto [verb, amount] = i / 2 % 2 == 0 ? std::pair("capture", "4.00 EUR") : std::pair("refund", "3.00 EUR");
          auto finished = world.shop_at_once({verb, order, "--amount", amount, "--once", once});
          // Another request about this payment is under way: it is asked again, as a clerk would.
          for (int again = 0; finished.exit_code == 7 && again < 8; ++again) {
            std::this_thread::sleep_for(std::chrono::milliseconds(200));
            finished = world.shop_at_once({verb, order, "--amount", amount, "--once", once});
          }
          const std::lock_guard lock(mutex);
          if (finished.exit_code == 0) {
            done.insert(nlohmann::json::parse(finished.out).at("rrpid").get<std::string>());
          } else if (finished.exit_code != 2 && finished.exit_code != 6 && finished.exit_code != 7) {
            trouble += std::to_string(finished.exit_code) + " " + finished.err;
          }
        }
      });
    }
    while (next < 16) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    world.gateways[0]->kill();
  }
  INFO(trouble);
  CHECK(trouble.empty());
  CHECK(done.size() > 2);

  const auto books = world.books_of(order);
  INFO(books.dump(2));
  std::int64_t captured = 0, credited = 0;
  std::size_t booked = 0;
  for (const auto& item : books.at("payments").at(0).at("items")) {
    const std::string state = item.at("state"), kind = item.at("kind");
    CHECK(state != "asked");
    if (state != "done") continue;
    ++booked;
    if (kind == "capture") captured += minor_of(item.at("amount"));
    if (kind == "credit") credited += minor_of(item.at("amount"));
  }
  CHECK(booked == done.size() + 1);
  CHECK(minor_of(books.at("captured")) == captured);
  CHECK(minor_of(books.at("credited")) == credited);
  CHECK(captured <= 6000);
  CHECK(credited <= captured);
  CHECK(world.net_becomes(captured - credited));
}
