// The data elements of our ISO 8583:1987 dialect and the messages that carry them
// (docs/iso8583.md). One table each; what is not in them is refused. Pure; any thread.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace set::iso8583 {

enum class Format {
  numeric,         ///< n: digits
  alphanumeric,    ///< an: digits and letters
  special,         ///< ans: printable ASCII, spaces too
  signed_numeric,  ///< x+n: C or D, then digits
};

enum class Length { fixed, llvar, lllvar };

/// `max` is the length of a fixed element.
struct Element {
  std::uint8_t number;
  Format format;
  Length length;
  std::uint16_t max;
};
/// Null for an element that the dialect does not have.
const Element* find_element(int number);

// Those that the programs speak of.
inline constexpr int kPan = 2;
inline constexpr int kProcessingCode = 3;
inline constexpr int kAmount = 4;
inline constexpr int kTransmissionTime = 7;  ///< MMDDhhmmss, UTC
inline constexpr int kConversionRate = 10;   ///< to the card's currency: digits, rate
inline constexpr int kStan = 11;             ///< system trace audit number
inline constexpr int kExpiry = 14;           ///< YYMM
inline constexpr int kAcquirer = 32;
inline constexpr int kRrn = 37;  ///< retrieval reference number
inline constexpr int kApprovalCode = 38;
inline constexpr int kResponseCode = 39;
inline constexpr int kMerchant = 42;
inline constexpr int kAdditional = 48;  ///< subelements, see message.h
inline constexpr int kCurrency = 49;
inline constexpr int kSettlementCurrency = 50;
inline constexpr int kBillingCurrency = 51;  ///< the card's
inline constexpr int kBatch = 60;
inline constexpr int kReference = 63;  ///< the network's name for it
inline constexpr int kSettlementCode = 66;
inline constexpr int kNetworkCode = 70;
inline constexpr int kCreditsNumber = 74;
inline constexpr int kCreditReversalsNumber = 75;
inline constexpr int kDebitsNumber = 76;
inline constexpr int kDebitReversalsNumber = 77;
inline constexpr int kCreditsAmount = 86;
inline constexpr int kCreditReversalsAmount = 87;
inline constexpr int kDebitsAmount = 88;
inline constexpr int kDebitReversalsAmount = 89;
inline constexpr int kOriginal = 90;
inline constexpr int kReplacement = 95;
inline constexpr int kNetAmount = 97;

/// The elements that a message of this type must have, or null for an unknown type. Repeats (last
/// digit 1) are as what they repeat.
const std::span<const std::uint8_t>* required_elements(std::string_view mti);

}  // namespace set::iso8583
