// issue_certificate(): the CA's primitive. What it makes is read back by Certificate::parse, so
// nothing leaves here that a receiver would refuse.
#include <botan/ber_dec.h>
#include <botan/bigint.h>
#include <botan/der_enc.h>

#include <algorithm>

#include "common/crypto/certificate.h"
#include "common/crypto/certificate_impl.h"
#include "common/crypto/guarded.h"
#include "common/crypto/set_extensions.h"
#include "common/crypto/signed_object.h"

namespace set {

namespace ext = Botan::Cert_Extension;

namespace {

constexpr std::size_t kSerialBits = 128;
constexpr std::size_t kVersion3 = 2;  // counted from zero
constexpr std::size_t kMaxUrlBytes = 512;

bool fits_url(std::string_view url) {
  return url.size() <= kMaxUrlBytes &&
         std::ranges::all_of(url, [](char c) { return c > ' ' && c <= '~'; });
}

Result<void> check_template(const CertificateTemplate& contents, ByteView subject_public_key,
                            const Certificate* issuer, const Signer& issuer_key) {
  CHECK_OR_FAIL(contents.not_before < contents.not_after, ErrorCode::invalid_argument,
                "a certificate must end after it begins");
  for (const auto& name :
       {contents.organization, contents.organizational_unit, contents.common_name}) {
    CHECK_OR_FAIL(detail::fits_name(name), ErrorCode::invalid_argument,
                  "a name has more than 64 octets or control characters");
  }
  CHECK_OR_FAIL(!contents.roles.empty(), ErrorCode::invalid_argument,
                "a certificate needs at least one role");
  CHECK_OR_FAIL(contents.is_ca || !contents.path_limit, ErrorCode::invalid_argument,
                "only a CA has a path limit");
  CHECK_OR_FAIL(fits_url(contents.crl_url) && fits_url(contents.issuer_url),
                ErrorCode::invalid_argument,
                "a URL has more than 512 octets or other than printable ASCII");
  if (contents.merchant_data) TRY(detail::check_merchant_data(*contents.merchant_data));

  const ByteView signs_with =
      issuer != nullptr ? ByteView(issuer->public_key()) : subject_public_key;
  CHECK_OR_FAIL(equal(signs_with, issuer_key.public_key()), ErrorCode::invalid_argument,
                "the issuer's certificate is not of the issuer's key");
  CHECK_OR_FAIL(issuer == nullptr || issuer->key_use() == KeyUse::certificate_signing,
                ErrorCode::invalid_argument, "the issuer's certificate may not sign certificates");
  return {};
}

Botan::X509_DN subject_name(const CertificateTemplate& contents) {
  Botan::X509_DN name;
  if (!contents.organization.empty()) {
    name.add_attribute("X520.Organization", contents.organization);
  }
  if (!contents.organizational_unit.empty()) {
    name.add_attribute("X520.OrganizationalUnit", contents.organizational_unit);
  }
  if (!contents.common_name.empty()) name.add_attribute("X520.CommonName", contents.common_name);
  return name;
}

ext::Certificate_Policies policies(const CertificateTemplate& contents) {
  std::vector<Botan::OID> oids;
  if (!contents.policy_oid.empty()) {
    oids.emplace_back(contents.policy_oid);
  } else {
    for (const Role role : contents.roles) oids.emplace_back(policy_oid(role));
  }
  return ext::Certificate_Policies(oids);
}

void add_standard_extensions(Botan::Extensions& extensions, const CertificateTemplate& contents,
                             ByteView subject_public_key, const Bytes& authority_key_id) {
  const auto path_limit =
      contents.path_limit ? std::optional<std::size_t>(*contents.path_limit) : std::nullopt;
  extensions.add(std::make_unique<ext::Basic_Constraints>(contents.is_ca, path_limit), true);
  extensions.add(std::make_unique<ext::Key_Usage>(detail::constraints_of(contents.key_use)), true);
  extensions.add(std::make_unique<ext::Subject_Key_ID>(detail::key_id(subject_public_key)));
  extensions.add(std::make_unique<ext::Authority_Key_ID>(authority_key_id));
  extensions.add(std::make_unique<ext::Certificate_Policies>(policies(contents)));
  if (!contents.crl_url.empty()) {
    Botan::AlternativeName point;
    point.add_uri(contents.crl_url);
    extensions.add(std::make_unique<ext::CRL_Distribution_Points>(
        std::vector{ext::CRL_Distribution_Points::Distribution_Point(point)}));
  }
  if (!contents.issuer_url.empty()) {
    extensions.add(std::make_unique<ext::Authority_Information_Access>(
        std::vector<std::string>{}, std::vector{contents.issuer_url}));
  }
}

void add_set_extensions(Botan::Extensions& extensions, const CertificateTemplate& contents) {
  const auto add = [&](const Botan::OID& oid, Bytes der) {
    extensions.add(detail::private_extension(oid, std::move(der)));
  };
  add(detail::certificate_type_oid(), detail::encode_certificate_type(contents.roles));
  if (contents.merchant_data) {
    add(detail::merchant_data_oid(), detail::encode_merchant_data(*contents.merchant_data));
  }
  if (contents.card_cert_required) {
    add(detail::card_cert_required_oid(),
        detail::encode_card_cert_required(*contents.card_cert_required));
  }
  if (contents.tunneling) {
    add(detail::tunneling_oid(), detail::encode_tunneling(*contents.tunneling));
  }
  if (contents.hashed_root_key) {
    add(detail::hashed_root_key_oid(), detail::encode_hashed_root_key(*contents.hashed_root_key));
  }
}

Result<Bytes> sign(const CertificateTemplate& contents, ByteView subject_public_key,
                   const Certificate* issuer, const Signer& issuer_key, Rng& rng) {
  Botan::Extensions extensions;
  const Bytes authority_key_id =
      issuer != nullptr ? issuer->impl().x509.subject_key_id() : detail::key_id(subject_public_key);
  add_standard_extensions(extensions, contents, subject_public_key, authority_key_id);
  add_set_extensions(extensions, contents);

  const Botan::X509_DN subject = subject_name(contents);
  const Botan::X509_DN issuer_name = issuer != nullptr ? issuer->impl().x509.subject_dn() : subject;
  return detail::sign_certificate({issuer_name, subject, contents.not_before, contents.not_after,
                                   subject_public_key, extensions},
                                  issuer_key, rng);
}

}  // namespace

namespace detail {

/// Throws unless it is a SubjectPublicKeyInfo, of whatever algorithm.
static void check_public_key(ByteView subject_public_key) {
  Botan::AlgorithmIdentifier algorithm;
  std::vector<std::uint8_t> key;
  Botan::BER_Decoder(subject_public_key)
      .start_sequence()
      .decode(algorithm)
      .decode(key, Botan::ASN1_Type::BitString)
      .end_cons()
      .verify_end();
}

Result<Bytes> sign_certificate(const CertificateFields& fields, const Signer& key, Rng& rng) {
  check_public_key(fields.subject_public_key);
  const Botan::BigInt serial(rng.botan(), kSerialBits);
  const auto encode = [&](const Botan::AlgorithmIdentifier& algorithm) {
    Bytes tbs;
    Botan::DER_Encoder to(tbs);
    to.start_sequence();
    to.start_explicit(0).encode(kVersion3).end_explicit();
    to.encode(serial).encode(algorithm).encode(fields.issuer);
    to.start_sequence()
        .encode(to_x509_time(fields.not_before))
        .encode(to_x509_time(fields.not_after))
        .end_cons();
    to.encode(fields.subject).raw_bytes(fields.subject_public_key);
    to.start_explicit(3).start_sequence().encode(fields.extensions).end_cons().end_explicit();
    to.end_cons();
    return tbs;
  };
  return signed_object(encode, key);
}

}  // namespace detail

Result<Certificate> issue_certificate(const CertificateTemplate& contents,
                                      ByteView subject_public_key, const Certificate* issuer,
                                      const Signer& issuer_key, Rng& rng) {
  TRY(check_template(contents, subject_public_key, issuer, issuer_key));
  const Bytes der =
      TRY(guarded(ErrorCode::invalid_argument, "the certificate's contents cannot be encoded",
                  [&] { return sign(contents, subject_public_key, issuer, issuer_key, rng); }));
  auto certificate = Certificate::parse(der);
  // A key that is none makes no certificate: what was asked for is wrong, and nobody has it yet.
  CHECK_OR_FAIL(certificate || certificate.error().code != ErrorCode::decoding_failure,
                ErrorCode::invalid_argument, "the certificate's contents cannot be encoded");
  return certificate;
}

}  // namespace set
