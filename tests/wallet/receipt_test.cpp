#include <catch2/catch_test_macros.hpp>

#include "tests/wallet/stage.h"

namespace set::wallet::test {
namespace {

ErrorCode verdict(const Completed& purchase, const Chain& card) {
  const auto receipt = verify_receipt(purchase, card, Stage::get().trust());
  return receipt ? ErrorCode::internal : receipt.error().code;
}

}  // namespace

TEST_CASE("a receipt of an honest purchase verifies") {
  const auto& stage = Stage::get();
  const auto receipt = verify_receipt(stage.completed(), stage.cardholder_chain, stage.trust());
  REQUIRE(receipt);
  CHECK(receipt->proofs.size() == 5);
}

TEST_CASE("a receipt verifies by the time of the purchase, not by today") {
  const auto& stage = Stage::get();
  auto purchase = stage.completed();
  CHECK(verdict(purchase, stage.cardholder_chain) == ErrorCode::internal);
  purchase.order.ordered_at = stage.now + std::chrono::hours(24 * 365 * 20);
  CHECK(verdict(purchase, stage.cardholder_chain) == ErrorCode::verification_failed);
}

TEST_CASE("a receipt in which anything was changed does not verify") {
  const auto& stage = Stage::get();
  const auto honest = stage.completed();
  const auto stranger = stage.pki.cardholder();
  struct Change {
    const char* what;
    std::function<void(Completed&)> change;
  };
  const std::vector<Change> changes = {
      {"description", [](Completed& p) { p.order.offer.order_description = "three books"; }},
      {"amount", [](Completed& p) { p.order.offer.purch_amt = must(Amount::parse("0.01 EUR")); }},
      {"XID", [](Completed& p) { p.order.offer.trans_ids.xid.value[0] ^= 1; }},
      {"HOIData", [](Completed& p) { p.order.hoi_data.value[0] ^= 1; }},
      {"HPIData", [](Completed& p) { p.order.hpi_data.value[0] ^= 1; }},
      {"order half", [](Completed& p) { p.order.oi_data.back() ^= 1; }},
      {"dual signature", [](Completed& p) { p.order.evidence[p.order.evidence.size() / 2] ^= 1; }},
      {"offer's signature", [](Completed& p) { p.order.offer.evidence[p.order.offer.evidence.size() / 2] ^= 1; }},
      {"answer's signature", [](Completed& p) { p.outcome.evidence[p.outcome.evidence.size() / 2] ^= 1; }},
      {"answer cut off", [](Completed& p) { p.outcome.evidence.resize(20); }},
      {"challenge", [](Completed& p) { p.outcome.challenge.value[0] ^= 1; }},
      {"completion code", [](Completed& p) { p.outcome.completion_code = CompletionCode::order_rejected; }},
      {"auth code", [](Completed& p) { p.outcome.auth_status->auth_code = AuthCode::declined; }},
      {"approval code", [](Completed& p) { p.outcome.auth_status->approval_code = "OK9999"; }},
      {"time of the answer", [](Completed& p) { p.outcome.answered_at += std::chrono::seconds(1); }},
      {"kind of answer", [](Completed& p) { p.outcome.by_inquiry = true; }},
      {"merchant", [&](Completed& p) { p.order.offer.merchant.signature = stage.other_merchant.party->signature->leaf; }},
      {"gateway", [&](Completed& p) { p.order.offer.gateway = stage.gateway.party->signature->leaf; }},
      {"issuers", [](Completed& p) { p.order.offer.merchant.issuers.clear(); }},
      {"brand", [](Completed& p) { p.order.offer.brand = "Other"; }},
  };
  for (const auto& [what, change] : changes) {
    INFO(what);
    auto purchase = honest;
    change(purchase);
    CHECK(verdict(purchase, stage.cardholder_chain) == ErrorCode::verification_failed);
  }
  CHECK(verdict(honest, stranger.party.signature.value()) == ErrorCode::verification_failed);
}

TEST_CASE("every byte of the evidence counts") {
  const auto& stage = Stage::get();
  const auto honest = stage.completed();
  for (std::size_t at = 0; at < honest.outcome.evidence.size(); at += 97) {
    auto purchase = honest;
    purchase.outcome.evidence[at] ^= 0x20;
    CHECK(verdict(purchase, stage.cardholder_chain) == ErrorCode::verification_failed);
  }
}

}  // namespace set::wallet::test
