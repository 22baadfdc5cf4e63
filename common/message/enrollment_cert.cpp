// Cert and CertInq; enrollment.cpp has the messages before them.
#include <algorithm>

#include "common/message/enrollment_fields.h"

namespace set {
namespace {

constexpr std::size_t kKemAnswerBytes = 32;
constexpr int kMaxTlsHosts = 16;
constexpr std::size_t kMaxHostBytes = 253;
constexpr int kMaxCertificates = 16;
constexpr std::size_t kMaxCertificateBytes = 16 * 1024;
constexpr std::size_t kMaxReasonBytes = 256;
constexpr Duration kMaxRetryAfter = std::chrono::days(366);

/// A DNS name or an IP address; no wildcard.
std::string read_host(FieldReader& fields, const std::string& host) {
  const auto good = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '-' || c == ':';
  };
  fields.require(std::ranges::all_of(host, good), "a TLS host is no name and no address");
  return fields.visible(host, 1, kMaxHostBytes, "a TLS host");
}

RegFormAnswer read_answer(FieldReader& fields, const wire::RegFormAnswer& answer) {
  fields.require(!answer.field_name().empty(), "an answer to a form names no field");
  return {
      .field_name = fields.text(answer.field_name(), kMaxNameBytes, "FieldName"),
      .field_id = read_field_id(fields, answer.field_id()),
      .field_value = fields.text(answer.field_value(), kMaxFieldValueBytes, "FieldValue"),
  };
}

FailedItem read_failed_item(FieldReader& fields, const wire::FailedItem& item) {
  fields.require(item.item_number() >= 1 && item.item_number() <= 2 * kMaxRegFields,
                 "a failed item has no number of a form's field or of an answer");
  return {
      .item_number = item.item_number(),
      .reason = fields.text(item.item_reason(), kMaxReasonBytes, "ItemReason"),
  };
}

/// Cardholders have a signature key alone; merchants and gateways say who they are, and have a
/// key-exchange key whose challenge they answer, and a TLS key. A renewal names what it renews, and
/// no hosts.
void require_keys(FieldReader& fields, const CertReq& message) {
  const bool daemon = !is_for_cardholder(message.request_type);
  fields.require(message.id_data.has_value() == daemon &&
                     message.encryption_key.empty() != daemon &&
                     message.tls_key.empty() != daemon &&
                     message.signature_key.empty() == is_tls_renewal(message.request_type),
                 "the identity and keys do not fit the request type");
  const bool renewal = is_renewal(message.request_type);
  fields.require(message.ee_thumb.has_value() == renewal &&
                     ((daemon && !renewal) || message.tls_hosts.empty()),
                 "EEThumb or the hosts do not fit the request type");
  fields.require(message.kem_challenge_answer.size() == (daemon ? kKemAnswerBytes : 0),
                 "an encryption key and the answer to its challenge come together");
}

std::optional<Duration> read_retry_after(FieldReader& fields, std::int64_t millis) {
  if (millis == 0) return std::nullopt;
  fields.require(millis > 0 && millis <= kMaxRetryAfter.count(),
                 "the time to ask again is out of range");
  return Duration(millis);
}

}  // namespace

wire::CertReqData to_wire(const CertReq& message) {
  wire::CertReqData out;
  out.set_lid_ee(message.lid_ee.value);
  out.set_chall_ee3(message.chall_ee3.str());
  out.set_lid_ca(message.lid_ca.value);
  out.set_chall_ca(message.chall_ca.str());
  out.set_request_type(to_wire(message.request_type));
  out.set_request_date_ms(to_millis(message.request_date));
  if (message.id_data) *out.mutable_id_data() = to_wire(*message.id_data);
  out.set_reg_form_id(message.reg_form_id);
  for (const auto& answer : message.answers) {
    auto& added = *out.add_reg_form();
    added.set_field_name(answer.field_name);
    added.set_field_id(answer.field_id);
    added.set_field_value(answer.field_value);
  }
  out.set_signature_key(string_of(message.signature_key));
  out.set_encryption_key(string_of(message.encryption_key));
  out.set_kem_challenge_answer(string_of(message.kem_challenge_answer));
  out.set_tls_key(string_of(message.tls_key));
  for (const auto& host : message.tls_hosts) out.add_tls_hosts(host);
  if (!message.thumbs.empty()) *out.mutable_thumbs() = to_wire(message.thumbs);
  if (message.ee_thumb) out.set_ee_thumb(message.ee_thumb->str());
  return out;
}

Result<CertReq> from_wire(const wire::CertReqData& message) {
  FieldReader fields;
  const auto answer = [&](const wire::RegFormAnswer& item) { return read_answer(fields, item); };
  const auto host = [&](const std::string& item) { return read_host(fields, item); };
  const auto key = [&](const std::string& bytes, const char* name) {
    return fields.bytes(bytes, 0, kMaxPublicKeyBytes, name);
  };
  CertReq out{
      .lid_ee = fields.id<LIDEE>(message.lid_ee()),
      .chall_ee3 = fields.id<Challenge>(message.chall_ee3()),
      .lid_ca = fields.id<LIDCA>(message.lid_ca()),
      .chall_ca = fields.id<Challenge>(message.chall_ca()),
      .request_type = read_request_type(fields, message.request_type()),
      .request_date = fields.instant(message.request_date_ms(), "RequestDate"),
      .id_data = std::nullopt,
      .reg_form_id = message.reg_form_id(),
      .answers = fields.list(message.reg_form(), 0, kMaxRegFields, "RegForm", answer),
      .signature_key = key(message.signature_key(), "the signature key"),
      .encryption_key = key(message.encryption_key(), "the encryption key"),
      .kem_challenge_answer = fields.bytes(message.kem_challenge_answer(), 0, kKemAnswerBytes,
                                           "the answer to the KEM challenge"),
      .tls_key = key(message.tls_key(), "the TLS key"),
      .tls_hosts = fields.list(message.tls_hosts(), 0, kMaxTlsHosts, "the TLS hosts", host),
      .thumbs = fields.thumbs(message.has_thumbs(), message.thumbs()),
      .ee_thumb = fields.id_if_any<Thumbprint>(message.ee_thumb()),
  };
  if (message.has_id_data()) out.id_data = read_id_data(fields, message.id_data());
  require_keys(fields, out);
  return fields.finish(std::move(out));
}

wire::CertResData to_wire(const CertRes& message) {
  wire::CertResData out;
  out.set_lid_ee(message.lid_ee.value);
  out.set_chall_ee3(message.chall_ee3.str());
  out.set_lid_ca(message.lid_ca.value);
  out.set_cert_status_code(static_cast<std::uint32_t>(message.status));
  if (message.nonce_cca) out.set_nonce_cca(message.nonce_cca->str());
  out.set_ee_message(message.ee_message);
  for (const auto& item : message.failed_items) {
    auto& added = *out.add_failed_items();
    added.set_item_number(item.item_number);
    added.set_item_reason(item.reason);
  }
  for (const auto& thumbprint : message.cert_thumbs) out.add_cert_thumbs(thumbprint.str());
  for (const auto& der : message.tls_certificates) out.add_tls_certificates(string_of(der));
  if (message.retry_after) out.set_retry_after_ms(message.retry_after->count());
  return out;
}

Result<CertRes> from_wire(const wire::CertResData& message) {
  FieldReader fields;
  const auto failed = [&](const wire::FailedItem& item) { return read_failed_item(fields, item); };
  const auto thumbprint = [&](const std::string& item) { return fields.id<Thumbprint>(item); };
  const auto der = [&](const std::string& item) {
    return fields.bytes(item, 1, kMaxCertificateBytes, "a TLS certificate");
  };
  // Numbered from 1 by SET itself, so the wire has the same number and zero is "not said" anyway.
  const auto last = static_cast<std::uint32_t>(CertStatusCode::unable_to_encrypt_response);
  fields.require(message.cert_status_code() >= 1 && message.cert_status_code() <= last,
                 "CertStatusCode is no code that we know");
  return fields.finish(CertRes{
      .lid_ee = fields.id<LIDEE>(message.lid_ee()),
      .chall_ee3 = fields.id<Challenge>(message.chall_ee3()),
      .lid_ca = fields.id<LIDCA>(message.lid_ca()),
      .status = static_cast<CertStatusCode>(message.cert_status_code()),
      .nonce_cca = fields.id_if_any<NonceCCA>(message.nonce_cca()),
      .ee_message = fields.text(message.ee_message(), kMaxNoticeBytes, "EEMessage"),
      .failed_items =
          fields.list(message.failed_items(), 0, kMaxRegFields, "FailedItemSeq", failed),
      .cert_thumbs =
          fields.list(message.cert_thumbs(), 0, kMaxCertificates, "CertThumbs", thumbprint),
      .tls_certificates =
          fields.list(message.tls_certificates(), 0, kMaxCertificates, "TLS certificates", der),
      .retry_after = read_retry_after(fields, message.retry_after_ms()),
  });
}

wire::CertInqReqData to_wire(const CertInqReq& message) {
  wire::CertInqReqData out;
  out.set_lid_ee(message.lid_ee.value);
  out.set_chall_ee3(message.chall_ee3.str());
  out.set_lid_ca(message.lid_ca.value);
  return out;
}

Result<CertInqReq> from_wire(const wire::CertInqReqData& message) {
  FieldReader fields;
  return fields.finish(CertInqReq{
      .lid_ee = fields.id<LIDEE>(message.lid_ee()),
      .chall_ee3 = fields.id<Challenge>(message.chall_ee3()),
      .lid_ca = fields.id<LIDCA>(message.lid_ca()),
  });
}

}  // namespace set
