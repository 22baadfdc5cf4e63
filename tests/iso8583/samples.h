// One correct message of each kind, for the codec's tests. Built of public test numbers.
#pragma once

#include <catch2/catch_test_macros.hpp>

#include "common/iso8583/message.h"
#include "tests/support/test_pans.h"

namespace set::iso8583::test {

template <class T>
T must(Result<T> result) {
  if (!result) FAIL(std::string(to_string(result.error().code)) + ": " + result.error().detail);
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

inline Message headed(std::string_view mti) {
  Message out;
  out.mti = mti;
  out.elements = {{kTransmissionTime, "1122100000"},
                  {kStan, "000007"},
                  {kAcquirer, "400000"},
                  {kRrn, "000000000007"}};
  return out;
}

inline Message authorization(std::string_view pan = set::test::kVisa) {
  auto out = headed("0100");
  out.pan = must(Pan::parse(pan));
  out.verification = must(CardVerificationValue::parse("123"));
  out.additional = {{"01", "Alice Example"}, {"04", "a-shop-with-a-long-name"}};
  out.elements[kProcessingCode] = kPurchase;
  must(set_amount(out, must(Amount::parse("49.95 EUR"))));
  out.elements[kExpiry] = "3012";
  out.elements[kMerchant] = "shop-1         ";
  return out;
}

inline Message following(std::string_view mti) {
  auto out = headed(mti);
  out.elements[kStan] = "000008";
  out.elements[kProcessingCode] = kPurchase;
  must(set_amount(out, must(Amount::parse("20.00 EUR"))));
  out.elements[kMerchant] = "shop-1         ";
  out.elements[kOriginal] = original_of(authorization());
  out.elements[kBatch] = "20261122";
  return out;
}

inline Message reconciliation() {
  auto out = headed("0500");
  out.elements[kMerchant] = "shop-1         ";
  out.elements[kSettlementCurrency] = "978";
  out.elements[kBatch] = "20261122";
  set_totals(out, {.debits = {2, 6995},
                   .debit_reversals = {1, 2000},
                   .credits = {1, 9000},
                   .credit_reversals = {0, 0}});
  return out;
}

inline Message network(std::string_view mti) {
  Message out;
  out.mti = mti;
  out.elements = {{kTransmissionTime, "1122100000"}, {kStan, "000001"}, {kNetworkCode, "001"}};
  if (mti == "0810") out.elements[kResponseCode] = "00";
  return out;
}

inline std::vector<Message> all_samples() {
  std::vector<Message> out;
  for (const auto pan : set::test::kAllPans) out.push_back(authorization(pan));
  for (const auto* mti : {"0220", "0400", "0420", "0421"}) out.push_back(following(mti));
  out.push_back(reconciliation());
  out.push_back(network("0800"));
  out.push_back(network("0810"));
  for (const auto* mti : {"0110", "0130", "0230", "0410", "0430", "0510"}) {
    auto answer = headed(mti);
    answer.elements[kResponseCode] = "00";
    answer.elements[kApprovalCode] = "123456";
    answer.elements[kReference] = "a reference of the network";
    out.push_back(std::move(answer));
  }
  return out;
}

}  // namespace set::iso8583::test
