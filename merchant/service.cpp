#include "merchant/service.h"

#include <algorithm>

#include "common/base/log.h"
#include "common/daemon/instruments.h"
#include "common/daemon/peer_limiter.h"
#include "common/store/crash_point.h"
#include "merchant/authorization.h"
#include "merchant/purchase.h"

namespace set::merchant {
namespace {

constexpr int kMaxInitiations =
    100;  // of one order: whoever has its link may look at it, not fill our disk
constexpr int kMaxThumbprints = 32;
constexpr std::nullopt_t kWallet = std::nullopt;  // shows no certificate (access.h)

/// This very PReq was taken before: a repeat after a crash, or the same content in other bytes.
bool is_repeat(const PurchaseState& state, const Opened<PReq>& preq) {
  const auto& digest = preq.message.content_digest();
  if (const auto* ordered = std::get_if<Ordered>(&state))
    return ordered->preq.content_digest == digest;
  if (const auto* rejected = std::get_if<Rejected>(&state))
    return rejected->preq.content_digest == digest;
  return false;
}

// With the earlier signature certificates, which the payment links of their time name.
std::vector<Certificate> own_certificates(const Party& party) {
  std::vector<const Chain*> chains{&party.signature.value(), &party.key_exchange.value()};
  for (const auto& earlier : party.earlier_signatures) chains.push_back(&earlier.chain);
  std::vector<Certificate> out;
  for (const auto* chain : chains) {
    out.push_back(chain->leaf);
    out.insert(out.end(), chain->issuers.begin(), chain->issuers.end());
  }
  return out;
}

/// What the PRes of this moment says.
LabelWord outcome_of(const FoundPurchase& purchase) {
  if (!std::holds_alternative<Ordered>(purchase.state)) return {"rejected"};
  if (purchase.authorizations.empty()) return {"waiting"};
  const auto& first = purchase.authorizations.front();
  if (std::holds_alternative<AwaitingAuthRes>(first) || std::holds_alternative<GivenUp>(first))
    return {"waiting"};
  const bool refused =
      std::holds_alternative<Declined>(first) || std::holds_alternative<Reversed>(first);
  return {refused ? "declined" : "approved"};
}

std::vector<Certificate> chain_list(const Chain& chain) {
  std::vector<Certificate> out{chain.leaf};
  out.insert(out.end(), chain.issuers.begin(), chain.issuers.end());
  return out;
}

// A wallet has no name to show, only an address.
AuditEntry from_peer(const grpc::ServerContext* context) {
  AuditEntry entry;
  entry.peer = peer_address(context);
  return entry;
}

}  // namespace

Service::Service(Parts parts)
    : parts_(std::move(parts)),
      receiver_(parts_.party, parts_.store.database(), parts_.clock, parts_.rng) {}

std::shared_ptr<const Party> Service::party_of(const Initiated& purchase) const {
  return std::make_shared<const Party>(
      signing_as(*parts_.party(), purchase.merchant, parts_.clock()));
}

// --- FetchCertificates ---

grpc::Status Service::FetchCertificates(grpc::ServerContext*,
                                        const wire::FetchCertificatesRequest* in,
                                        wire::FetchCertificatesResponse* out) {
  const auto& asked = in->thumbprints();
  if (asked.size() > kMaxThumbprints) return status_of({ErrorCode::resource_exhausted, ""});
  const auto party = parts_.party();
  std::vector<Thumbprint> sent;
  for (const auto& certificate : own_certificates(*party)) {
    const auto& thumbprint = certificate.thumbprint();
    const bool wanted = asked.empty() || std::ranges::find(asked, thumbprint.str()) != asked.end();
    if (!wanted || std::ranges::find(sent, thumbprint) != sent.end()) continue;
    out->add_certificates(string_of(certificate.der()));
    sent.push_back(thumbprint);
  }
  return grpc::Status::OK;
}

// --- PInitReq → PInitRes ---

grpc::Status Service::PurchaseInit(grpc::ServerContext* context, const wire::MessageWrapper* in,
                                   wire::MessageWrapper* out) {
  return handle<PInitReq, PInitRes>(
      receiver_, kWallet, *in, *out,
      [this](const Opened<PInitReq>& pinit_req) { return purchase_init(pinit_req); },
      from_peer(context));
}

Result<Reply<PInitRes>> Service::purchase_init(const Opened<PInitReq>& pinit_req) {
  const auto gateway = parts_.gateway.certificates();
  CHECK_OR_FAIL(gateway, ErrorCode::peer_unavailable,
                "the gateway's certificates are not known yet");
  // After a crash the same PInitReq finds the purchase that it began, with its challenge.
  auto before = TRY(parts_.store.find_initiated(pinit_req.message.content_digest()));
  const auto purchase = before ? std::move(*before) : TRY(initiate(pinit_req, *gateway));
  // The bag must hold the certificate that PEThumb names.
  CHECK_OR_FAIL(purchase.gateway == gateway->key_exchange.leaf.thumbprint(), ErrorCode::unknown_xid,
                "the gateway's certificate has changed since this purchase began");
  return Reply<PInitRes>{
      make_pinit_res(purchase),
      {.trans_ids = purchase.ids, .baggage = {}, .enclosed = chain_list(gateway->key_exchange)},
      true,
      party_of(purchase)};
}

Result<Initiated> Service::initiate(const Opened<PInitReq>& pinit_req,
                                    const GatewayCertificates& gateway) {
  const auto found = TRY(parts_.store.find_order(pinit_req.message->lid_m));
  const auto order = found ? std::optional(found->order) : std::nullopt;
  const auto now = parts_.clock();
  const auto current = parts_.party();
  const auto party =
      signing_as(*current, offer_under(*current, pinit_req.message->thumbs, now), now);
  auto purchase = TRY(accept_pinit_req(order, found && found->taken, pinit_req.message,
                                       {party, gateway}, now, parts_.rng));
  CHECK_OR_FAIL(found->initiations < kMaxInitiations, ErrorCode::resource_exhausted,
                "this order was looked at too often");
  TRY(parts_.store.insert(purchase));
  log_info("purchase initiated", purchase.ids.xid);
  crash_point("merchant:pinit-req-saved");
  return purchase;
}

// --- PReq → PRes ---

grpc::Status Service::Purchase(grpc::ServerContext* context, const wire::MessageWrapper* in,
                               wire::MessageWrapper* out) {
  return handle<PReq, PRes>(
      receiver_, kWallet, *in, *out, [this](const Opened<PReq>& preq) { return purchase(preq); },
      from_peer(context));
}

Result<Reply<PRes>> Service::purchase(const Opened<PReq>& preq) {
  const auto& ids = preq.message.head().trans_ids;
  CHECK_OR_FAIL(ids, ErrorCode::unknown_xid, "the PReq names no purchase");
  auto found = TRY(parts_.store.find(ids->xid));
  CHECK_OR_FAIL(found, ErrorCode::unknown_xid, "this is no purchase of ours");
  auto purchase = is_repeat(found->state, preq) ? std::move(*found) : TRY(take_order(*found, preq));
  auto* awaiting = purchase.awaiting();
  // The first AuthReq is this flow's; later ones are the resolver's, which commands want.
  if (awaiting != nullptr && awaiting->auth_token.empty()) {
    const auto& order = std::get<Ordered>(purchase.state);
    const auto auth_rrpid = awaiting->auth_rrpid;
    auto resolved = TRY(parts_.resolver.resolve(order, std::move(*awaiting), kGatewayDeadline));
    if (std::holds_alternative<AwaitingAuthRes>(resolved))
      TRY(parts_.store.postpone(auth_rrpid, parts_.clock() + back_off(0)));
    purchase.authorizations.clear();
    purchase.authorizations.push_back(std::move(resolved));
  }
  const auto& initiated = initiated_of(purchase.state);
  crash_point("merchant:before-pres");
  metrics::purchases.count(outcome_of(purchase));
  return Reply<PRes>{make_pres(purchase.state, purchase.authorizations, initiated.chall_c),
                     {.trans_ids = initiated.ids, .baggage = {}, .enclosed = {}},
                     true,
                     party_of(initiated)};
}

Result<FoundPurchase> Service::take_order(const FoundPurchase& found, const Opened<PReq>& preq) {
  const auto now = parts_.clock();
  const auto& initiated = initiated_of(found.state);
  auto outcome = TRY(accept_preq(initiated, preq, *party_of(initiated), now));
  const bool first = std::holds_alternative<Initiated>(found.state);
  if (auto* order = std::get_if<Ordered>(&outcome)) {
    if (first) return save_order(std::move(*order), preq, now);
    outcome = Rejected{std::move(order->initiated), std::move(order->preq)};
  }
  auto rejected = std::move(std::get<Rejected>(outcome));
  // Another PReq after the first: the purchase stays what it is.
  if (!first) return FoundPurchase{std::move(rejected), {}};
  return save_rejection(std::move(rejected));
}

Result<FoundPurchase> Service::save_order(Ordered order, const Opened<PReq>& preq, Instant now) {
  const auto gateway = parts_.gateway.certificates();
  CHECK_OR_FAIL(gateway, ErrorCode::peer_unavailable,
                "the gateway's certificates are not known yet");
  auto awaiting =
      TRY(make_auth_req(order, first_authorization(order.initiated.order, parts_.rng.make<RRPID>()),
                        *party_of(order.initiated), *gateway, now, parts_.rng));
  const auto& xid = order.initiated.ids.xid;
  auto proof = proof_of_request(wire::MESSAGE_TYPE_AUTH_REQ, awaiting.request,
                                *party_of(order.initiated), {xid}, now);
  proof.statements.push_back(statement_of(preq.message, preq.bag, *parts_.party()->trust));
  proof.statements.back().order_half = order_half_of(preq);
  const auto saved = parts_.store.advance(order, awaiting, now, now + kFlowTime, proof);
  if (saved) {
    log_info("order taken", xid, order.initiated.order.amount);
    crash_point("merchant:preq-saved");
    FoundPurchase taken{std::move(order), {}};
    taken.authorizations.emplace_back(std::move(awaiting));
    return taken;
  }
  if (saved.error().code != ErrorCode::conflict) return failure(saved.error());
  // Somebody was first: this very PReq in another thread, another one, or another payer of the
  // order.
  auto now_found = TRY(parts_.store.find(xid));
  CHECK_OR_FAIL(now_found, ErrorCode::internal, "a purchase has gone");
  if (is_repeat(now_found->state, preq)) return std::move(*now_found);
  Rejected rejected{std::move(order.initiated), std::move(order.preq)};
  if (!std::holds_alternative<Initiated>(now_found->state))
    return FoundPurchase{std::move(rejected), {}};
  return save_rejection(std::move(rejected));
}

Result<FoundPurchase> Service::save_rejection(Rejected rejected) {
  const auto saved = parts_.store.advance(rejected);
  // conflict: another PReq of this purchase was first; this one is rejected all the same.
  if (!saved && saved.error().code != ErrorCode::conflict) return failure(saved.error());
  log_info("order rejected", rejected.initiated.ids.xid);
  return FoundPurchase{std::move(rejected), {}};
}

// --- InqReq → InqRes ---

grpc::Status Service::PurchaseInquiry(grpc::ServerContext* context, const wire::MessageWrapper* in,
                                      wire::MessageWrapper* out) {
  return handle<InqReq, InqRes>(
      receiver_, kWallet, *in, *out,
      [this](const Opened<InqReq>& inq_req) { return purchase_inquiry(inq_req); },
      from_peer(context));
}

Result<Reply<InqRes>> Service::purchase_inquiry(const Opened<InqReq>& inq_req) {
  const auto& ids = inq_req.message.head().trans_ids;
  CHECK_OR_FAIL(ids, ErrorCode::unknown_xid, "the InqReq names no purchase");
  const auto found = TRY(parts_.store.find(ids->xid));
  CHECK_OR_FAIL(found, ErrorCode::unknown_xid, "this is no purchase of ours");
  TRY(accept_inq_req(found->state, inq_req.message));
  return Reply<InqRes>{make_inq_res(found->state, found->authorizations, *inq_req.message),
                       {.trans_ids = initiated_of(found->state).ids, .baggage = {}, .enclosed = {}},
                       false,
                       party_of(initiated_of(found->state))};
}

}  // namespace set::merchant
