// What the CA remembers of revocations: which certificates are revoked, the lists and the BCI that
// were published. Beside store.h, on the same database. Threads as Database.
#pragma once

#include "ca/revocation.h"
#include "common/store/database.h"

namespace set::ca {

/// One certificate that an order named.
struct RevocationRecord {
  Thumbprint thumbprint;
  std::string kind, role, party_id, serial;
  Instant not_after, revoked_at;
  RevocationReason reason = RevocationReason::unspecified;
  bool before = false;  ///< it was revoked already, with this date and reason
};

struct StoredCrl {
  CrlState state;
  Bytes der;
};

/// What one publication changes, all or nothing.
struct Publication {
  BciState before;  ///< on which it stands: conflict if another one came first
  BciState next;
  Bytes bci;
  std::vector<StoredCrl> crls;  ///< those made anew
};

class RevocationStore {
 public:
  explicit RevocationStore(Database& database) : database_(database) {}

  /// Revokes what the order names, and asks for its CA's list to be made anew. What was revoked
  /// before stays as it was. A party's TLS certificates are marked with the others.
  /// Errors: not_found; invalid_argument: a certificate of a CA, an id of two roles.
  Result<std::vector<RevocationRecord>> revoke(const RevocationOrder& order, Instant now);

  /// For who renews or registers: false also for one that we never issued.
  Result<bool> is_revoked(const Thumbprint& certificate);

  /// Of the roles that this CA certifies, revoked and not expired: "expired entries leave the CRL".
  Result<std::vector<RevokedCertificate>> revoked(std::string_view issuer, Instant now);

  Result<std::vector<CrlState>> crl_states();
  Result<std::vector<StoredCrl>> crls();
  Result<BciState> bci_state();
  Result<Bytes> bci();  ///< empty if there was none yet

  Result<void> publish(const Publication& publication);
  /// A list that was signed elsewhere, if its number is higher than what is known; false if not.
  Result<bool> import(std::string_view issuer, const Crl& crl);

 private:
  Database& database_;
};

}  // namespace set::ca
