#include "common/message/seal.h"

#include <algorithm>

#include "common/base/assert.h"
#include "common/crypto/digest.h"
#include "common/crypto/suite.h"

namespace set {
namespace {

constexpr std::uint8_t kZero[] = {0};

void put_audit_head(wire::ContentHeader& header, const Party& self) {
  const auto head = self.audit_head ? self.audit_head->get() : std::nullopt;
  if (head) header.set_audit_head(head->str());
}

void put_body(wire::MessageWrapper& wrapper, const wire::Body& body) { *wrapper.mutable_clear() = body; }

void put_reply(wire::MessageWrapper& wrapper, const wire::Body& body, const ReplyKey& key, Rng& rng) {
  const auto sealed = seal_reply(key.secret.reveal(), key.encapsulated, view_of(wrapper.header()),
                                 serialize(body), rng);
  wrapper.mutable_reply()->set_ciphertext(string_of(sealed));
}

}  // namespace

wire::MessageHeader wrapper_header(MessageType type, const RRPID& rrpid, Instant now) {
  wire::MessageHeader header;
  header.set_version(kProtocolVersion);
  header.set_date_ms(to_millis(now));
  header.set_message_type(type);
  header.set_rrpid(rrpid.str());
  header.set_sw_ident(std::string(kSwIdent));
  return header;
}

SecretBytes PendingReply::to_bytes() const {
  Botan::secure_vector<std::uint8_t> out;
  const auto append = [&out](ByteView part) { out.insert(out.end(), part.begin(), part.end()); };
  append(rrpid.view());
  append(request_digest.view());
  if (key) {
    append(key->secret.reveal());
    append(key->encapsulated);
  }
  return SecretBytes(std::move(out));
}

Result<PendingReply> PendingReply::from_bytes(ByteView bytes) {
  constexpr std::size_t ids = RRPID::kSize + Digest::kSize;
  constexpr std::size_t with_key = ids + suite::kAeadKeyBytes + suite::kKemCiphertextBytes;
  CHECK_OR_FAIL(bytes.size() == ids || bytes.size() == with_key, ErrorCode::internal,
                "a stored reply key has a wrong length");
  PendingReply out;
  out.rrpid = TRY(RRPID::parse(bytes.first(RRPID::kSize)));
  out.request_digest = TRY(Digest::parse(bytes.subspan(RRPID::kSize, Digest::kSize)));
  if (bytes.size() == with_key) {
    const auto secret = bytes.subspan(ids, suite::kAeadKeyBytes);
    out.key = ReplyKey{bytes_of(bytes.subspan(ids + suite::kAeadKeyBytes)), SecretBytes::copy_of(secret)};
  }
  return out;
}

Bytes signature_input(std::string_view content_type, ByteView content) {
  return concat({view_of("SET/2"), kZero, view_of(content_type), kZero, sha384(content).view()});
}

Digest request_digest_of(ByteView content) { return digest("SET/2 request", content); }
Digest baggage_digest_of(ByteView baggage) { return digest("SET/2 baggage", baggage); }
Digest account_digest_of(ByteView account_block) { return digest("SET/2 account", account_block); }

Bytes hpke_info(std::string_view content_type, const Thumbprint& recipient) {
  return concat({view_of("SET/2"), kZero, view_of(content_type), kZero, recipient.view()});
}

wire::ContentHeader request_header(const TreatmentInfo& info, const RequestContext& context,
                                   bool baggage_linked) {
  wire::ContentHeader header;
  header.set_version(kProtocolVersion);
  header.set_content_type(std::string(info.content_type));
  if (has_signer(info, context.self)) header.set_sender(context.self.signature.value().leaf.thumbprint().str());
  header.set_recipient(info.recipient_named ? context.recipient->thumbprint().str() : "any");
  header.set_rrpid(context.rrpid.str());
  if (context.trans_ids) *header.mutable_trans_ids() = to_wire(*context.trans_ids);
  header.set_created_at_ms(to_millis(context.now));
  if (info.has_baggage && baggage_linked) {
    header.set_baggage_digest(baggage_digest_of(context.baggage).str());
  }
  if (info.has_account) header.set_account_digest(account_digest_of(context.account->reveal()).str());
  put_audit_head(header, context.self);
  return header;
}

wire::ContentHeader answer_header(const TreatmentInfo& info, const Party& self, const Answer& answer,
                                  const ReplyContext& reply, Instant now) {
  wire::ContentHeader header;
  header.set_version(kProtocolVersion);
  header.set_content_type(std::string(info.content_type));
  header.set_sender(self.signature.value().leaf.thumbprint().str());
  header.set_recipient(reply.requester ? reply.requester->str() : "any");
  header.set_rrpid(reply.rrpid.str());
  if (answer.trans_ids) *header.mutable_trans_ids() = to_wire(*answer.trans_ids);
  header.set_created_at_ms(to_millis(now));
  header.set_request_digest(reply.request_digest.str());
  if (info.has_baggage) header.set_baggage_digest(baggage_digest_of(answer.baggage).str());
  put_audit_head(header, self);
  return header;
}

Result<wire::Signed> sign_content(const TreatmentInfo& info, Bytes content, const Party& self) {
  wire::Signed statement;
  statement.set_content_type(std::string(info.content_type));
  if (has_signer(info, self)) statement.set_signer(self.signature.value().leaf.thumbprint().str());
  statement.set_form(1);
  statement.set_signature(string_of(TRY(self.signer->sign(signature_input(info.content_type, content)))));
  statement.set_content(string_of(content));
  return statement;
}

bool has_signer(const TreatmentInfo& info, const Party& self) {
  if (info.signer == SignedBy::new_key) return self.signature.has_value();
  return info.signer != SignedBy::nobody;
}

Result<void> sign_as_renewed(wire::Signed& statement, const Party& renewed) {
  const auto input = signature_input(statement.content_type(), view_of(statement.content()));
  statement.set_form(2);
  statement.set_renewed(renewed.signature.value().leaf.thumbprint().str());
  statement.set_renewed_signature(string_of(TRY(renewed.signer->sign(input))));
  return {};
}

void add_chain(wire::CertificateBag& bag, const Chain& chain, const std::optional<Thumbs>& held) {
  const auto add = [&](const Certificate& certificate) {
    const auto der = string_of(certificate.der());
    const bool there = std::ranges::find(bag.certificates(), der) != bag.certificates().end();
    const bool known = held && std::ranges::find(held->certificates, certificate.thumbprint()) !=
                                   held->certificates.end();
    if (!there && !known) bag.add_certificates(der);
  };
  add(chain.leaf);
  for (const auto& issuer : chain.issuers) add(issuer);
}

void add_lacking_revocations(wire::CertificateBag& bag, const Party& self,
                             const std::optional<Thumbs>& held) {
  if (!held) return;
  if (const auto set = self.trust->revocation().of(self.signature.value().leaf.brand())) {
    add_revocations(bag, *set, *held, kMaxRevocationsInAnswer);
  }
}

Result<Request> wrap_request(const TreatmentInfo& info, wire::Body body, ByteView content,
                             const RequestContext& context, Rng& rng) {
  wire::MessageWrapper wrapper;
  wrapper.set_header(string_of(serialize(wrapper_header(info.type, context.rrpid, context.now))));
  PendingReply pending{context.rrpid, request_digest_of(content), std::nullopt};
  if (info.protection == Protection::clear) {
    put_body(wrapper, body);
    return Request{serialize(wrapper), std::move(pending)};
  }
  SET_ASSERT(context.recipient != nullptr);
  const auto& recipient = *context.recipient;
  const auto key = TRY(KemPublicKey::from_spki(recipient.public_key()));
  auto hpke = TRY(hpke_sender(key, hpke_info(info.content_type, recipient.thumbprint()), rng));
  const auto aad = view_of(wrapper.header());
  auto& sealed = *wrapper.mutable_sealed();
  sealed.set_recipient(recipient.thumbprint().str());
  sealed.set_body(string_of(hpke.context.seal(aad, serialize(body))));
  if (info.has_account) sealed.set_account(string_of(hpke.context.seal(aad, context.account->reveal())));
  pending.key = ReplyKey{hpke.encapsulated, hpke.context.export_secret(suite::kReplyExport, suite::kAeadKeyBytes)};
  sealed.set_encapsulated(string_of(hpke.encapsulated));
  auto bytes = serialize(wrapper);
  CHECK_OR_FAIL(bytes.size() <= kMaxMessageBytes, ErrorCode::message_too_big, "the message would be larger than 256 KiB");
  return Request{std::move(bytes), std::move(pending)};
}

Result<Bytes> wrap_answer(const TreatmentInfo& info, wire::Body body, const ReplyContext& reply,
                          Instant now, Rng& rng) {
  wire::MessageWrapper wrapper;
  wrapper.set_header(string_of(serialize(wrapper_header(info.type, reply.rrpid, now))));
  if (info.protection == Protection::clear) {
    put_body(wrapper, body);
  } else {
    put_reply(wrapper, body, reply.key.value(), rng);
  }
  auto bytes = serialize(wrapper);
  CHECK_OR_FAIL(bytes.size() <= kMaxMessageBytes, ErrorCode::message_too_big, "the answer would be larger than 256 KiB");
  return bytes;
}

Result<Bytes> seal_error(ErrorCode code, ByteView failed_header, const RRPID& rrpid,
                         const ReplyContext* reply, const Party& self, Instant now, Rng& rng) {
  SET_ASSERT(is_set_code(code));
  wire::ErrorTBS error;
  auto& header = *error.mutable_header();
  header.set_version(kProtocolVersion);
  header.set_content_type(std::string(kErrorInfo.content_type));
  header.set_sender(self.signature.value().leaf.thumbprint().str());
  header.set_recipient(reply != nullptr && reply->requester ? reply->requester->str() : "any");
  header.set_rrpid(rrpid.str());
  header.set_created_at_ms(to_millis(now));
  if (reply != nullptr) header.set_request_digest(reply->request_digest.str());
  error.set_error_code(static_cast<std::uint32_t>(code));
  error.set_error_nonce(rng.make<Challenge>().str());
  error.set_error_msg(string_of(failed_header.first(std::min<std::size_t>(failed_header.size(), 512))));
  wire::Body body;
  *body.mutable_signed_statement() = TRY(sign_content(kErrorInfo, serialize(error), self));
  add_chain(*body.mutable_bag(), *self.signature, reply != nullptr ? reply->held : std::nullopt);
  wire::MessageWrapper wrapper;
  wrapper.set_header(string_of(serialize(wrapper_header(kErrorInfo.type, rrpid, now))));
  if (reply != nullptr && reply->key) {
    put_reply(wrapper, body, *reply->key, rng);
  } else {
    put_body(wrapper, body);
  }
  return serialize(wrapper);
}

}  // namespace set
