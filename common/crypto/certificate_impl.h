// Inside of Certificate, for the files of common/crypto that issue and verify certificates.
#pragma once

#include <botan/x509_ext.h>
#include <botan/x509cert.h>

#include "common/crypto/certificate.h"

namespace set {

struct Certificate::Impl {
  Botan::X509_Certificate x509;
  Bytes der;
  Thumbprint thumbprint;

  std::string organization, organizational_unit, common_name;
  Instant not_before, not_after;
  std::vector<Role> roles;
  KeyUse key_use = KeyUse::signature;
  std::vector<std::string> policies;

  std::optional<MerchantData> merchant_data;
  std::optional<bool> card_cert_required;
  bool tunneling = false;
  std::optional<Bytes> hashed_root_key;
};

namespace detail {

/// keyUsage of each KeyUse; nothing else is taken.
Botan::Key_Constraints constraints_of(KeyUse use);

/// Leftmost 160 bits of SHA-256 over the SubjectPublicKeyInfo (RFC 7093 §2, method 4).
Bytes key_id(ByteView spki);

/// Botan's time of an Instant, to the second; and back.
Botan::X509_Time to_x509_time(Instant instant);
Instant from_x509_time(const Botan::X509_Time& time);

/// One name component: empty, or 1 to 64 octets (X.520's bound) without control characters.
bool fits_name(std::string_view text);

/// What a certificate says, but for its serial number, which is made, and its issuer's algorithm.
struct CertificateFields {
  const Botan::X509_DN& issuer;
  const Botan::X509_DN& subject;
  Instant not_before, not_after;
  ByteView subject_public_key;  ///< SubjectPublicKeyInfo, DER
  const Botan::Extensions& extensions;
};
/// DER, X.509 v3, serial number of 128 random bits. Errors as signed_object(); Botan's exceptions
/// are the caller's.
Result<Bytes> sign_certificate(const CertificateFields& fields, const Signer& key, Rng& rng);

}  // namespace detail
}  // namespace set
