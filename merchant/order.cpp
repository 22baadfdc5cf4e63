#include "merchant/order.h"

#include "common/crypto/digest.h"
#include "common/message/purchase.h"

namespace set::merchant {
namespace {

// Crockford's: no letter that a person takes for a digit or for another letter.
constexpr std::string_view kBase32 = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
constexpr std::size_t kRandomCharacters = 10;

Result<void> check_terms(const OrderTerms& terms, const Amount& amount) {
  const auto fits = [&](const Amount& part) {
    return part.currency() == amount.currency() && part.minor() <= amount.minor();
  };
  if (terms.mandate) {
    CHECK_OR_FAIL(fits(terms.mandate->max_amt), ErrorCode::invalid_argument,
                  "one charge is more than all of them, or of another currency");
    CHECK_OR_FAIL(
        terms.first_charge && terms.first_charge->minor() <= terms.mandate->max_amt.minor(),
        ErrorCode::invalid_argument, "the first charge is more than one may come to");
  }
  CHECK_OR_FAIL(!terms.first_charge || fits(*terms.first_charge), ErrorCode::invalid_argument,
                "the first charge is more than the order, or of another currency");
  return {};
}

}  // namespace

LIDM make_order_id(Instant now, Rng& rng) {
  const std::string date = to_string(now);  // 2026-11-22T…
  std::string id = date.substr(0, 4) + date.substr(5, 2) + date.substr(8, 2) + "-";
  for (const auto byte : rng.bytes(kRandomCharacters)) id += kBase32[byte & 31U];
  return LIDM{std::move(id)};
}

Result<NewOrder> make_order(const Amount& amount, std::string description, Duration life,
                            Instant now, Rng& rng, OrderTerms terms) {
  CHECK_OR_FAIL(!description.empty(), ErrorCode::invalid_argument, "an order needs a description");
  const auto text = text_from_wire(description, kMaxOrderDescriptionBytes, "the description");
  CHECK_OR_FAIL(text, ErrorCode::invalid_argument,
                "the description must be UTF-8 without control characters, at most 16 KiB");
  CHECK_OR_FAIL(life > Duration(0) && life <= kMaxOrderLife, ErrorCode::invalid_argument,
                "an order lives longer than nothing and no longer than a year");
  TRY(check_terms(terms, amount));
  const auto secret = rng.make<OrderSecret>();
  return NewOrder{{make_order_id(now, rng), order_secret_digest(secret), std::move(description),
                   amount, now, now + life, std::move(terms)},
                  secret};
}

Digest order_secret_digest(const OrderSecret& secret) {
  return digest("OrderSecret", secret.view());
}

bool opens(const std::optional<Order>& order, const OrderSecret& secret) {
  const Digest expected = order ? order->secret_digest : Digest{};
  const bool same = same_secret(expected.view(), order_secret_digest(secret).view());
  return same && order.has_value();
}

}  // namespace set::merchant
