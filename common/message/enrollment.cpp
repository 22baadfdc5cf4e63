// CardCInit, RegForm and Me-AqCInit; enrollment_cert.cpp has Cert and CertInq.
#include "common/message/enrollment.h"

#include "common/crypto/digest.h"
#include "common/crypto/suite.h"
#include "common/message/enrollment_fields.h"

namespace set {
namespace {

// 32 octets, sealed.
constexpr std::size_t kKemChallengeBytes = 32 + suite::kAeadTagBytes;

/// A form asks for a certificate, so the key is challenged; a referral may leave that out.
void require_kem_challenge(FieldReader& fields, const MeAqCInitRes& message) {
  const auto& encapsulated = message.kem_challenge_encapsulated;
  const auto& challenge = message.kem_challenge;
  const bool given =
      encapsulated.size() == suite::kKemCiphertextBytes && challenge.size() == kKemChallengeBytes;
  const bool left_out = encapsulated.empty() && challenge.empty();
  fields.require(given || (left_out && !is_form(message.form)),
                 "the challenge to the key-exchange key is missing or has a wrong length");
}

}  // namespace

Digest nonce_cca_commitment(const NonceCCA& nonce) { return digest("NonceCCA", nonce.view()); }

wire::CardCInitReqData to_wire(const CardCInitReq& message) {
  wire::CardCInitReqData out;
  out.set_lid_ee(message.lid_ee.value);
  out.set_chall_ee(message.chall_ee.str());
  out.set_brand_id(message.brand);
  if (!message.thumbs.empty()) *out.mutable_thumbs() = to_wire(message.thumbs);
  return out;
}

Result<CardCInitReq> from_wire(const wire::CardCInitReqData& message) {
  FieldReader fields;
  return fields.finish(CardCInitReq{
      .lid_ee = fields.id<LIDEE>(message.lid_ee()),
      .chall_ee = fields.id<Challenge>(message.chall_ee()),
      .brand = fields.brand(message.brand_id()),
      .thumbs = fields.thumbs(message.has_thumbs(), message.thumbs()),
  });
}

wire::CardCInitResTBS to_wire(const CardCInitRes& message) {
  wire::CardCInitResTBS out;
  out.set_lid_ee(message.lid_ee.value);
  out.set_chall_ee(message.chall_ee.str());
  out.set_lid_ca(message.lid_ca.value);
  out.set_cae_thumb(message.cae_thumb.str());
  return out;
}

Result<CardCInitRes> from_wire(const wire::CardCInitResTBS& message) {
  FieldReader fields;
  return fields.finish(CardCInitRes{
      .lid_ee = fields.id<LIDEE>(message.lid_ee()),
      .chall_ee = fields.id<Challenge>(message.chall_ee()),
      .lid_ca = fields.id<LIDCA>(message.lid_ca()),
      .cae_thumb = fields.id<Thumbprint>(message.cae_thumb()),
  });
}

wire::RegFormReqData to_wire(const RegFormReq& message) {
  wire::RegFormReqData out;
  out.set_lid_ee(message.lid_ee.value);
  out.set_chall_ee2(message.chall_ee2.str());
  out.set_lid_ca(message.lid_ca.value);
  out.set_request_type(to_wire(message.request_type));
  out.set_language(message.language);
  if (!message.thumbs.empty()) *out.mutable_thumbs() = to_wire(message.thumbs);
  return out;
}

Result<RegFormReq> from_wire(const wire::RegFormReqData& message) {
  FieldReader fields;
  return fields.finish(RegFormReq{
      .lid_ee = fields.id<LIDEE>(message.lid_ee()),
      .chall_ee2 = fields.id<Challenge>(message.chall_ee2()),
      .lid_ca = fields.id<LIDCA>(message.lid_ca()),
      .request_type = read_request_type(fields, message.request_type()),
      .language = fields.language(message.language()),
      .thumbs = fields.thumbs(message.has_thumbs(), message.thumbs()),
  });
}

wire::RegFormResTBS to_wire(const RegFormRes& message) {
  wire::RegFormResTBS out;
  out.set_lid_ee(message.lid_ee.value);
  out.set_chall_ee2(message.chall_ee2.str());
  out.set_lid_ca(message.lid_ca.value);
  out.set_chall_ca(message.chall_ca.str());
  out.set_request_type(to_wire(message.request_type));
  write_form(message.form, out);
  if (message.nonce_cca_commitment) {
    out.set_nonce_cca_commitment(message.nonce_cca_commitment->str());
  }
  return out;
}

Result<RegFormRes> from_wire(const wire::RegFormResTBS& message) {
  FieldReader fields;
  RegFormRes out{
      .lid_ee = fields.id<LIDEE>(message.lid_ee()),
      .chall_ee2 = fields.id<Challenge>(message.chall_ee2()),
      .lid_ca = fields.id<LIDCA>(message.lid_ca()),
      .chall_ca = fields.id<Challenge>(message.chall_ca()),
      .request_type = read_request_type(fields, message.request_type()),
      .form = read_form(fields, message),
      .nonce_cca_commitment = fields.id_if_any<Digest>(message.nonce_cca_commitment()),
  };
  fields.require(out.nonce_cca_commitment.has_value() == is_form(out.form),
                 "a form commits to NonceCCA, and a referral does not");
  return fields.finish(std::move(out));
}

wire::MeAqCInitReqData to_wire(const MeAqCInitReq& message) {
  wire::MeAqCInitReqData out;
  out.set_lid_ee(message.lid_ee.value);
  out.set_chall_ee(message.chall_ee.str());
  out.set_request_type(to_wire(message.request_type));
  *out.mutable_id_data() = to_wire(message.id_data);
  out.set_brand_id(message.brand);
  out.set_language(message.language);
  out.set_encryption_key(string_of(message.encryption_key));
  if (!message.thumbs.empty()) *out.mutable_thumbs() = to_wire(message.thumbs);
  return out;
}

Result<MeAqCInitReq> from_wire(const wire::MeAqCInitReqData& message) {
  FieldReader fields;
  return fields.finish(MeAqCInitReq{
      .lid_ee = fields.id<LIDEE>(message.lid_ee()),
      .chall_ee = fields.id<Challenge>(message.chall_ee()),
      .request_type = read_request_type(fields, message.request_type()),
      .id_data = read_id_data(fields, message.id_data()),
      .brand = fields.brand(message.brand_id()),
      .language = fields.language(message.language()),
      .encryption_key =
          fields.bytes(message.encryption_key(), 1, kMaxPublicKeyBytes, "the encryption key"),
      .thumbs = fields.thumbs(message.has_thumbs(), message.thumbs()),
  });
}

wire::MeAqCInitResTBS to_wire(const MeAqCInitRes& message) {
  wire::MeAqCInitResTBS out;
  out.set_lid_ee(message.lid_ee.value);
  out.set_chall_ee(message.chall_ee.str());
  out.set_lid_ca(message.lid_ca.value);
  out.set_chall_ca(message.chall_ca.str());
  out.set_request_type(to_wire(message.request_type));
  write_form(message.form, out);
  if (message.acct_data_field) *out.mutable_acct_data_field() = to_wire(*message.acct_data_field);
  out.set_cae_thumb(message.cae_thumb.str());
  out.set_kem_challenge_encapsulated(string_of(message.kem_challenge_encapsulated));
  out.set_kem_challenge(string_of(message.kem_challenge));
  return out;
}

Result<MeAqCInitRes> from_wire(const wire::MeAqCInitResTBS& message) {
  FieldReader fields;
  MeAqCInitRes out{
      .lid_ee = fields.id<LIDEE>(message.lid_ee()),
      .chall_ee = fields.id<Challenge>(message.chall_ee()),
      .lid_ca = fields.id<LIDCA>(message.lid_ca()),
      .chall_ca = fields.id<Challenge>(message.chall_ca()),
      .request_type = read_request_type(fields, message.request_type()),
      .form = read_form(fields, message),
      .acct_data_field = std::nullopt,
      .cae_thumb = fields.id<Thumbprint>(message.cae_thumb()),
      .kem_challenge_encapsulated = fields.bytes(message.kem_challenge_encapsulated(), 0,
                                                 suite::kKemCiphertextBytes, "the KEM ciphertext"),
      .kem_challenge =
          fields.bytes(message.kem_challenge(), 0, kKemChallengeBytes, "the KEM challenge"),
  };
  if (message.has_acct_data_field()) {
    out.acct_data_field = read_reg_field(fields, message.acct_data_field());
  }
  require_kem_challenge(fields, out);
  return fields.finish(std::move(out));
}

}  // namespace set
