#include "common/daemon/handle.h"

#include <algorithm>
#include <thread>

#include "common/base/log.h"
#include "common/crypto/digest.h"
#include "common/daemon/instruments.h"
#include "common/daemon/span_subject.h"

namespace set {
namespace {

// Every cryptographic no is answered this long after the request came: which step said no does not
// show in the time (protocol §5).
constexpr auto kCryptoFailureTime = std::chrono::milliseconds(10);

RRPID rrpid_if_readable(const wire::MessageWrapper& wrapper) {
  wire::MessageHeader header;
  if (parse_canonical(view_of(wrapper.header()), header)) {
    if (const auto rrpid = RRPID::parse(header.rrpid())) return *rrpid;
  }
  return {};
}

}  // namespace

Digest request_bytes_digest(const wire::MessageWrapper& wrapper,
                            const std::optional<PartyName>& caller) {
  const auto bytes = wrapper_digest(serialize(wrapper));
  if (!caller) return bytes;
  const std::string from = caller->brand + "/" + caller->name + "/" + std::string(to_string(caller->role));
  return digest("SET/2 wrapper from", view_of(string_of(bytes.view()) + from));
}

Bytes order_half_of(const Opened<PReq>& opened) {
  const auto baggage = parse_as<wire::PReqBaggage>(opened.baggage);
  if (!baggage || hoi_data_of(view_of(baggage->oi_data())) != opened.message->hoi_data) return {};
  return bytes_of(view_of(baggage->oi_data()));
}

Result<void> check_signer(const std::optional<PartyName>& caller, const Certificate& signer) {
  CHECK_OR_FAIL(!caller || party_name(signer) == caller, ErrorCode::permission_denied,
                "the message was signed by another party than the caller's TLS certificate names");
  return {};
}

Receiver::Receiver(std::function<std::shared_ptr<const Party>()> party, Database& database, Clock clock, Rng& rng)
    : party_(std::move(party)), database_(database), clock_(std::move(clock)), rng_(rng) {}

Handling::Handling(Receiver& receiver, const std::optional<PartyName>& caller, MessageType type,
                   const wire::MessageWrapper& in, wire::MessageWrapper& out, AuditEntry& audit)
    : receiver_(receiver), caller_(caller), type_(type), in_(in), out_(out), audit_(audit),
      party_(receiver.party()), started_(receiver.now()),
      begun_(std::chrono::steady_clock::now()) {
  if (audit_.event.empty()) audit_.event = "request";
  audit_.caller = name_of(caller_);
  audit_.message = to_string(type_);
  if (caller) log_context().peer = std::string(to_string(caller->role)) + " " + caller->name;
}

Handling::~Handling() {
  if (!entered_) return;
  const std::lock_guard lock(receiver_.mutex_);
  receiver_.in_flight_.erase(*request_digest_);
}

bool Handling::begin() {
  if (in_.ByteSizeLong() > kMaxMessageBytes) {
    fail({ErrorCode::message_too_big, "the message is larger than 256 KiB"}, nullptr);
    return true;
  }
  request_digest_ = request_bytes_digest(in_, caller_);
  {
    const std::lock_guard lock(receiver_.mutex_);
    entered_ = receiver_.in_flight_.insert(*request_digest_).second;
  }
  if (!entered_) {
    fail({ErrorCode::in_progress, "this request is being worked on"}, nullptr);
    return true;
  }
  // The wrapper is not authenticated yet: only identical bytes may release a stored answer here. It
  // comes before the date is looked at, so that an answer lost long ago can still be had.
  const auto stored = replies::find_by_request(receiver_.database_, *request_digest_);
  if (!stored) {
    fail(stored.error(), nullptr);
    return true;
  }
  if (*stored) {
    answer_stored(**stored);
    return true;
  }
  auto envelope = read_envelope(in_, started_);
  if (!envelope) {
    fail(envelope.error(), nullptr);
    return true;
  }
  envelope_ = std::move(*envelope);
  log_context().rrpid = envelope_->rrpid;
  return false;
}

bool Handling::repeated(ByteView peer, const ReplyContext& reply) {
  const auto stored = receiver_.database_.in_transaction("replies:find", [&](Transaction& t) {
    return replies::find(t, peer, to_string(type_), reply.rrpid);
  });
  if (!stored) {
    fail(stored.error(), &reply);
    return true;
  }
  if (!*stored) return false;
  if ((*stored)->content_digest != reply.request_digest) {
    fail({ErrorCode::bad_message_header, "this RRPID was used for another request"}, &reply);
  } else {
    answer_stored(**stored);
  }
  return true;
}

void Handling::is_about(const XID& xid) {
  xid_ = xid;
  work_is_about(xid);
}

void Handling::answer_stored(const StoredReply& stored) {
  if (record("repeated", &stored.reply) && send(stored.reply)) log("repeated");
}

void Handling::note(const ContentHead& head, const Digest& statement) {
  audit_.statement = statement;
  audit_.peer_head = head.audit_head;
  if (head.trans_ids) is_about(head.trans_ids->xid);
}

AuditEntry Handling::entry(std::string_view outcome, const Bytes* answer) const {
  auto out = audit_;
  out.at = started_;
  out.rrpid = rrpid().hex();
  if (xid_) out.xid = xid_->hex();
  // A room says more of what was answered than that it was.
  if (out.outcome.empty() || outcome != "answered") out.outcome = outcome;
  out.request = request_digest_;
  if (answer != nullptr) out.answer = wrapper_digest(*answer);
  return out;
}

bool Handling::record(std::string_view outcome, const Bytes* answer) {
  auto entry = this->entry(outcome, answer);
  const bool noise = outcome != "answered";
  if (noise && !receiver_.take(receiver_.noise_, started_)) {
    AuditEntry kind;
    kind.event = entry.event;
    kind.peer = entry.peer;
    kind.caller = entry.caller;
    kind.message = entry.message;
    kind.outcome = entry.outcome;
    receiver_.counts_.count(std::move(kind));
    return true;
  }
  const auto kept = audit::append(receiver_.database_, entry);
  if (kept) return true;
  log_error("the audit log cannot be written: nothing is answered", type_, rrpid(), kept.error());
  out_.Clear();
  status_ = status_of(kept.error());
  return false;
}

void Handling::finish(const SealedAnswer& answer, ByteView peer, const ReplyContext& reply, bool stored,
                      const std::optional<TransIDs>& ids, const std::vector<KeptStatement>& statements) {
  if (ids) is_about(ids->xid);
  const auto saved = receiver_.database_.in_transaction("replies:save", [&](Transaction& t) -> Result<void> {
    if (stored) {
      TRY(replies::save(t, peer, to_string(type_), reply.rrpid,
                        {*request_digest_, reply.request_digest, answer.wire}, started_));
    }
    for (const auto& statement : statements) TRY(statements::save(t, statement, started_));
    return audit::append(t, entry("answered", &answer.wire));
  });
  // The same content may have come twice in other bytes, and the other was first.
  if (!saved && saved.error().code == ErrorCode::conflict && repeated(peer, reply)) return;
  if (!saved) {
    fail(saved.error(), &reply);
    return;
  }
  if (send(answer.wire)) log("answered");
}

void Handling::fail(const Error& error, const ReplyContext* reply) {
  if (error.code == ErrorCode::signature_failure) std::this_thread::sleep_until(begun_ + kCryptoFailureTime);
  const auto rrpid = this->rrpid();
  log_warning("message refused", type_, rrpid, error);
  audit_.thumbprints.clear();
  measure("refused", to_string(error.code));
  if (!record(to_string(error.code), nullptr)) return;
  if (!is_set_code(error.code)) {
    status_ = status_of(error);
    return;
  }
  if (!receiver_.take(receiver_.errors_, started_)) {
    metrics::calls_refused.count(LabelWord{"errors"});
    status_ = status_of({ErrorCode::resource_exhausted, ""});
    return;
  }
  const auto wire = seal_error(error.code, view_of(in_.header()), rrpid, reply, *party_, started_, receiver_.rng_);
  if (!wire) {
    status_ = status_of(wire.error());
    return;
  }
  send(*wire);
}

bool Handling::send(const Bytes& wire) {
  if (out_.ParseFromArray(wire.data(), static_cast<int>(wire.size()))) return true;
  status_ = status_of({ErrorCode::internal, ""});
  return false;
}

void Handling::log(std::string_view outcome) const {
  const auto took = std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now() - begun_);
  measure(outcome, "none");
  const auto rrpid = this->rrpid();
  const LogSize request{"request_bytes", in_.ByteSizeLong()};
  const LogSize answer{"answer_bytes", out_.ByteSizeLong()};
  if (xid_) {
    log_info("message handled", type_, *xid_, rrpid, LogWord{"outcome", outcome}, request, answer, took);
  } else {
    log_info("message handled", type_, rrpid, LogWord{"outcome", outcome}, request, answer, took);
  }
}

void Handling::measure(std::string_view outcome, std::string_view code) const {
  metrics::messages.count(type_, LabelWord{outcome}, LabelWord{code});
  metrics::message_time.observe(std::chrono::steady_clock::now() - begun_, type_);
}

RRPID Handling::rrpid() const { return envelope_ ? envelope_->rrpid : rrpid_if_readable(in_); }

bool Receiver::take(Budget& budget, Instant now) {
  const std::lock_guard lock(mutex_);
  const double elapsed_s = static_cast<double>((now - budget.at).count()) / 1000.0;
  budget.left = std::clamp(budget.left + std::max(elapsed_s, 0.0) * budget.per_second, 0.0, budget.most);
  budget.at = now;
  if (budget.left < 1) return false;
  budget.left -= 1;
  return true;
}

grpc::Status status_of(const Error& error) {
  const auto code = [&] {
    if (error.code == ErrorCode::in_progress || error.code == ErrorCode::conflict) {
      return grpc::StatusCode::ABORTED;
    }
    if (error.code == ErrorCode::resource_exhausted) return grpc::StatusCode::RESOURCE_EXHAUSTED;
    if (error.code == ErrorCode::permission_denied) return grpc::StatusCode::PERMISSION_DENIED;
    return grpc::StatusCode::UNAVAILABLE;
  }();
  return {code, std::string(to_string(error.code))};
}

}  // namespace set
