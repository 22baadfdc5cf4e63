// A shop at work on the four programs: its commands beside the running daemon, from several
// processes at once, and the gateway's books beside the merchant's.
#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <set>
#include <thread>

#include "tests/scenario/shop_world.h"

using namespace set::test;

TEST_CASE(
    "a split shipment: authorised in parts, captured in part, refunded, and the books agree") {
  ShopWorld world;
  world.start_all();
  const auto order =
      world.paid({"--amount", "90.00 EUR", "--capture", "later", "--first", "30.00 EUR"});
  CHECK(world.books(order).at("authorized") == "30.00 EUR");
  CHECK(world.books(order).at("to_authorize") == "60.00 EUR");
  REQUIRE(world.shop({"capture", order}).exit_code == 0);
  const auto second = world.shop({"authorize", order, "--amount", "40.00 EUR"});
  INFO(second.err << second.out);
  REQUIRE(second.exit_code == 0);
  REQUIRE(world.shop({"capture", order, "--amount", "35.00 EUR", "--final"}).exit_code == 0);
  const auto refund = world.shop({"refund", order, "--amount", "10.00 EUR"});
  REQUIRE(refund.exit_code == 0);
  CHECK(world.json(refund).at("items").at(0).at("item").at("code") == "success");
  REQUIRE(world.shop({"void-refund", order}).exit_code == 0);
  REQUIRE(world.shop({"refund", order, "--amount", "5.00 EUR"}).exit_code == 0);
  const auto books = world.books(order);
  CHECK(books.at("captured") == "65.00 EUR");
  CHECK(books.at("credited") == "5.00 EUR");
  CHECK(books.at("remaining") == "0.00 EUR");
  const auto theirs = world.gateways_books(order);
  CHECK(theirs.at("captured") == "65.00 EUR");
  CHECK(theirs.at("credited") == "5.00 EUR");

  // What makes no sense is refused before anything is sent.
  CHECK(world.shop({"refund", order, "--amount", "60.01 EUR"}).exit_code == 2);
  CHECK(world.shop({"refund", order, "--amount", "0.00 EUR"}).exit_code == 2);
  CHECK(world.shop({"refund", order, "--amount", "-1.00 EUR"}).exit_code == 2);
  CHECK(world.shop({"refund", order, "--amount", "1.00 USD"}).exit_code == 2);
  CHECK(world.shop({"capture", order}).exit_code == 7);
  CHECK(world.shop({"capture", "no-such-order"}).exit_code == 7);

  const auto closed = world.shop({"batch", "close"});
  INFO(closed.err << closed.out);
  REQUIRE(closed.exit_code == 0);
  CHECK(world.json(closed).at("reconciled") == true);
  const auto report = world.json(world.shop({"batch", "report"}));
  CHECK(report.at("state") == "closed");
  CHECK(report.at("own_totals").at(0).at("captured") == "65.00 EUR");
  CHECK(report.at("items").size() == 5);
  const auto csv = world.set_merchant({"batch", "report", "--csv"});
  CHECK(std::ranges::count(csv.out, '\n') == 6);
}

TEST_CASE(
    "fifty captures from processes of their own, some of them twice, and a batch closed "
    "meanwhile") {
  ShopWorld world;
  world.start_all();
  const auto order = world.paid({"--amount", "49.95 EUR", "--capture", "later"});
  std::atomic<int> done = 0, lost = 0, other = 0;
  std::mutex mutex;
  std::string trouble;
  const auto capture = [&](int first) {
    for (int i = first; i < 50; i += 8) {
      // Pairs have one name: the second of a pair finds what the first one did.
      const auto once = "ship-" + std::to_string(i / 2);
      const auto finished = world.shop({"capture", order, "--amount", "5.00 EUR", "--once", once});
      if (finished.exit_code == 0) {
        ++done;
      } else if (finished.exit_code == 7 || finished.exit_code == 2) {
        ++lost;
      } else {
        ++other;
        const std::lock_guard lock(mutex);
        trouble += finished.err;
      }
    }
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) threads.emplace_back(capture, i);
  const auto closed = world.shop({"batch", "show"});
  for (auto& thread : threads) thread.join();
  INFO(trouble);
  CHECK(other == 0);
  CHECK(done + lost == 50);
  CHECK(closed.exit_code != 1);
  const auto books = world.books(order);
  std::set<std::string> captures;
  for (const auto& item : books.at("payments").at(0).at("items"))
    if (item.at("state") == "done") captures.insert(item.at("rrpid").get<std::string>());
  CHECK(captures.size() <= 9);  // 49.95
  CHECK(!captures.empty());
  CHECK(books.at("captured") == std::to_string(captures.size() * 5) + ".00 EUR");
  CHECK(world.gateways_books(order).at("captured") == books.at("captured"));
  const auto batch = world.shop({"batch", "close"});
  INFO(batch.err << batch.out);
  CHECK(batch.exit_code == 0);
}

TEST_CASE("while the gateway is away a capture is unknown, a refund waits, and both end well") {
  ShopWorld world;
  world.start_all();
  const auto order = world.paid({"--amount", "20.00 EUR", "--capture", "later"});
  world.gateway().kill();
  const auto unknown = world.shop({"capture", order, "--amount", "15.00 EUR", "--wait", "1s"});
  CHECK(unknown.exit_code == 8);
  CHECK(world.json(unknown).at("state") == "unknown");
  CHECK(world.shop({"refund", order}).exit_code == 7);   // nothing is captured yet
  CHECK(world.shop({"reverse", order}).exit_code == 7);  // another request waits
  world.start_gateway();
  for (int i = 0; i < 300 && world.books(order).at("captured").is_null(); ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  CHECK(world.books(order).at("captured") == "15.00 EUR");
  CHECK(world.shop({"reverse", order}).exit_code == 0);  // the rest
  CHECK(world.shop({"refund", order}).exit_code == 0);
  CHECK(world.books(order).at("state") == "refunded");
}
