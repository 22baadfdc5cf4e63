// Values that many messages share: amounts, texts, brands, BINs.
#include <string>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "common/message/fields.h"
#include "common/message/wire.h"
#include "tests/message/samples.h"

namespace set {
namespace {

wire::CurrencyAmount wire_amount(std::uint32_t currency, std::int64_t minor, std::int32_t exp10) {
  wire::CurrencyAmount out;
  out.set_currency(currency);
  out.set_amount(minor);
  out.set_amt_exp10(exp10);
  return out;
}

TEST_CASE("an amount crosses the wire with its currency's exponent") {
  const auto [text, currency, minor, exp10] =
      GENERATE(table<std::string, std::uint32_t, std::int64_t, std::int32_t>({
          {"49.95 EUR", 978, 4995, -2},
          {"500 JPY", 392, 500, 0},
          {"1.234 KWD", 414, 1234, -3},
          {"1.2345 CLF", 990, 12345, -4},
          {"10000000000000.00 EUR", 978, Amount::kMaxMinor, -2},
      }));
  const auto written = to_wire(test::amount(text));
  CHECK(serialize(written) == serialize(wire_amount(currency, minor, exp10)));
  CHECK(*from_wire(written) == test::amount(text));
}

TEST_CASE("an amount of another exponent, an unknown currency or nothing is refused") {
  const auto [currency, minor, exp10] = GENERATE(table<std::uint32_t, std::int64_t, std::int32_t>({
      {978, 0, -2},
      {978, -1, -2},
      {978, INT64_MIN, -2},
      {978, Amount::kMaxMinor + 1, -2},
      {978, INT64_MAX, -2},
      {978, 1, 0},
      {978, 1, 2},
      {978, 1, -3},
      {978, 1, INT32_MIN},
      {978, 1, INT32_MAX},
      {392, 1, -2},
      {392, 1, 2},
      {0, 1, 0},
      {999, 1, -2},
      {4294967295U, 1, -2},
  }));
  const auto amount = from_wire(wire_amount(currency, minor, exp10));
  REQUIRE_FALSE(amount);
  CHECK(amount.error().code == ErrorCode::decoding_failure);
}

TEST_CASE("a text is UTF-8 without control characters but line ends and tabs") {
  const std::string good = GENERATE("", "a", "two\nlines\tand a tab", "é", "☕", "\U0001F600",
                                    "\U0010FFFF", "\u00A0", "\uD7FF", "\uE000", "\u0800");
  CHECK(*text_from_wire(good, 64, "the text") == good);
}

TEST_CASE("a text with another spelling of a character, or none, is refused") {
  const std::string_view bad = GENERATE(
      std::string_view("\0", 1), std::string_view("\x01"), std::string_view("\x1b[2J"),
      std::string_view("\r\n"), std::string_view("\x7f"), std::string_view("\xc2\x80"),
      std::string_view("\xc2\x9f"), std::string_view("\x80"), std::string_view("\xbf"),
      std::string_view("\xc0\xaf"), std::string_view("\xc1\xbf"), std::string_view("\xe0\x9f\xbf"),
      std::string_view("\xf0\x8f\xbf\xbf"), std::string_view("\xed\xa0\x80"),
      std::string_view("\xed\xbf\xbf"), std::string_view("\xf4\x90\x80\x80"),
      std::string_view("\xf8\x88\x80\x80\x80"), std::string_view("\xff"),
      std::string_view("\xe2\x98"), std::string_view("\xe2\x98("), std::string_view("a\xc3"));
  CAPTURE(to_hex(view_of(bad)));
  const auto text = text_from_wire(std::string(bad), 64, "the text");
  REQUIRE_FALSE(text);
  CHECK(text.error().code == ErrorCode::decoding_failure);
  CHECK(text.error().detail == "the text is no plain text");
}

TEST_CASE("a text is as long as it may be and no longer, counted in bytes") {
  CHECK(text_from_wire("ééé", 6, "the text"));
  CHECK(text_from_wire("ééé", 5, "the text").error().detail == "the text is too long");
}

TEST_CASE("a brand is SET's BrandID") {
  const std::string good = GENERATE("B", "Example", "Example:gold", "Ex. A_m-p le 9");
  CHECK(*brand_from_wire(good) == good);
  CHECK(brand_from_wire(std::string(40, 'B')));
  const std::string bad = GENERATE("", "a/b", "a\nb", "é", "a,b", "a=b", "a\"b", "a+b");
  CHECK(brand_from_wire(bad).error().code == ErrorCode::decoding_failure);
  CHECK_FALSE(brand_from_wire(std::string(41, 'B')));
  CHECK_FALSE(brand_from_wire(std::string("a\0b", 3)));
}

TEST_CASE("a BIN has six digits") {
  CHECK(*bin_from_wire("411111") == "411111");
  const std::string bad = GENERATE("", "41111", "4111111", "41111a", "４11111", " 41111", "-41111");
  CHECK(bin_from_wire(bad).error().code == ErrorCode::decoding_failure);
}

TEST_CASE("an OID is numbers with points between") {
  CHECK(is_oid(GENERATE("2.23.42.7.1", "1.2", "0.0", "1.3.6.1.5.5.7.6.58")));
  CHECK_FALSE(
      is_oid(GENERATE("", "1", ".", "1.", ".1", "1..2", "1.02", "01.2", "1.a", "1.2 ", "1.-2",
                      "1.2.3.4.5.6.7.8.9.10.11.12.13.14.15.16.17.18.19.20.21.22.23.24.25")));
}

}  // namespace
}  // namespace set
