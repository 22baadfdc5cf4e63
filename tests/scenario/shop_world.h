// ShopWorld: a World with what a shop does all day: orders that are paid, its commands, and the
// books of all who keep some. One thread, except shop(), which any number may call at once.
#pragma once

#include <catch2/catch_test_macros.hpp>

#include "common/base/amount.h"
#include "tests/scenario/world.h"

namespace set::test {

/// Minor units of "12.00 EUR" as the programs print it; 0 of null and of nothing at all.
inline std::int64_t minor_of(const nlohmann::json& text) {
  const auto of = [&](const char* nothing) { return text.get<std::string>().starts_with(nothing); };
  if (text.is_null() || of("0.00 ") || of("0 ")) return 0;
  const auto amount = Amount::parse(text.get<std::string>());
  INFO(text);
  REQUIRE(amount);
  return amount->minor();
}

struct ShopWorld : World {
  nlohmann::json made_order(std::vector<std::string> terms) {
    std::vector<std::string> arguments{"order", "create", "--json"};
    arguments.insert(arguments.end(), terms.begin(), terms.end());
    const auto made = set_merchant(arguments);
    INFO(made.err);
    REQUIRE(made.exit_code == 0);
    return json(made);
  }
  /// Makes an order with these terms and pays it; its number.
  std::string paid(std::vector<std::string> terms) {
    terms.insert(terms.end(), {"--description", "Three chairs"});
    const auto order = made_order(std::move(terms));
    const auto paying = pay(order.at("link"));
    INFO(paying.err);
    REQUIRE(paying.exit_code == 0);
    return order.at("order");
  }
  Finished shop(std::vector<std::string> arguments) {
    arguments.emplace_back("--json");
    return set_merchant(std::move(arguments));
  }
  nlohmann::json books(const std::string& order) { return json(shop({"order", "show", order})); }
  std::string xid(const std::string& order) { return books(order).at("xid"); }
  nlohmann::json gateways_books(const std::string& order) { return gateways_books_of(xid(order)); }
  nlohmann::json gateways_books_of(const std::string& xid) {
    return json(set_gateway({"payments", "show", xid, "--json"}));
  }
};

}  // namespace set::test
