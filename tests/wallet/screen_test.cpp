#include <catch2/catch_test_macros.hpp>

#include "wallet/screen.h"

namespace set::wallet::test {

TEST_CASE("what comes from elsewhere cannot command the terminal") {
  CHECK(neutralise("two books") == "two books");
  CHECK(neutralise("Grüße, 東京 ☕") == "Grüße, 東京 ☕");
  CHECK(neutralise("\x1b[2J\x1b]0;x\x07") == "\\u{001B}[2J\\u{001B}]0;x\\u{0007}");
  CHECK(neutralise("a\r\b\x7f") == "a\\u{000D}\\u{0008}\\u{007F}");
  CHECK(neutralise("\xc2\x9b" "31m") == "\\u{009B}31m");
  CHECK(neutralise("a\nb") == "a / b");
  CHECK(neutralise_lines("a\nb", 2) == "a\n  b");
  CHECK(neutralise("5 \u202E00.9\u2066\u200B") == "5 \\u{202E}00.9\\u{2066}\\u{200B}");
  CHECK(neutralise("\xff\xc0\x80") == "\uFFFD\uFFFD\uFFFD");
  CHECK(neutralise("\xed\xa0\x80") == "\uFFFD\uFFFD\uFFFD");
  CHECK(neutralise("abcdef", 3) == "abc…");
}

TEST_CASE("the question before the signature shows merchant, place, order, amount and card") {
  wire::OfferResponse offer;
  offer.set_merchant_name("Shop\x1b[31m");
  offer.set_merchant_city("Berlin");
  offer.set_merchant_country(276);
  offer.set_description("two books\nAmount      0.01 EUR");
  offer.set_amount("49.95 EUR");
  offer.mutable_card()->set_number(1);
  offer.mutable_card()->set_masked("•••• 0002");
  offer.mutable_card()->set_brand("OpenSET");
  const auto text = offer_text(offer);
  CHECK(text.find("Shop\\u{001B}[31m, Berlin, Germany\n") != std::string::npos);
  CHECK(text.find("\nAmount      49.95 EUR\n") != std::string::npos);
  CHECK(text.find("\nAmount      0.01 EUR") == std::string::npos);  // indented: no line of its own
  CHECK(text.find("1  •••• 0002  OpenSET") != std::string::npos);
  CHECK(country_name(999) == "country 999");
}

TEST_CASE("a purchase as JSON has stable names and leaves out what is not known") {
  wire::Purchase purchase;
  purchase.set_xid(std::string(20, '\x01'));
  purchase.set_outcome("unknown");
  purchase.set_description("\xff");
  const auto json = to_json(purchase);
  CHECK(json["xid"] == "0101010101010101010101010101010101010101");
  CHECK_FALSE(json.contains("auth_code"));
  CHECK_NOTHROW(dump(json));
}

}  // namespace set::wallet::test
