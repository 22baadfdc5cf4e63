// A monthly mandate over months, on the real programs: their clocks are put forward (libfaketime), so
// that interval and end of the mandate, certificates, lists and batches all live through the time.
#include <catch2/catch_test_macros.hpp>

#include "tests/scenario/shop_world.h"

using namespace set::test;

namespace {

struct Subscription : ShopWorld {
  Subscription() { start(); }

  void start() {
    const std::vector<std::string> ca{"--ca", start_ca()};
    start_gateway({}, ca);
    start_merchant({}, ca);
    start_wallet({}, ca);
  }
  /// Everything is stopped and started so much later.
  void later(int days) {
    days_later(days);
    start();
  }
  std::string charge(const std::string& order) {
    const auto finished = shop({"authorize", order});
    INFO(finished.err << finished.out);
    REQUIRE((finished.exit_code == 0 || finished.exit_code == 6));
    return json(finished).at("items").at(0).at("payment").at("auth_code");
  }
};

}  // namespace

TEST_CASE("a month later the second charge of a mandate is due, and after its end there is none") {
  Subscription world;
  const auto order = world.paid({"--recurring", "every 30 days", "--until", world.day_from_now(70),
                                 "--amount-per-charge", "8.50 EUR"});
  CHECK(world.charge(order) == "recurringTooSoon");
  world.later(29);
  CHECK(world.charge(order) == "recurringTooSoon");
  world.later(31);
  CHECK(world.charge(order) == "approved");
  CHECK(world.charge(order) == "recurringTooSoon");
  CHECK(world.books(order).at("captured") == "17.00 EUR");
  CHECK(world.gateways_books(order).at("captured") == "17.00 EUR");
  world.later(62);
  CHECK(world.charge(order) == "approved");
  world.later(93);
  CHECK(world.shop({"authorize", order}).exit_code != 0);
  CHECK(world.books(order).at("captured") == "25.50 EUR");
  const auto status = world.json(world.set_wallet({"status", world.xid(order), "--json"}));
  CHECK(status.at("payments").size() >= 3);
  const auto closed = world.shop({"batch", "close"});
  INFO(closed.err << closed.out);
  CHECK(closed.exit_code == 0);
}
