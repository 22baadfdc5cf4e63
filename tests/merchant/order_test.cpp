#include <catch2/catch_test_macros.hpp>

#include <set>

#include "common/message/payment_link.h"
#include "tests/merchant/shop.h"

using namespace set;
using namespace set::merchant;
using namespace set::merchant::test;

TEST_CASE("an order number is short, tells the day and fits into a payment link") {
  auto rng = Rng::seeded(1);
  const auto now = value_of(parse_instant("2026-11-22T10:00:00Z"));
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) {
    const auto id = make_order_id(now, rng);
    CHECK(id.value.size() == 19);
    CHECK(id.value.starts_with("20261122-"));
    seen.insert(id.value);
  }
  CHECK(seen.size() == 1000);
  const PaymentLink link{"localhost:7700", make_order_id(now, rng), {}, {}};
  CHECK(PaymentLink::parse(link.str()));
}

TEST_CASE("an order opens for its own secret only") {
  auto rng = Rng::seeded(2);
  const auto now = from_millis(1'800'000'000'000);
  const auto price = value_of(Amount::parse("1.00 EUR"));
  const auto made = value_of(make_order(price, "x", std::chrono::hours(1), now, rng));
  CHECK(opens(made.order, made.secret));
  CHECK_FALSE(opens(made.order, rng.make<OrderSecret>()));
  CHECK_FALSE(opens(std::nullopt, made.secret));
  CHECK_FALSE(equal(made.order.secret_digest.view(), made.secret.view()));
}

TEST_CASE("an order without a fit description or life is refused") {
  auto rng = Rng::seeded(3);
  const auto price = value_of(Amount::parse("1.00 EUR"));
  const auto now = from_millis(1'800'000'000'000);
  const auto hour = std::chrono::hours(1);
  CHECK_FALSE(make_order(price, "", hour, now, rng));
  CHECK_FALSE(make_order(price, "a\x1b[2J", hour, now, rng));
  CHECK_FALSE(make_order(price, "\xff", hour, now, rng));
  CHECK_FALSE(make_order(price, std::string(16 * 1024 + 1, 'x'), hour, now, rng));
  CHECK_FALSE(make_order(price, "x", Duration(0), now, rng));
  CHECK_FALSE(make_order(price, "x", std::chrono::hours(24 * 400), now, rng));
}
