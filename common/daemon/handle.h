// handle(): the one path that every request takes, in the order of set-1997 §3.0:
//   size → exactly these bytes seen before? then the stored answer → wrapper, version, date →
//   in flight? → open (decrypt, chain, role, signature, inner ids = wrapper ids) → the signer is whom
//   the TLS certificate names → same signed content seen before? → the flow → seal → save the answer, its
//   entry in the audit log and what was signed → send → one log line. What cannot be recorded is not
//   answered (ADR 0049).
// Written once, so a flow contains only SET. Called by the service.cpp of merchant, gateway and CA
// from gRPC's threads.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <set>

#include <grpcpp/support/status.h>

#include "common/audit/counts.h"
#include "common/audit/proof.h"
#include "common/base/log_context.h"
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
  /// What is counted instead of recorded one by one; the log's keeper writes it (audit_keeper.h).
  audit::CallCounts& counts() { return counts_; }

 private:
  friend class Handling;

  std::function<std::shared_ptr<const Party>()> party_;
  Database& database_;
  Clock clock_;
  Rng& rng_;
  std::mutex mutex_;
  std::set<Digest> in_flight_;   // digests of requests being worked on
  // Takes one of a budget that fills up with time.
  struct Budget {
    double per_second, most;
    double left = most;
    Instant at{};
  };
  bool take(Budget& budget, Instant now);
  Budget errors_{.per_second = 100, .most = 100};  // Error messages are signed, so they are rationed (set-1997 §3.0)
  Budget noise_{.per_second = 5, .most = 500};     // entries about repeats and refusals, which anybody can cause
  audit::CallCounts counts_;
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

/// Of a PReq: the order half as it came, if it is the one that was signed.
Bytes order_half_of(const Opened<PReq>& opened);

/// One request on its way; the steps of handle() that do not depend on the message's type.
class Handling {
 public:
  Handling(Receiver& receiver, const std::optional<PartyName>& caller, MessageType type,
           const wire::MessageWrapper& in, wire::MessageWrapper& out, AuditEntry& audit);
  ~Handling();  ///< Leaves the in-flight set.
  Handling(const Handling&) = delete;
  Handling& operator=(const Handling&) = delete;

  /// True if it ended already: answered from the store, refused, or in flight.
  bool begin();
  /// The stored answer to the same signed content, or an Error if this RRPID had other content.
  bool repeated(ByteView peer, const ReplyContext& reply);
  /// Whose purchase it is, on every line of the log from now on.
  void is_about(const XID& xid);
  /// Notes in the audit entry what was opened.
  template <class T>
  void note(const MessageOf<T>& message) {
    note(message.head(), message.content_digest());
    constexpr auto signer = Treatment<T>::info.signer;
    if constexpr (signer == SignedBy::new_key) {
      if (message.renewed()) audit_.signer = name_of(party_name(*message.renewed()));
    } else if constexpr (signer != SignedBy::nobody) {
      audit_.signer = name_of(party_name(message.signer()));
    }
  }
  /// `statements`: request and answer, to be kept.
  void finish(const SealedAnswer& answer, ByteView peer, const ReplyContext& reply, bool stored,
              const std::optional<TransIDs>& ids, const std::vector<KeptStatement>& statements);
  /// Answers with SET's Error, or with a gRPC status that invites a retry, by the kind of code.
  void fail(const Error& error, const ReplyContext* reply);

  const Envelope& envelope() const { return *envelope_; }
  const grpc::Status& status() const { return status_; }
  Instant now() const { return started_; }
  const Party& party() const { return *party_; }

 private:
  bool send(const Bytes& wire);
  void note(const ContentHead& head, const Digest& statement);
  /// Writes the audit entry by itself; false, and nothing is answered, if that fails.
  bool record(std::string_view outcome, const Bytes* answer);
  AuditEntry entry(std::string_view outcome, const Bytes* answer) const;
  void answer_stored(const StoredReply& stored);
  void log(std::string_view outcome) const;
  void measure(std::string_view outcome, std::string_view code) const;
  RRPID rrpid() const;

  Receiver& receiver_;
  const std::optional<PartyName>& caller_;
  MessageType type_;
  const wire::MessageWrapper& in_;
  wire::MessageWrapper& out_;
  AuditEntry& audit_;
  std::shared_ptr<const Party> party_;
  Instant started_;
  std::chrono::steady_clock::time_point begun_;
  LogContextScope log_context_before_ = {};
  std::optional<Envelope> envelope_;
  std::optional<Digest> request_digest_;
  std::optional<XID> xid_;
  bool entered_ = false;
  grpc::Status status_ = grpc::Status::OK;
};

/// Runs `flow`, a function of const Opened<Req>& (by reference, so it may move the account out) that
/// returns Result<Reply<Res>>. An Error with a SET code becomes SET's Error message in an OK reply;
/// one of ours becomes a gRPC status. `caller` is caller_of() (access.h): who signed a message must be who
/// carries it. `new_key` only for CertReq and CertInqReq. `audit`: what the room says of the request, before
/// and in its flow; the rest of the entry is made here.
template <class Req, class Res, class Flow>
grpc::Status handle(Receiver& receiver, const std::optional<PartyName>& caller, const wire::MessageWrapper& in,
                    wire::MessageWrapper& out, Flow&& flow, AuditEntry& audit, const NewKey<Req>& new_key) {
  Handling handling(receiver, caller, Treatment<Req>::info.type, in, out, audit);
  if (handling.begin()) return handling.status();
  std::optional<ReplyContext> answerable;
  auto opened = Opener::request<Req>(handling.envelope(), handling.party(), handling.now(), new_key, &answerable);
  if (!opened) {
    handling.fail(opened.error(), answerable ? &*answerable : nullptr);
    return handling.status();
  }
  handling.note<Req>(opened->message);
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
  const auto answer = seal_answer_with_evidence(reply->message, reply->answer, opened->reply, self,
                                                receiver.now(), receiver.rng());
  if (!answer) {
    handling.fail(answer.error(), &opened->reply);
    return handling.status();
  }
  std::vector<KeptStatement> statements;
  if (reply->stored) {
    if constexpr (requires { opened->message.evidence(); opened->message.signer(); }) {
      if (Treatment<Req>::info.signer != SignedBy::new_key) {
        statements.push_back(statement_of(opened->message, opened->bag, *self.trust));
        if constexpr (std::is_same_v<Req, PReq>) statements.back().order_half = order_half_of(*opened);
      }
    }
    statements.push_back(own_statement(Treatment<Res>::info.type, answer->evidence, self,
                                       purchases_of(reply->message, reply->answer.trans_ids)));
  }
  handling.finish(*answer, peer, opened->reply, reply->stored, reply->answer.trans_ids, statements);
  return handling.status();
}
/// The same, where the room has nothing to say of it in the end.
template <class Req, class Res, class Flow>
grpc::Status handle(Receiver& receiver, const std::optional<PartyName>& caller, const wire::MessageWrapper& in,
                    wire::MessageWrapper& out, Flow&& flow, AuditEntry&& audit = {},
                    const NewKey<Req>& new_key = {}) {
  return handle<Req, Res>(receiver, caller, in, out, std::forward<Flow>(flow), audit, new_key);
}

/// The status for an Error of ours: ABORTED, UNAVAILABLE, RESOURCE_EXHAUSTED or PERMISSION_DENIED,
/// with the code's name and nothing else.
grpc::Status status_of(const Error& error);

}  // namespace set
