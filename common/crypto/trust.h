// Trust: from a root fingerprint to "this certificate may do this, now". Path validation is
// Botan's, then our profile (protocol §3, set-1997 §1.6).
#pragma once

#include <mutex>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "common/crypto/certificate.h"

namespace set {

/// What the verifier asks of a leaf.
struct Expected {
  Role role;
  KeyUse use;
  std::string brand;  ///< empty = any one brand along the path
};

/// The trust file that `set-ca init` writes and every program reads: PEM blocks in any order: the
/// SET root (self-signed, ML-DSA-87), the transport root (self-signed, ECDSA P-256), the transport
/// root's cross-certificate signed by the SET root.
/// Any thread. Remembers positive results, bounded, until the earliest notAfter of the path.
class Trust {
 public:
  /// `fingerprint` = 64 hex digits of SHA-256 over the root's DER; empty = the file itself was
  /// given out of band and is trusted. verification_failed if anything does not fit: the
  /// fingerprint, the root's self-signature, the cross-certificate's signature, name and key.
  static Result<Trust> parse(std::string_view pem, std::string_view fingerprint, Instant now);

  Trust(Trust&&) noexcept;
  Trust& operator=(Trust&&) noexcept;
  ~Trust();

  /// Builds the path from the leaf over `others` to the root and checks, in this order: signatures,
  /// validity, basicConstraints and path length, no unknown critical extension (Botan); then
  /// certificateType of issuer permits subject type, keyUsage fits, one brand along the path (the
  /// root apart), a policy OID that fits the role.
  /// Errors: missing_certificate, expired_certificate (also not yet valid), invalid_certificate.
  Result<void> verify(const Certificate& leaf, std::span<const Certificate> others,
                      const Expected& expected, Instant now) const;

  const Certificate& root() const;
  const std::string& transport_root_pem() const;
  const std::string& pem() const;  ///< the file, to be stored beside a new identity

 private:
  struct Impl;
  explicit Trust(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace set
