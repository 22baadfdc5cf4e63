// InstallRecurData: the mandate of instalment and recurring payments, which the merchant offers,
// the cardholder sees and signs and the gateway enforces (set-1997 §3.7; ADR 0027). Pure.
#pragma once

#include <optional>
#include <variant>

#include "common/base/amount.h"
#include "common/base/time.h"
#include "set/v1/purchase.pb.h"

namespace set {

namespace wire = set::v1;

/// A purchase paid in parts: at most so many charges.
struct InstallTotalTrans {
  unsigned count = 2;  ///< 2 to 360
  bool operator==(const InstallTotalTrans&) const = default;
};
/// A charge every so often, until it ends.
struct Recurring {
  unsigned frequency_days = 1;  ///< fewest days between two charges, 1 to 366
  Instant expiry;               ///< no charge after it
  bool operator==(const Recurring&) const = default;
};
/// All charges together are at most PurchAmt, which stands beside it.
struct InstallRecurData {
  std::variant<InstallTotalTrans, Recurring> terms;
  Amount max_amt;  ///< of one charge; PurchAmt's currency, at most PurchAmt
  bool operator==(const InstallRecurData&) const = default;
};

wire::InstallRecurData to_wire(const InstallRecurData& data);
Result<InstallRecurData> from_wire(const wire::InstallRecurData& data);

}  // namespace set
