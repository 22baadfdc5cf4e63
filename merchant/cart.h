// Cart: a shop's cart.json, checked to the last minor unit, and the readable text that becomes the
// order description. All sums are integers. Pure; any thread.
//
//   { "items": [ { "name": "Blue mug", "quantity": 2, "unit_price": "9.95 EUR" } ],
//     "tax": "3.18 EUR",            or a "tax" in items: for all of an item's quantity
//     "shipping": "4.90 EUR",
//     "shipping_address": [ "Ada Example", "Example Street 1", "10115 Berlin" ],
//     "billing_address": { "street": "Example Street 1", "city": "Berlin", "postal_code": "10115",
//                          "country": "276" },            for the issuer to compare: AVS
//     "market": { "name": "hotel", "days": 3, "prestige": 500 },
//     "total": "27.98 EUR" }
//
// Items and total are required. Billing address and market are no part of the description. A zero is left out. Unknown keys are refused.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/amount.h"
#include "merchant/details.h"

namespace set::merchant {

struct CartItem {
  std::string name;
  std::int64_t quantity;
  Amount unit_price;
  Amount price;               ///< quantity · unit_price
  std::optional<Amount> tax;  ///< of all of them
};

/// Made by parse_cart only: its sums are right and all in one currency.
struct Cart {
  std::vector<CartItem> items;  ///< 1 to 100
  Amount goods;                 ///< Σ price
  std::optional<Amount> tax;    ///< overall, or Σ tax of the items
  std::optional<Amount> shipping;
  std::vector<std::string> shipping_address;  ///< at most 8 lines
  Amount total;                               ///< goods + tax + shipping
  WrittenDetails details = {};                ///< billing address and market
};

/// invalid_argument, naming the key that is wrong.
Result<Cart> parse_cart(std::string_view json);

/// The same text for the same cart, always.
std::string describe(const Cart& cart);

}  // namespace set::merchant
