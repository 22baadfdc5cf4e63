// The books of an order: what is left, and what may be asked of it.
#include <catch2/generators/catch_generators.hpp>

#include "merchant/batch.h"
#include "merchant/books.h"
#include "tests/merchant/shop.h"

using namespace set;
using namespace set::merchant;
using namespace set::merchant::test;

namespace {

const Instant kBooked = from_millis(1'764'000'000'000);

RRPID name(std::uint8_t first) {
  RRPID out;
  out.value[0] = first;
  return out;
}

PaymentSummary payment(std::uint8_t id, std::int64_t authorized, std::int64_t captured = 0,
                       std::int64_t credited = 0) {
  const auto currency = value_of(Currency::from_code("EUR"));
  PaymentSummary out{{}, name(id), OrderStatus::authorized, kBooked, currency, authorized};
  out.authorized = authorized;
  out.captured = captured;
  out.credited = credited;
  out.auth_code = AuthCode::approved;
  if (captured > 0) out.status = OrderStatus::paid;
  return out;
}

ItemLine line(std::uint8_t rrpid, std::uint8_t auth, ItemKind kind, std::int64_t minor,
              ItemState state = ItemState::done) {
  const auto sum = value_of(Amount::make(value_of(Currency::from_code("EUR")), minor));
  return {{name(rrpid), name(auth), kind, sum, std::nullopt, false, kBooked + Duration(rrpid)},
          state,
          "success",
          "b1",
          rrpid};
}

OrderSummary order(std::vector<PaymentSummary> payments) {
  const Order made{LIDM{"o1"}, {}, "x", amount("100.00 EUR"), kBooked, kBooked + Duration(1), {}};
  return {made, OrderStatus::open, std::move(payments), false};
}

}  // namespace

TEST_CASE("an item takes all that is left, or what was said, of the oldest that has enough") {
  const auto books = order({payment(1, 3000, 1000, 400), payment(2, 5000)});
  struct Row {
    ItemKind kind;
    const char* asked;
    const char* got;
    std::uint8_t of;
  };
  const auto row = GENERATE(
      Row{ItemKind::capture, "", "20.00 EUR", 1},
      Row{ItemKind::capture, "20.00 EUR", "20.00 EUR", 1},
      Row{ItemKind::capture, "20.01 EUR", "20.01 EUR", 2}, Row{ItemKind::credit, "", "6.00 EUR", 1},
      Row{ItemKind::credit, "0.01 EUR", "0.01 EUR", 1}, Row{ItemKind::reversal, "", "20.00 EUR", 1},
      Row{ItemKind::reversal, "21.00 EUR", "21.00 EUR", 2});
  ItemWish wish{row.kind, std::nullopt, "", "", false};
  if (*row.asked != 0) wish.amount = amount(row.asked);
  const auto item = value_of(choose_item(books, wish, name(9), kBooked));
  CHECK(item.amount == amount(row.got));
  CHECK(item.auth_rrpid == name(row.of));
}

TEST_CASE("more than is left, another currency, or nothing at all is refused with a sentence") {
  const auto books = order({payment(1, 3000, 1000, 400)});
  struct Row {
    ItemWish wish;
    ErrorCode code;
    const char* says;
  };
  const auto euros = [](const char* text) { return std::optional(amount(text)); };
  const auto row = GENERATE_COPY(
      Row{{ItemKind::capture, euros("20.01 EUR"), "", ""},
          ErrorCode::invalid_argument,
          "only 20.00 EUR is left"},
      Row{{ItemKind::capture, euros("1.00 USD"), "", ""}, ErrorCode::invalid_argument, "currency"},
      Row{{ItemKind::credit, euros("6.01 EUR"), "", ""}, ErrorCode::invalid_argument, "6.00 EUR"},
      Row{{ItemKind::reversal, euros("20.01 EUR"), "", ""},
          ErrorCode::invalid_argument,
          "20.00 EUR"},
      Row{{ItemKind::capture, {}, "ff", ""}, ErrorCode::conflict, "nothing is left"},
      Row{{ItemKind::credit_reversal, {}, "", ""}, ErrorCode::conflict, "no such refund"},
      Row{{ItemKind::capture_reversal, {}, "", ""}, ErrorCode::conflict, "no such capture"});
  const auto item = choose_item(books, row.wish, name(9), kBooked);
  REQUIRE_FALSE(item);
  CHECK(item.error().code == row.code);
  INFO(item.error().detail);
  CHECK(item.error().detail.find(row.says) != std::string::npos);
}

TEST_CASE("while an item waits for its answer nothing else is asked of its authorisation") {
  auto one = payment(1, 3000, 1000);
  one.items = {line(2, 1, ItemKind::capture, 1000),
               line(3, 1, ItemKind::capture, 500, ItemState::asked)};
  const auto kind = GENERATE(ItemKind::capture, ItemKind::credit, ItemKind::capture_reversal);
  const auto item = choose_item(order({one}), {kind, {}, "", ""}, name(9), kBooked);
  REQUIRE_FALSE(item);
  CHECK(item.error().code == ErrorCode::conflict);
}

TEST_CASE("the youngest is undone, or the one that is named, and always whole") {
  auto one = payment(1, 3000, 1500, 300);
  one.items = {line(2, 1, ItemKind::capture, 500), line(3, 1, ItemKind::capture, 1000),
               line(4, 1, ItemKind::credit, 300),
               line(5, 1, ItemKind::credit, 100, ItemState::reversed)};
  const auto books = order({one});
  const auto undo = [&](ItemKind kind, std::string item, std::optional<Amount> sum = {}) {
    return choose_item(books, {kind, sum, "", std::move(item)}, name(9), kBooked);
  };
  CHECK(value_of(undo(ItemKind::capture_reversal, "")).reversed == name(3));
  const auto named = value_of(undo(ItemKind::capture_reversal, "02"));
  CHECK(named.reversed == name(2));
  CHECK(named.amount == amount("5.00 EUR"));
  CHECK(value_of(undo(ItemKind::credit_reversal, "")).reversed == name(4));
  CHECK_FALSE(undo(ItemKind::credit_reversal, "05"));
  CHECK_FALSE(undo(ItemKind::capture_reversal, "02", amount("4.00 EUR")));
  // What is refunded cannot be undone: credited ≤ captured.
  one.credited = 600;
  CHECK(choose_item(order({one}), {ItemKind::capture_reversal, {}, "", "03"}, name(9), kBooked)
            .error()
            .code == ErrorCode::conflict);
}

TEST_CASE("the next charge is what one may come to, as long as the cardholder agreed") {
  auto books = order({payment(1, 4000)});
  CHECK(choose_charge(books, {}).error().code == ErrorCode::conflict);
  books.more_may_follow = true;
  CHECK(value_of(choose_charge(books, {})) == amount("60.00 EUR"));
  CHECK(value_of(choose_charge(books, amount("10.00 EUR"))) == amount("10.00 EUR"));
  CHECK(choose_charge(books, amount("60.01 EUR")).error().code == ErrorCode::invalid_argument);
  CHECK(choose_charge(books, amount("1.00 USD")).error().code == ErrorCode::invalid_argument);
  books.order.terms.mandate = InstallRecurData{InstallTotalTrans{3}, amount("40.00 EUR")};
  CHECK(value_of(choose_charge(books, {})) == amount("40.00 EUR"));
  CHECK(choose_charge(books, amount("40.01 EUR")).error().code == ErrorCode::invalid_argument);
  books.payments.push_back(payment(2, 4000));
  CHECK(value_of(choose_charge(books, {})) == amount("20.00 EUR"));  // the rest
  books.payments.back().status = OrderStatus::pending;
  CHECK(choose_charge(books, {}).error().code == ErrorCode::conflict);
  books.payments.back() = payment(2, 6000);
  CHECK(choose_charge(books, {}).error().code == ErrorCode::conflict);
}

TEST_CASE("an order's state is a function of its payments") {
  struct Row {
    std::vector<PaymentSummary> payments;
    OrderStatus status;
  };
  auto declined = payment(3, 0);
  declined.status = OrderStatus::declined;
  auto pending = payment(4, 0);
  pending.status = OrderStatus::pending;
  auto cancelled = payment(5, 0);
  cancelled.status = OrderStatus::cancelled;
  const auto row = GENERATE_COPY(
      Row{{}, OrderStatus::open}, Row{{payment(1, 100)}, OrderStatus::authorized},
      Row{{payment(1, 100, 50)}, OrderStatus::paid},
      Row{{payment(1, 100, 50, 20)}, OrderStatus::paid},
      Row{{payment(1, 100, 50, 50)}, OrderStatus::refunded},
      Row{{payment(1, 100, 50, 50), payment(2, 100, 1)}, OrderStatus::paid},
      Row{{declined}, OrderStatus::declined}, Row{{declined, pending}, OrderStatus::pending},
      Row{{payment(1, 100), declined}, OrderStatus::authorized},
      Row{{cancelled}, OrderStatus::cancelled},
      Row{{payment(1, 100, 1), pending}, OrderStatus::paid});
  CHECK(order_status_of(order(row.payments), kBooked) == row.status);
  CHECK(order_status_of(order({}), kBooked + Duration(2)) == OrderStatus::expired);
}

TEST_CASE("nothing is written with the digits of its currency") {
  CHECK(money(value_of(Currency::from_code("EUR")), 0) == "0.00 EUR");
  CHECK(money(value_of(Currency::from_code("JPY")), 0) == "0 JPY");
  CHECK(money(value_of(Currency::from_code("KWD")), 0) == "0.000 KWD");
  CHECK(money(value_of(Currency::from_code("KWD")), 5) == "0.005 KWD");
}

TEST_CASE(
    "the sums of a batch: a reversal takes away in its own batch, and counts against in another") {
  const auto in_batch = [](ItemLine line, std::string undone_in = "") {
    return BatchLine{"o1", {}, line.item, "b1", line.batch_sequence_num, std::move(undone_in)};
  };
  auto yen = in_batch(line(7, 1, ItemKind::capture, 1));
  yen.item.amount = amount("100 JPY");
  const std::vector lines{in_batch(line(1, 1, ItemKind::capture, 1000)),
                          in_batch(line(2, 1, ItemKind::capture, 500)),
                          in_batch(line(3, 1, ItemKind::capture_reversal, 500), "b1"),
                          in_batch(line(4, 1, ItemKind::credit, 300)),
                          in_batch(line(5, 1, ItemKind::credit_reversal, 200), "b0"),
                          in_batch(line(6, 1, ItemKind::capture_reversal, 50), "b0"),
                          yen};
  const auto totals = totals_of(lines);
  REQUIRE(totals.size() == 2);  // ascending by number: JPY 392, EUR 978
  CHECK(totals.at(0).debit_total == amount("100 JPY"));
  CHECK(totals.at(0).credit_count == 0);
  CHECK_FALSE(totals.at(0).credit_total);
  CHECK(totals.at(1).debit_count == 2);
  CHECK(totals.at(1).debit_total == amount("12.00 EUR"));
  CHECK(totals.at(1).credit_count == 2);
  CHECK(totals.at(1).credit_total == amount("3.50 EUR"));
}
