#include "gateway/service.h"

#include "common/base/log.h"
#include "common/daemon/access.h"
#include "common/daemon/instruments.h"
#include "common/store/crash_point.h"
#include "gateway/cap_token.h"
#include "gateway/gateway_certificate.h"

namespace set::gateway {
namespace {

constexpr int kMaxFetchedThumbprints = 32;
// A repeat passes the date check until its own date, which may be ahead of ours, is too old.
constexpr Duration kRepeatWindow = 2 * kFreshnessWindow;
// A gateway that died in the middle is waited for that long by the others.
constexpr Duration kDecidingLease = std::chrono::seconds(30);

std::string lease_of(const RRPID& auth_rrpid) { return "deciding " + auth_rrpid.hex(); }

void log_decided(const Decided& decided) {
  const auto& terms = terms_of(decided);
  const auto made = make_auth_res(decided, {});
  log_info("authorisation", terms.trans_ids.xid, made.message.auth_code, terms.auth_req_amt);
}

void log_refused(const Refused& refused, const Verified<AuthReq>& auth_req) {
  log_info("authorisation", auth_req.head().trans_ids->xid, refused.code, auth_req->auth_req_amt);
}

void measure(const Decided& decided) {
  const auto& amount = terms_of(decided).auth_req_amt;
  const auto code = make_auth_res(decided, {}).message.auth_code;
  metrics::authorizations.count(code);
  if (code == AuthCode::approved) metrics::count_money({"authorized"}, amount);
  if (const auto* captured = std::get_if<Captured>(&decided))
    metrics::count_money({"captured"}, captured->captured);
}

Reply<AuthRes> reply_of(MadeAuthRes made, const TransIDs& trans_ids) {
  return {.message = std::move(made.message),
          .answer = {
              .trans_ids = trans_ids, .baggage = serialize(to_wire(made.baggage)), .enclosed = {}}};
}

/// None while the acquirer's answer is not known.
std::optional<Decided> decided_if(const Authorization& authorization) {
  return std::visit(
      [](const auto& state) -> std::optional<Decided> {
        if constexpr (std::is_same_v<std::decay_t<decltype(state)>, AwaitingAcquirer>) {
          return std::nullopt;
        } else {
          return Decided(state);
        }
      },
      authorization);
}

}  // namespace

bool Service::is_error_message(const wire::MessageWrapper& answer) {
  wire::MessageHeader header;
  return parse_canonical(view_of(answer.header()), header) &&
         header.message_type() == wire::MESSAGE_TYPE_ERROR;
}

grpc::Status Service::authorize(const Caller& caller, const wire::MessageWrapper& in,
                                wire::MessageWrapper& out) {
  const auto request_digest = request_bytes_digest(in, caller);
  return handle_owed<AuthReq, AuthRes>(caller, in, out, [&](Opened<AuthReq>& opened) {
    return authorize_flow(opened, request_digest);
  });
}

Result<Reply<AuthRes>> Service::authorize_flow(Opened<AuthReq>& opened,
                                               const Digest& request_digest) {
  const auto party = parts_.receiver.party();
  const auto& pe_thumb = party->key_exchange.value().leaf.thumbprint();
  const auto decision = TRY(decide(opened, *party, request_digest));
  if (const auto* refused = std::get_if<Refused>(&decision)) {
    log_refused(*refused, opened.message);
    metrics::authorizations.count(refused->code);
    return reply_of(make_auth_res(*refused, opened.message, pe_thumb, parts_.receiver.now()),
                    *opened.message.head().trans_ids);
  }
  const auto& decided = std::get<Decided>(decision);
  log_decided(decided);
  return reply_of(TRY(auth_res_of(decided, pe_thumb)), terms_of(decided).trans_ids);
}

Result<MadeAuthRes> Service::auth_res_of(const Decided& decided, const Thumbprint& pe_thumb) {
  auto made = make_auth_res(decided, pe_thumb);
  const auto* sale = std::get_if<Captured>(&decided);
  if (sale == nullptr || !sale->terms.asks.batch_status) return made;
  const auto batch = TRY(parts_.store.database().in_transaction("gateway:find", [&](Transaction& t) {
    return batches::find(t, sale->terms.merchant_id, sale->batch_id);
  }));
  if (batch) made.message.batch_status = batch_status_of(*batch);
  return made;
}

/// May run twice for one AuthReq, if the process died before its answer was stored: the second run
/// finds the first one's state and never asks a second question.
Result<std::variant<Decided, Refused>> Service::decide(Opened<AuthReq>& opened, const Party& party,
                                                       const Digest& request_digest) {
  const auto& auth_req = opened.message;
  TRY(check_merchant(auth_req.signer(), party, parts_.terms()));
  if (const auto known = TRY(parts_.store.find(auth_req.head().rrpid))) {
    TRY(accept_repeat(*known, auth_req));
    if (auto decided = decided_if(*known)) return *std::move(decided);
    const auto& waiting = std::get<AwaitingAcquirer>(*known);
    if (waiting.terms.credential) return TRY(ask_acquirer(waiting, nullptr));
    const auto pi = open_pi(opened.baggage, party, parts_.receiver.now());
    // It opened when it was claimed. What has expired since then must not end what may be captured.
    CHECK_OR_FAIL(pi, ErrorCode::in_progress, "an open authorisation whose PI opens no more");
    return TRY(ask_acquirer(waiting, &pi->account, auth_req->details.avs_data));
  }
  const auto token = TRY(open_token_pi(opened.baggage));
  return token.empty() ? decide_new(opened, party, request_digest)
                       : decide_by_token(opened, token, party, request_digest);
}

Result<std::variant<Decided, Refused>> Service::decide_new(Opened<AuthReq>& opened,
                                                           const Party& party,
                                                           const Digest& request_digest) {
  const auto& auth_req = opened.message;
  const auto now = parts_.receiver.now();
  const auto pi = TRY(open_pi(opened.baggage, party, now));
  const auto pi_state = TRY(parts_.store.find_pi(pi.pi_tbs->hpi_data));
  auto accepted = TRY(accept_auth_req(auth_req, pi, pi_state, party, parts_.terms(), now));
  if (auto* refused = std::get_if<Refused>(&accepted)) return std::move(*refused);

  auto& waiting = std::get<AwaitingAcquirer>(accepted);
  waiting.terms.card_message_key =
      seal_card_message_key(parts_.token_key.reveal(), pi.card_message_key.reveal(),
                            waiting.terms.hpi_data, parts_.receiver.rng());
  Proof proof{.statements = {statement_of(pi, opened.baggage, *party.trust)}};
  return claim_and_ask(std::move(waiting), &pi.account, opened, request_digest, std::move(proof));
}

Result<std::variant<Decided, Refused>> Service::decide_by_token(Opened<AuthReq>& opened,
                                                                ByteView token, const Party& party,
                                                                const Digest& request_digest) {
  const auto& auth_req = opened.message;
  const auto& trans_ids = auth_req.head().trans_ids;
  CHECK_OR_FAIL(trans_ids, ErrorCode::decoding_failure, "an AuthReq without TransIDs");
  // "AuthToken: verify own signature and decrypt" (§3.6 step 4a): for this merchant and XID.
  const auto& merchant_id = auth_req.signer().merchant_data()->merchant_id;
  const auto opened_token =
      TRY(open_auth_token(parts_.token_key.reveal(), token, merchant_id, trans_ids->xid));
  const auto mandate = TRY(parts_.store.find_mandate(opened_token.hpi_data));
  CHECK_OR_FAIL(mandate && mandate->credential, ErrorCode::internal, "an AuthToken without its PI");
  auto accepted = TRY(accept_auth_req_by_token(auth_req, *mandate, token, party, parts_.terms(),
                                               parts_.receiver.now()));
  if (auto* refused = std::get_if<Refused>(&accepted)) return std::move(*refused);
  return claim_and_ask(std::get<AwaitingAcquirer>(std::move(accepted)), nullptr, opened,
                       request_digest, {});
}

Result<std::variant<Decided, Refused>> Service::claim_and_ask(AwaitingAcquirer waiting,
                                                              const PANData* account,
                                                              const Opened<AuthReq>& opened,
                                                              const Digest& request_digest,
                                                              Proof proof) {
  const OwedReply owed{request_digest, pending_reply_of(opened.reply)};
  proof.statements.push_back(
      statement_of(opened.message, opened.bag, *parts_.receiver.party()->trust));
  switch (TRY(parts_.store.claim(waiting, owed, proof))) {  // before the acquirer is asked
    case Claim::claimed:
      return TRY(ask_acquirer(std::move(waiting), account, opened.message->details.avs_data));
    case Claim::pi_in_use:
      return refused(AuthCode::pi_previously_used, waiting.terms);
    case Claim::cancelled:
    case Claim::no_batch:
      return refused(AuthCode::invalid_transaction, waiting.terms);
    case Claim::known:
      break;
  }
  return failure(ErrorCode::in_progress, "this AuthReq is being worked on");
}

Result<AcquirerAnswer> Service::ask(const AuthorizationTerms& terms, const PANData* account,
                                    const std::optional<AVSData>& avs_data) {
  if (terms.credential) {
    return parts_.acquirer.authorize_subsequent({.auth_rrpid = terms.auth_rrpid,
                                                 .original = *terms.credential,
                                                 .amount = terms.auth_req_amt,
                                                 .capture_now = terms.capture_now,
                                                 .merchant_id = terms.merchant_id,
                                                 .batch_id = terms.batch_id});
  }
  std::optional<iso8583::Address> address;
  if (avs_data) address = iso8583::address_of(*avs_data);
  if (address && address->empty()) address.reset();  // nothing that a network compares
  return parts_.acquirer.authorize({.auth_rrpid = terms.auth_rrpid,
                                    .account = *account,
                                    .amount = terms.auth_req_amt,
                                    .capture_now = terms.capture_now,
                                    .merchant_id = terms.merchant_id,
                                    .batch_id = terms.batch_id,
                                    .address = std::move(address)});
}

Result<Decided> Service::ask_acquirer(AwaitingAcquirer waiting, const PANData* account,
                                      const std::optional<AVSData>& avs_data) {
  const Deciding alone(*this, waiting.terms.auth_rrpid);
  CHECK_OR_FAIL(alone, ErrorCode::in_progress, "this AuthReq is being worked on");
  crash_point("gateway:before-acquirer");
  auto answer = ask(waiting.terms, account, avs_data);
  crash_point("gateway:after-acquirer");
  return settle(std::move(waiting), std::move(answer));
}

Result<std::optional<Decided>> Service::ask_acquirer_again(AwaitingAcquirer waiting) {
  // With a stored credential nothing is missing: it is the same question again.
  if (waiting.terms.credential) return TRY(ask_acquirer(std::move(waiting), nullptr));
  const Deciding alone(*this, waiting.terms.auth_rrpid);
  if (!alone) return std::nullopt;  // a flow is at it
  auto known = parts_.acquirer.inquire(waiting.terms.auth_rrpid);
  if (!known) return TRY(settle(std::move(waiting), failure(std::move(known).error())));
  if (*known) return TRY(settle(std::move(waiting), **std::move(known)));
  // The question never got there, and the card number is gone with the flow. As long as the
  // merchant's repeat can bring it again, that is who decides; after that it ends as unanswered.
  if (parts_.receiver.now() < waiting.received_at + kRepeatWindow) return std::nullopt;
  return TRY(settle(std::move(waiting),
                    failure(ErrorCode::outcome_unknown, "the acquirer was never asked")));
}

Service::Deciding::Deciding(Service& service, const RRPID& auth_rrpid)
    : service_(service), auth_rrpid_(auth_rrpid) {
  {
    const std::lock_guard lock(service_.mutex_);
    alone_ = service_.deciding_.insert(auth_rrpid_).second;
  }
  if (!alone_) return;
  const auto leased = service_.lease(auth_rrpid_);
  if (!leased) log_warning("cannot tell whether we decide alone", auth_rrpid_, leased.error());
  if (leased && *leased) return;
  leave();
  alone_ = false;
}

Service::Deciding::~Deciding() {
  if (!alone_) return;
  // One that cannot be given back ends by itself.
  auto& database = service_.parts_.store.database();
  if (database.is_shared()) (void)leases::release(database, lease_of(auth_rrpid_), service_.holder_);
  leave();
}

void Service::Deciding::leave() {
  const std::lock_guard lock(service_.mutex_);
  service_.deciding_.erase(auth_rrpid_);
}

Result<bool> Service::lease(const RRPID& auth_rrpid) {
  auto& database = parts_.store.database();
  if (!database.is_shared()) return true;
  const auto now = parts_.receiver.now();
  return leases::take(database, lease_of(auth_rrpid), holder_, now, now + kDecidingLease);
}

Result<Decided> Service::settle(AwaitingAcquirer waiting, Result<AcquirerAnswer> answer) {
  const auto auth_rrpid = waiting.terms.auth_rrpid;
  const auto now = parts_.receiver.now();
  if (!answer && answer.error().code != ErrorCode::outcome_unknown) {
    return failure(std::move(answer).error());
  }
  if (!answer) {
    // Another daemon that took our silence for our end may have been told more.
    CHECK_OR_FAIL(TRY(lease(auth_rrpid)), ErrorCode::in_progress, "another gateway is at it");
    // It may also be done by now, and have told the merchant: that must not be reversed.
    if (const auto known = TRY(parts_.store.find(auth_rrpid))) {
      if (auto other = decided_if(*known)) return *std::move(other);
    }
    // Nobody knows whether it was approved; so it is undone before anybody is told.
    TRY(parts_.acquirer.reverse(auth_rrpid));
    crash_point("gateway:after-reversal");
  }
  auto decided = answer
                     ? accept_acquirer_answer(std::move(waiting), *answer, parts_.terms(),
                                              parts_.token_key.reveal(), now, parts_.receiver.rng())
                     : accept_no_reply(std::move(waiting), now);
  auto saved = parts_.store.advance(std::move(decided));
  if (saved) measure(*saved);
  if (saved || saved.error().code != ErrorCode::conflict) return saved;
  // Two threads worked on one AuthReq that came in two forms: the first one's word counts.
  const auto first = TRY(parts_.store.find(auth_rrpid));
  if (first) {
    if (auto other = decided_if(*first)) return *std::move(other);
  }
  return failure(std::move(saved).error());
}

Bytes Service::pending_reply_of(const ReplyContext& reply) {
  const PendingReply pending{.rrpid = reply.rrpid,
                             .request_digest = reply.request_digest,
                             .key = reply.key ? std::optional(reply.key->clone()) : std::nullopt};
  return seal_pending_reply(parts_.token_key.reveal(), pending.to_bytes().reveal(), reply.rrpid,
                            parts_.receiver.rng());
}

Result<void> Service::resume(Duration older_than) {
  const auto by = parts_.receiver.now() - older_than;
  for (auto& waiting : TRY(parts_.store.awaiting_acquirer(by))) {
    const auto xid = waiting.terms.trans_ids.xid;
    const auto decided = ask_acquirer_again(std::move(waiting));
    if (decided && *decided) log_decided(**decided);
    if (!decided) {
      log_warning("an authorisation is still open", xid, decided.error());
    }
  }
  for (const auto& unanswered : TRY(parts_.store.unanswered(by))) {
    const auto stored = store_answer(unanswered);
    if (!stored) {
      const auto& xid = terms_of(unanswered.decided).trans_ids.xid;
      log_warning("an answer is still owed", xid, stored.error());
    }
  }
  TRY(resume_payments(by));
  return resume_batches(by);
}

ReplyContext Service::reply_context_of(PendingReply pending, const Thumbprint& merchant) const {
  return {.rrpid = pending.rrpid,
          .request_digest = pending.request_digest,
          .requester = merchant,
          .key = std::move(pending.key),
          .held = {}};
}

Result<void> Service::store_answer(const Store::Unanswered& unanswered) {
  const auto& terms = terms_of(unanswered.decided);
  const auto now = parts_.receiver.now();
  const auto party = parts_.receiver.party();
  const auto opened =
      TRY(open_pending_reply(parts_.token_key.reveal(), unanswered.owed.pending, terms.auth_rrpid));
  const auto reply =
      reply_context_of(TRY(PendingReply::from_bytes(opened.reveal())), terms.merchant);
  const auto answer =
      reply_of(TRY(auth_res_of(unanswered.decided, party->key_exchange.value().leaf.thumbprint())),
               terms.trans_ids);
  const auto sealed = TRY(seal_answer_with_evidence(answer.message, answer.answer, reply, *party, now,
                                                    parts_.receiver.rng()));
  const auto proof = proof_of_late_answer<AuthReq>(answer.message, terms.trans_ids, sealed,
                                                   unanswered.owed, reply, *party, now);
  return parts_.store.database().in_transaction("gateway:answered", [&](Transaction& t) -> Result<void> {
    TRY(replies::save(t, terms.merchant.view(), to_string(Treatment<AuthReq>::info.type),
                      terms.auth_rrpid,
                      {unanswered.owed.request_digest, reply.request_digest, sealed.wire}, now));
    return statements::save(t, proof, now);
  });
}

grpc::Status Service::gateway_certificates(const Caller& caller, const wire::MessageWrapper& in,
                                           wire::MessageWrapper& out) {
  return handle<PCertReq, PCertRes>(
      parts_.receiver, caller, in, out, [&](Opened<PCertReq>& opened) -> Result<Reply<PCertRes>> {
        const auto party = parts_.receiver.party();
        const auto accepted = TRY(accept_pcert_req(opened.message, *party, parts_.terms()));
        return Reply<PCertRes>{.message = make_pcert_res(accepted, *party, parts_.terms()),
                               .answer = {.trans_ids = opened.message.head().trans_ids,
                                          .baggage = {},
                                          .enclosed = certificates_in_use(*party)},
                               .stored = false};
      });
}

Result<wire::FetchCertificatesResponse> Service::fetch_certificates(
    const wire::FetchCertificatesRequest& in) const {
  CHECK_OR_FAIL(in.thumbprints_size() <= kMaxFetchedThumbprints, ErrorCode::invalid_argument,
                "more than 32 thumbprints");
  std::vector<Thumbprint> named;
  for (const auto& thumbprint : in.thumbprints())
    named.push_back(TRY(Thumbprint::parse(thumbprint)));
  const auto party = parts_.receiver.party();
  wire::FetchCertificatesResponse out;
  for (const auto& certificate :
       named.empty() ? certificates_in_use(*party) : certificates_named(*party, named)) {
    out.add_certificates(string_of(certificate.der()));
  }
  return out;
}

grpc::Status Service::Authorize(grpc::ServerContext* context, const wire::MessageWrapper* in,
                                wire::MessageWrapper* out) {
  return authorize(caller_of(context), *in, *out);
}

grpc::Status Service::ReverseAuthorization(grpc::ServerContext* context,
                                           const wire::MessageWrapper* in,
                                           wire::MessageWrapper* out) {
  return reverse_authorization(caller_of(context), *in, *out);
}

grpc::Status Service::Capture(grpc::ServerContext* context, const wire::MessageWrapper* in,
                              wire::MessageWrapper* out) {
  return capture(caller_of(context), *in, *out);
}

grpc::Status Service::ReverseCapture(grpc::ServerContext* context, const wire::MessageWrapper* in,
                                     wire::MessageWrapper* out) {
  return reverse_capture(caller_of(context), *in, *out);
}

grpc::Status Service::Credit(grpc::ServerContext* context, const wire::MessageWrapper* in,
                             wire::MessageWrapper* out) {
  return credit(caller_of(context), *in, *out);
}

grpc::Status Service::ReverseCredit(grpc::ServerContext* context, const wire::MessageWrapper* in,
                                    wire::MessageWrapper* out) {
  return reverse_credit(caller_of(context), *in, *out);
}

grpc::Status Service::AdministerBatch(grpc::ServerContext* context, const wire::MessageWrapper* in,
                                      wire::MessageWrapper* out) {
  return administer_batch(caller_of(context), *in, *out);
}

grpc::Status Service::GatewayCertificates(grpc::ServerContext* context,
                                          const wire::MessageWrapper* in,
                                          wire::MessageWrapper* out) {
  return gateway_certificates(caller_of(context), *in, *out);
}

grpc::Status Service::FetchCertificates(grpc::ServerContext*,
                                        const wire::FetchCertificatesRequest* in,
                                        wire::FetchCertificatesResponse* out) {
  auto fetched = fetch_certificates(*in);
  if (!fetched) {
    return {grpc::StatusCode::INVALID_ARGUMENT, std::string(to_string(fetched.error().code))};
  }
  *out = *std::move(fetched);
  return grpc::Status::OK;
}

}  // namespace set::gateway
