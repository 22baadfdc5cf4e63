#include "wallet/service.h"

#include <algorithm>
#include <thread>

#include "common/audit/proof.h"
#include "common/base/log_context.h"
#include "common/daemon/instruments.h"
#include "common/store/crash_point.h"

namespace set::wallet {
namespace {

constexpr int kBusyTries = 4;  // while the merchant works on the same bytes
constexpr Duration kBusyPause = std::chrono::milliseconds(750);

std::vector<Certificate> known_of(const Merchant& merchant) {
  std::vector<Certificate> known{merchant.signature};
  known.insert(known.end(), merchant.issuers.begin(), merchant.issuers.end());
  return known;
}

/// A stored answer may be older than the freshness window: it was made when the request first arrived,
/// and RRPID, request digest and reply key tie it to that request. So the window is the time since then.
Result<Envelope> read_answer(wire::MessageWrapper wrapper, Instant asked_at, Instant now) {
  wire::MessageHeader header;
  const bool parsed = header.ParseFromString(wrapper.header());
  const auto date = from_millis(header.date_ms());
  const bool since = parsed && date >= asked_at - kFreshnessWindow && date <= now;
  return read_envelope(std::move(wrapper), since ? date : now);
}

/// The cardholder's yes: what the merchant offered and what the card signed, before it leaves.
Proof proof_of_order(const Offered& offered, const SignedOrder& next, const Party& cardholder,
                     Instant now) {
  const auto& offer = offered.offer;
  const auto& order = next.next.order;
  const std::vector<XID> purchases{offer.trans_ids.xid};
  auto proof = proof_of_request(wire::MESSAGE_TYPE_P_REQ, next.message, cardholder, purchases, now);
  proof.statements.front().evidence = order.evidence;
  proof.statements.front().order_half = order.oi_data;
  KeptStatement pinit_res;
  pinit_res.type = wire::MESSAGE_TYPE_PINIT_RES;
  pinit_res.evidence = offer.evidence;
  pinit_res.certificates = known_of(offer.merchant);
  pinit_res.purchases = purchases;
  pinit_res.revocations = cardholder.trust->revocation().of(offer.brand);
  proof.statements.push_back(std::move(pinit_res));
  return proof;
}

bool is_open(const PurchaseState& state) {
  return std::holds_alternative<AwaitingPRes>(state) || std::holds_alternative<Ordered>(state);
}

/// Each purchase once when its order was taken and waits, once with its outcome.
void measure(const PurchaseState& before, const AfterPRes& next) {
  const auto* completed = std::get_if<Completed>(&next);
  if (completed != nullptr && is_open(before))
    metrics::purchases.count({completed->outcome.approved() ? "approved" : "declined"});
  if (completed == nullptr && std::holds_alternative<AwaitingPRes>(before))
    metrics::purchases.count({"waiting"});
}

Result<MerchantAnswer> send_until_not_busy(const MerchantClient& merchant, ByteView preq) {
  for (int tries = 1;; ++tries) {
    auto answer = merchant.purchase(preq);
    const bool busy = !answer && answer.error().code == ErrorCode::in_progress;
    if (!busy || tries == kBusyTries) return answer;
    std::this_thread::sleep_for(kBusyPause);
  }
}

bool same_card(const CardSecrets& held, const Pan& pan, const CardExpiry& expiry) {
  return same_secret(view_of(held.pan.reveal()), view_of(pan.reveal())) &&
         held.expiry.end() == expiry.end();
}

/// Of a card that has no certificate yet: PANSecret comes with it.
Result<CardSecrets> secrets_without_certificate(const CardToRegister& card,
                                                const SoftwareSigner& key,
                                                const SecretBytes& card_secret) {
  auto pan = TRY(Pan::parse(card.pan.reveal()));
  return CardSecrets{std::move(pan), card.expiry, SecretBytes::copy_of(Bytes(kCardSecretBytes)),
                     card_secret.clone(), key.pkcs8()};
}

/// What to say when several cards were tried.
tl::unexpected<Error> no_card_fits(std::int64_t number) {
  return failure(ErrorCode::not_found,
                 number == 0 ? "no card of this wallet is of the brand that the merchant takes"
                             : "this card is not of the brand that the merchant takes");
}

}  // namespace

// --- cards ---

Result<CardRegistration> Service::registration_of(const CardToRegister& card, const std::string& ca,
                                                  std::optional<LIDCA>& kept) {
  CardRegistration registration;
  for (auto& pending : TRY(s_.store.pending_cards())) {
    if (pending.ca != ca || !same_card(pending.secrets, card.pan, card.expiry)) continue;
    kept = pending.state.registration.lid_ca;
    auto key = TRY(SoftwareSigner::from_pkcs8(pending.secrets.key.reveal()));
    registration.pended = PendedCard{std::move(key), std::move(pending.state)};
    break;
  }
  registration.keep = [this, &card, &kept, ca](const SoftwareSigner& key,
                                               const AwaitingCardCertRes& state) -> Result<void> {
    auto secrets = TRY(secrets_without_certificate(card, key, state.card_secret));
    AwaitingCardCertRes copy{state.registration, state.chall_ee3, state.nonce_cca_commitment,
                             state.card_secret.clone(), state.public_key};
    kept = state.registration.lid_ca;
    return s_.store.keep({std::move(secrets), std::move(copy), ca}, s_.clock());
  };
  registration.forget = [this, &kept]() -> Result<void> {
    if (!kept) return {};
    TRY(s_.store.forget(*kept));
    kept.reset();
    return {};
  };
  return registration;
}

Result<CardView> Service::add_card(EnteredCard card, const CardIssuer& issuer,
                                   const FillForm& fill_form, const OnPended& on_pended,
                                   const OnRefused& on_refused) {
  const auto now = s_.clock();
  const auto trust = TRY(s_.store.trust(issuer.trust_pem, issuer.root_fingerprint, now));
  for (const auto& held : TRY(s_.store.cards(now))) {
    const bool same = same_card(held.secrets, card.pan, card.expiry) &&
                      held.certificate.leaf.not_after() > now;
    CHECK_OR_FAIL(!same, ErrorCode::conflict,
                  "this card is in the wallet already, as card " + std::to_string(held.number));
  }
  const CardToRegister to_register{std::move(card.pan), card.expiry, std::move(card.cvv)};
  std::optional<LIDCA> kept;
  auto registration = TRY(registration_of(to_register, issuer.ca, kept));
  registration.language = issuer.language;
  registration.fill_form = fill_form;
  registration.on_pended = on_pended;
  registration.on_refused = on_refused;
  auto registered = TRY(s_.register_card(issuer.ca, trust, to_register, std::move(registration)));
  auto pan = TRY(Pan::parse(to_register.pan.reveal()));
  CardSecrets secrets{std::move(pan), to_register.expiry, std::move(registered.pan_secret),
                      std::move(registered.card_secret), registered.key.pkcs8()};
  crash_point("wallet:registered");
  const auto number =
      TRY(s_.store.insert(secrets, registered.certificate, *trust, now, kept, issuer.ca,
                         issuer.trust_url));
  const auto made = TRY(make_card(number, std::move(secrets), registered.certificate, trust));
  log_info("card registered", made.certificate.leaf.thumbprint());
  return view_of_card(made);
}

Result<std::vector<CardView>> Service::cards() {
  std::vector<CardView> out;
  for (const auto& card : TRY(s_.store.cards(s_.clock()))) out.push_back(view_of_card(card));
  return out;
}

// --- revocations ---

void Service::refresh_revocations(const Card& card) {
  const auto& trust = *card.party.trust;
  const auto& ca = s_.ca.empty() ? card.ca : s_.ca;
  if (!s_.fetch_revocations || ca.empty()) return;
  const auto root = trust.root().thumbprint();
  const auto now = s_.clock();
  {
    const std::lock_guard lock(mutex_);
    const auto found = refreshed_at_.find(root);
    if (found != refreshed_at_.end() && now < found->second + s_.revocation_age) return;
  }
  const auto fetched = s_.fetch_revocations(ca, trust);
  if (!fetched) {
    log_warning("the CA does not say what is revoked", fetched.error());
    return;
  }
  const std::lock_guard lock(mutex_);
  refreshed_at_[root] = now;
}

/// Between the offer and the yes a certificate may be revoked.
Result<void> Service::check_sellers(const Offer& offer, const Trust& trust, Instant now) {
  const auto& merchant = offer.merchant;
  TRY(trust.verify(merchant.signature, merchant.issuers,
                   {Role::merchant, KeyUse::signature, offer.brand}, now));
  return trust.verify(offer.gateway, offer.gateway_issuers,
                      {Role::gateway, KeyUse::key_exchange, offer.brand}, now);
}

// --- PInit ---

Result<Service::Chosen> Service::choose(const PaymentLink& link, std::int64_t number, Instant now) {
  renew_trust(now);
  std::vector<Card> cards;
  if (number != 0) {
    cards.push_back(TRY(s_.store.find_card(number, now)));
  } else {
    cards = TRY(s_.store.cards(now));
  }
  CHECK_OR_FAIL(!cards.empty(), ErrorCode::not_found,
                "the wallet holds no card; add one with set-wallet card add");
  std::optional<Error> doubt;
  for (auto& card : cards) {
    if (card.certificate.leaf.not_after() <= now) continue;
    refresh_revocations(card);
    const auto& own = card.certificate;
    if (const auto good = card.party.trust->verify(
            own.leaf, own.issuers, {Role::cardholder, KeyUse::signature, own.leaf.brand()}, now);
        !good) {
      doubt = good.error();  // revoked, perhaps
      continue;
    }
    const auto client = s_.connect_merchant(link.address, *card.party.trust);
    const auto certificates = TRY(client.fetch_certificates());
    auto merchant = choose_merchant(certificates, link.merchant, *card.party.trust, now);
    if (!merchant) {
      doubt = merchant.error();  // another card may have the root that this merchant is under
    } else if (merchant->signature.brand() == card.certificate.leaf.brand()) {
      auto ready = TRY(usable(std::move(card)));
      return Chosen{std::move(ready), std::move(*merchant)};
    }
  }
  if (doubt) return failure(std::move(*doubt));
  return no_card_fits(number);
}

Result<void> Service::check_not_paid(const Thumbprint& merchant, const LIDM& lid_m) {
  for (const auto& state : TRY(s_.store.find_signed(merchant, lid_m))) {
    const auto xid = offer_of(state).trans_ids.xid.hex();
    CHECK_OR_FAIL(!is_open(state), ErrorCode::conflict,
                  "this order has a purchase whose outcome is not known; run: set-wallet resume, "
                  "then set-wallet status " + xid);
    const auto* completed = std::get_if<Completed>(&state);
    CHECK_OR_FAIL(completed == nullptr || !completed->outcome.approved(), ErrorCode::conflict,
                  "this order is paid already; see set-wallet receipt " + xid);
  }
  return {};
}

Result<ShownOffer> Service::offer(std::string_view text, std::int64_t number) {
  const auto link = TRY(PaymentLink::parse(text));
  TRY(check_not_paid(link.merchant, link.order));
  const auto now = s_.clock();
  const auto chosen = TRY(choose(link, number, now));
  const auto& card = chosen.card;
  const auto& trust = *card.party.trust;
  const Party stranger{.trust = card.party.trust, .signer = nullptr, .signature = std::nullopt,
                       .kem = nullptr, .key_exchange = std::nullopt};

  auto pinit = TRY(make_pinit_req(link, chosen.merchant, card.number, card.secrets.pan.bin(),
                                  stranger, now, s_.rng));
  const auto client = s_.connect_merchant(link.address, trust);
  auto answered = TRY(client.purchase_init(pinit.message.wire));
  const auto answered_at = s_.clock();
  const auto envelope = TRY(read_envelope(std::move(answered.response), answered_at));
  const auto known = known_of(chosen.merchant);
  const auto answer = TRY(Opener::answer<PInitRes>(envelope, pinit.message.pending, stranger,
                                                   {card.certificate.leaf.brand(), known, answered.by},
                                                   answered_at));
  auto offered = TRY(accept_pinit_res(std::move(pinit.next), answer, trust, answered_at));
  log_context().xid = offered.offer.trans_ids.xid;
  auto told = told_entry(answer, "offered", answered_at);
  told.peer = link.address;
  TRY(s_.store.insert(offered, answered_at, told));
  log_info("offer received", offered.offer.trans_ids.xid, offered.offer.purch_amt);
  return ShownOffer{std::move(offered), view_of_card(card)};
}

// --- P ---

Result<PurchaseState> Service::confirm(const LIDC& lid_c, std::optional<CardVerificationValue> cvv) {
  const auto state = TRY(s_.store.find(lid_c));
  const auto* offered = std::get_if<Offered>(&state);
  CHECK_OR_FAIL(offered != nullptr, ErrorCode::conflict,
                "this offer was confirmed before; see set-wallet orders");
  log_context().xid = offered->offer.trans_ids.xid;
  const auto now = s_.clock();
  // Two offers for one order may have been shown; one yes is enough.
  TRY(check_not_paid(offered->offer.merchant.signature.thumbprint(), *offered->offer.trans_ids.lid_m));
  const auto card = TRY(s_.store.find_card(offered->offer.card, now));
  refresh_revocations(card);
  TRY(check_sellers(offered->offer, *card.party.trust, now));
  const auto account = pan_data_of(card.secrets, std::move(cvv), s_.rng);
  const auto next = TRY(make_preq(*offered, account, card.secrets.card_secret.reveal(), card.party,
                                  now, s_.rng));
  // durable before we speak
  TRY(s_.store.advance(*offered, next, proof_of_order(*offered, next, card.party, now)));
  crash_point("wallet:preq-saved");
  log_info("order signed", offered->offer.trans_ids.xid, offered->offer.purch_amt);
  return send_preq(next.next.order, card);
}

Result<PurchaseState> Service::send_preq(const Order& order, const Card& card) {
  const auto& offer = order.offer;
  const auto outbound = TRY(s_.store.take_outbound(offer.trans_ids.lid_c));
  const auto client = s_.connect_merchant(offer.address, *card.party.trust);
  auto answer = send_until_not_busy(client, outbound.preq);
  crash_point("wallet:preq-sent");
  if (!answer) {
    // It may have happened: an unknown outcome is a state with a name (protocol §6 rule 5).
    log_warning("no answer to the order", offer.trans_ids.xid, answer.error());
    return s_.store.find(offer.trans_ids.lid_c);
  }
  return accept_answer(order, card, outbound, std::move(*answer));
}

Result<PurchaseState> Service::accept_answer(const Order& order, const Card& card,
                                             const Outbound& outbound, MerchantAnswer answered) {
  const auto envelope = TRY(read_answer(std::move(answered.response), order.ordered_at, s_.clock()));
  const auto known = known_of(order.offer.merchant);
  const auto answer = Opener::answer<PRes>(envelope, outbound.pending, card.party,
                                           {order.offer.brand, known, answered.by}, envelope.date);
  if (!answer) {
    if (peer_word(answer.error()) != PeerWord::none) {
      return refused(order, card, outbound, answer.error());
    }
    log_warning("the answer to the order does not verify", order.offer.trans_ids.xid, answer.error());
    return failure(answer.error());
  }
  const auto next = TRY(accept_pres(order, answer->message));
  return settle(order, next,
                proof_of_answer(*answer, known, *card.party.trust,
                                to_string(answer->message->completion_code), s_.clock()));
}

/// SET's Error means "not processed" of the message that it answers, if it is bound to that message.
/// An earlier sending of the same bytes may have been processed all the same, its answer lost; and an
/// Error in the clear may come from who carries our messages, keeping a copy to deliver later. Then the
/// merchant's state decides, and "not received" only once no copy can be fresh any more.
Result<PurchaseState> Service::refused(const Order& order, const Card& card,
                                       const Outbound& outbound, const Error& error) {
  const auto& ids = order.offer.trans_ids;
  log_warning("the merchant refused the order", ids.xid, error.code);
  const bool bound = peer_word(error) == PeerWord::final;
  if (!bound || outbound.sends > 1) {
    const auto inquired = ask(order, card);
    const bool unknown_there = !inquired && peer_word(inquired.error()) == PeerWord::final &&
                               (inquired.error().code == ErrorCode::unknown_xid ||
                                inquired.error().code == ErrorCode::unknown_lid);
    if (!inquired && !unknown_there) return s_.store.find(ids.lid_c);
    if (inquired && !std::holds_alternative<NotReceived>(inquired->next)) {
      const auto* ordered = std::get_if<Ordered>(&inquired->next);
      if (ordered != nullptr) return settle(order, *ordered, inquired->proof);
      return settle(order, std::get<Completed>(inquired->next), inquired->proof);
    }
    const bool copy_may_be_fresh = s_.clock() <= order.ordered_at + 2 * kFreshnessWindow;
    if (!bound && copy_may_be_fresh) return s_.store.find(ids.lid_c);
  }
  const Rejected rejected{order, error.code};
  AuditEntry told;
  told.at = s_.clock();
  told.event = "told";
  told.message = to_string(wire::MESSAGE_TYPE_ERROR);
  told.xid = ids.xid.hex();
  told.outcome = to_string(error.code);
  TRY(s_.store.advance(rejected, {.entry = std::move(told)}));
  metrics::purchases.count({"rejected"});
  return rejected;
}

Result<PurchaseState> Service::settle(const Order& order, AfterPRes next, const Proof& proof) {
  crash_point("wallet:before-outcome");
  const auto& ids = order.offer.trans_ids;
  const auto before = TRY(s_.store.find(ids.lid_c));
  const auto saved =
      std::visit([&](const auto& state) { return s_.store.advance(state, proof); }, next);
  // Another thread was first: then theirs is the state.
  if (!saved && saved.error().code == ErrorCode::conflict) return s_.store.find(ids.lid_c);
  TRY(saved);
  measure(before, next);
  if (const auto* completed = std::get_if<Completed>(&next)) {
    log_info("purchase completed", ids.xid, completed->outcome.completion_code);
  } else {
    log_info("the merchant has the order", ids.xid);
  }
  return std::visit([](auto&& state) -> PurchaseState { return std::move(state); }, std::move(next));
}

// --- Inq ---

Result<Service::Inquired> Service::ask(const Order& order, const Card& card) {
  const auto now = s_.clock();
  const auto inquiry = TRY(make_inq_req(order, card.party, now, s_.rng));
  const auto client = s_.connect_merchant(order.offer.address, *card.party.trust);
  auto answered = TRY(client.purchase_inquiry(inquiry.message.wire));
  const auto answered_at = s_.clock();
  const auto envelope = TRY(read_envelope(std::move(answered.response), answered_at));
  const auto known = known_of(order.offer.merchant);
  const auto answer = TRY(Opener::answer<InqRes>(envelope, inquiry.message.pending, card.party,
                                                 {order.offer.brand, known, answered.by}, answered_at));
  auto next = TRY(accept_inq_res(order, inquiry, answer.message));
  const auto outcome = to_string(answer.message->state.completion_code);
  return Inquired{std::move(next),
                  proof_of_answer(answer, known, *card.party.trust, outcome, answered_at)};
}

Result<PurchaseState> Service::ask_and_settle(const PurchaseState& state, const Card& card) {
  const auto& order = *order_of(state);
  const auto [next, proof] = TRY(ask(order, card));
  if (const auto* completed = std::get_if<Completed>(&next)) return settle(order, *completed, proof);
  if (const auto* ordered = std::get_if<Ordered>(&next)) return settle(order, *ordered, proof);
  return state;  // not received: the stored PReq may still be sent
}

Result<PurchaseState> Service::inquire(const XID& xid) {
  log_context().xid = xid;
  auto state = TRY(s_.store.find(xid));
  if (is_open(state)) return ask_and_settle(state, TRY(card_of(*order_of(state))));
  if (!std::holds_alternative<Completed>(state)) return state;
  const auto ask_again = [&]() -> Result<PurchaseState> {
    return ask_and_settle(state, TRY(card_of(*order_of(state))));
  };
  auto asked = ask_again();
  if (asked) return asked;
  log_warning("the merchant was not asked again", xid, asked.error());
  return state;
}

Result<std::vector<std::optional<AcqCardCodeMsg>>> Service::card_messages(const PurchaseState& state) {
  std::vector<std::optional<AcqCardCodeMsg>> out;
  const auto* completed = std::get_if<Completed>(&state);
  if (completed == nullptr) return out;
  const auto& ids = completed->order.offer.trans_ids;
  for (const auto& payload : completed->outcome.payloads) {
    auto& message = out.emplace_back();
    if (payload.acq_card_msg.empty()) continue;
    const auto key = TRY(s_.store.card_message_key(ids.lid_c));
    auto opened = open_card_message(key.reveal(), payload.acq_card_msg, {ids.xid, payload.auth_rrpid});
    if (opened) message = *std::move(opened);
    if (!opened) log_warning("a word of the acquirer does not open", ids.xid, opened.error());
  }
  return out;
}

Result<std::vector<PurchaseState>> Service::resume() {
  std::vector<PurchaseState> out;
  for (const auto& state : TRY(s_.store.unanswered())) {
    const auto& offer = offer_of(state);
    const LogContextScope of_this_purchase;
    log_context().xid = offer.trans_ids.xid;
    const auto card = TRY(card_of(*order_of(state)));
    const auto* awaiting = std::get_if<AwaitingPRes>(&state);
    auto next = awaiting != nullptr ? send_preq(awaiting->order, card) : ask_and_settle(state, card);
    if (!next) {
      log_warning("the purchase could not be resumed", offer.trans_ids.xid, next.error());
      next = s_.store.find(offer.trans_ids.lid_c);
    }
    out.push_back(TRY(std::move(next)));
  }
  return out;
}

// --- receipts ---

Result<VerifiedPurchase> Service::receipt(const XID& xid) {
  auto state = TRY(s_.store.find(xid));
  auto* completed = std::get_if<Completed>(&state);
  CHECK_OR_FAIL(completed != nullptr, ErrorCode::conflict,
                "this purchase has no receipt, since it has no outcome; see set-wallet status " +
                    xid.hex());
  const auto signer = TRY(signer_of(completed->order));
  const auto card =
      TRY(s_.store.find_certificate(completed->order.offer.card, signer, s_.clock()));
  auto receipt = TRY(verify_receipt(*completed, card.certificate, *card.trust));
  log_info("receipt verified", xid);
  return VerifiedPurchase{std::move(*completed), std::move(receipt),
                          card.certificate.leaf.thumbprint()};
}

Result<std::string> Service::export_receipt(const XID& xid) {
  const auto state = TRY(s_.store.find(xid));
  const auto* order = order_of(state);
  CHECK_OR_FAIL(order != nullptr, ErrorCode::conflict, "nothing is signed of this purchase yet");
  const auto card =
      TRY(s_.store.find_certificate(order->offer.card, TRY(signer_of(*order)), s_.clock()));
  const auto evidence =
      TRY(statements::evidence_of(s_.store.database(), xid, "cardholder", *card.trust));
  return write_evidence(evidence);
}

}  // namespace set::wallet
