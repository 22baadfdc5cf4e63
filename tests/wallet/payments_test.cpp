// What the merchant says was charged, held against what the cardholder signed; and the mandate.
#include <catch2/catch_test_macros.hpp>

#include "tests/wallet/stage.h"
#include "wallet/payments.h"
#include "wallet/screen.h"
#include "wallet/view.h"

namespace set::wallet::test {
namespace {

Amount eur(std::string_view text) { return must(Amount::parse(std::string(text) + " EUR")); }

InstallRecurData monthly(const Stage& stage) {
  return {Recurring{30, stage.now + std::chrono::hours(24 * 365)}, eur("9.90")};
}

/// Of 49.95 EUR in all, with or without a mandate of at most 9.90 EUR a charge.
Offer signed_for(const Stage& stage, bool mandate) {
  auto offer = must(stage.offered()).offer;
  if (mandate) offer.install_recur = monthly(stage);
  return offer;
}

PResPayload charged(const Stage& stage, std::string_view authorised, std::string_view captured = "",
                    std::vector<std::string_view> credited = {}) {
  PResPayload payload{.auth_rrpid = stage.rng.make<RRPID>(),
                      .auth_status = {stage.now, AuthCode::approved, eur(authorised), "OK1234"},
                      .cap_status = std::nullopt,
                      .acq_card_msg = {}};
  if (!captured.empty()) payload.cap_status = CapStatus{stage.now, CapCode::success, eur(captured)};
  for (const auto credit : credited) {
    payload.cred_status_seq.push_back({stage.now, CapRevOrCredCode::success, eur(credit)});
  }
  return payload;
}

}  // namespace

TEST_CASE("what was charged may not go beyond what was signed") {
  const auto& stage = Stage::get();
  struct Case {
    const char* what;
    bool mandate;
    std::vector<PResPayload> payloads;
    bool fits;
  };
  auto dollars = charged(stage, "1.00");
  dollars.auth_status.auth_amt = must(Amount::parse("1.00 USD"));
  auto captured_only = charged(stage, "1.00", "1.00");
  captured_only.auth_status = {stage.now, AuthCode::declined, std::nullopt, ""};
  const std::vector<Case> cases{
      {"all of it", false, {charged(stage, "49.95", "49.95", {"49.95"})}, true},
      {"in two parts", false, {charged(stage, "40.00"), charged(stage, "9.95", "9.95")}, true},
      {"two parts that are too much together", false, {charged(stage, "40.00"), charged(stage, "9.96")}, false},
      {"another currency", false, {dollars}, false},
      {"captured beyond the authorisation", false, {charged(stage, "10.00", "10.01")}, false},
      {"captured without an authorisation", false, {captured_only}, false},
      {"credited in parts", false, {charged(stage, "10.00", "10.00", {"4.00", "6.00"})}, true},
      {"credited beyond the capture", false, {charged(stage, "10.00", "10.00", {"4.00", "6.01"})}, false},
      {"credited before a capture", false, {charged(stage, "10.00", "", {"1.00"})}, false},
      {"two charges under the mandate", true, {charged(stage, "9.90"), charged(stage, "9.90", "9.90")}, true},
      {"one charge beyond the mandate", true, {charged(stage, "9.91")}, false},
      {"charges beyond the mandate's sum", true, std::vector(6, charged(stage, "9.90")), false},
  };
  for (const auto& c : cases) {
    INFO(c.what);
    const auto checked = check_payments(signed_for(stage, c.mandate), c.payloads);
    CHECK(checked.has_value() == c.fits);
    if (!checked) CHECK(checked.error().code == ErrorCode::wrapper_msg_mismatch);
  }
}

TEST_CASE("a mandate is shown in words, signed, and proved by the receipt") {
  const auto& stage = Stage::get();
  const auto mandate = monthly(stage);
  const auto offered = must(stage.offered([&](Draft<PInitRes>& d) { d.message.install_recur = mandate; }));
  REQUIRE(offered.offer.install_recur == mandate);
  const auto words = mandate_words(mandate);
  CHECK(words == "at most 9.90 EUR, not more often than once in 30 days, until " +
                     to_string(stage.now + std::chrono::hours(24 * 365)).substr(0, 10));
  CHECK(mandate_words({InstallTotalTrans{3}, eur("20.00")}) == "up to 3 instalments, at most 20.00 EUR each");
  CHECK(offer_text(to_local(offered, CardView{})).find(words) != std::string::npos);

  const auto order = must(make_preq(offered, stage.cardholder.pan_data(stage.rng),
                                    stage.cardholder.card_secret.reveal(), stage.cardholder.party,
                                    stage.now, stage.rng));
  // The stage's merchant authorises all at once, which the mandate forbids.
  const auto too_much = stage.answered(order);
  REQUIRE_FALSE(too_much);
  CHECK(too_much.error().code == ErrorCode::wrapper_msg_mismatch);
  const auto first_charge = [&](Draft<PRes>& d) {
    d.message.payloads.front().auth_status.auth_amt = eur("9.90");
  };
  auto completed = std::get<Completed>(must(stage.answered(order, first_charge)));
  CHECK(must(mandate_of_evidence(completed.order.offer.evidence)) == mandate);
  const auto receipt = must(verify_receipt(completed, stage.cardholder_chain, stage.trust()));
  CHECK(receipt.proofs.at(2).find(words) != std::string::npos);

  // The wallet's own record changed afterwards: neither half of the signature fits any more.
  completed.order.offer.install_recur->max_amt = eur("19.90");
  const auto forged = verify_receipt(completed, stage.cardholder_chain, stage.trust());
  REQUIRE_FALSE(forged);
  CHECK(forged.error().code == ErrorCode::verification_failed);
}

TEST_CASE("what was charged is read back from what the merchant signed") {
  const auto& stage = Stage::get();
  const auto completed = stage.completed();
  const auto payloads = must(payloads_of_evidence(completed.outcome.evidence));
  REQUIRE(payloads.size() == 1);
  CHECK(payloads.front().auth_status.auth_amt == stage.amount());
  CHECK(payloads_of_evidence(Bytes{1, 2, 3}).error().code == ErrorCode::bad_config);

  const AcqCardCodeMsg word{AcqCardCode::call_customer_service, "Call us\x1b[2J", "", "+49 30 1"};
  const std::vector<std::optional<AcqCardCodeMsg>> words{word};
  const auto text = purchase_text(to_local(PurchaseState(completed), words));
  CHECK(text.find("authorised 49.95 EUR") != std::string::npos);
  CHECK(text.find("+49 30 1") != std::string::npos);
  CHECK(text.find('\x1b') == std::string::npos);
  const auto json = to_json(to_local(PurchaseState(completed), words));
  CHECK(json["payments"][0]["message"]["code"] == "callCustomerService");
  CHECK(json["payments"][0]["authorized"] == "49.95 EUR");
}

}  // namespace set::wallet::test
