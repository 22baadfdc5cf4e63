// The signed statements of purchases as they were received and made: the exact bytes, the certificates
// above them, and what was known of revoked certificates at that moment. Kept in the transaction of
// the state that rests on them; `evidence` takes them out by XID (evidence.h). Never a card number:
// what is kept of a payment's half are digests. Threads as Database.
#pragma once

#include <span>

#include "common/audit/evidence.h"
#include "common/audit/log.h"
#include "common/message/dual_signature.h"
#include "common/store/database.h"

namespace set {

/// A signed message that is to be kept.
struct KeptStatement {
  MessageType type = wire::MESSAGE_TYPE_UNSPECIFIED;
  Bytes evidence;  ///< canonical Signed
  std::vector<Certificate> certificates;  ///< the signer's and those above it; more do no harm
  std::vector<XID> purchases;             ///< that it speaks of; none: it is not kept
  Bytes order_half;                       ///< of a PReq: OIData, where we are merchant or wallet
  Bytes payment_half;  ///< of a PReq: payment_half_of(), where we are the gateway
  std::shared_ptr<const BrandRevocations> revocations;  ///< of the signer's brand; may be null
};

/// The purchases that a message speaks of.
template <class T>
std::vector<XID> purchases_of(const T& message, const std::optional<TransIDs>& trans_ids) {
  std::vector<XID> out;
  if (trans_ids) out.push_back(trans_ids->xid);
  if constexpr (requires { message.items.front().trans_ids.xid; }) {
    for (const auto& item : message.items) out.push_back(item.trans_ids.xid);
  }
  return out;
}

/// The PI's head and the digest that hides the account: what HPIData is made of.
Bytes payment_half_of(ByteView pi_head, const Digest& pan_data_digest);

/// One that came. `bag`: the certificates that came along, or are held.
template <class T>
KeptStatement statement_of(const Verified<T>& message, std::span<const Certificate> bag, const Trust& trust) {
  KeptStatement out;
  out.type = Treatment<T>::info.type;
  out.evidence = message.evidence();
  out.certificates = {message.signer()};
  out.certificates.insert(out.certificates.end(), bag.begin(), bag.end());
  out.purchases = purchases_of(*message, message.head().trans_ids);
  out.revocations = trust.revocation().of(message.signer().brand());
  return out;
}
/// The PReq inside a PI, as the gateway reads it; `bytes`: the PI, with the cardholder's certificates.
KeptStatement statement_of(const OpenedPI& pi, ByteView bytes, const Trust& trust);

/// One of ours.
KeptStatement own_statement(MessageType type, Bytes evidence, const Party& self, std::vector<XID> purchases);

/// What is kept in the transaction of a state: its entry in the audit log, and what was signed.
struct Proof {
  AuditEntry entry = {};  ///< none if it has no event
  std::vector<KeptStatement> statements = {};
};

namespace statements {

/// The tables, for each room's own list of migrations.
inline constexpr std::string_view kSchema = R"sql(
  -- digest is that of the signed content; revocations what was known of the signer's brand then.
  CREATE TABLE statements (
    digest BLOB PRIMARY KEY CHECK (length(digest) = 48),
    message TEXT NOT NULL,
    kept_at INTEGER NOT NULL,
    evidence BLOB NOT NULL,
    order_half BLOB,
    payment_half BLOB,
    signer BLOB NOT NULL CHECK (length(signer) = 32),
    revocations BLOB CHECK (length(revocations) = 32)
  ) STRICT;
  CREATE TABLE statement_purchases (
    xid BLOB NOT NULL CHECK (length(xid) = 20),
    digest BLOB NOT NULL REFERENCES statements (digest),
    PRIMARY KEY (xid, digest)
  ) STRICT;
  CREATE TABLE statement_certificates (
    thumbprint BLOB PRIMARY KEY CHECK (length(thumbprint) = 32),
    issued_by TEXT NOT NULL,
    subject TEXT NOT NULL,
    der BLOB NOT NULL
  ) STRICT;
  CREATE INDEX statement_certificates_by_subject ON statement_certificates (subject);
  -- A CertificateBag: one BCI and the lists that it names.
  CREATE TABLE statement_revocations (
    thumbprint BLOB PRIMARY KEY CHECK (length(thumbprint) = 32),
    bag BLOB NOT NULL
  ) STRICT;
)sql";

/// Keeps it, once; one about no purchase is passed over.
Result<void> save(Transaction& t, const KeptStatement& statement, Instant now);
/// The same in a transaction of its own.
Result<void> save(Database& database, const KeptStatement& statement, Instant now);

Result<void> save(Transaction& t, const Proof& proof, Instant now);

/// All that is kept about a purchase, oldest first, as a file's contents; `role` of the one who keeps
/// them: "merchant", "gateway", "cardholder". not_found.
Result<Evidence> evidence_of(Database& database, const XID& xid, std::string_view role, const Trust& trust);

}  // namespace statements
}  // namespace set
