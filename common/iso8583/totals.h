// SettlementTotals: the sums of a batch that two sides compare (ISO 8583 data elements 74 to 77, 86
// to 89 and 97). Values; no threads.
#pragma once

#include <cstdint>

namespace set {

/// How many, and how much in minor units of one currency.
struct CountAndSum {
  std::int64_t number = 0;
  std::int64_t minor = 0;

  void add(std::int64_t amount_minor) {
    ++number;
    minor += amount_minor;
  }
  bool operator==(const CountAndSum&) const = default;
};

/// Of one merchant's batch in one currency. A debit is a capture, a credit a refund; what reverses
/// one is counted beside it and never taken off.
struct SettlementTotals {
  CountAndSum debits = {};
  CountAndSum debit_reversals = {};
  CountAndSum credits = {};
  CountAndSum credit_reversals = {};

  /// What the merchant is owed; below zero if it owes.
  std::int64_t net_minor() const {
    return debits.minor - debit_reversals.minor - credits.minor + credit_reversals.minor;
  }
  bool operator==(const SettlementTotals&) const = default;
};

}  // namespace set
