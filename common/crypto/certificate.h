// Certificates of SET/2: X.509 with SET's private extensions under 2.23.42.7 (protocol §3,
// set-1997 §1.5). Parsing, our profile's view of a certificate, and the issuing primitive of the
// CA.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/base/ids.h"
#include "common/base/log.h"
#include "common/base/secret.h"
#include "common/base/time.h"
#include "common/crypto/signature.h"

namespace set {

/// SET's certificateType, the bit numbers of 2.23.42.7.1.
enum class Role : std::uint8_t {
  cardholder = 0,
  merchant = 1,
  gateway = 2,
  cca = 3,
  mca = 4,
  pca = 5,
  gca = 6,
  bca = 7,
  rca = 8
};
std::string_view to_string(Role role);
inline LogField log_field(Role role) { return {"role", std::string(to_string(role))}; }

/// Certificate policies, one per role, under SET's policy arc 2.23.42.5 whose {0} is 1997's root
/// policy: cardholder .1, merchant .2, gateway .3, CCA .4, MCA .5, PCA .6, GCA .7, BCA .8.
namespace policy {
inline constexpr std::string_view kRoot = "2.23.42.5.0";
inline constexpr std::string_view kCardholder = "2.23.42.5.1";
inline constexpr std::string_view kMerchant = "2.23.42.5.2";
inline constexpr std::string_view kGateway = "2.23.42.5.3";
inline constexpr std::string_view kCCA = "2.23.42.5.4";
inline constexpr std::string_view kMCA = "2.23.42.5.5";
inline constexpr std::string_view kPCA = "2.23.42.5.6";
inline constexpr std::string_view kGCA = "2.23.42.5.7";
inline constexpr std::string_view kBCA = "2.23.42.5.8";
}  // namespace policy
std::string_view policy_oid(Role role);

/// Which of a party's certificates: SET keeps signature and key exchange always apart.
enum class KeyUse : std::uint8_t { signature, key_exchange, certificate_signing };

/// merchantData (2.23.42.7.2).
struct MerchantData {
  std::string merchant_id;   ///< merID, 1 to 30 characters.
  std::string acquirer_bin;  ///< merAcquirerBIN, 6 digits.
  std::string name;          ///< as on the cardholder's statement
  std::string city;
  unsigned country = 0;    ///< ISO 3166 numeric
  bool auth_flag = false;  ///< merAuthFlag; always false in SET/2: no PAN goes back
};

/// A parsed certificate and what SET reads in it. Value, immutable, cheap to copy (shared).
class Certificate {
 public:
  /// decoding_failure if it is no X.509 certificate; invalid_certificate if it lacks what our
  /// profile requires (certificateType, one O = BrandID, keyUsage that fits exactly one KeyUse).
  static Result<Certificate> parse(ByteView der);

  const Bytes& der() const;
  std::string pem() const;
  const Thumbprint& thumbprint() const;
  bool has_role(Role role) const;  ///< bit of certificateType
  std::vector<Role> roles() const;
  KeyUse key_use() const;
  const std::string& brand() const;                ///< O
  const std::string& organizational_unit() const;  ///< OU: acquirer, issuer or descriptive name
  const std::string& common_name() const;          ///< CN: pseudonym, merchant name, gateway id
  std::string serial_hex() const;
  Instant not_before() const;
  Instant not_after() const;
  const Bytes& public_key() const;  ///< SubjectPublicKeyInfo, DER
  const std::optional<MerchantData>& merchant_data() const;
  bool tunneling() const;                          ///< 2.23.42.7.4: AcqCardMsg supported
  std::optional<bool> card_cert_required() const;  ///< 2.23.42.7.3
  const std::optional<Bytes>& hashed_root_key()
      const;  ///< 2.23.42.7.0: SHA-384 of the next root's key
  const std::vector<std::string>& policies() const;  ///< policy OIDs in dotted form
  bool is_self_signed() const;

  struct Impl;
  const Impl& impl() const { return *impl_; }

 private:
  explicit Certificate(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}
  std::shared_ptr<const Impl> impl_;
};

/// What the CA puts into a certificate (ca/profile.cpp decides the values).
struct CertificateTemplate {
  std::string organization, organizational_unit, common_name;  // empty = left out
  std::vector<Role> roles;
  KeyUse key_use = KeyUse::signature;
  bool is_ca = false;
  std::optional<unsigned> path_limit;
  Instant not_before, not_after;
  std::string policy_oid;  ///< empty = policy_oid() of each role
  std::optional<MerchantData> merchant_data;
  std::optional<bool> card_cert_required;  ///< gateway key exchange: always true in SET/2
  std::optional<bool> tunneling;           ///< gateway key exchange
  std::optional<Bytes> hashed_root_key;    ///< root: digest of the next root's key
  std::string crl_url, issuer_url;         ///< CRL distribution point; authority information access
};

/// Signs a certificate for a SubjectPublicKeyInfo of any algorithm (ML-DSA, our KEM).
/// Serial: 128 random bits. keyUsage and basicConstraints critical, SET's extensions non-critical,
/// authorityKeyIdentifier and subjectKeyIdentifier always. `issuer` none = self-signed.
Result<Certificate> issue_certificate(const CertificateTemplate& contents,
                                      ByteView subject_public_key, const Certificate* issuer,
                                      const Signer& issuer_key, Rng& rng);

// --- the transport's certificates (ECDSA P-256, a separate root; protocol §1) ---

/// A TLS key and what gRPC wants of it. PEM texts.
struct TlsKey {
  Secret<std::string> private_key_pem;  ///< PKCS#8
  Bytes public_key;                     ///< SubjectPublicKeyInfo, DER
  static TlsKey generate(Rng& rng);
};

struct TlsTemplate {
  std::string organization, organizational_unit, common_name;
  std::vector<std::string> hosts;  ///< DNS names, IP addresses (subjectAltName); empty = client only
  bool is_ca = false;
  Instant not_before, not_after;
};

/// One TLS certificate, PEM. `issuer_pem` empty = self-signed transport root. Extended key usage
/// serverAuth (if it has hosts) and clientAuth.
Result<std::string> issue_tls_certificate(const TlsTemplate& contents, ByteView subject_public_key,
                                          std::string_view issuer_pem,
                                          const Secret<std::string>& issuer_key_pem, Rng& rng);

/// The transport root's key and name certified by the SET root: how trust in a root fingerprint
/// reaches TLS. Returns DER. Subject name and key are those of `transport_root_pem`.
Result<Bytes> cross_certify_transport_root(std::string_view transport_root_pem,
                                           const Certificate& root, const Signer& root_key,
                                           Instant not_before, Instant not_after, Rng& rng);
/// Subject facts of a TLS certificate, for the daemon's own checks and `doctor`.
struct TlsCertificateFacts {
  std::string organization, organizational_unit, common_name;
  Instant not_before, not_after;
  std::string fingerprint_hex;
  std::vector<std::string> hosts;  ///< DNS names and IP addresses of subjectAltName
};
Result<TlsCertificateFacts> tls_certificate_facts(std::string_view pem);

}  // namespace set
