#include "common/message/open.h"

#include <algorithm>

#include "common/base/assert.h"
#include "common/crypto/digest.h"
#include "common/crypto/suite.h"

namespace set {
namespace {

constexpr std::string_view kFinalErrorDetail = "the other side answered with SET's Error ";
constexpr std::string_view kHintErrorDetail = "the other side answered in the clear with SET's Error ";
constexpr int kMaxBagCertificates = 16;  // two chains of five, and room

// One sentence and one code for everything that does not decrypt or verify: no oracle.
tl::unexpected<Error> crypto_failure() {
  return failure(ErrorCode::signature_failure, "the message does not decrypt or its signature does not verify");
}

std::initializer_list<Role> roles_of(SignedBy signer) {
  static constexpr auto kCardholder = {Role::cardholder};
  static constexpr auto kMerchant = {Role::merchant};
  static constexpr auto kGateway = {Role::gateway};
  static constexpr auto kCa = {Role::cca, Role::mca, Role::pca};
  static constexpr auto kRenewed = {Role::cardholder, Role::merchant, Role::gateway};
  static constexpr auto kAny = {Role::merchant, Role::gateway, Role::cca, Role::mca, Role::pca};
  switch (signer) {
    case SignedBy::cardholder: return kCardholder;
    case SignedBy::merchant: return kMerchant;
    case SignedBy::gateway: return kGateway;
    case SignedBy::ca: return kCa;
    case SignedBy::any: return kAny;
    case SignedBy::new_key: return kRenewed;
    case SignedBy::nobody: break;
  }
  return {};
}

Result<std::vector<Certificate>> parse_bag(const wire::CertificateBag& bag) {
  CHECK_OR_FAIL(bag.certificates_size() <= kMaxBagCertificates, ErrorCode::decoding_failure,
                "the message brings more certificates than any path needs");
  std::vector<Certificate> out;
  for (const auto& der : bag.certificates()) {
    auto certificate = Certificate::parse(view_of(der));
    CHECK_OR_FAIL(certificate, ErrorCode::invalid_certificate, "the message brings a malformed certificate");
    out.push_back(std::move(*certificate));
  }
  return out;
}

const Certificate* find(std::span<const Certificate> certificates, const Thumbprint& thumbprint) {
  const auto found = std::ranges::find(certificates, thumbprint, &Certificate::thumbprint);
  return found == certificates.end() ? nullptr : &*found;
}

Result<wire::Body> parse_body(ByteView plaintext) {
  auto body = TRY(parse_as<wire::Body>(plaintext));
  CHECK_OR_FAIL(body.statement_case() != wire::Body::STATEMENT_NOT_SET, ErrorCode::decoding_failure,
                "the message's body is empty");
  return body;
}

Result<void> check_digest(const std::string& stated, const std::optional<Digest>& computed) {
  const bool fits = computed ? equal(view_of(stated), computed->view()) : stated.empty();
  CHECK_OR_FAIL(fits, ErrorCode::signature_failure,
                "what travels beside the signed content is not what was signed");
  return {};
}

bool addressed_to(const std::string& recipient, const std::optional<Chain>& chain) {
  return chain && equal(view_of(recipient), chain->leaf.thumbprint().view());
}

}  // namespace

PeerWord peer_word(const Error& error) {
  if (error.detail.starts_with(kFinalErrorDetail)) return PeerWord::final;
  return error.detail.starts_with(kHintErrorDetail) ? PeerWord::hint : PeerWord::none;
}

Result<wire::MessageWrapper> parse_wrapper(ByteView bytes) {
  CHECK_OR_FAIL(bytes.size() <= kMaxMessageBytes, ErrorCode::message_too_big, "the message is larger than 256 KiB");
  return parse_as<wire::MessageWrapper>(bytes);
}

Result<Envelope> read_envelope(wire::MessageWrapper wrapper, Instant now) {
  CHECK_OR_FAIL(wrapper.ByteSizeLong() <= kMaxMessageBytes, ErrorCode::message_too_big,
                "the message is larger than 256 KiB");
  TRY(check_known(wrapper));
  CHECK_OR_FAIL(wrapper.message_case() != wire::MessageWrapper::MESSAGE_NOT_SET, ErrorCode::decoding_failure,
                "the wrapper holds no message");
  wire::MessageHeader header;
  const auto parsed = parse_canonical(view_of(wrapper.header()), header);
  CHECK_OR_FAIL(parsed, ErrorCode::bad_message_header, "the wrapper's header is malformed");
  CHECK_OR_FAIL(header.version() >= kProtocolVersion, ErrorCode::version_too_old, "the message is of an older SET");
  CHECK_OR_FAIL(header.version() <= kProtocolVersion && header.revision() == 0, ErrorCode::version_too_new,
                "the message is of a newer SET");
  const auto rrpid = RRPID::parse(header.rrpid());
  CHECK_OR_FAIL(rrpid && header.sw_ident().size() <= 64, ErrorCode::bad_message_header,
                "the wrapper's header is malformed");
  const auto date = from_millis(header.date_ms());
  CHECK_OR_FAIL(date >= now - kFreshnessWindow, ErrorCode::message_too_old, "the message is older than five minutes");
  CHECK_OR_FAIL(date <= now + kFreshnessWindow, ErrorCode::message_too_new, "the message is from the future");
  CHECK_OR_FAIL(wire::MessageType_IsValid(header.message_type()) &&
                    header.message_type() != wire::MESSAGE_TYPE_UNSPECIFIED,
                ErrorCode::message_not_supported, "the message is of a type that we do not know");
  return Envelope{std::move(wrapper), header.message_type(), *rrpid, date};
}

const std::string& Opener::statement_content(const wire::Body& body) {
  return body.has_signed_statement() ? body.signed_statement().content() : body.unsigned_statement().content();
}

Result<Opener::Parts> Opener::open_request_parts(const Envelope& envelope, const TreatmentInfo& info,
                                                 const Party& self, Instant now) {
  CHECK_OR_FAIL(envelope.type == info.type, ErrorCode::message_not_supported,
                "this door takes another type of message");
  const auto& wrapper = envelope.wrapper;
  Parts parts;
  if (info.protection == Protection::clear) {
    CHECK_OR_FAIL(wrapper.has_clear(), ErrorCode::decoding_failure, "this message travels in the clear");
    parts.body = wrapper.clear();
    return parts;
  }
  CHECK_OR_FAIL(wrapper.has_sealed(), ErrorCode::decoding_failure, "this message travels sealed");
  const auto& sealed = wrapper.sealed();
  const auto own = key_exchange_named(self, view_of(sealed.recipient()), now);
  CHECK_OR_FAIL(own, ErrorCode::invalid_certificate, "the message is sealed to a key that is not ours");
  parts.recipient = sealed.recipient();
  auto context = hpke_receiver(own->kem, view_of(sealed.encapsulated()),
                               hpke_info(info.content_type, own->certificate.thumbprint()));
  if (!context) return crypto_failure();
  const auto aad = view_of(wrapper.header());
  const auto body = context->open(aad, view_of(sealed.body()));
  if (!body) return crypto_failure();
  parts.body = TRY(parse_body(body->reveal()));
  CHECK_OR_FAIL(info.has_account || sealed.account().empty(), ErrorCode::decoding_failure,
                "this message has no account block");
  if (info.has_account) {
    auto account = context->open(aad, view_of(sealed.account()));
    if (!account) return crypto_failure();
    parts.account = std::move(*account);
  }
  parts.reply_key = ReplyKey{bytes_of(view_of(sealed.encapsulated())),
                             context->export_secret(suite::kReplyExport, suite::kAeadKeyBytes)};
  return parts;
}

Result<Opener::Parts> Opener::open_answer_parts(const Envelope& envelope, const TreatmentInfo& info,
                                                const PendingReply& pending, const Party& self,
                                                const ExpectedSigner& expected, Instant now) {
  CHECK_OR_FAIL(envelope.rrpid == pending.rrpid, ErrorCode::unknown_rrpid, "this answers no request of ours");
  const auto& wrapper = envelope.wrapper;
  Parts parts;
  if (wrapper.has_reply()) {
    CHECK_OR_FAIL(pending.key, ErrorCode::decoding_failure, "this answer comes in the clear");
    const auto body = open_reply(pending.key->secret.reveal(), pending.key->encapsulated,
                                 view_of(wrapper.header()), view_of(wrapper.reply().ciphertext()));
    if (!body) return crypto_failure();
    parts.body = TRY(parse_body(body->reveal()));
  } else {
    CHECK_OR_FAIL(wrapper.has_clear(), ErrorCode::decoding_failure, "an answer is not sealed to a certificate");
    parts.body = wrapper.clear();
  }
  if (envelope.type == kErrorInfo.type) return failure(peer_error(envelope, info, parts.body, pending, self, expected, now));
  CHECK_OR_FAIL(envelope.type == info.type, ErrorCode::message_not_supported, "the answer is of another type");
  CHECK_OR_FAIL(wrapper.has_reply() == (info.protection == Protection::reply), ErrorCode::decoding_failure,
                "the answer is not protected as this message must be");
  return parts;
}

Result<Opener::Checked> Opener::check_statement(const TreatmentInfo& info, const wire::Body& body, const Trust& trust,
                                                std::span<const Certificate> known, Instant now, bool verify) {
  Checked checked;
  checked.bag = TRY(parse_bag(body.bag()));
  CHECK_OR_FAIL(info.has_baggage || body.baggage().empty(), ErrorCode::decoding_failure, "this message has no baggage");
  if (info.signer == SignedBy::nobody) {
    CHECK_OR_FAIL(body.has_unsigned_statement(), ErrorCode::decoding_failure, "nobody signs this message");
    CHECK_OR_FAIL(body.unsigned_statement().content_type() == info.content_type, ErrorCode::wrapper_msg_mismatch,
                  "the content is of another type than the wrapper says");
    return checked;
  }
  CHECK_OR_FAIL(body.has_signed_statement(), ErrorCode::signature_required, "this message must be signed");
  const auto& statement = body.signed_statement();
  // Form 2 is a renewal's: "signed twice: with the new key and with the key of the certificate being
  // renewed" (§1.8).
  const bool twice = statement.form() == 2 && info.signer == SignedBy::new_key;
  CHECK_OR_FAIL(statement.form() == 1 || twice, ErrorCode::decoding_failure,
                "the signature is of a form that we do not know");
  CHECK_OR_FAIL(twice ? statement.signer().empty() : statement.renewed().empty() && statement.renewed_signature().empty(),
                ErrorCode::decoding_failure, "the signatures do not fit their form");
  CHECK_OR_FAIL(statement.content_type() == info.content_type, ErrorCode::wrapper_msg_mismatch,
                "the content is of another type than the wrapper says");
  if (!verify && !twice && statement.signer().empty()) return checked;  // a new key has no certificate yet
  const auto thumbprint = TRY(Thumbprint::parse(twice ? statement.renewed() : statement.signer()));
  std::vector<Certificate> certificates = checked.bag;
  certificates.insert(certificates.end(), known.begin(), known.end());
  const auto* signer = find(certificates, thumbprint);
  CHECK_OR_FAIL(signer != nullptr, ErrorCode::missing_certificate, "the signer's certificate is not enclosed");
  const auto roles = roles_of(info.signer);
  const auto role = std::ranges::find_if(roles, [&](Role r) { return signer->has_role(r); });
  CHECK_OR_FAIL(role != roles.end(), ErrorCode::invalid_certificate, "the signer's role may not sign this message");
  TRY(trust.verify(*signer, certificates, {*role, KeyUse::signature, ""}, now));
  if (!verify_signature(signer->public_key(), signature_input(info.content_type, view_of(statement.content())),
                        view_of(twice ? statement.renewed_signature() : statement.signature()))) {
    return crypto_failure();
  }
  checked.signer = *signer;
  if (!twice) checked.sender = *signer;
  return checked;
}

Result<void> Opener::check_new_key_signature(const wire::Body& body, ByteView public_key) {
  const auto& statement = body.signed_statement();
  const bool certified = !statement.signer().empty();
  CHECK_OR_FAIL(certified == public_key.empty(), ErrorCode::decoding_failure,
                "a new key signs if there is one, and otherwise a certificate's");
  if (certified) return {};  // by check_statement
  if (!verify_signature(public_key, signature_input(statement.content_type(), view_of(statement.content())),
                        view_of(statement.signature()))) {
    return crypto_failure();
  }
  return {};
}

Result<ContentHead> Opener::check_common_header(const TreatmentInfo& info, const wire::ContentHeader& header,
                                                const std::optional<Certificate>& signer) {
  CHECK_OR_FAIL(header.version() >= kProtocolVersion, ErrorCode::version_too_old, "the content is of an older SET");
  CHECK_OR_FAIL(header.version() <= kProtocolVersion, ErrorCode::version_too_new, "the content is of a newer SET");
  CHECK_OR_FAIL(header.content_type() == info.content_type, ErrorCode::wrapper_msg_mismatch,
                "the content says that it is of another type");
  const bool sender_fits = signer ? equal(view_of(header.sender()), signer->thumbprint().view()) : header.sender().empty();
  CHECK_OR_FAIL(sender_fits, ErrorCode::wrapper_msg_mismatch, "the content names another sender than its signer");
  ContentHead head;
  if (signer) head.sender = signer->thumbprint();
  head.rrpid = TRY(RRPID::parse(header.rrpid()));
  if (header.has_trans_ids()) head.trans_ids = TRY(from_wire(header.trans_ids()));
  head.created_at = from_millis(header.created_at_ms());
  if (!header.audit_head().empty()) head.audit_head = TRY(Digest::parse(header.audit_head()));
  return head;
}

Result<ContentHead> Opener::check_request_header(const TreatmentInfo& info, const wire::ContentHeader& header,
                                                 const Envelope& envelope, const std::optional<Certificate>& signer,
                                                 const Parts& parts, bool baggage_linked) {
  auto head = TRY(check_common_header(info, header, signer));
  CHECK_OR_FAIL(head.rrpid == envelope.rrpid && head.created_at == envelope.date, ErrorCode::wrapper_msg_mismatch,
                "the wrapper's ids are not those of the content");
  const bool recipient_fits =
      header.recipient() == (info.recipient_named ? parts.recipient : std::string("any"));
  CHECK_OR_FAIL(recipient_fits, ErrorCode::wrapper_msg_mismatch, "the content is addressed to somebody else");
  CHECK_OR_FAIL(header.request_digest().empty(), ErrorCode::decoding_failure, "a request answers nothing");
  std::optional<Digest> baggage, account;
  if (info.has_baggage && baggage_linked) baggage = baggage_digest_of(view_of(parts.body.baggage()));
  if (parts.account) account = account_digest_of(parts.account->reveal());
  TRY(check_digest(header.baggage_digest(), baggage));
  TRY(check_digest(header.account_digest(), account));
  return head;
}

Result<ContentHead> Opener::check_answer_header(const TreatmentInfo& info, const wire::ContentHeader& header,
                                                const Envelope& envelope, const std::optional<Certificate>& signer,
                                                const Party& self, const PendingReply& pending, const Parts& parts) {
  auto head = TRY(check_common_header(info, header, signer));
  CHECK_OR_FAIL(head.rrpid == envelope.rrpid && head.created_at == envelope.date, ErrorCode::wrapper_msg_mismatch,
                "the wrapper's ids are not those of the content");
  const bool to_us = header.recipient() == "any" ? !info.recipient_named : addressed_to(header.recipient(), self.signature);
  CHECK_OR_FAIL(to_us, ErrorCode::wrapper_msg_mismatch, "the answer is addressed to somebody else");
  CHECK_OR_FAIL(equal(view_of(header.request_digest()), pending.request_digest.view()), ErrorCode::wrapper_msg_mismatch,
                "the answer is to another request than ours");
  std::optional<Digest> baggage;
  if (info.has_baggage) baggage = baggage_digest_of(view_of(parts.body.baggage()));
  TRY(check_digest(header.baggage_digest(), baggage));
  TRY(check_digest(header.account_digest(), std::nullopt));
  return head;
}

Error Opener::peer_error(const Envelope& envelope, const TreatmentInfo& info, const wire::Body& body,
                         const PendingReply& pending, const Party& self, const ExpectedSigner& expected,
                         Instant now) {
  const bool bound = envelope.wrapper.has_reply();
  const auto read = [&]() -> Result<ErrorCode> {
    // Whoever would have signed the answer signs the Error.
    auto error_info = kErrorInfo;
    error_info.signer = info.signer;
    const auto checked = TRY(check_statement(error_info, body, *self.trust, expected.known, now, true));
    const auto error = TRY(parse_as<wire::ErrorTBS>(view_of(body.signed_statement().content())));
    const auto& header = error.header();
    const auto head = TRY(check_common_header(error_info, header, checked.signer));
    const bool to_us = header.recipient() == "any" || addressed_to(header.recipient(), self.signature);
    const bool to_request = !bound || equal(view_of(header.request_digest()), pending.request_digest.view());
    // A CA that does not serve our brand says so under its own.
    const bool of_brand = expected.brand.empty() || info.signer == SignedBy::ca || checked.signer->brand() == expected.brand;
    CHECK_OR_FAIL(!expected.party || party_name(*checked.signer) == expected.party, ErrorCode::invalid_certificate,
                  "the Error was signed by another party than its TLS certificate names");
    const bool ours = of_brand && head.rrpid == envelope.rrpid && head.created_at == envelope.date && to_us && to_request;
    const bool known_code = error.error_code() >= 1 && error.error_code() <= 22;
    CHECK_OR_FAIL(ours && known_code, ErrorCode::wrapper_msg_mismatch, "the peer's Error message is malformed");
    return static_cast<ErrorCode>(error.error_code());
  };
  const auto code = read();
  if (!code) return code.error();
  const auto detail = bound || !pending.key ? kFinalErrorDetail : kHintErrorDetail;
  return Error{*code, std::string(detail) + std::string(to_string(*code))};
}

}  // namespace set
