// The audit log's entries: what was asked, by whom, and what came of it, each chained to the one
// before by its digest, so that nobody can change or take away one in the middle unseen. Never a
// card number, a name or an answer to a form. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/base/ids.h"
#include "common/base/time.h"

namespace set::ca {

struct AuditEntry {
  Instant at;
  std::string event;    ///< request, issued, pended, decided, revoked, limited
  std::string peer;     ///< address without port, or the name in a TLS certificate; "operator"
  std::string message;  ///< SET's name; of a decision its id
  int request_type = 0;
  std::string rrpid;    ///< hex
  std::string lid_ee;   ///< hex
  std::string role;
  std::string bin;      ///< never more of a card number
  std::string party;
  std::string outcome;  ///< answered, repeated, SET's status or error, our code
  std::vector<std::string> thumbprints;  ///< of certificates issued, hex
};

/// One line of JSON without what is empty, keys in the order above.
std::string to_json(const AuditEntry& entry);

/// digest("SET/2 audit", digest before ‖ entry); the first has 48 zeroes before it.
Digest audit_digest(const Digest& before, std::string_view entry);

/// An entry as it is kept.
struct AuditRecord {
  std::int64_t number = 0;  ///< from 1 without gaps
  std::string entry;
  Digest digest;
};

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

}  // namespace set::ca
