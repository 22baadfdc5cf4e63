// The terms of an order, as a person writes them (set-1997 §3.7; ADR 0027).
#include <catch2/generators/catch_generators.hpp>

#include "merchant/terms.h"
#include "tests/merchant/shop.h"

using namespace set;
using namespace set::merchant;
using namespace set::merchant::test;

namespace {

const Instant kWritten = value_of(parse_instant("2026-11-22T10:00:00Z"));

Result<PricedTerms> terms(const WrittenTerms& written, std::string_view price = "") {
  std::optional<Amount> amount;
  if (!price.empty()) amount = value_of(Amount::parse(price));
  return make_terms(written, amount, kWritten);
}

}  // namespace

TEST_CASE("an order without terms is one sale of the whole") {
  const auto made = value_of(terms({}, "49.95 EUR"));
  CHECK(made.amount == amount("49.95 EUR"));
  CHECK(made.terms.capture_now);
  CHECK_FALSE(made.terms.first_charge);
  CHECK_FALSE(made.terms.mandate);
  CHECK_FALSE(value_of(terms({.capture = "later"}, "49.95 EUR")).terms.capture_now);
  CHECK(value_of(terms({.first = "9.95 EUR"}, "49.95 EUR")).terms.first_charge ==
        amount("9.95 EUR"));
}

TEST_CASE("instalments reach the whole, whatever the currency's digits") {
  struct Row {
    const char* whole;
    std::uint32_t count;
    const char* each;
  };
  const auto row = GENERATE(Row{"120.00 EUR", 12, "10.00 EUR"}, Row{"100.00 EUR", 3, "33.34 EUR"},
                            Row{"100 JPY", 3, "34 JPY"}, Row{"1.000 KWD", 3, "0.334 KWD"},
                            Row{"1.0000 CLF", 7, "0.1429 CLF"});
  INFO(row.whole);
  const auto made = value_of(terms({.instalments = row.count}, row.whole));
  CHECK(made.terms.mandate == InstallRecurData{InstallTotalTrans{row.count}, amount(row.each)});
  CHECK(made.terms.first_charge == amount(row.each));
  CHECK(made.amount == amount(row.whole));
}

TEST_CASE(
    "a recurring mandate ends with its last day, and all its charges are the order's amount") {
  const auto made = value_of(
      terms({.recurring = "every 30 days", .until = "2027-11-22", .per_charge = "9.99 EUR"}));
  const Recurring expected{30, value_of(parse_instant("2027-11-22T23:59:59.999Z"))};
  CHECK(made.terms.mandate == InstallRecurData{expected, amount("9.99 EUR")});
  CHECK(made.terms.first_charge == amount("9.99 EUR"));
  CHECK(made.amount == amount("129.87 EUR"));  // at once, and twelve times after 30 days
  CHECK(value_of(terms({.recurring = "every week",
                        .until = "2027-11-22T10:00:00Z",
                        .per_charge = "9.99 EUR"},
                       "50.00 EUR"))
            .amount == amount("50.00 EUR"));
}

TEST_CASE("terms that make no sense are refused before there is an order") {
  struct Row {
    WrittenTerms written;
    const char* price;
  };
  const auto row = GENERATE(
      Row{{}, ""}, Row{{.capture = "tomorrow"}, "1.00 EUR"}, Row{{.first = "0.00 EUR"}, "1.00 EUR"},
      Row{{.instalments = 1}, "1.00 EUR"}, Row{{.instalments = 361}, "1.00 EUR"},
      Row{{.instalments = 2}, ""}, Row{{.instalments = 2, .per_charge = "0.49 EUR"}, "1.00 EUR"},
      Row{{.first = "0.10 EUR", .instalments = 2}, "1.00 EUR"},
      Row{{.recurring = "every 30 days", .until = "2027-01-01"}, "1.00 EUR"},
      Row{{.recurring = "every 30 days", .per_charge = "1.00 EUR"}, ""},
      Row{{.recurring = "every 30 days", .until = "2026-11-21", .per_charge = "1.00 EUR"}, ""},
      Row{{.recurring = "every 30 days", .until = "soon", .per_charge = "1.00 EUR"}, ""},
      Row{{.recurring = "every 0 days", .until = "2027-01-01", .per_charge = "1.00 EUR"}, ""},
      Row{{.recurring = "every 367 days", .until = "2027-01-01", .per_charge = "1.00 EUR"}, ""},
      Row{{.recurring = "every 53 weeks", .until = "2027-01-01", .per_charge = "1.00 EUR"}, ""},
      Row{{.recurring = "monthly", .until = "2027-01-01", .per_charge = "1.00 EUR"}, ""},
      Row{{.recurring = "every day", .until = "2126-01-01", .per_charge = "1000000000000.00 EUR"},
          ""},
      Row{{.until = "2027-01-01"}, "1.00 EUR"}, Row{{.per_charge = "1.00 EUR"}, "1.00 EUR"});
  const auto made = terms(row.written, row.price);
  REQUIRE_FALSE(made);
  CHECK(made.error().code == ErrorCode::invalid_argument);
}

TEST_CASE("an order whose first charge does not fit is refused") {
  Shop shop;
  const auto make = [&](OrderTerms terms) {
    return merchant::make_order(amount("10.00 EUR"), "x", std::chrono::hours(1), shop.now, shop.rng,
                                std::move(terms));
  };
  CHECK(make({false, amount("10.00 EUR"), std::nullopt}));
  CHECK_FALSE(make({false, amount("10.01 EUR"), std::nullopt}));
  CHECK_FALSE(make({false, amount("1.00 USD"), std::nullopt}));
  const InstallRecurData mandate{InstallTotalTrans{2}, amount("5.00 EUR")};
  CHECK(make({true, amount("5.00 EUR"), mandate}));
  CHECK_FALSE(make({true, amount("5.01 EUR"), mandate}));
  CHECK_FALSE(make({true, std::nullopt, mandate}));
  CHECK_FALSE(make(
      {true, amount("5.00 EUR"), InstallRecurData{InstallTotalTrans{2}, amount("10.01 EUR")}}));
}
