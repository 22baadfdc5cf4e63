// The checks of set-1997 §3.3 to §3.5, one refusal each.
#include <catch2/catch_test_macros.hpp>

#include "tests/wallet/stage.h"

namespace set::wallet::test {
namespace {

// States as types: an offer cannot be answered like an order, nor an order signed twice.
static_assert(!std::is_invocable_v<decltype(&make_preq), const AwaitingPRes&, const PANData&, ByteView,
                                   const Party&, Instant, Rng&>);
static_assert(!std::is_invocable_v<decltype(&accept_pres), const Offer&, const Verified<PRes>&>);
static_assert(!std::is_invocable_v<decltype(&accept_pres), const Order&, const PRes&>);

ErrorCode code_of(const Result<Offered>& result) {
  return result ? ErrorCode::internal : result.error().code;
}
ErrorCode code_of(const Result<AfterPRes>& result) {
  return result ? ErrorCode::internal : result.error().code;
}

template <class Res>
struct Refusal {
  const char* what;
  Bend<Res> bend;
  ErrorCode code;
};

std::vector<Refusal<PInitRes>> pinit_refusals(const Stage& stage) {
  using D = Draft<PInitRes>;
  static const auto other = TestPki::make("OpenSET", stage.now, Rng::system());
  static const auto stranger = other.gateway();
  return {
      {"signed by another merchant", [&](D& d) { d.signer = stage.other_merchant.party.get(); },
       ErrorCode::invalid_certificate},
      {"signed by the gateway", [&](D& d) { d.signer = stage.gateway.party.get(); },
       ErrorCode::invalid_certificate},
      {"without TransIDs", [](D& d) { d.answer.trans_ids.reset(); }, ErrorCode::unknown_xid},
      {"with another LID-C", [](D& d) { d.answer.trans_ids->lid_c.value = "x"; }, ErrorCode::unknown_lid},
      {"with another LID-M", [](D& d) { d.answer.trans_ids->lid_m->value = "order-2"; }, ErrorCode::unknown_lid},
      {"without LID-M", [](D& d) { d.answer.trans_ids->lid_m.reset(); }, ErrorCode::unknown_lid},
      {"with another Chall-C", [](D& d) { d.message.chall_c.value[0] ^= 1; }, ErrorCode::challenge_mismatch},
      {"for another brand", [](D& d) { d.message.brand = "Other"; }, ErrorCode::wrapper_msg_mismatch},
      {"to another RRPID", [](D& d) { d.reply.rrpid.value[0] ^= 1; }, ErrorCode::unknown_rrpid},
      {"to another request", [](D& d) { d.reply.request_digest.value[0] ^= 1; }, ErrorCode::wrapper_msg_mismatch},
      {"naming a gateway that is not enclosed", [](D& d) { d.message.pe_thumb.value[0] ^= 1; },
       ErrorCode::missing_certificate},
      {"naming the merchant's key as the gateway's",
       [&](D& d) {
         d.answer.enclosed.push_back(stage.merchant.party->key_exchange->leaf);
         d.message.pe_thumb = stage.merchant.party->key_exchange->leaf.thumbprint();
       },
       ErrorCode::invalid_certificate},
      {"naming the gateway's signature certificate",
       [&](D& d) {
         d.answer.enclosed.push_back(stage.gateway.party->signature->leaf);
         d.message.pe_thumb = stage.gateway.party->signature->leaf.thumbprint();
       },
       ErrorCode::invalid_certificate},
      {"naming a gateway under another root",
       [&](D& d) {
         d.answer.enclosed = {stranger.party->key_exchange->leaf};
         for (const auto& c : stranger.party->key_exchange->issuers) d.answer.enclosed.push_back(c);
         d.message.pe_thumb = stranger.party->key_exchange->leaf.thumbprint();
       },
       ErrorCode::missing_certificate},
      {"that is over", [&](D& d) { d.message.offer_ends = stage.now; }, ErrorCode::conflict},
  };
}

std::vector<Refusal<PRes>> pres_refusals(const Stage& stage) {
  using D = Draft<PRes>;
  const auto status = [](D& d) -> AuthStatus& { return d.message.payloads.front().auth_status; };
  return {
      {"signed by another merchant", [&](D& d) { d.signer = stage.other_merchant.party.get(); },
       ErrorCode::invalid_certificate},
      {"without TransIDs", [](D& d) { d.answer.trans_ids.reset(); }, ErrorCode::unknown_xid},
      {"about another XID", [](D& d) { d.answer.trans_ids->xid.value[0] ^= 1; }, ErrorCode::unknown_xid},
      {"about another LID-C", [](D& d) { d.answer.trans_ids->lid_c.value = "x"; }, ErrorCode::unknown_xid},
      {"to another RRPID", [](D& d) { d.reply.rrpid.value[0] ^= 1; }, ErrorCode::unknown_rrpid},
      {"to another request", [](D& d) { d.reply.request_digest.value[0] ^= 1; }, ErrorCode::wrapper_msg_mismatch},
      {"to another cardholder", [](D& d) { d.reply.requester->value[0] ^= 1; }, ErrorCode::wrapper_msg_mismatch},
      {"with another Chall-C", [](D& d) { d.message.chall_c.value[0] ^= 1; }, ErrorCode::challenge_mismatch},
      {"with another HOIData", [](D& d) { d.message.hoi_data->value[0] ^= 1; }, ErrorCode::wrapper_msg_mismatch},
      {"with another HPIData", [](D& d) { d.message.hpi_data->value[0] ^= 1; }, ErrorCode::wrapper_msg_mismatch},
      {"with another gateway", [](D& d) { d.message.gateway->value[0] ^= 1; }, ErrorCode::wrapper_msg_mismatch},
      {"with another amount", [](D& d) { d.message.purch_amt = must(Amount::parse("49.94 EUR")); },
       ErrorCode::wrapper_msg_mismatch},
      {"that authorised more than was signed",
       [=](D& d) { status(d).auth_amt = must(Amount::parse("49.96 EUR")); }, ErrorCode::wrapper_msg_mismatch},
      {"that authorised another currency",
       [=](D& d) { status(d).auth_amt = must(Amount::parse("49.95 USD")); }, ErrorCode::wrapper_msg_mismatch},
      {"that says authorised and not with which result", [](D& d) { d.message.payloads.clear(); },
       ErrorCode::decoding_failure},
      {"with 1997's ratio code", [](D& d) { d.message.completion_code = CompletionCode::meaningless_ratio; },
       ErrorCode::decoding_failure},
  };
}

}  // namespace

TEST_CASE("the merchant's certificates are the ones of the payment link") {
  const auto& stage = Stage::get();
  const auto certificates = stage.merchant_certificates();
  const auto merchant = stage.chosen();
  CHECK(merchant.signature.common_name() == "Test Shop");
  CHECK(merchant.key_exchange.key_use() == KeyUse::key_exchange);

  const auto& other = stage.other_merchant.party;
  const auto refuse = [&](std::vector<Certificate> given, const Thumbprint& named) {
    const auto result = choose_merchant(given, named, stage.trust(), stage.now);
    return result ? ErrorCode::internal : result.error().code;
  };
  CHECK(refuse(certificates, other->signature->leaf.thumbprint()) == ErrorCode::missing_certificate);
  CHECK(refuse({certificates[0]}, stage.link().merchant) == ErrorCode::missing_certificate);
  CHECK(refuse({certificates[0], other->key_exchange->leaf, certificates[2], certificates[3]},
               stage.link().merchant) == ErrorCode::missing_certificate);
  CHECK(refuse(certificates, certificates[1].thumbprint()) == ErrorCode::invalid_certificate);
  CHECK(refuse(certificates, certificates[2].thumbprint()) == ErrorCode::invalid_certificate);
}

TEST_CASE("an honest offer is accepted with what the merchant signed") {
  const auto& stage = Stage::get();
  const auto offered = must(stage.offered());
  CHECK(offered.offer.order_description == "two books");
  CHECK(offered.offer.purch_amt == stage.amount());
  CHECK(offered.offer.gateway.thumbprint() == stage.gateway.party->key_exchange->leaf.thumbprint());
  CHECK(offered.offer.trans_ids.xid == stage.next_xid);
}

TEST_CASE("an offer that does not fit is refused") {
  const auto& stage = Stage::get();
  for (const auto& refusal : pinit_refusals(stage)) {
    INFO("an offer " << refusal.what);
    CHECK(code_of(stage.offered(refusal.bend)) == refusal.code);
  }
}

TEST_CASE("an order is not signed after the offer's end") {
  const auto& stage = Stage::get();
  const auto offered = must(stage.offered());
  const auto late = make_preq(offered, stage.cardholder.pan_data(Rng::system()), stage.cardholder.card_secret.reveal(),
                              stage.cardholder.party, offered.offer.offer_ends, Rng::system());
  REQUIRE_FALSE(late);
  CHECK(late.error().code == ErrorCode::conflict);
}

TEST_CASE("an honest answer ends the purchase by its completion code") {
  const auto& stage = Stage::get();
  const auto order = stage.signed_order();
  const auto ends = [&](CompletionCode code, AuthCode auth) {
    return must(stage.answered(order, [&](Draft<PRes>& d) {
      d.message.completion_code = code;
      auto& status = d.message.payloads.front().auth_status;
      status.auth_code = auth;
      if (auth != AuthCode::approved) status = {status.auth_date, auth, std::nullopt, ""};
      if (code < CompletionCode::authorization_performed) d.message.payloads.clear();
    }));
  };
  using enum CompletionCode;
  CHECK(std::get<Completed>(ends(authorization_performed, AuthCode::approved)).outcome.approved());
  CHECK(std::get<Completed>(ends(capture_performed, AuthCode::approved)).outcome.approved());
  CHECK_FALSE(std::get<Completed>(ends(authorization_performed, AuthCode::declined)).outcome.approved());
  CHECK_FALSE(std::get<Completed>(ends(order_rejected, AuthCode::approved)).outcome.approved());
  CHECK(std::holds_alternative<Ordered>(ends(order_received, AuthCode::approved)));
}

TEST_CASE("an answer that does not fit the order is refused") {
  const auto& stage = Stage::get();
  const auto order = stage.signed_order();
  for (const auto& refusal : pres_refusals(stage)) {
    INFO("an answer " << refusal.what);
    CHECK(code_of(stage.answered(order, refusal.bend)) == refusal.code);
  }
}

TEST_CASE("an inquiry's answer repeats its own challenge, not the order's") {
  const auto& stage = Stage::get();
  const auto order = stage.signed_order().next.order;
  const auto inquiry = must(make_inq_req(order, stage.cardholder.party, stage.now, Rng::system()));
  const auto known = stage.merchant_certificates();
  const auto ask = [&](const PRes& state, const Bend<InqRes>& bend = {}) -> Result<AfterInqRes> {
    const auto bytes = stage.answer_inq(inquiry.message.wire, stage.now, state, bend);
    const auto envelope = TRY(read_envelope(TRY(parse_wrapper(bytes)), stage.now));
    const auto answer = TRY(Opener::answer<InqRes>(envelope, inquiry.message.pending,
                                                   stage.cardholder.party, {"", known}, stage.now));
    return accept_inq_res(order, inquiry, answer.message);
  };
  CHECK(std::get<Completed>(must(ask(stage.approved(order)))).outcome.by_inquiry);

  const auto stale = ask(stage.approved(order), [&](Draft<InqRes>& d) { d.message.state.chall_c = order.offer.chall_c; });
  REQUIRE_FALSE(stale);
  CHECK(stale.error().code == ErrorCode::challenge_mismatch);

  const PRes nothing{.chall_c = order.offer.chall_c, .completion_code = CompletionCode::order_not_received,
                     .hoi_data = {}, .hpi_data = {}, .gateway = {}, .purch_amt = {}, .payloads = {}};
  CHECK(std::holds_alternative<NotReceived>(must(ask(nothing))));
  const auto other_merchant = ask(nothing, [&](Draft<InqRes>& d) { d.signer = stage.other_merchant.party.get(); });
  REQUIRE_FALSE(other_merchant);
  CHECK(other_merchant.error().code == ErrorCode::invalid_certificate);
}

}  // namespace set::wallet::test
