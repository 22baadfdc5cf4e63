// A purchase on the four programs: what each card of the sandbox does, what each side shows, and which
// exit code a script sees.
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "tests/scenario/world.h"

using namespace set::test;

TEST_CASE("a purchase is approved, and every side shows the same") {
  World world;
  world.start_all();
  const auto link = world.order("49.95 EUR", "One espresso machine");
  const auto paid = world.pay(link);
  INFO(paid.err);
  REQUIRE(paid.exit_code == 0);
  const auto payment = world.json(paid);
  const std::string xid = payment.at("xid");
  CHECK(payment.at("amount") == "49.95 EUR");

  const auto receipt = world.set_wallet({"receipt", xid, "--json"});
  INFO(receipt.err);
  REQUIRE(receipt.exit_code == 0);
  CHECK(world.json(receipt).at("verified") == true);

  const auto orders = world.set_merchant({"order", "list", "--json"});
  REQUIRE(orders.exit_code == 0);
  CHECK(orders.out.find("49.95 EUR") != std::string::npos);
  CHECK(orders.out.find(xid) != std::string::npos);

  const auto payments = world.set_gateway({"payments", "list", "--json"});
  REQUIRE(payments.exit_code == 0);
  CHECK(payments.out.find(xid) != std::string::npos);
  CHECK(payments.out.find("espresso") == std::string::npos);

  const auto status = world.set_wallet({"status", xid, "--json"});
  INFO(status.err);
  CHECK(status.exit_code == 0);
}

TEST_CASE("each card of the sandbox does what its manual says") {
  struct Row {
    const char* behaviour;
    int exit_code;
    const char* auth_code;
  };
  const auto row = GENERATE(Row{"decline", 6, "declined"}, Row{"referral", 6, "callIssuer"}, Row{"expired", 6, "expiredCard"},
                            Row{"slow", 0, "approved"}, Row{"no_reply", 6, "noReply"});
  World world;
  world.start_gateway({}, {"--acquirer-timeout", "4s"});
  world.start_merchant();
  world.start_wallet();
  const auto paid = world.pay(world.order(), row.behaviour);
  INFO(row.behaviour << ": " << paid.err << paid.out);
  CHECK(paid.exit_code == row.exit_code);
  CHECK(paid.out.find(row.auth_code) != std::string::npos);
}

TEST_CASE("an order is paid once") {
  World world;
  world.start_all();
  const auto link = world.order();
  REQUIRE(world.pay(link).exit_code == 0);
  const auto again = world.pay(link);
  CHECK(again.exit_code != 0);
  const auto payments = world.json(world.set_gateway({"payments", "list", "--json"}));
  CHECK(payments.size() == 1);
}

TEST_CASE("a card without enough limit is declined") {
  World world;
  world.start_all();
  const auto link = world.order("9999.00 EUR", "A very large espresso machine");
  CHECK(world.pay(link).exit_code == 6);
}

TEST_CASE("a payment link with a wrong order secret tells nothing") {
  World world;
  world.start_all();
  auto link = world.order();
  link[link.size() - 5] = link[link.size() - 5] == 'A' ? 'B' : 'A';
  const auto paid = world.pay(link);
  CHECK(paid.exit_code != 0);
  CHECK(paid.out.find("espresso") == std::string::npos);
  CHECK(paid.err.find("espresso") == std::string::npos);
}

TEST_CASE("without a terminal, pay asks for --yes instead of paying") {
  World world;
  world.start_all();
  const auto paid = world.set_wallet({"pay", world.order()});
  CHECK(paid.exit_code == 2);
  CHECK(world.json(world.set_gateway({"payments", "list", "--json"})).empty());
}
