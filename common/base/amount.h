// Amount: money as integer minor units of an ISO 4217 currency. Used by every role; pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/result.h"

namespace set {

/// A currency of ISO 4217 with its number and exponent. Only currencies of our table exist.
class Currency {
 public:
  static Result<Currency> from_code(std::string_view alpha3);  ///< "EUR"
  static Result<Currency> from_number(unsigned number);        ///< 978

  std::string_view code() const;
  unsigned number() const { return number_; }
  /// Digits after the point: EUR 2, JPY 0, KWD 3, CLF 4.
  unsigned exponent() const;
  auto operator<=>(const Currency&) const = default;

 private:
  explicit Currency(unsigned number) : number_(number) {}
  unsigned number_;
};

/// More than 0 and at most 10^15 minor units. There is no zero, negative or fractional Amount.
class Amount {
 public:
  static constexpr std::int64_t kMaxMinor = 1'000'000'000'000'000;

  /// invalid_argument outside 1 … kMaxMinor.
  static Result<Amount> make(Currency currency, std::int64_t minor);
  /// "49.95 EUR" or "EUR 49.95"; exactly the currency's digits after the point, or none at all.
  static Result<Amount> parse(std::string_view text);

  Currency currency() const { return currency_; }
  std::int64_t minor() const { return minor_; }
  /// Same currency and no overflow, or invalid_argument.
  Result<Amount> plus(const Amount& other) const;
  bool operator==(const Amount&) const = default;

 private:
  Amount(Currency currency, std::int64_t minor) : currency_(currency), minor_(minor) {}
  Currency currency_;
  std::int64_t minor_;
};

/// "49.95 EUR".
std::string to_string(const Amount& amount);

}  // namespace set
