// handle(): the one path that every request takes, in the order of set-1997 §3.0:
//   size → exactly these bytes seen before? then the stored answer → wrapper, version, date →
//   in flight? → open (decrypt, chain, role, signature, inner ids = wrapper ids) → the signer is whom
//   the TLS certificate names → same signed content seen before? → the flow → seal → save the answer → send → one log line.
// Written once, so a flow contains only SET. Called by the service.cpp of merchant, gateway and CA
// from gRPC's threads.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <set>

#include <grpcpp/support/status.h>

#include "common/message/open.h"
#include "common/store/replies.h"

namespace set {

/// What the path needs of its daemon; one per daemon, lives as long as its server.
class Receiver {
 public:
  /// `party` is asked once per request, so that certificates can be changed while we serve.
  Receiver(std::function<std::shared_ptr<const Party>()> party, Database& database, Clock clock, Rng& rng);

  std::shared_ptr<const Party> party() const { return party_(); }
  Database& database() { return database_; }
  Instant now() const { return clock_(); }
  Rng& rng() { return rng_; }

 private:
  friend class Handling;

  std::function<std::shared_ptr<const Party>()> party_;
  Database& database_;
  Clock clock_;
  Rng& rng_;
  std::mutex mutex_;
  std::set<Digest> in_flight_;   // digests of requests being worked on
  double error_budget_ = 100;    // Error messages are signed, so they are rationed (set-1997 §3.0)
  Instant error_budget_at_{};
};

/// Which bytes came from whom: the key under which a stored answer is found again without any crypto
/// (StoredReply::request_digest). For a flow that has to store an answer by itself, after a crash.
Digest request_bytes_digest(const wire::MessageWrapper& wrapper,
                            const std::optional<PartyName>& caller);
/// permission_denied unless the one who signed is the one whom the TLS certificate names.
Result<void> check_signer(const std::optional<PartyName>& caller, const Certificate& signer);
/// The same for a message: one that nobody signed, or only a key without certificate, is anybody's.
template <class T>
Result<void> check_carrier(const std::optional<PartyName>& caller, const MessageOf<T>& message) {
  constexpr auto signer = Treatment<T>::info.signer;
  if constexpr (signer == SignedBy::new_key) {
    return message.renewed() ? check_signer(caller, *message.renewed()) : Result<void>();
  } else if constexpr (signer != SignedBy::nobody) {
    return check_signer(caller, message.signer());
  } else {
    return {};
  }
}

/// What a flow returns.
template <class Res>
struct Reply {
  Res message;
  Answer answer = {};
  /// False for inquiries, whose answer is the state of the moment (set-1997 §3.0).
  bool stored = true;
  /// Who answers, if not the party of the moment: the certificate that a purchase began under.
  std::shared_ptr<const Party> party = nullptr;
};

/// What came of a request, for who keeps a record of them all.
struct Handled {
  RRPID rrpid{};
  std::optional<ErrorCode> refused;  ///< none: it was answered
  bool repeated = false;             ///< with a stored answer
};

/// One request on its way; the steps of handle() that do not depend on the message's type.
class Handling {
 public:
  Handling(Receiver& receiver, const std::optional<PartyName>& caller, MessageType type,
           const wire::MessageWrapper& in, wire::MessageWrapper& out, Handled* handled = nullptr);
  ~Handling();  ///< Leaves the in-flight set.
  Handling(const Handling&) = delete;
  Handling& operator=(const Handling&) = delete;

  /// True if it ended already: answered from the store, refused, or in flight.
  bool begin();
  /// The stored answer to the same signed content, or an Error if this RRPID had other content.
  bool repeated(ByteView peer, const ReplyContext& reply);
  void finish(const Bytes& answer, ByteView peer, const ReplyContext& reply, bool stored,
              const std::optional<TransIDs>& ids);
  /// Answers with SET's Error, or with a gRPC status that invites a retry, by the kind of code.
  void fail(const Error& error, const ReplyContext* reply);

  const Envelope& envelope() const { return *envelope_; }
  const grpc::Status& status() const { return status_; }
  Instant now() const { return started_; }
  const Party& party() const { return *party_; }

 private:
  bool send(const Bytes& wire);
  void log(std::string_view outcome) const;
  RRPID rrpid() const;
  bool take_error_budget();

  Receiver& receiver_;
  const std::optional<PartyName>& caller_;
  MessageType type_;
  const wire::MessageWrapper& in_;
  wire::MessageWrapper& out_;
  Handled* handled_;  // may be null
  std::shared_ptr<const Party> party_;
  Instant started_;
  std::chrono::steady_clock::time_point begun_;
  std::optional<Envelope> envelope_;
  std::optional<Digest> request_digest_;
  std::optional<XID> xid_;
  bool entered_ = false;
  grpc::Status status_ = grpc::Status::OK;
};

/// Runs `flow`, a function of const Opened<Req>& (by reference, so it may move the account out) that
/// returns Result<Reply<Res>>. An Error with a SET code becomes SET's Error message in an OK reply;
/// one of ours becomes a gRPC status. `caller` is caller_of() (access.h): who signed a message must be who
/// carries it. `new_key` only for CertReq and CertInqReq. `handled`, if there is one, is told what came of it.
template <class Req, class Res, class Flow>
grpc::Status handle(Receiver& receiver, const std::optional<PartyName>& caller, const wire::MessageWrapper& in,
                    wire::MessageWrapper& out, Flow&& flow, const NewKey<Req>& new_key = {},
                    Handled* handled = nullptr) {
  Handling handling(receiver, caller, Treatment<Req>::info.type, in, out, handled);
  if (handling.begin()) return handling.status();
  std::optional<ReplyContext> answerable;
  auto opened = Opener::request<Req>(handling.envelope(), handling.party(), handling.now(), new_key, &answerable);
  if (!opened) {
    handling.fail(opened.error(), answerable ? &*answerable : nullptr);
    return handling.status();
  }
  if (const auto carried = check_carrier<Req>(caller, opened->message); !carried) {
    handling.fail(carried.error(), &opened->reply);
    return handling.status();
  }
  // Where nobody signed, the content stands for its sender: nobody can use up another's RRPID.
  const auto peer = bytes_of(opened->reply.requester ? opened->reply.requester->view()
                                                     : opened->reply.request_digest.view());
  if (handling.repeated(peer, opened->reply)) return handling.status();
  Result<Reply<Res>> reply = flow(*opened);
  if (!reply) {
    handling.fail(reply.error(), &opened->reply);
    return handling.status();
  }
  const auto& self = reply->party ? *reply->party : handling.party();
  const auto answer = seal_answer(reply->message, reply->answer, opened->reply, self, receiver.now(),
                                  receiver.rng());
  if (!answer) {
    handling.fail(answer.error(), &opened->reply);
    return handling.status();
  }
  handling.finish(*answer, peer, opened->reply, reply->stored, reply->answer.trans_ids);
  return handling.status();
}

/// The status for an Error of ours: ABORTED, UNAVAILABLE, RESOURCE_EXHAUSTED or PERMISSION_DENIED,
/// with the code's name and nothing else.
grpc::Status status_of(const Error& error);

}  // namespace set
