// kill -9 of the gateway at the places of a capture: it starts again, the capture is made once, and
// merchant and gateway write the same.
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <thread>

#include "tests/scenario/shop_world.h"

using namespace set::test;

TEST_CASE("the gateway dies anywhere in a capture and makes it once after its restart") {
  const std::string place =
      GENERATE(as<std::string>{}, "after-commit:gateway:items-claimed", "gateway:item-told",
               "after-commit:gateway:item-settled", "before-commit:replies:save");
  ShopWorld world;
  world.start_all();
  const auto order = world.paid({"--amount", "49.95 EUR", "--capture", "later"});
  world.start_gateway({{"SET_CRASH_AT", place}});
  const auto asked = world.shop({"capture", order, "--amount", "30.00 EUR"});
  INFO(place << ": " << asked.err << asked.out);
  REQUIRE(world.gateway().wait(std::chrono::seconds(10)) == 137);
  world.start_gateway();
  for (int i = 0; i < 80 && minor_of(world.books(order).at("captured")) == 0; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(250));
  }
  CHECK(world.books(order).at("captured") == "30.00 EUR");
  const auto theirs = world.gateways_books(order);
  CHECK(theirs.at("captured") == "30.00 EUR");
  CHECK(theirs.at("items").size() == 1);
}
