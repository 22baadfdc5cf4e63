#include "merchant/resolver.h"

#include <algorithm>

#include "common/base/log.h"
#include "common/store/crash_point.h"
#include "common/store/replies.h"
#include "merchant/authorization.h"

namespace set::merchant {
namespace {

constexpr Duration kResolverDeadline = std::chrono::seconds(10);
constexpr Duration kMaxBackOff = std::chrono::minutes(5);
constexpr Duration kCertificateAge = std::chrono::hours(24);
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

}  // namespace

Duration back_off(std::int64_t attempts) {
  const auto doublings = std::clamp<std::int64_t>(attempts, 0, 10);
  return std::min<Duration>(std::chrono::seconds(2LL << doublings), kMaxBackOff);
}

Result<Authorization> Resolver::resolve(const Ordered& order, AwaitingAuthRes awaiting,
                                        Duration deadline) {
  const auto& xid = order.initiated.ids.xid;
  crash_point("merchant:before-auth-req");
  auto answer = parts_.gateway.authorize(awaiting.request, deadline);
  if (std::holds_alternative<TooOld>(answer)) {
    auto younger = make_younger(order, awaiting);
    if (younger) {
      awaiting = *std::move(younger);
      answer = parts_.gateway.authorize(awaiting.request, deadline);
    } else if (younger.error().code != ErrorCode::conflict) {
      return failure(std::move(younger).error());
    }
  }
  // That the first bytes were too old may have been said in the clear, about a spoilt copy, when
  // the gateway had decided by them. Then it has their answer, for these bytes whatever their date.
  if (std::holds_alternative<KnownInOtherBytes>(answer))
    answer = TRY(ask_in_earlier_bytes(awaiting.auth_rrpid, deadline));
  crash_point("merchant:auth-res-received");
  auto decided = decide(order, awaiting, answer);
  if (!decided) return Authorization(std::move(awaiting));
  auto saved = TRY(save(order, std::move(*decided)));
  crash_point("merchant:auth-res-saved");
  const auto certificates = parts_.gateway.certificates();
  const auto* auth_res = std::get_if<OpenedAnswer<AuthRes>>(&answer);
  // "PEThumb: new gateway certificate? fetch by PCertReq."
  if (auth_res != nullptr && certificates != nullptr &&
      auth_res->message->pe_thumb != certificates->key_exchange.leaf.thumbprint()) {
    log_info("the gateway has a new certificate", xid);
    const std::lock_guard lock(mutex_);
    refresh_wanted_ = true;
    wake_.notify_all();
  }
  return saved;
}

// The same authRRPID under a fresh date: the gateway knows the authorisation by that name.
Result<AwaitingAuthRes> Resolver::make_younger(const Ordered& order,
                                               const AwaitingAuthRes& awaiting) {
  const auto certificates = parts_.gateway.certificates();
  CHECK_OR_FAIL(certificates, ErrorCode::peer_unavailable,
                "the gateway's certificates are not known yet");
  const auto now = parts_.clock();
  auto younger =
      TRY(make_auth_req(order, awaiting.auth_rrpid, *parts_.party, *certificates, now, parts_.rng));
  TRY(parts_.store.replace_request(younger, now, now - kFreshnessWindow));
  log_info("authorization request made anew", order.initiated.ids.xid, younger.auth_rrpid);
  return younger;
}

Result<AuthAnswer> Resolver::ask_in_earlier_bytes(const RRPID& auth_rrpid, Duration deadline) {
  for (const auto& request : TRY(parts_.store.earlier_requests(auth_rrpid))) {
    auto answer = parts_.gateway.authorize(request, deadline);
    if (std::holds_alternative<OpenedAnswer<AuthRes>>(answer)) return answer;
    // No other word counts: the gateway has just said that it did take this authorisation up.
  }
  return AuthAnswer(KnownInOtherBytes{});
}

std::optional<Decided> Resolver::decide(const Ordered& order, const AwaitingAuthRes& awaiting,
                                        const AuthAnswer& answer) {
  const auto& xid = order.initiated.ids.xid;
  if (const auto* unanswered = std::get_if<Unanswered>(&answer)) {
    log_warning("authorization not answered", xid, awaiting.auth_rrpid, unanswered->reason);
    return std::nullopt;
  }
  if (std::holds_alternative<TooOld>(answer)) {
    log_warning("authorization not answered: the clocks differ", xid, awaiting.auth_rrpid);
    return std::nullopt;
  }
  if (std::holds_alternative<KnownInOtherBytes>(answer)) {
    log_warning("authorization not answered: the gateway knows it in other bytes", xid,
                awaiting.auth_rrpid);
    return std::nullopt;
  }
  if (const auto* refused = std::get_if<Refused>(&answer)) {
    log_warning("authorization refused", xid, awaiting.auth_rrpid, refused->code);
    return accept_error(awaiting, parts_.clock());
  }
  const auto certificates = parts_.gateway.certificates();
  if (certificates == nullptr) return std::nullopt;
  auto decided = accept_auth_res(order, awaiting, std::get<OpenedAnswer<AuthRes>>(answer),
                                 *parts_.party, *certificates);
  if (!decided) {
    log_error("authorization answer not acceptable", xid, awaiting.auth_rrpid, decided.error());
    return std::nullopt;
  }
  return std::move(*decided);
}

Result<Authorization> Resolver::save(const Ordered& order, Decided decided) {
  const auto& xid = order.initiated.ids.xid;
  const auto saved = parts_.store.advance(order, decided);
  if (saved) {
    log_info("authorization decided", xid, LogWord{"state", state_name(decided)},
             auth_code_of(decided));
    return authorization_of(std::move(decided));
  }
  // Somebody else sent the same bytes and was first; the gateway told both the same.
  if (saved.error().code != ErrorCode::conflict) return failure(saved.error());
  auto found = TRY(parts_.store.find(xid));
  CHECK_OR_FAIL(found && found->authorization, ErrorCode::internal,
                "a decided authorisation has gone");
  return std::move(*found->authorization);
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
    resolve_due();
    purge_replies();
    std::unique_lock lock(mutex_);
    wake_.wait_for(lock, parts_.tick, [this] { return stopping_ || refresh_wanted_; });
  }
}

void Resolver::resolve_due() {
  const auto due = parts_.store.due(parts_.clock(), kDueAtOnce);
  if (!due) {
    log_error("cannot look for open authorizations", due.error());
    return;
  }
  for (const auto& item : *due) {
    if (stopping()) return;
    resolve_one(item);
  }
}

void Resolver::resolve_one(const Store::Due& due) {
  const auto attempt = [&]() -> Result<void> {
    auto found = TRY(parts_.store.find(due.xid));
    CHECK_OR_FAIL(found && found->authorization, ErrorCode::internal,
                  "an open authorisation has gone");
    auto* awaiting = std::get_if<AwaitingAuthRes>(&*found->authorization);
    const auto* order = std::get_if<Ordered>(&found->state);
    if (awaiting == nullptr || order == nullptr) return {};
    TRY(parts_.store.postpone(awaiting->auth_rrpid,
                              parts_.clock() + kResolverDeadline + back_off(due.attempts)));
    TRY(resolve(*order, std::move(*awaiting), kResolverDeadline));
    return {};
  };
  const auto done = attempt();
  if (!done) log_error("open authorization not resolved", due.xid, done.error());
}

void Resolver::refresh_certificates() {
  const auto now = parts_.clock();
  {
    const std::lock_guard lock(mutex_);
    if (!refresh_wanted_ && now < refreshed_at_ + kCertificateAge) return;
    refresh_wanted_ = false;
  }
  const auto refreshed = parts_.gateway.refresh();
  if (refreshed) {
    refreshed_at_ = now;
  } else {
    log_warning("gateway certificates not renewed", refreshed.error());
    refreshed_at_ = now - kCertificateAge + back_off(10);  // again in five minutes
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
