// Pan and CardExpiry: the card number and its expiry, as types that cannot be printed, logged,
// compared or copied. Made in the wallet and the CA, opened in the gateway, unknown to the merchant.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/result.h"
#include "common/base/time.h"

namespace set {

/// Primary account number: 13 to 19 digits with a valid Luhn check digit (ISO/IEC 7812).
/// Wiped on destruction. reveal() is the only way to the digits; masked() is for the
/// cardholder's own screen and for nothing else.
class Pan {
 public:
  /// Digits only, or digits in groups parted by single spaces or hyphens.
  static Result<Pan> parse(std::string_view text);

  Pan(Pan&& other) noexcept;
  Pan& operator=(Pan&& other) noexcept;
  Pan(const Pan&) = delete;
  Pan& operator=(const Pan&) = delete;
  ~Pan();
  bool operator==(const Pan&) const = delete;

  std::string_view reveal() const { return {digits_.data(), size_}; }
  /// The first six digits (SET's BIN); not secret, decides issuer and form.
  std::string bin() const { return {digits_.data(), 6}; }
  /// "•••• 1234".
  std::string masked() const;

 private:
  Pan() = default;
  std::array<char, 19> digits_{};
  std::uint8_t size_ = 0;
};

/// Card expiry as year and month (SET: CardExpiry, six digits YYYYMM). A card is good until the
/// last moment of its month, UTC.
class CardExpiry {
 public:
  /// "YYYYMM", "YYYY-MM" or "MM/YY" (the years 2000 to 2099).
  static Result<CardExpiry> parse(std::string_view text);

  /// Six digits "YYYYMM".
  std::string reveal() const;
  /// First moment after the card's last month.
  Instant end() const;

 private:
  CardExpiry(int year, unsigned month) : year_(year), month_(month) {}
  int year_;
  unsigned month_;
};

}  // namespace set
