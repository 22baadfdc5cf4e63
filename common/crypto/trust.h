// Trust: from a root fingerprint to "this certificate may do this, now". Path validation is
// Botan's, then our profile (protocol §3, set-1997 §1.6).
#pragma once

#include <mutex>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "common/crypto/revocation.h"

namespace set {

/// What the verifier asks of a leaf.
struct Expected {
  Role role;
  KeyUse use;
  std::string brand;  ///< empty = any one brand along the path
};

/// The trust file that `set-ca init` writes and every program reads: PEM blocks in any order: the
/// SET root (self-signed, ML-DSA-87), the transport root (self-signed, ECDSA P-256), the transport
/// root's cross-certificate signed by the SET root. After a rollover also the root's successors,
/// each with the key whose digest the one before it carries as hashedRootKey, and the brand's
/// certificates under them.
/// Any thread. Remembers positive results, bounded, until the earliest notAfter of the path, and no
/// longer than what is known of revoked certificates stays as it is.
class Trust {
 public:
  /// `fingerprint` = 64 hex digits of SHA-256 over the root's DER; empty = the file itself was
  /// given out of band, and its first root is trusted. verification_failed if anything does not fit: the
  /// fingerprint, a root's self-signature or its place in the line of roots, the
  /// cross-certificate's signature, name and key.
  static Result<Trust> parse(std::string_view pem, std::string_view fingerprint, Instant now);

  Trust(Trust&&) noexcept;
  Trust& operator=(Trust&&) noexcept;
  ~Trust();

  /// Builds the path from the leaf over `others` to the root and checks, in this order: signatures,
  /// validity, basicConstraints and path length, no unknown critical extension (Botan); then
  /// certificateType of issuer permits subject type, keyUsage fits, one brand along the path (the
  /// root apart), a policy OID that fits the role; then that nothing on the path is revoked.
  /// Errors: missing_certificate, expired_certificate (also not yet valid), invalid_certificate,
  /// and those of Revocation::check: revoked_certificate, peer_unavailable.
  Result<void> verify(const Certificate& leaf, std::span<const Certificate> others,
                      const Expected& expected, Instant now) const;
  /// The same without the last step: for what the knowledge of revocations itself stands on.
  /// The path, leaf first, root last.
  Result<std::vector<Certificate>> verify_path(const Certificate& leaf,
                                               std::span<const Certificate> others,
                                               const Expected& expected, Instant now) const;

  /// What is known of revoked certificates; adopting into it changes what verify() says.
  Revocation& revocation() const;
  /// Shares the knowledge of another Trust of the same party, an older one or another card's; before
  /// anybody else uses this.
  void share(const Trust& other) const;

  /// Takes what a newer trust file brings: successors of the roots that are trusted already, and
  /// brands under them. True if that is news; then pem() is to be stored. Whoever holds this
  /// object, even as const, has the new roots from now on: they were promised by the old ones.
  /// verification_failed, and nothing changes, if the file has a root that no trusted root names
  /// as its successor, or does not fit itself. The transport root of connections stays the one that
  /// was parsed; another one counts from the next start.
  Result<bool> renew(std::string_view pem, Instant now) const;

  const Certificate& root() const;         ///< the first: that of the fingerprint
  std::vector<Certificate> roots() const;  ///< and its successors, in their order
  /// Those, and roots before them, which are not trusted; their own lists can be verified.
  std::vector<Certificate> known_roots() const;
  const std::string& transport_root_pem() const;
  std::string pem() const;  ///< the file, to be stored beside a new identity

 private:
  struct Impl;
  explicit Trust(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace set
