#include "merchant/resolver.h"

#include <algorithm>

#include "common/daemon/instruments.h"
#include "common/daemon/trace.h"
#include "common/store/crash_point.h"
#include "common/store/replies.h"
#include "merchant/authorization.h"
#include "merchant/resolver_ask.h"

namespace set::merchant {
namespace {

constexpr Duration kMaxBackOff = std::chrono::minutes(5);
constexpr Duration kCertificateAge = std::chrono::hours(24);
// Without a good one no purchase can be made: a gateway that enrols anew is soon seen.
constexpr Duration kWithoutCertificate = std::chrono::minutes(1);
constexpr Duration kReplyAge = std::chrono::hours(24 * 90);  // outlives window and batch cycle
constexpr int kDueAtOnce = 16;

std::string_view state_name(const Decided& decided) {
  if (std::holds_alternative<Captured>(decided)) return "captured";
  return std::holds_alternative<Authorized>(decided) ? "authorized" : "declined";
}

AuthCode auth_code_of(const Decided& decided) {
  const auto* declined = std::get_if<Declined>(&decided);
  return declined != nullptr ? declined->code : AuthCode::approved;
}

void measure(const Decided& decided) {
  metrics::authorizations.count(auth_code_of(decided));
  if (const auto* authorized = std::get_if<Authorized>(&decided))
    metrics::count_money({"authorized"}, authorized->amount);
  if (const auto* captured = std::get_if<Captured>(&decided)) {
    metrics::count_money({"authorized"}, captured->authorized.amount);
    metrics::count_money({"captured"}, captured->amount);
  }
}

RRPID auth_rrpid_of(const Authorization& authorization) {
  return std::visit(
      [](const auto& state) {
        if constexpr (requires { state.authorized; }) {
          return state.authorized.auth_rrpid;
        } else {
          return state.auth_rrpid;
        }
      },
      authorization);
}

}  // namespace

Duration back_off(std::int64_t attempts) {
  const auto doublings = std::clamp<std::int64_t>(attempts, 0, 10);
  return std::min<Duration>(std::chrono::seconds(2LL << doublings), kMaxBackOff);
}

Result<Authorization> Resolver::resolve(const Ordered& order, AwaitingAuthRes awaiting,
                                        Duration deadline) {
  const auto self = signing_as(*parts_.party(), order.initiated.merchant, parts_.clock());
  crash_point("merchant:before-auth-req");
  const auto make_younger = [&]() -> Result<Request> {
    const auto gateway = TRY(certificates());
    auto younger = TRY(make_auth_req(order, awaiting, self, *gateway, parts_.clock(), parts_.rng));
    return std::move(younger.request);
  };
  const auto answer =
      TRY(ask<AuthRes>(self, awaiting.auth_rrpid, awaiting.request, {order.initiated.ids.xid},
                       deadline, make_younger));
  crash_point("merchant:auth-res-received");
  auto decided = decide(self, order, awaiting, answer);
  if (!decided) return Authorization(std::move(awaiting));
  const auto proof = proof_of(self, awaiting.auth_rrpid, answer);
  auto saved = TRY(save(order, awaiting.auth_rrpid, std::move(*decided), proof));
  crash_point("merchant:auth-res-saved");
  if (const auto* auth_res = std::get_if<OpenedAnswer<AuthRes>>(&answer))
    note_certificate(auth_res->message->pe_thumb);
  return saved;
}

Result<std::shared_ptr<const GatewayCertificates>> Resolver::certificates() {
  auto known = parts_.gateway.certificates();
  CHECK_OR_FAIL(known, ErrorCode::peer_unavailable, "the gateway's certificates are not known yet");
  return known;
}

// "PEThumb: new gateway certificate? fetch by PCertReq."
void Resolver::note_certificate(const Thumbprint& pe_thumb) {
  const auto known = parts_.gateway.certificates();
  if (known == nullptr || pe_thumb == known->key_exchange.leaf.thumbprint()) return;
  log_info("the gateway has a new certificate", pe_thumb);
  const std::lock_guard lock(mutex_);
  refresh_wanted_ = true;
  wake_.notify_all();
}

std::optional<Decided> Resolver::decide(const Party& self, const Ordered& order,
                                        const AwaitingAuthRes& awaiting,
                                        const GatewayAnswer<AuthRes>& answer) {
  if (std::holds_alternative<Refused>(answer)) return accept_error(awaiting, parts_.clock());
  const auto* auth_res = std::get_if<OpenedAnswer<AuthRes>>(&answer);
  const auto known = parts_.gateway.certificates();
  if (auth_res == nullptr || known == nullptr) return std::nullopt;
  auto decided = accept_auth_res(order, awaiting, *auth_res, self, *known);
  if (!decided) {
    log_error("authorization answer not acceptable", order.initiated.ids.xid, awaiting.auth_rrpid,
              decided.error());
    return std::nullopt;
  }
  return std::move(*decided);
}

std::vector<Certificate> Resolver::known_issuers() const {
  const auto known = parts_.gateway.certificates();
  return known == nullptr ? std::vector<Certificate>() : known->key_exchange.issuers;
}

Proof Resolver::proof_of(const Party& self, const RRPID& rrpid,
                         const GatewayAnswer<AuthRes>& answer) {
  const auto now = parts_.clock();
  if (const auto* auth_res = std::get_if<OpenedAnswer<AuthRes>>(&answer)) {
    const auto code = to_string(auth_res->message->auth_code);
    return proof_of_answer(*auth_res, known_issuers(), *self.trust, code, now);
  }
  const auto* refused = std::get_if<Refused>(&answer);
  if (refused == nullptr) return {};
  return {.entry = told_entry(wire::MESSAGE_TYPE_AUTH_RES, rrpid, to_string(refused->code), now)};
}

Result<Authorization> Resolver::save(const Ordered& order, const RRPID& auth_rrpid,
                                     Decided decided, const Proof& proof) {
  const auto& xid = order.initiated.ids.xid;
  const auto saved = parts_.store.advance(order, decided, proof);
  if (saved) {
    log_info("authorization decided", xid, LogWord{"state", state_name(decided)},
             auth_code_of(decided));
    measure(decided);
    return authorization_of(std::move(decided));
  }
  // Somebody else sent the same bytes and was first; the gateway told both the same.
  if (saved.error().code != ErrorCode::conflict) return failure(saved.error());
  auto found = TRY(parts_.store.find(xid));
  CHECK_OR_FAIL(found, ErrorCode::internal, "a purchase has gone");
  for (auto& authorization : found->authorizations) {
    if (auth_rrpid_of(authorization) == auth_rrpid) return std::move(authorization);
  }
  return failure(ErrorCode::internal, "a decided authorisation has gone");
}

// An AuthReq that was left open, or that `authorize` wants.
Result<void> Resolver::take_up(const OpenRequest& open) {
  auto found = TRY(parts_.store.find(open.xid.value()));
  CHECK_OR_FAIL(found, ErrorCode::internal, "an open authorisation has gone");
  auto* awaiting = found->awaiting();
  const auto* order = std::get_if<Ordered>(&found->state);
  if (awaiting == nullptr || order == nullptr || awaiting->auth_rrpid != open.rrpid) return {};
  if (!open.request) {
    const auto self = signing_as(*parts_.party(), order->initiated.merchant, parts_.clock());
    const auto gateway = TRY(certificates());
    const auto now = parts_.clock();
    *awaiting = TRY(make_auth_req(*order, *awaiting, self, *gateway, now, parts_.rng));
    const auto proof = proof_of_request(wire::MESSAGE_TYPE_AUTH_REQ, awaiting->request, self,
                                        {*open.xid}, now);
    TRY(parts_.store.save_bytes(open.rrpid, awaiting->request,
                                self.signature.value().leaf.thumbprint(), now, proof));
  }
  const auto now_is = TRY(resolve(*order, std::move(*awaiting), kResolverDeadline));
  const bool silent = std::holds_alternative<AwaitingAuthRes>(now_is) &&
                      parts_.clock() >= open.waiting_since + parts_.patience();
  if (!silent) return {};
  // "An unknown outcome … same bytes again, then AuthRevReq" (protocol §6 rule 5).
  log_warning("authorization given up: it is to be cancelled", *open.xid, open.rrpid);
  const auto given_up = parts_.store.give_up(open.rrpid, parts_.rng.make<RRPID>(), parts_.clock());
  if (!given_up && given_up.error().code != ErrorCode::conflict) return given_up;
  return {};
}

// --- the thread ---

Result<void> Resolver::start() {
  TRY(parts_.store.make_all_due(parts_.clock()));
  refreshed_at_ = parts_.clock();
  thread_ = std::thread([this] { run(); });
  return {};
}

void Resolver::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

bool Resolver::stopping() {
  const std::lock_guard lock(mutex_);
  return stopping_;
}

void Resolver::run() {
  while (!stopping()) {
    refresh_certificates();
    close_batches();
    resolve_due();
    purge_replies();
    std::unique_lock lock(mutex_);
    wake_.wait_for(lock, parts_.tick, [this] { return stopping_ || refresh_wanted_; });
  }
}

void Resolver::resolve_due() {
  const auto due = parts_.store.due(parts_.clock(), kDueAtOnce);
  if (!due) {
    log_error("cannot look for open requests", due.error());
    return;
  }
  for (const auto& item : *due) {
    if (stopping()) return;
    resolve_one(item);
  }
}

void Resolver::resolve_one(const Store::Due& due) {
  const SpanScope span("resolve");  // the call that it belonged to has ended
  log_context().rrpid = due.rrpid;
  const auto ours = parts_.store.take_up(
      due, parts_.clock() + kResolverDeadline + back_off(due.attempts));
  if (ours && !*ours) return;
  const auto attempt = [&]() -> Result<void> {
    TRY(ours);
    auto open = TRY(parts_.store.find_open(due.rrpid));
    if (!open) return {};
    log_context().xid = open->xid;
    return open->xid ? take_up(*open) : follow_up(std::move(*open));
  };
  const auto done = attempt();
  if (!done) log_error("open request not resolved", due.rrpid, done.error());
  // That much was to keep others from taking it up meanwhile; now it is over, however soon.
  const auto again =
      parts_.store.try_again_at(due.rrpid, parts_.clock() + back_off(due.attempts));
  if (!again) log_error("open request not due again", due.rrpid, again.error());
}

void Resolver::refresh_certificates() {
  const auto now = parts_.clock();
  const auto certificates = parts_.gateway.certificates();
  Duration age = kWithoutCertificate;
  if (certificates != nullptr) {
    age = kCertificateAge;
    // Often enough to see the next certificate while this one is good.
    const auto& leaf = certificates->key_exchange.leaf;
    age = std::min<Duration>(age, (leaf.not_after() - leaf.not_before()) / 20);
  }
  {
    const std::lock_guard lock(mutex_);
    if (!refresh_wanted_ && now < refreshed_at_ + age) return;
    refresh_wanted_ = false;
  }
  const auto refreshed = parts_.gateway.refresh();
  if (refreshed) {
    refreshed_at_ = now;
  } else {
    log_warning("gateway certificates not renewed", refreshed.error());
    refreshed_at_ = now - age + std::min(age, back_off(10));  // again in five minutes
  }
}

void Resolver::purge_replies() {
  const auto now = parts_.clock();
  if (now < purged_at_ + std::chrono::hours(24)) return;
  purged_at_ = now;
  const auto purged = replies::purge_older_than(parts_.store.database(), now - kReplyAge);
  if (!purged) log_error("old replies not forgotten", purged.error());
}

}  // namespace set::merchant
