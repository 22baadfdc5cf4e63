// Order: what the shop offers for payment, made by `set-merchant order create`. Whoever holds the
// payment link, and so the order secret, may see and pay it; the merchant keeps the secret's digest
// only. Pure but for the Rng; any thread.
#pragma once

#include <optional>
#include <string>

#include "common/base/amount.h"
#include "common/base/time.h"
#include "common/crypto/random.h"

namespace set::merchant {

/// One offer. Open until it expires or is paid.
struct Order {
  LIDM id;
  Digest secret_digest;     ///< digest("OrderSecret", secret)
  std::string description;  ///< OD: what the wallet shows, hashes and signs
  Amount amount;
  Instant created_at;
  Instant expires_at;
};

struct NewOrder {
  Order order;
  OrderSecret secret;  ///< for the payment link, printed once and kept nowhere
};

inline constexpr Duration kMaxOrderLife = std::chrono::hours(24 * 366);

/// "20261122-K3RTQ7WZ5N": a date to read and 50 random bits, 19 characters.
LIDM make_order_id(Instant now, Rng& rng);

/// invalid_argument: an empty, too long or unprintable description, no life or one beyond a year.
Result<NewOrder> make_order(const Amount& amount, std::string description, Duration life,
                            Instant now, Rng& rng);

Digest order_secret_digest(const OrderSecret& secret);
/// True if `secret` is this order's, in constant time. For no order the same work is done.
bool opens(const std::optional<Order>& order, const OrderSecret& secret);

}  // namespace set::merchant
