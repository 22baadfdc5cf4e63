// kill -9 of the gateway at the places of a capture: it starts again, the capture is made once, and
// merchant and gateway write the same. A test for each place, so that they run beside each other.
#include <catch2/catch_test_macros.hpp>

#include <chrono>
#include <thread>

#include "tests/scenario/shop_world.h"

using namespace set::test;

namespace {

void dies_and_captures_once(const std::string& place) {
  ShopWorld world;
  world.start_all();
  const auto order = world.paid({"--amount", "49.95 EUR", "--capture", "later"});
  world.start_gateway({{"SET_CRASH_AT", place}});
  const auto asked = world.shop({"capture", order, "--amount", "30.00 EUR", "--timeout", "2s"});
  INFO(place << ": " << asked.err << asked.out);
  REQUIRE(world.gateway().wait(std::chrono::seconds(10)) == 137);
  world.start_gateway();
  const auto started = std::chrono::steady_clock::now();
  for (int i = 0; i < 80 && minor_of(world.books(order).at("captured")) == 0; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(250));
  }
  CHECK(world.books(order).at("captured") == "30.00 EUR");
  // Found again soon: the merchant's pauses are short at first.
  CHECK(std::chrono::steady_clock::now() - started < std::chrono::seconds(20));
  const auto theirs = world.gateways_books(order);
  CHECK(theirs.at("captured") == "30.00 EUR");
  CHECK(theirs.at("items").size() == 1);
}

}  // namespace

TEST_CASE("the gateway dies when a capture is claimed, and makes it once after its restart") {
  dies_and_captures_once("after-commit:gateway:items-claimed");
}
TEST_CASE("the gateway dies when the bank was told of a capture, and makes it once") {
  dies_and_captures_once("gateway:item-told");
}
TEST_CASE("the gateway dies when a capture is settled, and makes it once") {
  dies_and_captures_once("after-commit:gateway:item-settled");
}
TEST_CASE("the gateway dies before a capture's answer is stored, and makes it once") {
  dies_and_captures_once("before-commit:replies:save");
}
