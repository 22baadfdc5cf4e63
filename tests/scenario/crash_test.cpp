// kill -9 at every named place of a purchase: the program starts again, the purchase ends, and the bank
// was asked for the money once (protocol §6 rule 3).
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <thread>

#include "tests/scenario/world.h"

using namespace set::test;

namespace {

/// Waits until the wallet knows the end, asking as its user would.
nlohmann::json settled(World& world) {
  for (int i = 0; i < 40; ++i) {
    world.set_wallet({"resume"});
    const auto orders = world.json(world.set_wallet({"orders", "--json"}));
    if (!orders.empty()) {
      const std::string xid = orders.at(0).at("xid");
      const auto status = world.set_wallet({"status", xid, "--json"});
      if (status.exit_code == 0) return world.json(status);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(250));
  }
  return {};
}

void check_paid_once(World& world) {
  const auto payments = world.json(world.set_gateway({"payments", "list", "--json"}));
  REQUIRE(payments.size() == 1);
  CHECK(payments.at(0).at("state") == "captured");
  const auto orders = world.json(world.set_merchant({"order", "list", "--json"}));
  REQUIRE(orders.size() == 1);
  CHECK(orders.at(0).at("state") == "paid");
}

}  // namespace

TEST_CASE("the merchant dies anywhere in a purchase and finishes it after its restart") {
  const std::string place = GENERATE(
      as<std::string>{}, "merchant:pinit-req-saved", "before-commit:merchant:ordered", "after-commit:merchant:ordered",
      "merchant:preq-saved", "merchant:before-auth-req", "merchant:auth-res-received", "before-commit:merchant:decided",
      "after-commit:merchant:decided", "merchant:before-pres", "before-commit:replies:save", "after-commit:replies:save");
  World world;
  world.start_gateway();
  world.start_merchant();
  world.start_wallet();
  const auto link = world.order();
  world.start_merchant({{"SET_CRASH_AT", place}});
  const auto paid = world.pay(link);
  INFO(place << ": " << paid.err);
  if (paid.exit_code != 0) {
    REQUIRE(world.merchant().wait(std::chrono::seconds(10)) == 137);
    world.start_merchant();
    world.set_wallet({"pay", link, "--yes"});  // died before the wallet sent its PReq: the user tries again
    CHECK_FALSE(settled(world).is_null());
  }
  check_paid_once(world);
}

TEST_CASE("the gateway dies anywhere in an authorisation and the purchase ends after its restart") {
  const std::string place = GENERATE(
      as<std::string>{}, "before-commit:gateway:claim", "after-commit:gateway:claim", "gateway:before-acquirer",
      "before-commit:acquirer:authorize", "after-commit:acquirer:authorize", "gateway:after-acquirer",
      "before-commit:gateway:decided", "after-commit:gateway:decided", "before-commit:replies:save",
      "after-commit:replies:save");
  World world;
  world.start_all();
  const auto link = world.order();
  world.start_gateway({{"SET_CRASH_AT", place}});
  const auto paid = world.pay(link);
  INFO(place << ": " << paid.err);
  if (!world.gateway().running()) {
    CHECK(world.gateway().wait(std::chrono::seconds(1)) == 137);
    world.start_gateway();
    CHECK_FALSE(settled(world).is_null());
  } else {
    CHECK(paid.exit_code == 0);
  }
  check_paid_once(world);
}

TEST_CASE("the wallet dies before or after it sent its PReq, and resume ends the purchase") {
  const std::string place = GENERATE(as<std::string>{}, "wallet:preq-saved", "before-commit:wallet:send", "after-commit:wallet:send",
                                     "wallet:preq-sent", "wallet:before-outcome", "before-commit:wallet:completed",
                                     "after-commit:wallet:completed");
  World world;
  world.start_gateway();
  world.start_merchant();
  world.start_wallet({{"SET_CRASH_AT", place}});
  const auto paid = world.pay(world.order());
  INFO(place << ": " << paid.err);
  CHECK(paid.exit_code != 0);
  REQUIRE(world.wallet().wait(std::chrono::seconds(10)) == 137);
  world.start_wallet();
  const auto end = settled(world);
  INFO(end.dump());
  CHECK_FALSE(end.is_null());
  check_paid_once(world);
}

TEST_CASE("kill -9 of each daemon between any two purchases loses nothing") {
  World world;
  world.start_all();
  for (int i = 0; i < 3; ++i) {
    REQUIRE(world.pay(world.order()).exit_code == 0);
    world.gateway().kill();
    world.start_gateway();
    REQUIRE(world.pay(world.order()).exit_code == 0);
    world.merchant().kill();
    world.start_merchant();
    REQUIRE(world.pay(world.order()).exit_code == 0);
    world.wallet().kill();
    world.start_wallet();
  }
  CHECK(world.json(world.set_gateway({"payments", "list", "--json"})).size() == 9);
  CHECK(world.json(world.set_wallet({"orders", "--json"})).size() == 9);
}

TEST_CASE("the gateway is away: the outcome is unknown, said so, and found later") {
  World world;
  world.start_all();
  const auto link = world.order();
  world.gateway().kill();
  const auto paid = world.pay(link);
  INFO(paid.err);
  CHECK(paid.exit_code == 8);
  world.start_gateway();
  CHECK_FALSE(settled(world).is_null());
  check_paid_once(world);
}
