// The only file with card numbers that pass the Luhn check. All are the payment networks' public
// test numbers, printed in the manuals of many acquirers; none belongs to a card.
#pragma once

#include <string_view>

namespace set::test {

inline constexpr std::string_view kVisa = "4111111111111111";
inline constexpr std::string_view kVisa13 = "4222222222222";
inline constexpr std::string_view kMastercard = "5555555555554444";
inline constexpr std::string_view kAmex = "378282246310005";
inline constexpr std::string_view kDiners14 = "30569309025904";
inline constexpr std::string_view kDiscover = "6011111111111117";
inline constexpr std::string_view kUnionPay19 = "6205500000000000004";

inline constexpr std::string_view kAllPans[] = {kVisa,     kVisa13,   kMastercard, kAmex,
                                                kDiners14, kDiscover, kUnionPay19};

// The same number as people type it.
inline constexpr std::string_view kVisaSpaced = "4111 1111 1111 1111";
inline constexpr std::string_view kVisaHyphened = "4111-1111-1111-1111";

/// Of the sandbox's BIN, but no card of its file.
inline constexpr std::string_view kSandboxStranger = "4000000000009995";

/// The cards of deploy/sandbox/cards.toml that scenarios use, by what the simulated bank does.
struct ScenarioCard {
  const char* behaviour;
  const char* number;
  const char* expiry;
  const char* verification;
};
inline constexpr ScenarioCard kScenarioCards[] = {
    {"approve", "4000000000000002", "2030-12", "123"},
    {"decline", "4000000000000010", "2030-12", "123"},
    {"referral", "4000000000000028", "2030-12", "123"},
    {"expired", "4000000000000036", "2030-12", "123"},
    {"slow", "4000000000000044", "2030-12", "123"},
    {"no_reply", "4000000000000051", "2030-12", "123"},
    // Approves as well. In BCD the others are mostly zero bytes, which any memory holds by chance.
    {"canary", "4000002760003184", "2030-12", "123"},
};

}  // namespace set::test
