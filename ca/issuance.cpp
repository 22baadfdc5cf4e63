#include "ca/issuance.h"

#include <algorithm>
#include <utility>

#include "common/base/assert.h"

namespace set::ca {
namespace {

// SubjectPublicKeyInfo of an ML-DSA-65 key: 1952 octets and 22 of DER around them. That the key
// works is known from the signature that came with it.
constexpr std::size_t kMlDsa65SpkiBytes = 1974;

Role issuer_of(Role subject) {
  return subject == Role::cardholder ? Role::cca
         : subject == Role::merchant ? Role::mca
                                     : Role::pca;
}

tl::unexpected<Error> broken(std::string rule) {
  return failure(ErrorCode::invalid_argument, std::move(rule));
}

Result<void> check_dates(const CertificateTemplate& contents, const Certificate& issuer,
                         Instant now) {
  if (contents.not_before > now || contents.not_after <= now) {
    return broken("a certificate must be valid when it is issued");
  }
  if (contents.not_before < issuer.not_before() || contents.not_after > issuer.not_after()) {
    return broken("a certificate may not outlive its issuer's");
  }
  return {};
}

Result<void> check_names(const CertificateTemplate& contents, const Certificate& issuer) {
  if (contents.organization != issuer.brand())
    return broken("a certificate is of its issuer's brand");
  if (contents.common_name.empty()) return broken("an end entity's certificate has a name");
  return {};
}

Result<void> check_role(const CertificateTemplate& contents, const Certificate& issuer) {
  if (contents.roles.size() != 1 || contents.is_ca)
    return broken("this CA certifies end entities only");
  const Role role = contents.roles.front();
  if (role != Role::cardholder && role != Role::merchant && role != Role::gateway) {
    return broken("this CA certifies end entities only");
  }
  if (!issuer.has_role(issuer_of(role))) return broken("this issuer does not certify such a role");
  if (contents.merchant_data.has_value() != (role == Role::merchant)) {
    return broken("merchantData belongs to merchants");
  }
  if (role == Role::cardholder && contents.key_use != KeyUse::signature) {
    return broken("cardholders have a signature key only");
  }
  return {};
}

Result<void> check_issued(const Certificate& certificate, const CertificateTemplate& contents,
                          ByteView public_key) {
  const bool same = certificate.roles() == contents.roles &&
                    certificate.key_use() == contents.key_use &&
                    certificate.brand() == contents.organization &&
                    certificate.common_name() == contents.common_name &&
                    equal(certificate.public_key(), public_key);
  CHECK_OR_FAIL(same, ErrorCode::internal,
                "the certificate that was signed is not the one prepared");
  return {};
}

}  // namespace

IssuanceToken::IssuanceToken(IssuanceToken&& other) noexcept
    : contents_(std::move(other.contents_)),
      public_key_(std::move(other.public_key_)),
      issuer_(std::exchange(other.issuer_, nullptr)) {}

bool is_end_entity_key(ByteView public_key, KeyUse use) {
  if (use == KeyUse::key_exchange) return KemPublicKey::from_spki(public_key).has_value();
  return use == KeyUse::signature && public_key.size() == kMlDsa65SpkiBytes;
}

Result<IssuanceToken> prepare(CertificateTemplate contents, ByteView subject_public_key,
                              const Authority& issuer, Instant now) {
  TRY(check_role(contents, issuer.certificate));
  TRY(check_names(contents, issuer.certificate));
  TRY(check_dates(contents, issuer.certificate, now));
  if (!is_end_entity_key(subject_public_key, contents.key_use)) {
    return broken("the key is not of the kind that its use asks for");
  }
  return IssuanceToken(std::move(contents), bytes_of(subject_public_key), issuer);
}

Result<Certificate> issue(IssuanceToken&& token, Rng& rng) {
  const auto* issuer = std::exchange(token.issuer_, nullptr);
  SET_ASSERT(issuer != nullptr);
  auto certificate = TRY(issue_certificate(token.contents_, token.public_key_, &issuer->certificate,
                                           issuer->key, rng));
  TRY(check_issued(certificate, token.contents_, token.public_key_));
  return certificate;
}

}  // namespace set::ca
