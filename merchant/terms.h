// The terms of an order from what a person writes: a sale, capture later, split shipment,
// instalments, or a recurring mandate (set-1997 §3.7; ADR 0027). Pure; any thread.
#pragma once

#include "merchant/order.h"

namespace set::merchant {

/// As `order create` has them; empty = not given.
struct WrittenTerms {
  std::string capture = {};       ///< "now" or "later"
  std::string first = {};         ///< of a split shipment: what is authorised first
  std::uint32_t instalments = 0;  ///< 0 = not given
  std::string recurring = {};     ///< "every 30 days"
  std::string until = {};         ///< "2027-11-30", a day in UTC, or an instant
  std::string per_charge = {};    ///< the most that one charge may come to
};

struct PricedTerms {
  Amount amount;  ///< PurchAmt: what all charges together may come to
  OrderTerms terms;
};

/// `price` is what was given as the order's amount; none is allowed for a recurring mandate, whose
/// charges then give it: one at once, and one after each interval until the end.
/// Errors: invalid_argument.
Result<PricedTerms> make_terms(const WrittenTerms& written, const std::optional<Amount>& price,
                               Instant now);

/// Days of "every 30 days", "every day", "every 2 weeks"; 1 to 366.
Result<unsigned> parse_interval(std::string_view text);

/// "every 30 days until 2027-11-30T23:59:59.999Z, at most 9.99 EUR each", or "12 charges, …".
std::string describe(const InstallRecurData& mandate);

}  // namespace set::merchant
