// Order: what the shop offers for payment, made by `set-merchant order create`. Whoever holds the
// payment link, and so the order secret, may see and pay it; the merchant keeps the secret's digest
// only. Pure but for the Rng; any thread.
#pragma once

#include <optional>
#include <string>

#include "common/base/amount.h"
#include "common/base/time.h"
#include "common/crypto/random.h"
#include "common/message/authorization.h"

namespace set::merchant {

/// How an order is paid; fixed when it is made.
struct OrderTerms {
  bool capture_now = true;  ///< each authorisation is a sale; else captured by command
  std::optional<Amount> first_charge =
      std::nullopt;  ///< the first authorisation's amount if more follow it
  std::optional<InstallRecurData> mandate =
      std::nullopt;  ///< offered in PInitRes, for the cardholder to sign
  AuthReqDetails details = {};  ///< said in each AuthReq
};

/// One offer. Open until it expires or is paid.
struct Order {
  LIDM id;
  Digest secret_digest;     ///< digest("OrderSecret", secret)
  std::string description;  ///< OD: what the wallet shows, hashes and signs
  Amount amount;
  Instant created_at;
  Instant expires_at;
  OrderTerms terms = {};
};

struct NewOrder {
  Order order;
  OrderSecret secret;  ///< for the payment link, printed once and kept nowhere
};

inline constexpr Duration kMaxOrderLife = std::chrono::hours(24 * 366);

/// "20261122-K3RTQ7WZ5N": a date to read and 50 random bits, 19 characters.
LIDM make_order_id(Instant now, Rng& rng);

/// invalid_argument: an empty, too long or unprintable description, no life or one beyond a year;
/// terms that do not fit the amount.
Result<NewOrder> make_order(const Amount& amount, std::string description, Duration life,
                            Instant now, Rng& rng, OrderTerms terms = {});

Digest order_secret_digest(const OrderSecret& secret);
/// True if `secret` is this order's, in constant time. For no order the same work is done.
bool opens(const std::optional<Order>& order, const OrderSecret& secret);

}  // namespace set::merchant
