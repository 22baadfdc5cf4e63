// From bytes that arrived to Verified<T> or Unsigned<T>: the one place where they are made.
// The order is that of set-1997 §3.0: size, wrapper, version, date, type, decrypt, certificates,
// signature, inner ids, extensions. Pure; any thread.
#pragma once

#include <functional>
#include <span>
#include <type_traits>

#include "common/message/seal.h"
#include "common/message/verified.h"

namespace set {

/// Protocol §6 rule 2.
inline constexpr Duration kFreshnessWindow = std::chrono::minutes(5);

/// A wrapper whose header is well-formed, fresh and of a type that exists. Nothing in it is
/// authenticated yet.
struct Envelope {
  wire::MessageWrapper wrapper;
  MessageType type = wire::MESSAGE_TYPE_UNSPECIFIED;
  RRPID rrpid;
  Instant date;
};

/// Steps 1 to 4 of the receive order: message_too_big, decoding_failure, version_too_old,
/// version_too_new, bad_message_header, message_too_old, message_too_new.
Result<Envelope> read_envelope(wire::MessageWrapper wrapper, Instant now);
/// For stored bytes.
Result<wire::MessageWrapper> parse_wrapper(ByteView bytes);
/// What an Error of Opener::answer is worth. SET's Error of the peer is its last word only under the
/// reply key, which nobody else has; in the clear it may be another's, or about a spoilt copy of our
/// request, so nothing may end by it where money is at stake.
enum class PeerWord {
  none,   ///< our own doubt about the answer
  hint,   ///< an Error signed by the right role, in the clear
  final,  ///< an Error bound to our request (or the exchange itself is in the clear)
};
PeerWord peer_word(const Error& error);

template <class T>
using MessageOf = std::conditional_t<Treatment<T>::info.signer == SignedBy::nobody, Unsigned<T>, Verified<T>>;

/// An opened request with all that a room needs to accept and answer it.
template <class T>
struct Opened {
  MessageOf<T> message;
  Bytes baggage;
  std::optional<SecretBytes> account;  ///< the account block, in locked memory
  std::vector<Certificate> bag;        ///< certificates that came along, parsed, not yet judged
  ReplyContext reply;
};

/// An opened answer.
template <class T>
struct OpenedAnswer {
  Verified<T> message;
  Bytes baggage;
  std::vector<Certificate> bag;
};

/// Where the signer's key of a CertReq or CertInqReq comes from: the content, or the session. Empty:
/// there is no new key, and a certificate of the sender's must have signed.
template <class T>
using NewKey = std::function<Result<Bytes>(const T&)>;

/// What a requester asks of its answer's signer.
struct ExpectedSigner {
  std::string brand;                        ///< empty = any
  std::span<const Certificate> known = {};  ///< certificates held, which the answer may leave out
  /// Whose TLS certificate answered; none where there is no TLS between us.
  std::optional<PartyName> party = std::nullopt;
};

class Opener {
 public:
  /// Steps 5 to 9 for a request that reached us. `new_key` only for SignedBy::new_key; if it fails,
  /// `answerable` gets what binds our Error to the request (a CertInqReq about nothing we know).
  template <class T>
  static Result<Opened<T>> request(const Envelope& envelope, const Party& self, Instant now,
                                   const NewKey<T>& new_key = {},
                                   std::optional<ReplyContext>* answerable = nullptr) {
    const auto& info = Treatment<T>::info;
    auto parts = TRY(open_request_parts(envelope, info, self, now));
    const auto checked = TRY(check_statement(info, parts.body, *self.trust, {}, now, info.signer != SignedBy::new_key));
    auto wire_message = TRY(parse_as<typename Treatment<T>::Wire>(view_of(statement_content(parts.body))));
    auto value = TRY(Treatment<T>::from(wire_message));
    if (info.signer == SignedBy::new_key) {
      const auto key = new_key(value);
      if (!key && answerable != nullptr) {
        *answerable = ReplyContext{envelope.rrpid, request_digest_of(view_of(statement_content(parts.body))),
                                   std::nullopt, std::move(parts.reply_key), {}};
      }
      if (!key) return failure(key.error());
      TRY(check_new_key_signature(parts.body, *key));
    }
    auto head = TRY(check_request_header(info, wire_message.header(), envelope, checked.sender, parts,
                                         kBaggageLinkedByHeader<T>));
    const auto content_digest = request_digest_of(view_of(statement_content(parts.body)));
    ReplyContext reply{envelope.rrpid, content_digest, head.sender, std::move(parts.reply_key), held_of(value)};
    auto message = mint<T>(std::move(value), std::move(head), checked.signer, content_digest, parts.body);
    return Opened<T>{std::move(message), bytes_of(view_of(parts.body.baggage())), std::move(parts.account),
                     checked.bag, std::move(reply)};
  }

  /// The same steps for the answer to a request of ours, and step 10: right request, right recipient.
  /// An Error message of the peer comes back as an Error with SET's code.
  template <class T>
  static Result<OpenedAnswer<T>> answer(const Envelope& envelope, const PendingReply& pending,
                                        const Party& self, const ExpectedSigner& expected, Instant now) {
    const auto& info = Treatment<T>::info;
    auto parts = TRY(open_answer_parts(envelope, info, pending, self, expected, now));
    // "find sender certificates; process included CRLs and BCI; validate chains" (set-1997 §3.0)
    TRY(adopt_revocations(parts.body.bag(), *self.trust, now));
    const auto checked = TRY(check_statement(info, parts.body, *self.trust, expected.known, now, true));
    auto wire_message = TRY(parse_as<typename Treatment<T>::Wire>(view_of(statement_content(parts.body))));
    auto value = TRY(Treatment<T>::from(wire_message));
    auto head = TRY(check_answer_header(info, wire_message.header(), envelope, checked.signer, self, pending, parts));
    CHECK_OR_FAIL(expected.brand.empty() || checked.signer->brand() == expected.brand,
                  ErrorCode::invalid_certificate, "the answer was signed under another brand");
    CHECK_OR_FAIL(!expected.party || party_name(*checked.signer) == expected.party,
                  ErrorCode::invalid_certificate,
                  "the answer was signed by another party than its TLS certificate names");
    const auto content_digest = request_digest_of(view_of(statement_content(parts.body)));
    return OpenedAnswer<T>{mint<T>(std::move(value), std::move(head), checked.signer, content_digest, parts.body),
                           bytes_of(view_of(parts.body.baggage())), checked.bag};
  }

  /// A statement that was carried or stored by others: the PI-TBS inside a PI, evidence in a receipt.
  /// Everything but freshness, recipient and RRPID, which belong to the exchange it came from.
  template <class T>
  static Result<Verified<T>> statement(const wire::Signed& statement, const wire::CertificateBag& bag,
                                       const Trust& trust, Instant now) {
    const auto& info = Treatment<T>::info;
    wire::Body body;
    *body.mutable_signed_statement() = statement;
    *body.mutable_bag() = bag;
    const auto checked = TRY(check_statement(info, body, trust, {}, now, true));
    auto wire_message = TRY(parse_as<typename Treatment<T>::Wire>(view_of(statement.content())));
    auto value = TRY(Treatment<T>::from(wire_message));
    auto head = TRY(check_common_header(info, wire_message.header(), checked.signer));
    const auto content_digest = request_digest_of(view_of(statement.content()));
    return mint<T>(std::move(value), std::move(head), checked.signer, content_digest, body);
  }

 private:
  struct Parts {
    wire::Body body;
    std::optional<SecretBytes> account;
    std::optional<ReplyKey> reply_key;
    std::string recipient;  ///< of ours, that it was sealed to
  };
  struct Checked {
    std::optional<Certificate> signer;
    std::optional<Certificate> sender;  ///< the signer, but for a renewal, whose sender is a new key
    std::vector<Certificate> bag;
  };

  static Result<Parts> open_request_parts(const Envelope& envelope, const TreatmentInfo& info, const Party& self,
                                          Instant now);
  static Result<Parts> open_answer_parts(const Envelope& envelope, const TreatmentInfo& info,
                                         const PendingReply& pending, const Party& self,
                                         const ExpectedSigner& expected, Instant now);
  static Result<Checked> check_statement(const TreatmentInfo& info, const wire::Body& body, const Trust& trust,
                                         std::span<const Certificate> known, Instant now, bool verify);
  static Result<void> check_new_key_signature(const wire::Body& body, ByteView public_key);
  static Result<ContentHead> check_common_header(const TreatmentInfo& info, const wire::ContentHeader& header,
                                                 const std::optional<Certificate>& signer);
  static Result<ContentHead> check_request_header(const TreatmentInfo& info, const wire::ContentHeader& header,
                                                  const Envelope& envelope, const std::optional<Certificate>& signer,
                                                  const Parts& parts, bool baggage_linked);
  static Result<ContentHead> check_answer_header(const TreatmentInfo& info, const wire::ContentHeader& header,
                                                 const Envelope& envelope, const std::optional<Certificate>& signer,
                                                 const Party& self, const PendingReply& pending, const Parts& parts);
  static const std::string& statement_content(const wire::Body& body);
  static Error peer_error(const Envelope& envelope, const TreatmentInfo& info, const wire::Body& body,
                          const PendingReply& pending, const Party& self, const ExpectedSigner& expected,
                          Instant now);

  template <class T>
  static std::optional<Thumbs> held_of(const T& value) {
    if constexpr (requires { value.thumbs; }) {
      return value.thumbs;
    } else {
      return std::nullopt;
    }
  }

  template <class T>
  static MessageOf<T> mint(T value, ContentHead head, const std::optional<Certificate>& signer,
                           const Digest& content_digest, const wire::Body& body) {
    if constexpr (Treatment<T>::info.signer == SignedBy::nobody) {
      return Unsigned<T>(std::move(value), std::move(head), content_digest);
    } else {
      return Verified<T>(std::move(value), std::move(head), signer, content_digest, serialize(body.signed_statement()));
    }
  }
};

}  // namespace set
