// Revocation: what is known of revoked certificates, brand by brand: the newest BrandCRLIdentifier
// (BCI) and exactly the CRLs that it names (set-1997 §1.7); and the roots' own lists, which nobody
// need name: a revoked brand has no BCI any more. Trust::verify asks it about every path.
// The lists are verified before they get here (common/message/revocation.h). Any thread.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <mutex>

#include "common/crypto/crl.h"

namespace set {

/// {issuer, crlNumber} of a BCI.
struct CRLIdentifier {
  KeyId issuer;
  std::uint64_t crl_number = 0;
  bool operator==(const CRLIdentifier&) const = default;
};

/// One brand's BCI with the CRLs that it names: a set that is taken or refused as a whole.
struct BrandRevocations {
  std::string brand;
  std::uint64_t sequence_num = 0;
  Instant not_before, not_after;
  std::vector<CRLIdentifier> identifiers;
  std::vector<Crl> crls;  ///< one for each identifier, in its order
  Bytes bci;              ///< as it travels: a wire::BrandCRLIdentifier
  Thumbprint thumbprint;  ///< SHA-256 of `bci`

  const Crl* find(const KeyId& issuer) const;
};

/// What a party makes of what it does not know.
struct RevocationPolicy {
  /// True: a brand of which no BCI is held is not trusted. Serving daemons and the wallet ask for
  /// it.
  bool required = false;
  /// How long after its notAfter a BCI (or after its nextUpdate a CRL) still counts.
  Duration grace = std::chrono::hours(2);
};

/// Clocks differ by so much (protocol §6 rule 2): a revocation counts from that much before its
/// date.
inline constexpr Duration kRevocationSkew = std::chrono::minutes(5);

class Revocation {
 public:
  using Brands = std::map<std::string, std::shared_ptr<const BrandRevocations>>;

  void set_policy(RevocationPolicy policy);
  /// Called after each change, one call at a time: who keeps it in a file.
  void on_change(std::function<void(const Revocation&)> keeper);

  /// Takes a verified set in place of what was known of its brand; nothing of it is taken if
  /// anything is refused. What is known already is no Error.
  /// Errors: conflict: a lower sequenceNum, a lower cRLNumber of the same issuer, or another set
  /// under the same sequenceNum; missing_certificate: a CRL that the BCI names is not there or
  /// older than named; invalid_certificate: a CRL that it does not name.
  Result<void> adopt(BrandRevocations next);

  /// Takes a verified list of a root that is trusted (its issuer's key is the root's). One that is
  /// not newer than the known one is passed over.
  void adopt_root_list(const Crl& list);
  std::vector<Crl> root_lists() const;

  /// None if no BCI of the brand is known.
  std::shared_ptr<const BrandRevocations> of(const std::string& brand) const;
  Brands all() const;

  /// Moves with every change: what was concluded before counts no more.
  std::uint64_t epoch() const { return epoch_.load(); }

  /// How long a yes may be remembered; none: it was about the past, ask again.
  using GoodUntil = std::optional<Instant>;
  /// "CRLs per BCI": is nothing on this path (leaf first, root last) revoked at this time?
  /// Errors: revoked_certificate; peer_unavailable: nothing is known that is fresh enough to say
  /// (our lack, not the certificate's: worth asking again).
  Result<GoodUntil> check(std::span<const Certificate> path, Instant at) const;
  /// The same by the roots' lists alone: is the brand on this path revoked? revoked_certificate.
  Result<void> check_brand(std::span<const Certificate> path, Instant at) const;

 private:
  mutable std::mutex mutex_;  ///< of what is known
  std::mutex adopting_;       ///< one adoption, and its keeper, at a time
  RevocationPolicy policy_;
  std::function<void(const Revocation&)> keeper_;
  Brands brands_;
  std::map<KeyId, Crl> root_lists_;
  std::atomic<std::uint64_t> epoch_ = 0;
};

}  // namespace set
