// A bank without sockets: a book in memory, the cards of a test, a clock turned by hand, and the
// requests that a gateway would make.
#pragma once

#include <fmt/format.h>

#include "deploy/sandbox/bank.h"
#include "deploy/sandbox/report.h"
#include "deploy/sandbox/schema.h"
#include "tests/iso8583/samples.h"
#include "tests/support/databases.h"
#include "tests/support/test_pans.h"

namespace set::bank::test {

using namespace set::iso8583;        // NOLINT: test support is one vocabulary
using namespace set::iso8583::test;  // NOLINT

inline std::string card_toml(std::string_view pan, std::string_view behaviour) {
  return "[[card]]\nnumber = \"" + std::string(pan) + "\"\nname = \"Alice Example\"\n" +
         "expiry = \"2030-12\"\nverification = \"123\"\n" +
         "limits = [\"1000.00 EUR\", \"50000 JPY\"]\nbehaviour = \"" + std::string(behaviour) +
         "\"\n";
}

inline constexpr std::string_view kApprovePan = set::test::kScenarioCards[0].number;
inline constexpr std::string_view kDeclinePan = set::test::kScenarioCards[1].number;
inline constexpr std::string_view kReferralPan = set::test::kScenarioCards[2].number;
inline constexpr std::string_view kSlowPan = set::test::kScenarioCards[4].number;
inline constexpr std::string_view kNoReplyPan = set::test::kScenarioCards[5].number;
inline constexpr std::string_view kApproved = "00";
inline constexpr std::string_view kBatchID = "20261122";

/// Of the last card: its billing address, its kind, and an account in another currency.
inline constexpr std::string_view kCardNotes = R"(type = "platinum"
street = "Tea Lane 12"
postal_code = "ab1 2cd"
billing = "USD"
[[rate]]
from = "EUR"
to = "USD"
rate = "1.0840"
)";

struct BankWorld {
  Instant now = must(parse_instant("2026-11-22T10:00:00Z"));
  CardFile cards =
      must(CardFile::parse(card_toml(kApprovePan, "approve") + card_toml(kDeclinePan, "decline") +
                           card_toml(kReferralPan, "referral") + card_toml(kSlowPan, "slow") +
                           card_toml(kNoReplyPan, "no_reply") +
                           card_toml(set::test::kVisa, "approve") + "velocity = \"2 in 1h\"\n" +
                           std::string(kCardNotes)));
  Database database = open();
  Bank bank{database, cards, SecretBytes::copy_of(Bytes(48, 7)), 0, std::chrono::hours(24), [this] {
              return now;
            }};
  int stan = 0;

  static Database open() {
    auto database = must(Database::open(set::test::database_url()));
    must(database.migrate(kMigrations));
    return database;
  }

  Message headed(std::string_view mti, std::string_view amount = "") {
    Message out;
    out.mti = mti;
    ++stan;
    out.elements = {{kTransmissionTime, transmission_time(now)},
                    {kStan, fmt::format("{:06}", stan)},
                    {kAcquirer, "400000"},
                    {kRrn, fmt::format("{:012}", stan)},
                    {kMerchant, "shop-1         "},
                    {kProcessingCode, std::string(kPurchase)}};
    if (!amount.empty()) must(set_amount(out, must(Amount::parse(amount))));
    return out;
  }
  Message authorization(std::string_view amount, std::string_view pan = kApprovePan) {
    auto out = headed("0100", amount);
    out.pan = must(Pan::parse(pan));
    out.verification = must(CardVerificationValue::parse("123"));
    out.elements[kExpiry] = "3012";
    return out;
  }
  Message about(std::string_view mti, const Message& original, std::string_view amount,
                std::string_view processing = kPurchase) {
    auto out = headed(mti, amount);
    out.elements[kRrn] = original.at(kRrn);
    out.elements[kOriginal] = original_of(original);
    out.elements[kProcessingCode] = processing;
    out.elements[kBatch] = kBatchID;
    return out;
  }
  Message capture(const Message& hold, std::string_view amount, bool final = true) {
    auto out = about("0220", hold, amount);
    out.additional.emplace(kFinalCapture, final ? "Y" : "N");
    return out;
  }

  Bank::Handled handled(const Message& request, const std::optional<Rule>& rule = std::nullopt) {
    return must(bank.handle(request, must(encode(request)).reveal(), rule));
  }
  Message ask(const Message& request, const std::optional<Rule>& rule = std::nullopt) {
    return must(decode(handled(request, rule).answer));
  }
  std::string code(const Message& request, const std::optional<Rule>& rule = std::nullopt) {
    return std::string(ask(request, rule).at(kResponseCode));
  }
};

}  // namespace set::bank::test
