#include "common/daemon/handle.h"

#include <algorithm>
#include <thread>

#include "common/base/log.h"
#include "common/crypto/digest.h"

namespace set {
namespace {

constexpr double kErrorsPerSecond = 100;
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
  const auto bytes = digest("SET/2 wrapper", serialize(wrapper));
  if (!caller) return bytes;
  const std::string from = caller->brand + "/" + caller->name + "/" + std::string(to_string(caller->role));
  return digest("SET/2 wrapper from", view_of(string_of(bytes.view()) + from));
}

Result<void> check_signer(const std::optional<PartyName>& caller, const Certificate& signer) {
  CHECK_OR_FAIL(!caller || party_name(signer) == caller, ErrorCode::permission_denied,
                "the message was signed by another party than the caller's TLS certificate names");
  return {};
}

Receiver::Receiver(std::function<std::shared_ptr<const Party>()> party, Database& database, Clock clock, Rng& rng)
    : party_(std::move(party)), database_(database), clock_(std::move(clock)), rng_(rng) {}

Handling::Handling(Receiver& receiver, const std::optional<PartyName>& caller, MessageType type,
                   const wire::MessageWrapper& in, wire::MessageWrapper& out, Handled* handled)
    : receiver_(receiver), caller_(caller), type_(type), in_(in), out_(out), handled_(handled),
      party_(receiver.party()), started_(receiver.now()),
      begun_(std::chrono::steady_clock::now()) {}

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
    if (send((*stored)->reply)) log("repeated");
    return true;
  }
  auto envelope = read_envelope(in_, started_);
  if (!envelope) {
    fail(envelope.error(), nullptr);
    return true;
  }
  envelope_ = std::move(*envelope);
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
  } else if (send((*stored)->reply)) {
    log("repeated");
  }
  return true;
}

void Handling::finish(const Bytes& answer, ByteView peer, const ReplyContext& reply, bool stored,
                      const std::optional<TransIDs>& ids) {
  if (ids) xid_ = ids->xid;
  if (stored) {
    const auto saved = receiver_.database_.in_transaction("replies:save", [&](Transaction& t) {
      return replies::save(t, peer, to_string(type_), reply.rrpid,
                           {*request_digest_, reply.request_digest, answer}, started_);
    });
    if (!saved && saved.error().code == ErrorCode::conflict) {
      repeated(peer, reply);  // the same content came twice in other bytes, and the other was first
      return;
    }
    if (!saved) {
      fail(saved.error(), &reply);
      return;
    }
  }
  if (send(answer)) log("answered");
}

void Handling::fail(const Error& error, const ReplyContext* reply) {
  if (error.code == ErrorCode::signature_failure) std::this_thread::sleep_until(begun_ + kCryptoFailureTime);
  const auto rrpid = this->rrpid();
  if (handled_ != nullptr) *handled_ = {rrpid, error.code, false};
  log_warning("message refused", type_, rrpid, error);
  if (!is_set_code(error.code)) {
    status_ = status_of(error);
    return;
  }
  if (!take_error_budget()) {
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
  const auto rrpid = this->rrpid();
  if (handled_ != nullptr) *handled_ = {rrpid, std::nullopt, outcome == "repeated"};
  const LogSize request{"request_bytes", in_.ByteSizeLong()};
  const LogSize answer{"answer_bytes", out_.ByteSizeLong()};
  if (xid_) {
    log_info("message handled", type_, *xid_, rrpid, LogWord{"outcome", outcome}, request, answer, took);
  } else {
    log_info("message handled", type_, rrpid, LogWord{"outcome", outcome}, request, answer, took);
  }
}

RRPID Handling::rrpid() const { return envelope_ ? envelope_->rrpid : rrpid_if_readable(in_); }

bool Handling::take_error_budget() {
  const std::lock_guard lock(receiver_.mutex_);
  const double elapsed_s = static_cast<double>((started_ - receiver_.error_budget_at_).count()) / 1000.0;
  receiver_.error_budget_ =
      std::clamp(receiver_.error_budget_ + std::max(elapsed_s, 0.0) * kErrorsPerSecond, 0.0, kErrorsPerSecond);
  receiver_.error_budget_at_ = started_;
  if (receiver_.error_budget_ < 1) return false;
  receiver_.error_budget_ -= 1;
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
