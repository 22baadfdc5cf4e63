// The payment link that a shop gives to its shopper (protocol §4):
//   setpay://HOST:PORT/ORDER?merchant=THUMBPRINT&secret=SECRET        (base64url without padding)
// Made by set-merchant, read by set-wallet. Whoever has the link can see and pay the order.
#pragma once

#include <string>
#include <string_view>

#include "common/base/ids.h"

namespace set {

struct PaymentLink {
  std::string address;  ///< "shop.example:7700" or "[::1]:7700"
  LIDM order;           ///< letters, digits and hyphens
  Thumbprint merchant;  ///< the merchant's signature certificate
  OrderSecret secret;

  std::string str() const;
  /// invalid_argument with what is wrong, never with the link itself.
  static Result<PaymentLink> parse(std::string_view text);
};

}  // namespace set
