#include "merchant/purchase.h"

#include <algorithm>

#include "common/crypto/digest.h"

namespace set::merchant {
namespace {

// The cardholder's certificate first, then what came with it: enough for the gateway to verify it.
std::vector<Certificate> chain_of(const Opened<PReq>& preq) {
  std::vector<Certificate> chain{preq.message.signer()};
  std::ranges::copy_if(preq.bag, std::back_inserter(chain), [&](const Certificate& certificate) {
    return std::ranges::find(chain, certificate.thumbprint(), &Certificate::thumbprint) ==
           chain.end();
  });
  return chain;
}

Bytes bag_of(std::span<const Certificate> chain) {
  wire::CertificateBag bag;
  for (const auto& certificate : chain) bag.add_certificates(string_of(certificate.der()));
  return serialize(bag);
}

Result<void> check_ids(const TransIDs& issued, const std::optional<TransIDs>& stated) {
  // "TransIDs: look up XID. Found: LID-C and LID-M equal the record, else Error."
  CHECK_OR_FAIL(stated && stated->xid == issued.xid, ErrorCode::unknown_xid,
                "this is no purchase of ours");
  CHECK_OR_FAIL(stated->lid_c == issued.lid_c && stated->lid_m == issued.lid_m,
                ErrorCode::unknown_lid, "the local ids are not those of this purchase");
  return {};
}

// Step 8 and what SET/2 adds to it: is it what we offered, in time?
bool is_what_was_offered(const Initiated& purchase, const PReq& preq, const OIData& oi,
                         const Digest& hod, Instant now) {
  const bool same_order = oi.hod == hod && preq.purch_amt == purchase.order.amount &&
                          preq.install_recur == purchase.order.terms.mandate;
  // "Brand/BIN still those of the gateway certificate used."
  const bool same_brand =
      oi.brand == purchase.brand && preq.brand == purchase.brand && oi.bin == purchase.bin;
  const bool in_time = now <= preq.valid_until && now <= purchase.order.expires_at;
  return same_order && same_brand && in_time;
}

AuthStatus approved(const Authorized& state) {
  return {state.date, AuthCode::approved, state.amount, state.approval_code, state.curr_conv};
}

PResPayload payload_of(const Authorized& state) {
  return {state.auth_rrpid, approved(state), std::nullopt, state.acq_card_msg};
}

PResPayload payload_of(const Captured& state) {
  auto payload = payload_of(state.authorized);
  payload.cap_status = CapStatus{state.date, CapCode::success, state.amount};
  // The last ones, if there are more than fit.
  const auto& credits = state.credits;
  const auto skipped = credits.size() - std::min<std::size_t>(credits.size(), kMaxCredStatuses);
  for (auto i = skipped; i < credits.size(); ++i)
    payload.cred_status_seq.push_back(
        {credits[i].date, CapRevOrCredCode::success, credits[i].amount});
  return payload;
}

PResPayload payload_of(const Declined& state) {
  return {state.auth_rrpid, AuthStatus{state.date, state.code, std::nullopt, ""}, std::nullopt,
          state.acq_card_msg};
}

PResPayload payload_of(const Reversed& state) {
  return {state.auth_rrpid, AuthStatus{state.date, state.code, std::nullopt, ""}, std::nullopt, {}};
}

CompletionCode completion_of(const PResPayload& payload) {
  if (!payload.cred_status_seq.empty()) return CompletionCode::credit_performed;
  if (payload.cap_status) return CompletionCode::capture_performed;
  return CompletionCode::authorization_performed;
}

std::optional<PResPayload> payload_if_any(const Authorization& authorization) {
  return std::visit(
      [](const auto& state) -> std::optional<PResPayload> {
        if constexpr (requires { payload_of(state); }) return payload_of(state);
        return std::nullopt;  // not decided
      },
      authorization);
}

// "CompletionCode: any CREDITED → 6, else any CAPTURED → 5, else any AUTHORISED/DECLINED → 4, else
// 2." Their numbers ascend.
void put_authorizations(PRes& pres, std::span<const Authorization> authorizations) {
  pres.completion_code = CompletionCode::order_received;
  for (const auto& authorization : authorizations) {
    auto payload = payload_if_any(authorization);
    if (!payload) continue;
    pres.completion_code = std::max(pres.completion_code, completion_of(*payload));
    pres.payloads.push_back(std::move(*payload));
  }
  // One per authorisation; the last ones, if there are more than fit.
  if (pres.payloads.size() > kMaxPResPayloads)
    pres.payloads.erase(pres.payloads.begin(), pres.payloads.end() - kMaxPResPayloads);
}

void put_preq(PRes& pres, const Initiated& purchase, const ReceivedPReq& preq) {
  pres.hoi_data = preq.hoi_data;
  pres.hpi_data = preq.hpi_data;
  pres.gateway = purchase.gateway;
  pres.purch_amt = purchase.order.amount;
}

}  // namespace

Thumbprint offer_under(const Party& merchant, const Thumbs& held, Instant now) {
  const auto holds = [&](const Thumbprint& thumbprint) {
    return std::ranges::find(held.certificates, thumbprint) != held.certificates.end();
  };
  const auto& current = merchant.signature.value().leaf.thumbprint();
  if (holds(current)) return current;
  for (const auto& earlier : merchant.earlier_signatures) {
    const auto& leaf = earlier.chain.leaf;
    if (now <= leaf.not_after() && holds(leaf.thumbprint())) return leaf.thumbprint();
  }
  return current;
}

Result<Initiated> accept_pinit_req(const std::optional<Order>& order, bool taken,
                                   const Unsigned<PInitReq>& message, const Seller& seller,
                                   Instant now, Rng& rng) {
  // "find order by LID-M", and only for who knows its secret (protocol §4).
  const bool known = opens(order, message->order_secret);
  CHECK_OR_FAIL(known && !taken && now <= order->expires_at, ErrorCode::unknown_lid,
                "there is no such order, the secret is not its own, or it can no longer be paid");
  // "brand/BIN accepted → choose gateway for (brand, BIN)": one brand, one gateway, any BIN.
  const auto& brand = seller.party.signature.value().leaf.brand();
  CHECK_OR_FAIL(message->brand == brand, ErrorCode::unspecified_failure,
                "the card's brand is not taken here");
  // "M generates XID and Chall-M": fresh for every PInitReq, however often an order is looked at.
  const TransIDs ids{message->lid_c, order->id, rng.make<XID>(), now, "", message->language};
  return Initiated{*order,
                   ids,
                   message.content_digest(),
                   message->chall_c,
                   rng.make<Challenge>(),
                   brand,
                   message->bin,
                   seller.gateway.key_exchange.leaf.thumbprint(),
                   seller.party.signature.value().leaf.thumbprint()};
}

PInitRes make_pinit_res(const Initiated& purchase) {
  return {.chall_c = purchase.chall_c,
          .chall_m = purchase.chall_m,
          .pe_thumb = purchase.gateway,
          .order_description = purchase.order.description,
          .purch_amt = purchase.order.amount,
          .offer_ends = purchase.order.expires_at,
          .brand = purchase.brand,
          .install_recur = purchase.order.terms.mandate};
}

Result<std::variant<Ordered, Rejected>> accept_preq(const Initiated& purchase,
                                                    const Opened<PReq>& opened,
                                                    const Party& merchant, Instant now) {
  const auto& preq = opened.message;
  TRY(check_ids(purchase.ids, preq.head().trans_ids));
  CHECK_OR_FAIL(*preq.head().trans_ids == purchase.ids, ErrorCode::wrapper_msg_mismatch,
                "the TransIDs are not as they were given out");
  // "take OIData and HPIData, compute HOIData, form PI-TBS, verify PISignature": open_order
  // compares HOIData with the signed one, ids and RRPID of OIData with the header, and the sealed
  // PI's recipient with the gateway that was signed.
  auto order_half = TRY(open_order(preq, opened.baggage));
  const auto& oi = order_half.oi;
  // "… with the cardholder certificate (chain, brand = OIData.BrandID); failure →
  // signatureFailure".
  CHECK_OR_FAIL(preq.signer().brand() == oi.brand, ErrorCode::signature_failure,
                "the order is under another brand than the cardholder's certificate");
  // "Chall-M equals the one issued → challengeMismatch. Chall-C kept for PRes."
  CHECK_OR_FAIL(oi.chall_m == purchase.chall_m && oi.chall_c == purchase.chall_c,
                ErrorCode::challenge_mismatch, "the challenges are not those of this purchase");
  // PI-TBS names merchant and gateway (protocol §4): ourselves, and the one that PInitRes named.
  CHECK_OR_FAIL(preq->merchant == merchant.signature.value().leaf.thumbprint(),
                ErrorCode::thumbs_mismatch,
                "the purchase is signed for another merchant's certificate");
  CHECK_OR_FAIL(preq->gateway == purchase.gateway, ErrorCode::thumbs_mismatch,
                "the purchase is signed for another gateway than we named");

  const auto chain = chain_of(opened);
  // "Store OIData, HPIData, PI (opaque), signature: evidence."
  ReceivedPReq received{preq.head().rrpid,  preq.content_digest(), preq.signer().thumbprint(),
                        preq->hoi_data,     preq->hpi_data,        preq->valid_until,
                        order_half.oi_data, preq.evidence(),       bag_of(chain)};
  // "HOD: recompute from M's OD, amount, ODSalt; different → PRes orderRejected."
  const auto hod = hod_of({purchase.order.description, purchase.order.amount, oi.od_salt,
                           purchase.order.terms.mandate});
  if (!is_what_was_offered(purchase, *preq, oi, hod, now))
    return Rejected{purchase, std::move(received)};
  return Ordered{purchase, std::move(received), hod,
                 make_pi(preq.evidence(), order_half.pi, chain)};
}

PRes make_pres(const PurchaseState& state, std::span<const Authorization> authorizations,
               const Challenge& chall_c) {
  PRes pres{.chall_c = chall_c,
            .completion_code = CompletionCode::order_not_received,
            .hoi_data = std::nullopt,
            .hpi_data = std::nullopt,
            .gateway = std::nullopt,
            .purch_amt = std::nullopt,
            .payloads = {}};
  if (const auto* rejected = std::get_if<Rejected>(&state)) {
    pres.completion_code = CompletionCode::order_rejected;
    put_preq(pres, rejected->initiated, rejected->preq);
  } else if (const auto* ordered = std::get_if<Ordered>(&state)) {
    put_authorizations(pres, authorizations);
    put_preq(pres, ordered->initiated, ordered->preq);
  }
  return pres;
}

Result<void> accept_inq_req(const PurchaseState& state, const Verified<InqReq>& message) {
  TRY(check_ids(initiated_of(state).ids, message.head().trans_ids));
  // "M checks that it is the certificate of the PReq." The same code as for no purchase at all.
  const auto is_signer = [&](const ReceivedPReq& preq) {
    return preq.cardholder == message.signer().thumbprint();
  };
  const auto* ordered = std::get_if<Ordered>(&state);
  const auto* rejected = std::get_if<Rejected>(&state);
  const bool same = (ordered == nullptr || is_signer(ordered->preq)) &&
                    (rejected == nullptr || is_signer(rejected->preq));
  CHECK_OR_FAIL(same, ErrorCode::unknown_xid,
                "the inquirer is not the cardholder of this purchase");
  return {};
}

InqRes make_inq_res(const PurchaseState& state, std::span<const Authorization> authorizations,
                    const InqReq& message) {
  return {make_pres(state, authorizations, message.chall_c2)};
}

}  // namespace set::merchant
