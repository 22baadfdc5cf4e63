#include "wallet/purchase.h"

#include <algorithm>

#include "wallet/payments.h"

namespace set::wallet {
namespace {

constexpr std::size_t kLidCBytes = 16;
// A PI that was declined may be tried again by its merchant until then, and no longer.
constexpr Duration kPILifetime = std::chrono::minutes(30);

template <class Range>
const Certificate* find(const Range& certificates, const Thumbprint& thumbprint) {
  const auto found = std::ranges::find(certificates, thumbprint, &Certificate::thumbprint);
  return found == std::ranges::end(certificates) ? nullptr : &*found;
}

/// Merchant ids are unique for one acquirer only, so the acquirer counts as well.
bool same_merchant(const MerchantData& a, const MerchantData& b) {
  return a.merchant_id == b.merchant_id && a.acquirer_bin == b.acquirer_bin && a.name == b.name &&
         a.city == b.city && a.country == b.country;
}

bool is_key_exchange_of(const Certificate& candidate, const Certificate& signature) {
  return candidate.has_role(Role::merchant) && candidate.key_use() == KeyUse::key_exchange &&
         candidate.brand() == signature.brand() && candidate.common_name() == signature.common_name() &&
         candidate.organizational_unit() == signature.organizational_unit() &&
         candidate.merchant_data() && same_merchant(*candidate.merchant_data(), *signature.merchant_data());
}

std::vector<Certificate> issuers_among(std::span<const Certificate> certificates) {
  std::vector<Certificate> out;
  for (const auto& certificate : certificates) {
    if (certificate.key_use() == KeyUse::certificate_signing) out.push_back(certificate);
  }
  return out;
}

Thumbs thumbs_of(const Merchant& merchant) {
  Thumbs thumbs;
  thumbs.certificates.push_back(merchant.signature.thumbprint());
  for (const auto& issuer : merchant.issuers) thumbs.certificates.push_back(issuer.thumbprint());
  return thumbs;
}

/// C's checks of the ids: TransIDs of the header against the PInitReq's.
Result<TransIDs> accept_trans_ids(const AwaitingPInitRes& state, const ContentHead& head) {
  CHECK_OR_FAIL(head.rrpid == state.rrpid, ErrorCode::unknown_rrpid,
                "the offer answers another request");
  CHECK_OR_FAIL(head.trans_ids, ErrorCode::unknown_xid, "the offer names no purchase");
  CHECK_OR_FAIL(head.trans_ids->lid_c == state.lid_c, ErrorCode::unknown_lid,
                "the offer is for another purchase than the one that was asked for");
  CHECK_OR_FAIL(head.trans_ids->lid_m == state.lid_m, ErrorCode::unknown_lid,
                "the offer is for another order than the payment link's");
  return *head.trans_ids;
}

/// "Gateway certificate: type pgwy, brand = chosen brand, keyUsage" (§3.3).
Result<Certificate> accept_gateway(const Thumbprint& pe_thumb, std::span<const Certificate> bag,
                                   std::span<const Certificate> others, const std::string& brand,
                                   const Trust& trust, Instant now) {
  const auto* gateway = find(bag, pe_thumb);
  CHECK_OR_FAIL(gateway != nullptr, ErrorCode::missing_certificate,
                "the merchant names a payment gateway and does not send its certificate");
  TRY(trust.verify(*gateway, others, {Role::gateway, KeyUse::key_exchange, brand}, now));
  return *gateway;
}

Result<AuthStatus> first_authorisation(const Order& order, const PRes& pres) {
  CHECK_OR_FAIL(!pres.payloads.empty(), ErrorCode::decoding_failure,
                "the merchant says that it asked for authorisation and not with which result");
  TRY(check_payments(order.offer, pres.payloads));
  return pres.payloads.front().auth_status;
}

/// "→ completion code" (§3.4): which state it means.
Result<AfterPRes> after(const Order& order, const PRes& pres, Outcome outcome) {
  outcome.completion_code = pres.completion_code;
  switch (pres.completion_code) {
    case CompletionCode::order_received: return Ordered{order};
    case CompletionCode::order_rejected:
    case CompletionCode::signature_required: return Completed{order, std::move(outcome)};
    case CompletionCode::authorization_performed:
    case CompletionCode::capture_performed:
    case CompletionCode::credit_performed:
      outcome.auth_status = TRY(first_authorisation(order, pres));
      outcome.payloads = pres.payloads;
      return Completed{order, std::move(outcome)};
    case CompletionCode::meaningless_ratio:
    case CompletionCode::order_not_received: break;
  }
  return failure(ErrorCode::decoding_failure,
                 "the merchant's answer has a completion code that cannot be");
}

}  // namespace

std::string_view state_name(const PurchaseState& state) {
  static constexpr std::string_view kNames[] = {"offered", "awaiting_pres", "ordered", "completed",
                                                "rejected"};
  return kNames[state.index()];
}

const Order* order_of(const PurchaseState& state) {
  if (const auto* s = std::get_if<AwaitingPRes>(&state)) return &s->order;
  if (const auto* s = std::get_if<Ordered>(&state)) return &s->order;
  if (const auto* s = std::get_if<Completed>(&state)) return &s->order;
  if (const auto* s = std::get_if<Rejected>(&state)) return &s->order;
  return nullptr;
}

const Offer& offer_of(const PurchaseState& state) {
  const auto* order = order_of(state);
  return order != nullptr ? order->offer : std::get<Offered>(state).offer;
}

Result<Thumbprint> signer_of(const Order& order) {
  const auto statement = TRY(parse_as<wire::Signed>(order.evidence));
  return Thumbprint::parse(statement.signer());
}

Result<Merchant> choose_merchant(std::span<const Certificate> certificates, const Thumbprint& named,
                                 const Trust& trust, Instant now) {
  const auto* signature = find(certificates, named);
  CHECK_OR_FAIL(signature != nullptr, ErrorCode::missing_certificate,
                "the merchant does not have the certificate that the payment link names");
  CHECK_OR_FAIL(signature->merchant_data(), ErrorCode::invalid_certificate,
                "the certificate that the payment link names is no merchant's");
  TRY(trust.verify(*signature, certificates, {Role::merchant, KeyUse::signature, ""}, now));
  const auto fits = [&](const Certificate& c) { return is_key_exchange_of(c, *signature); };
  const auto key_exchange = std::ranges::find_if(certificates, fits);
  CHECK_OR_FAIL(key_exchange != certificates.end(), ErrorCode::missing_certificate,
                "the merchant has no key-exchange certificate of the same brand");
  TRY(trust.verify(*key_exchange, certificates,
                   {Role::merchant, KeyUse::key_exchange, signature->brand()}, now));
  return Merchant{*signature, *key_exchange, issuers_among(certificates)};
}

Result<PInit> make_pinit_req(const PaymentLink& link, const Merchant& merchant, std::int64_t card,
                             const std::string& bin, const Party& self, Instant now, Rng& rng) {
  AwaitingPInitRes next{.lid_c = LIDC{string_of(rng.bytes(kLidCBytes))},
                        .lid_m = link.order,
                        .rrpid = rng.make<RRPID>(),
                        .chall_c = rng.make<Challenge>(),
                        .brand = merchant.signature.brand(),
                        .address = link.address,
                        .merchant = merchant,
                        .card = card};
  PInitReq message{.language = "en",
                   .lid_c = next.lid_c,
                   .lid_m = next.lid_m,
                   .chall_c = next.chall_c,
                   .brand = next.brand,
                   .bin = bin,
                   .order_secret = link.secret,
                   .thumbs = thumbs_of(merchant)};
  const RequestContext context{.self = self,
                               .recipient = &merchant.key_exchange,
                               .rrpid = next.rrpid,
                               .trans_ids = std::nullopt,
                               .now = now};
  auto request = TRY(seal_request(message, context, rng));
  return PInit{std::move(next), std::move(request)};
}

Result<Offered> accept_pinit_res(AwaitingPInitRes state, const OpenedAnswer<PInitRes>& answer,
                                 const Trust& trust, Instant now) {
  const auto& pinit_res = answer.message;
  // "Signature and merchant chain": verified by open(); here, that it is this merchant's.
  CHECK_OR_FAIL(pinit_res.signer().thumbprint() == state.merchant.signature.thumbprint(),
                ErrorCode::invalid_certificate,
                "the offer is signed by another merchant than the payment link names");
  // "→ RRPID, LID-C, Chall-C"
  auto trans_ids = TRY(accept_trans_ids(state, pinit_res.head()));
  CHECK_OR_FAIL(pinit_res->chall_c == state.chall_c, ErrorCode::challenge_mismatch,
                "the offer does not answer our challenge");
  // "→ Thumbs echo": the answer carries the digest of the whole request, which open() compared.
  // "→ gateway certificate: type pgwy, brand = chosen brand, keyUsage"
  CHECK_OR_FAIL(pinit_res->brand == state.brand, ErrorCode::wrapper_msg_mismatch,
                "the offer is for another brand than the card's");
  std::vector<Certificate> others = answer.bag;
  others.insert(others.end(), state.merchant.issuers.begin(), state.merchant.issuers.end());
  auto gateway = TRY(accept_gateway(pinit_res->pe_thumb, answer.bag, others, state.brand, trust, now));
  // The offer's end is ours (protocol §4): nobody signs what is over.
  CHECK_OR_FAIL(pinit_res->offer_ends > now, ErrorCode::conflict,
                "the merchant's offer is over; ask the shop for a new payment link");
  // "→ keep XID, Chall-M, gateway certificate"
  return Offered{Offer{.trans_ids = std::move(trans_ids),
                       .chall_c = state.chall_c,
                       .chall_m = pinit_res->chall_m,
                       .order_description = pinit_res->order_description,
                       .purch_amt = pinit_res->purch_amt,
                       .install_recur = pinit_res->install_recur,
                       .offer_ends = pinit_res->offer_ends,
                       .brand = state.brand,
                       .address = state.address,
                       .merchant = std::move(state.merchant),
                       .gateway = std::move(gateway),
                       .gateway_issuers = issuers_among(others),
                       .evidence = pinit_res.evidence(),
                       .card = state.card}};
}

Result<SignedOrder> make_preq(const Offered& state, const PANData& account, ByteView card_secret,
                              const Party& cardholder, Instant now, Rng& rng) {
  const auto& offer = state.offer;
  CHECK_OR_FAIL(offer.offer_ends > now, ErrorCode::conflict,
                "the merchant's offer is over; nothing was signed. Open the payment link again");
  const auto rrpid = rng.make<RRPID>();
  const PurchaseOrder purchase{.trans_ids = offer.trans_ids,
                               .rrpid = rrpid,
                               .chall_c = offer.chall_c,
                               .chall_m = offer.chall_m,
                               .order_description = offer.order_description,
                               .purch_amt = offer.purch_amt,
                               .brand = offer.brand,
                               .valid_until = std::min(offer.offer_ends, now + kPILifetime),
                               .merchant_signature = offer.merchant.signature,
                               .merchant_key_exchange = offer.merchant.key_exchange,
                               .gateway_key_exchange = offer.gateway,
                               .card_secret = card_secret,
                               .install_recur = offer.install_recur};
  auto made = TRY(make_purchase(purchase, account, cardholder, now, rng));
  Order order{.offer = offer,
              .rrpid = rrpid,
              .hoi_data = made.hoi_data,
              .hpi_data = made.hpi_data,
              .oi_data = std::move(made.oi_data),
              .evidence = std::move(made.evidence),
              .ordered_at = now,
              .sends = 0};
  return SignedOrder{AwaitingPRes{std::move(order)}, std::move(made.request),
                     std::move(made.card_message_key)};
}

Result<void> check_order_repeated(const Order& order, const PRes& pres, const ContentHead& head) {
  // "Signature, same merchant as before"
  CHECK_OR_FAIL(head.sender == order.offer.merchant.signature.thumbprint(),
                ErrorCode::invalid_certificate,
                "the answer is signed by another merchant than the one that was ordered from");
  // "→ TransIDs": the network may have added its PaySysID.
  CHECK_OR_FAIL(head.trans_ids && same_purchase(*head.trans_ids, order.offer.trans_ids),
                ErrorCode::unknown_xid, "the answer is about another purchase");
  if (pres.completion_code == CompletionCode::order_not_received) return {};
  // "C gets PRes ⇒ M and a P chosen by M agreed on the details" (§5.1): digests, gateway, amount.
  CHECK_OR_FAIL(pres.hoi_data == order.hoi_data && pres.hpi_data == order.hpi_data,
                ErrorCode::wrapper_msg_mismatch,
                "the answer is about another order or another payment than the signed ones");
  CHECK_OR_FAIL(pres.gateway == order.offer.gateway.thumbprint(), ErrorCode::wrapper_msg_mismatch,
                "the answer names another payment gateway than the signed one");
  CHECK_OR_FAIL(pres.purch_amt == order.offer.purch_amt, ErrorCode::wrapper_msg_mismatch,
                "the answer names another amount than the signed one");
  return {};
}

Result<AfterPRes> accept_pres(const Order& order, const Verified<PRes>& pres) {
  TRY(check_order_repeated(order, *pres, pres.head()));
  // "→ RRPID, Chall-C"
  CHECK_OR_FAIL(pres.head().rrpid == order.rrpid, ErrorCode::unknown_rrpid,
                "the answer is to another request");
  CHECK_OR_FAIL(pres->chall_c == order.offer.chall_c, ErrorCode::challenge_mismatch,
                "the answer does not repeat our challenge");
  return after(order, *pres,
               {.challenge = order.offer.chall_c, .by_inquiry = false, .evidence = pres.evidence(),
                .answered_at = pres.head().created_at});
}

Result<Inquiry> make_inq_req(const Order& order, const Party& cardholder, Instant now, Rng& rng) {
  const auto chall_c2 = rng.make<Challenge>();
  const auto rrpid = rng.make<RRPID>();
  const InqReq message{.chall_c2 = chall_c2, .thumbs = thumbs_of(order.offer.merchant)};
  const RequestContext context{.self = cardholder,
                               .recipient = &order.offer.merchant.key_exchange,
                               .rrpid = rrpid,
                               .trans_ids = order.offer.trans_ids,
                               .now = now};
  auto request = TRY(seal_request(message, context, rng));
  return Inquiry{chall_c2, rrpid, std::move(request)};
}

Result<AfterInqRes> accept_inq_res(const Order& order, const Inquiry& inquiry,
                                   const Verified<InqRes>& inq_res) {
  const auto& pres = inq_res->state;
  TRY(check_order_repeated(order, pres, inq_res.head()));
  CHECK_OR_FAIL(inq_res.head().rrpid == inquiry.rrpid, ErrorCode::unknown_rrpid,
                "the answer is to another inquiry");
  // "InqRes = PRes with Chall-C2"
  CHECK_OR_FAIL(pres.chall_c == inquiry.chall_c2, ErrorCode::challenge_mismatch,
                "the answer does not repeat the inquiry's challenge");
  if (pres.completion_code == CompletionCode::order_not_received) return NotReceived{};
  auto next = TRY(after(order, pres,
                        {.challenge = inquiry.chall_c2, .by_inquiry = true,
                         .evidence = inq_res.evidence(), .answered_at = inq_res.head().created_at}));
  return std::visit([](auto&& state) -> AfterInqRes { return std::move(state); }, std::move(next));
}

}  // namespace set::wallet
