// From a message to the bytes that travel: header, signature, seal, as the treatment table says.
// Called by make_<message> of every room. Pure but for the Rng; any thread.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "common/crypto/hpke.h"
#include "common/message/party.h"
#include "common/message/revocation.h"
#include "common/message/treatment.h"
#include "common/message/verified.h"

namespace set {

/// The secret that both ends of a sealed request export for its answer (protocol §2).
struct ReplyKey {
  Bytes encapsulated;  ///< of the request
  SecretBytes secret;  ///< 32 bytes
  ReplyKey clone() const { return {encapsulated, secret.clone()}; }
};

/// What a requester keeps until the answer is there; saved with the request, so that an answer can
/// still be opened after a restart.
struct PendingReply {
  RRPID rrpid;
  Digest request_digest;
  std::optional<ReplyKey> key;  ///< none where the exchange is in the clear

  SecretBytes to_bytes() const;
  static Result<PendingReply> from_bytes(ByteView bytes);
};

/// A request ready to be saved and sent. Sent again, it is these bytes again.
struct Request {
  Bytes wire;  ///< a serialised MessageWrapper
  PendingReply pending;
  Bytes evidence = {};  ///< canonical Signed, to be kept; empty if nobody signed it, or read from a store
};

/// What a request's sender says besides the message.
struct RequestContext {
  const Party& self;
  const Certificate* recipient = nullptr;  ///< the receiver's key-exchange certificate, where sealed
  RRPID rrpid;
  std::optional<TransIDs> trans_ids;
  Instant now;
  ByteView baggage = {};
  const SecretBytes* account = nullptr;
  const Party* renewed = nullptr;  ///< a CertReq of a renewal: whose certificate signs as well
};

/// What the receiver of a request keeps to answer it.
struct ReplyContext {
  RRPID rrpid;
  Digest request_digest;
  std::optional<Thumbprint> requester;  ///< signature certificate; none if it is unsigned or new
  std::optional<ReplyKey> key;
  /// What the answer may leave out; none: the request has no Thumbs and is not told of revocations.
  std::optional<Thumbs> held = {};
};

/// What an answer's sender says besides the message.
struct Answer {
  std::optional<TransIDs> trans_ids;
  Bytes baggage;
  std::vector<Certificate> enclosed;  ///< certificates beside the signer's own chain
};

// --- the pieces, for the dual signature, which composes them in its own way ---

/// The header in the clear around every message.
wire::MessageHeader wrapper_header(MessageType type, const RRPID& rrpid, Instant now);
/// "SET/2" 00 content_type 00 SHA-384(content).
Bytes signature_input(std::string_view content_type, ByteView content);
/// digest("SET/2 request", content).
Digest request_digest_of(ByteView content);
Digest baggage_digest_of(ByteView baggage);
Digest account_digest_of(ByteView account_block);
/// info = "SET/2" 00 content_type 00 recipient thumbprint.
Bytes hpke_info(std::string_view content_type, const Thumbprint& recipient);

/// Fills the content header for a request.
wire::ContentHeader request_header(const TreatmentInfo& info, const RequestContext& context,
                                   bool baggage_linked);
Result<wire::Signed> sign_content(const TreatmentInfo& info, Bytes content, const Party& self);
/// Whether `self` signs such a message under its certificate: a new key has none yet.
bool has_signer(const TreatmentInfo& info, const Party& self);
/// The second signature of a renewal's CertReq, with the key of the certificate being renewed.
Result<void> sign_as_renewed(wire::Signed& statement, const Party& renewed);
/// Adds leaf and issuers, each once, without what the other side holds.
void add_chain(wire::CertificateBag& bag, const Chain& chain, const std::optional<Thumbs>& held);
/// "BCI plus missing CRLs ride in responses, when the request's thumbprints show that the requester
/// lacks them" (set-1997 §1.7): those of our own brand.
void add_lacking_revocations(wire::CertificateBag& bag, const Party& self,
                             const std::optional<Thumbs>& held);

/// Says in a request's Thumbs, where it has some, which CRLs and BCI its sender holds.
template <class WireMessage>
void put_held_revocations(WireMessage& message, const Party& self) {
  wire::Thumbs thumbs;
  if (self.trust) add_held_revocations(thumbs, *self.trust);
  if (thumbs.ByteSizeLong() == 0) return;
  if constexpr (requires { message.mutable_thumbs(); }) {
    message.mutable_thumbs()->MergeFrom(thumbs);
  } else if constexpr (requires { message.mutable_m_thumbs(); }) {
    message.mutable_m_thumbs()->MergeFrom(thumbs);
  }
}

/// Wraps a finished body: in the clear, or sealed to context.recipient.
Result<Request> wrap_request(const TreatmentInfo& info, wire::Body body, ByteView content,
                             const RequestContext& context, Rng& rng);
Result<Bytes> wrap_answer(const TreatmentInfo& info, wire::Body body, const ReplyContext& reply,
                          Instant now, Rng& rng);

// --- the whole way, for every other message ---

/// make_<message>_req of a room ends here.
template <class T>
Result<Request> seal_request(const T& message, const RequestContext& context, Rng& rng) {
  const auto& info = Treatment<T>::info;
  auto content_message = Treatment<T>::to(message);
  *content_message.mutable_header() = request_header(info, context, kBaggageLinkedByHeader<T>);
  put_held_revocations(content_message, context.self);
  auto content = serialize(content_message);
  wire::Body body;
  if (info.signer == SignedBy::nobody) {
    body.mutable_unsigned_statement()->set_content_type(std::string(info.content_type));
    body.mutable_unsigned_statement()->set_content(string_of(content));
  } else {
    *body.mutable_signed_statement() = TRY(sign_content(info, content, context.self));
    if (has_signer(info, context.self)) add_chain(*body.mutable_bag(), *context.self.signature, {});
    if (context.renewed != nullptr) {
      TRY(sign_as_renewed(*body.mutable_signed_statement(), *context.renewed));
      add_chain(*body.mutable_bag(), context.renewed->signature.value(), {});
    }
  }
  if (info.has_baggage) body.set_baggage(string_of(context.baggage));
  const auto evidence = body.has_signed_statement() ? serialize(body.signed_statement()) : Bytes{};
  auto request = TRY(wrap_request(info, std::move(body), content, context, rng));
  request.evidence = evidence;
  return request;
}

wire::ContentHeader answer_header(const TreatmentInfo& info, const Party& self, const Answer& answer,
                                  const ReplyContext& reply, Instant now);

/// An answer ready to be saved and sent.
struct SealedAnswer {
  Bytes wire;      ///< a serialised MessageWrapper
  Bytes evidence;  ///< canonical Signed, to be kept
};

/// make_<message>_res of a room ends here.
template <class T>
Result<SealedAnswer> seal_answer_with_evidence(const T& message, const Answer& answer, const ReplyContext& reply,
                                               const Party& self, Instant now, Rng& rng) {
  const auto& info = Treatment<T>::info;
  auto content_message = Treatment<T>::to(message);
  *content_message.mutable_header() = answer_header(info, self, answer, reply, now);
  wire::Body body;
  *body.mutable_signed_statement() = TRY(sign_content(info, serialize(content_message), self));
  add_chain(*body.mutable_bag(), *self.signature, reply.held);
  for (const auto& certificate : answer.enclosed) {
    add_chain(*body.mutable_bag(), Chain{certificate, {}}, reply.held);
  }
  add_lacking_revocations(*body.mutable_bag(), self, reply.held);
  if (info.has_baggage) body.set_baggage(string_of(answer.baggage));
  auto evidence = serialize(body.signed_statement());
  auto wire = TRY(wrap_answer(info, std::move(body), reply, now, rng));
  return SealedAnswer{std::move(wire), std::move(evidence)};
}

/// The same where the evidence is nobody's concern: the bytes to be sent.
template <class T>
Result<Bytes> seal_answer(const T& message, const Answer& answer, const ReplyContext& reply,
                          const Party& self, Instant now, Rng& rng) {
  auto sealed = TRY(seal_answer_with_evidence(message, answer, reply, self, now, rng));
  return std::move(sealed.wire);
}

/// SET's Error message (set-1997 §3.0), signed. In the clear when the request could not be opened,
/// under its reply key otherwise.
Result<Bytes> seal_error(ErrorCode code, ByteView failed_header, const RRPID& rrpid,
                         const ReplyContext* reply, const Party& self, Instant now, Rng& rng);

}  // namespace set
