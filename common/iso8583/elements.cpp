#include "common/iso8583/elements.h"

#include <algorithm>
#include <array>
#include <utility>

namespace set::iso8583 {
namespace {

constexpr auto kElements = std::to_array<Element>({
    {kPan, Format::numeric, Length::llvar, 19},
    {kProcessingCode, Format::numeric, Length::fixed, 6},
    {kAmount, Format::numeric, Length::fixed, 12},
    {kTransmissionTime, Format::numeric, Length::fixed, 10},
    {kConversionRate, Format::numeric, Length::fixed, 8},
    {kStan, Format::numeric, Length::fixed, 6},
    {kExpiry, Format::numeric, Length::fixed, 4},
    {kAcquirer, Format::numeric, Length::llvar, 11},
    {kRrn, Format::alphanumeric, Length::fixed, 12},
    {kApprovalCode, Format::alphanumeric, Length::fixed, 6},
    {kResponseCode, Format::alphanumeric, Length::fixed, 2},
    {kMerchant, Format::special, Length::fixed, 15},
    {kAdditional, Format::special, Length::lllvar, 255},
    {kCurrency, Format::numeric, Length::fixed, 3},
    {kSettlementCurrency, Format::numeric, Length::fixed, 3},
    {kBillingCurrency, Format::numeric, Length::fixed, 3},
    {kBatch, Format::special, Length::lllvar, 32},
    {kReference, Format::special, Length::lllvar, 32},
    {kSettlementCode, Format::numeric, Length::fixed, 1},
    {kNetworkCode, Format::numeric, Length::fixed, 3},
    {kCreditsNumber, Format::numeric, Length::fixed, 10},
    {kCreditReversalsNumber, Format::numeric, Length::fixed, 10},
    {kDebitsNumber, Format::numeric, Length::fixed, 10},
    {kDebitReversalsNumber, Format::numeric, Length::fixed, 10},
    {kCreditsAmount, Format::numeric, Length::fixed, 16},
    {kCreditReversalsAmount, Format::numeric, Length::fixed, 16},
    {kDebitsAmount, Format::numeric, Length::fixed, 16},
    {kDebitReversalsAmount, Format::numeric, Length::fixed, 16},
    {kOriginal, Format::numeric, Length::fixed, 42},
    {kReplacement, Format::alphanumeric, Length::fixed, 42},
    {kNetAmount, Format::signed_numeric, Length::fixed, 17},
});

// What each type of message must have. An authorisation has a card number and its expiry besides,
// or names an original (90) whose card is meant; whatever follows always names its original.
constexpr auto kAuthorization = std::to_array<std::uint8_t>(
    {kProcessingCode, kAmount, kTransmissionTime, kStan, kAcquirer, kRrn, kMerchant, kCurrency});
constexpr auto kFollowing =
    std::to_array<std::uint8_t>({kProcessingCode, kAmount, kTransmissionTime, kStan, kAcquirer,
                                 kRrn, kMerchant, kCurrency, kOriginal});
constexpr auto kAnswer =
    std::to_array<std::uint8_t>({kTransmissionTime, kStan, kAcquirer, kRrn, kResponseCode});
constexpr auto kReconciliation = std::to_array<std::uint8_t>(
    {kTransmissionTime, kStan, kAcquirer, kRrn, kMerchant, kSettlementCurrency, kBatch,
     kCreditsNumber, kCreditReversalsNumber, kDebitsNumber, kDebitReversalsNumber, kCreditsAmount,
     kCreditReversalsAmount, kDebitsAmount, kDebitReversalsAmount, kNetAmount});
constexpr auto kNetwork = std::to_array<std::uint8_t>({kTransmissionTime, kStan, kNetworkCode});
constexpr auto kNetworkAnswer =
    std::to_array<std::uint8_t>({kTransmissionTime, kStan, kResponseCode, kNetworkCode});

using Required = std::pair<std::string_view, std::span<const std::uint8_t>>;
constexpr auto kRequired = std::to_array<Required>({
    {"0100", kAuthorization},
    {"0110", kAnswer},
    {"0120", kAuthorization},
    {"0130", kAnswer},
    {"0220", kFollowing},
    {"0230", kAnswer},
    {"0400", kFollowing},
    {"0410", kAnswer},
    {"0420", kFollowing},
    {"0430", kAnswer},
    {"0500", kReconciliation},
    {"0510", kAnswer},
    {"0800", kNetwork},
    {"0810", kNetworkAnswer},
});

}  // namespace

const Element* find_element(int number) {
  const auto found = std::ranges::find(kElements, number, &Element::number);
  return found == kElements.end() ? nullptr : &*found;
}

const std::span<const std::uint8_t>* required_elements(std::string_view mti) {
  if (mti.size() != 4) return nullptr;
  const bool request = mti[2] == '0' || mti[2] == '2';
  for (const auto& [type, elements] : kRequired) {
    const bool same = type.substr(0, 3) == mti.substr(0, 3);
    if (same && (mti[3] == '0' || (mti[3] == '1' && request))) return &elements;
  }
  return nullptr;
}

}  // namespace set::iso8583
