#include "common/base/amount.h"

#include <string>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

namespace set {
namespace {

TEST_CASE("an amount is read with exactly its currency's digits or none") {
  const auto [text, code, minor] = GENERATE(table<std::string, std::string, std::int64_t>({
      {"49.95 EUR", "EUR", 4995},
      {"EUR 49.95", "EUR", 4995},
      {"49 EUR", "EUR", 4900},
      {"0.01 USD", "USD", 1},
      {"007.00 EUR", "EUR", 700},
      {"500 JPY", "JPY", 500},
      {"JPY 500", "JPY", 500},
      {"1.234 KWD", "KWD", 1234},
      {"1 KWD", "KWD", 1000},
      {"1.2345 CLF", "CLF", 12345},
      {"3 CLF", "CLF", 30000},
      {"10000000000000.00 EUR", "EUR", Amount::kMaxMinor},
      {"10000000000000 EUR", "EUR", Amount::kMaxMinor},
      {"1000000000000000 JPY", "JPY", Amount::kMaxMinor},
      {"1000000000000.000 KWD", "KWD", Amount::kMaxMinor},
      {"100000000000.0000 CLF", "CLF", Amount::kMaxMinor},
  }));
  CAPTURE(text);
  const auto amount = Amount::parse(text);
  REQUIRE(amount);
  CHECK(amount->currency().code() == code);
  CHECK(amount->minor() == minor);
}

TEST_CASE("what is no amount is refused as an invalid argument") {
  const std::string text = GENERATE(
      "", " ", "EUR", "EUR ", " EUR", "49.95", "49.95EUR", "49.95  EUR", " 49.95 EUR", "49.95 EUR ",
      "49.95 eur", "49.95 XXX", "49.95 978", "49,95 EUR", "4.9 EUR", "4.950 EUR", "4. EUR",
      ".50 EUR", "-1 EUR", "+1 EUR", "1e3 EUR", "0x10 EUR", "1 2 EUR", "EUR 1 EUR", "EUR EUR",
      "1.1.1 EUR", "500.0 JPY", "500. JPY", "1.23 KWD", "1.2345 KWD", "1.234 CLF", "0 EUR",
      "0.00 EUR", "0 JPY", "10000000000000.01 EUR", "10000000000001 EUR", "1000000000000001 JPY",
      "1000000000000.001 KWD", "100000000000.0001 CLF", "9999999999999999 JPY",
      "99999999999999999999999 EUR", "9999999999999999 CLF");
  CAPTURE(text);
  const auto amount = Amount::parse(text);
  REQUIRE_FALSE(amount);
  CHECK(amount.error().code == ErrorCode::invalid_argument);
}

TEST_CASE("an amount is written the way it is read") {
  const auto [minor, code, text] = GENERATE(table<std::int64_t, std::string, std::string>({
      {4995, "EUR", "49.95 EUR"},
      {5, "EUR", "0.05 EUR"},
      {100, "EUR", "1.00 EUR"},
      {500, "JPY", "500 JPY"},
      {1, "KWD", "0.001 KWD"},
      {12345, "CLF", "1.2345 CLF"},
      {Amount::kMaxMinor, "EUR", "10000000000000.00 EUR"},
  }));
  const auto amount = Amount::make(*Currency::from_code(code), minor);
  REQUIRE(amount);
  CHECK(to_string(*amount) == text);
  CHECK(*Amount::parse(text) == *amount);
}

TEST_CASE("an amount is more than zero and has a greatest value") {
  const auto minor =
      GENERATE(std::int64_t{0}, std::int64_t{-1}, INT64_MIN, Amount::kMaxMinor + 1, INT64_MAX);
  CHECK_FALSE(Amount::make(*Currency::from_code("EUR"), minor));
}

TEST_CASE("a sum stays in its currency and its range") {
  const auto eur = *Amount::parse("1.50 EUR");
  CHECK(*eur.plus(*Amount::parse("2 EUR")) == *Amount::parse("3.50 EUR"));
  CHECK_FALSE(eur.plus(*Amount::parse("2 USD")));
  const auto most = *Amount::make(eur.currency(), Amount::kMaxMinor);
  CHECK_FALSE(most.plus(*Amount::make(eur.currency(), 1)));
  CHECK_FALSE(most.plus(most));
}

TEST_CASE("a currency has one number, one code and its exponent") {
  const auto [code, number, exponent] = GENERATE(table<std::string, unsigned, unsigned>({
      {"EUR", 978, 2},
      {"USD", 840, 2},
      {"GBP", 826, 2},
      {"JPY", 392, 0},
      {"KRW", 410, 0},
      {"KWD", 414, 3},
      {"BHD", 48, 3},
      {"CLF", 990, 4},
      {"ISK", 352, 0},
      {"AUD", 36, 2},
  }));
  const auto currency = Currency::from_code(code);
  REQUIRE(currency);
  CHECK(currency->number() == number);
  CHECK(currency->exponent() == exponent);
  CHECK(*Currency::from_number(number) == *currency);
  CHECK(currency->code() == code);
}

TEST_CASE("a currency that is not in the table does not exist") {
  CHECK_FALSE(Currency::from_code(GENERATE("", "EU", "EURO", "eur", "XXX", "978")));
  CHECK_FALSE(Currency::from_number(GENERATE(0U, 1U, 999U, 10'978U, 4294967295U)));
}

}  // namespace
}  // namespace set
