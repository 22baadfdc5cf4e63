// Lists of revoked certificates: X.509 v2 with cRLNumber and authorityKeyIdentifier (set-1997 §1.7,
// RFC 5280 §5), signed with ML-DSA. Parsing, our profile's view of a list, and the issuing
// primitive of the CA. What lists together say about a path is revocation.h's. Values; any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "common/crypto/certificate.h"

namespace set {

struct KeyIdTag {
  static constexpr const char* kName = "KeyIdentifier";
};
/// subjectKeyIdentifier of an issuer: which key signed, whatever the issuer is called.
using KeyId = Octets<KeyIdTag, 20>;

/// Of a CA's certificate. invalid_certificate unless it has 20 octets, as our profile gives it.
Result<KeyId> key_id_of(const Certificate& issuer);

/// CRLReason (RFC 5280 §5.3.1), those that a CA of SET has a use for, with their numbers.
enum class RevocationReason : std::uint8_t {
  unspecified = 0,
  key_compromise = 1,
  ca_compromise = 2,
  affiliation_changed = 3,
  superseded = 4,
  cessation_of_operation = 5,
  privilege_withdrawn = 9
};
/// RFC 5280's spelling: "keyCompromise".
std::string_view to_string(RevocationReason reason);
/// invalid_argument, with all names.
Result<RevocationReason> parse_reason(std::string_view name);

struct RevokedCertificate {
  Bytes serial;  ///< big-endian, 1 to 20 octets
  Instant revoked_at;
  RevocationReason reason = RevocationReason::unspecified;
};

/// At most 8 MiB: some 200,000 entries.
inline constexpr std::size_t kMaxCrlBytes = 8 << 20;

/// A parsed list. Immutable, cheap to copy (shared).
class Crl {
 public:
  /// decoding_failure if it is no CRL in DER; invalid_certificate if it is not one of our profile:
  /// version 2, cRLNumber, authorityKeyIdentifier, nextUpdate, ML-DSA, nothing critical (no delta,
  /// no indirect, no partitioned lists).
  static Result<Crl> parse(ByteView der);

  const Bytes& der() const;
  const Thumbprint& thumbprint() const;  ///< SHA-256 over the DER
  const KeyId& issuer() const;           ///< authorityKeyIdentifier
  std::uint64_t number() const;          ///< cRLNumber
  Instant this_update() const;
  Instant next_update() const;
  std::size_t size() const;  ///< entries

  /// The entry of this certificate, if there is one. Its issuer is the caller's to compare.
  std::optional<RevokedCertificate> find(const Certificate& certificate) const;
  std::vector<RevokedCertificate> entries() const;

  /// "The CRL is the issuer's": name, key identifier and signature; the issuer may sign CRLs.
  /// Errors: invalid_certificate, signature_failure.
  Result<void> verify(const Certificate& issuer) const;

  struct Impl;

 private:
  explicit Crl(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}
  std::shared_ptr<const Impl> impl_;
};

/// One list after the other in one file, as a ceremony carries those of several roots. Errors as
/// Crl::parse; decoding_failure if there is none.
Result<std::vector<Crl>> parse_crls(ByteView ders);

struct CrlContents {
  std::uint64_t number = 1;
  Instant this_update, next_update;
  std::span<const RevokedCertificate> revoked;
};

/// Signs a list; read back before it is returned, so that nothing leaves that a receiver refuses.
/// invalid_argument if key and certificate do not fit or the contents cannot stand in a list.
Result<Crl> issue_crl(const CrlContents& contents, const Certificate& issuer, const Signer& key);

}  // namespace set
