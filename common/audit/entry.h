// An audit log's entries: what was asked, by whom, and what came of it, each chained to the one before
// by its digest, so that nobody can change or take away one in the middle unseen. Never a card
// number, an order's text or an answer to a form. Made by handle.h, stores and commands of all
// rooms; ADR 0049. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/ids.h"
#include "common/base/time.h"

namespace set {

/// What is empty is not said.
struct AuditEntry {
  Instant at{};
  /// "request" (one that came), "asked" and "told" (one of ours, and its answer), "operator",
  /// "start", "stop", "keys", "limited", "refused call"; of the CA also issued, pended, decided, …
  std::string event;
  std::string peer;     ///< network address without port, "local", or "operator"
  std::string caller;   ///< whom the TLS certificate names: "merchant Brand/400000/shop-1"
  std::string signer;   ///< whom the signature's certificate names, in the same form
  std::string message;  ///< SET's name; of a command its words; of a decision its id
  int request_type = 0;
  std::string rrpid;    ///< hex
  std::string xid;      ///< hex
  std::string subject;  ///< what else it is about: an order's number, a batch, a method
  std::string lid_ee;   ///< hex
  std::string role;
  std::string bin;      ///< never more of a card number
  std::string party;
  std::string outcome;  ///< answered, repeated, SET's status or error, our code
  std::vector<std::string> thumbprints;  ///< of certificates issued or in use, hex
  std::optional<Digest> request;    ///< digest of the bytes received (request_bytes_digest) or made
  std::optional<Digest> statement;  ///< of the signed content: the name of what statements.h keeps
  std::optional<Digest> answer;     ///< digest("SET/2 wrapper", bytes sent)
  std::optional<Digest> peer_head;  ///< of the signer's own log, out of what it signed
  std::int64_t count = 0;           ///< so many calls, where one entry stands for several
};

/// One line of JSON, keys in the order above.
std::string to_json(const AuditEntry& entry);

/// digest(kAuditLabel, digest before ‖ entry); the first has 48 zeroes before it.
Digest audit_digest(const Digest& before, std::string_view entry);

/// An entry as it is kept.
struct AuditRecord {
  std::int64_t number = 0;  ///< from 1 without gaps
  std::string entry;
  Digest digest;
};

/// One line of JSON: {"number":…,"digest":"…","entry":{…}}; what `audit export` writes.
std::string to_json_line(const AuditRecord& record);
/// Reads that; the entry comes back byte for byte. invalid_argument.
Result<AuditRecord> parse_record(std::string_view line);

/// One field of an entry that is a string; empty if there is none, or the entry is no JSON.
std::string field_of(std::string_view entry, std::string_view name);

/// Follows the chain. verification_failed names the first number that does not fit.
class AuditChain {
 public:
  Result<void> accept(const AuditRecord& record);
  std::int64_t count() const { return count_; }
  const Digest& head() const { return head_; }

 private:
  std::int64_t count_ = 0;
  Digest head_{};
};

}  // namespace set
