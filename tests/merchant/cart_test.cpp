// Carts: every sum is checked to the last minor unit, and the text is the same every time.
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "merchant/cart.h"

using namespace set;
using namespace set::merchant;

namespace {

constexpr std::string_view kCart = R"({
  "items": [ { "name": "Blue mug", "quantity": 2, "unit_price": "9.95 EUR", "tax": "3.18 EUR" },
             { "name": "Teapot", "quantity": 1, "unit_price": "30.00 EUR" } ],
  "shipping": "4.90 EUR",
  "shipping_address": [ "Ada Example", "Example Street 1", "10115 Berlin" ],
  "total": "57.98 EUR" })";

}  // namespace

TEST_CASE("a cart becomes a readable text, the same every time") {
  const auto cart = parse_cart(kCart);
  REQUIRE(cart);
  CHECK(to_string(cart->total) == "57.98 EUR");
  CHECK(describe(*cart) == describe(*parse_cart(kCart)));
  CHECK(describe(*cart) ==
        "2 x Blue mug at 9.95 EUR: 19.90 EUR\n"
        "    tax: 3.18 EUR\n"
        "1 x Teapot at 30.00 EUR: 30.00 EUR\n"
        "\n"
        "Goods: 49.90 EUR\n"
        "Tax: 3.18 EUR\n"
        "Shipping: 4.90 EUR\n"
        "Total: 57.98 EUR\n"
        "\n"
        "Ship to:\n"
        "    Ada Example\n"
        "    Example Street 1\n"
        "    10115 Berlin");
}

TEST_CASE("carts of currencies without and with three digits add up") {
  const auto yen =
      parse_cart(R"({"items":[{"name":"x","quantity":3,"unit_price":"500 JPY"}],"tax":"150 JPY",
                                  "total":"1650 JPY"})");
  REQUIRE(yen);
  CHECK(yen->total.minor() == 1650);
  const auto dinar = parse_cart(
      R"({"items":[{"name":"x","quantity":3,"unit_price":"0.333 KWD"}],"total":"0.999 KWD"})");
  REQUIRE(dinar);
  CHECK(dinar->total.minor() == 999);
}

TEST_CASE("a cart that does not add up or is not understood is refused") {
  struct Row {
    const char* why;
    const char* json;
  };
  const auto row = GENERATE(
      Row{"total one cent too low",
          R"({"items":[{"name":"x","quantity":2,"unit_price":"9.95 EUR"}],"total":"19.89 EUR"})"},
      Row{"total one cent too high",
          R"({"items":[{"name":"x","quantity":2,"unit_price":"9.95 EUR"}],"total":"19.91 EUR"})"},
      Row{"item tax left out of the total",
          R"({"items":[{"name":"x","quantity":1,"unit_price":"9.95 EUR","tax":"1.00 EUR"}],"total":"9.95 EUR"})"},
      Row{"two currencies in items",
          R"({"items":[{"name":"x","quantity":1,"unit_price":"1.00 EUR"},{"name":"y","quantity":1,"unit_price":"1.00 USD"}],"total":"2.00 EUR"})"},
      Row{"shipping in another currency",
          R"({"items":[{"name":"x","quantity":1,"unit_price":"1.00 EUR"}],"shipping":"1.00 USD","total":"2.00 EUR"})"},
      Row{"total in another currency",
          R"({"items":[{"name":"x","quantity":1,"unit_price":"1.00 EUR"}],"total":"1.00 USD"})"},
      Row{"tax twice",
          R"({"items":[{"name":"x","quantity":1,"unit_price":"1.00 EUR","tax":"0.10 EUR"}],"tax":"0.10 EUR","total":"1.20 EUR"})"},
      Row{"negative price",
          R"({"items":[{"name":"x","quantity":1,"unit_price":"-1.00 EUR"}],"total":"1.00 EUR"})"},
      Row{"zero price",
          R"({"items":[{"name":"x","quantity":1,"unit_price":"0.00 EUR"}],"total":"1.00 EUR"})"},
      Row{"negative quantity",
          R"({"items":[{"name":"x","quantity":-1,"unit_price":"1.00 EUR"}],"total":"1.00 EUR"})"},
      Row{"no quantity",
          R"({"items":[{"name":"x","quantity":0,"unit_price":"1.00 EUR"}],"total":"1.00 EUR"})"},
      Row{"half a quantity",
          R"({"items":[{"name":"x","quantity":1.5,"unit_price":"1.00 EUR"}],"total":"1.50 EUR"})"},
      Row{"quantity as text",
          R"({"items":[{"name":"x","quantity":"1","unit_price":"1.00 EUR"}],"total":"1.00 EUR"})"},
      Row{"price as number",
          R"({"items":[{"name":"x","quantity":1,"unit_price":1.00}],"total":"1.00 EUR"})"},
      Row{"yen with cents",
          R"({"items":[{"name":"x","quantity":1,"unit_price":"500.00 JPY"}],"total":"500 JPY"})"},
      Row{"dinar with two digits",
          R"({"items":[{"name":"x","quantity":1,"unit_price":"1.00 KWD"}],"total":"1.000 KWD"})"},
      Row{"overflow",
          R"({"items":[{"name":"x","quantity":1000000,"unit_price":"9999999999999.99 EUR"}],"total":"1.00 EUR"})"},
      Row{"sum too large",
          R"({"items":[{"name":"x","quantity":1,"unit_price":"9999999999999.99 EUR"},{"name":"y","quantity":1,"unit_price":"9999999999999.99 EUR"}],"total":"1.00 EUR"})"},
      Row{"unknown key",
          R"({"items":[{"name":"x","quantity":1,"unit_price":"1.00 EUR"}],"total":"1.00 EUR","coupon":"half"})"},
      Row{"unknown key in an item",
          R"({"items":[{"name":"x","quantity":1,"unit_price":"1.00 EUR","sku":"7"}],"total":"1.00 EUR"})"},
      Row{"no items", R"({"items":[],"total":"1.00 EUR"})"},
      Row{"no total", R"({"items":[{"name":"x","quantity":1,"unit_price":"1.00 EUR"}]})"},
      Row{"no name", R"({"items":[{"quantity":1,"unit_price":"1.00 EUR"}],"total":"1.00 EUR"})"},
      Row{"a name of two lines",
          R"({"items":[{"name":"x\nTotal: 0.01 EUR","quantity":1,"unit_price":"1.00 EUR"}],"total":"1.00 EUR"})"},
      Row{"an escape sequence",
          R"({"items":[{"name":"x\u001b[2J","quantity":1,"unit_price":"1.00 EUR"}],"total":"1.00 EUR"})"},
      Row{"an address that is no list",
          R"({"items":[{"name":"x","quantity":1,"unit_price":"1.00 EUR"}],"shipping_address":"x","total":"1.00 EUR"})"},
      Row{"a list", R"([])"}, Row{"no JSON", "{"}, Row{"nothing", ""});
  INFO(row.why);
  const auto cart = parse_cart(row.json);
  REQUIRE_FALSE(cart);
  CHECK(cart.error().code == ErrorCode::invalid_argument);
}
