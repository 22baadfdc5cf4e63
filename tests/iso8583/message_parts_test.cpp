#include <catch2/generators/catch_generators.hpp>

#include "tests/iso8583/samples.h"

namespace set::iso8583::test {

TEST_CASE("a type knows its answer") {
  CHECK(answer_type("0100") == "0110");
  CHECK(answer_type("0101") == "0110");
  CHECK(answer_type("0421") == "0430");
  CHECK(is_request("0100"));
  CHECK(is_request("0421"));
  CHECK_FALSE(is_request("0110"));
  CHECK_FALSE(is_request("0430"));
}

TEST_CASE("what follows names its original by elements 90 and 37") {
  const auto original = authorization();
  const auto later = following("0420");
  CHECK(original_key(later) == key_of(original));
  CHECK(key_of(later) != key_of(original));
  auto repeat = authorization();
  repeat.mti = "0101";
  CHECK(key_of(repeat) == key_of(original));
  CHECK(original_of(repeat) == original_of(original));
}

TEST_CASE("an amount has twelve digits and a currency that exists") {
  auto message = headed("0100");
  for (const auto* text : {"0.01 EUR", "9999999999.99 EUR", "150000 JPY", "1.234 KWD"}) {
    must(set_amount(message, must(Amount::parse(text))));
    CHECK(to_string(must(amount_of(message))) == text);
  }
  const auto euro = must(Currency::from_code("EUR"));
  const auto fits = set_amount(message, must(Amount::make(euro, 1'000'000'000'000)));
  REQUIRE_FALSE(fits);
  CHECK(fits.error().code == ErrorCode::invalid_argument);
  message.elements[kAmount] = "000000000000";
  CHECK_FALSE(amount_of(message));
  message.elements[kAmount] = "000000000001";
  message.elements[kCurrency] = "000";
  CHECK_FALSE(amount_of(message));
}

TEST_CASE("totals come back, and their net amount must be theirs") {
  auto message = reconciliation();
  const auto totals = must(totals_of(message));
  CHECK(totals.debits == CountAndSum{2, 6995});
  CHECK(totals.net_minor() == 6995 - 2000 - 9000);
  CHECK(message.at(kNetAmount) == "C0000000000004005");
  message.elements[kDebitsAmount] = "0000000000006996";
  CHECK_FALSE(totals_of(message));
  message.elements.erase(kDebitsAmount);
  CHECK_FALSE(totals_of(message));
}

TEST_CASE("times are UTC to the second") {
  const auto time = must(parse_instant("2026-11-22T10:09:08.765Z"));
  CHECK(transmission_time(time) == "1122100908");
  CHECK(full_time(time) == "20261122100908");
  CHECK(must(parse_full_time("20261122100908")) == must(parse_instant("2026-11-22T10:09:08Z")));
  for (const auto* text : {"", "2026112210090", "20261322100908", "2026112210090x"}) {
    CHECK_FALSE(parse_full_time(text));
  }
}

TEST_CASE("a response code is two digits; one that we have no word for is a no") {
  for (int i = 0; i <= static_cast<int>(ResponseCode::malfunction); ++i) {
    const auto code = static_cast<ResponseCode>(i);
    CHECK(must(parse_response_code(to_string(code))) == code);
  }
  CHECK(must(parse_response_code("59")) == ResponseCode::declined);
  for (const auto* text : {"", "0", "000", "0x", "  "}) CHECK_FALSE(parse_response_code(text));
}

}  // namespace set::iso8583::test
