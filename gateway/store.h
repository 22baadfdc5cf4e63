// The gateway's memory: PIs, authorisations, and the few settings made at enrolment; what follows
// an authorisation is in store_payments.h and store_batches.h. Called by service.cpp and, beside a
// running daemon, by `payments`. Any thread (see Database).
#pragma once

#include <string>
#include <vector>

#include "common/audit/statements.h"
#include "common/store/database.h"
#include "gateway/authorization_state.h"
#include "gateway/pi_state.h"

namespace set::gateway {

/// What is needed to answer an AuthReq later, without its sender's bytes: after a crash.
struct OwedReply {
  Digest request_digest;  ///< of the exact bytes received (handle.h)
  Bytes pending;          ///< the reply key, sealed (cap_token.h)
};

/// What became of a claim.
enum class Claim {
  claimed,    ///< the PI is ours alone; ask the acquirer
  pi_in_use,  ///< piPreviouslyUsed: somebody was first with the PI or the AuthToken
  cancelled,  ///< an AuthRevReq came before it
  no_batch,   ///< the batch that a sale wishes for takes no items
  known,      ///< the same authRRPID was first; look again
};

class Store {
 public:
  static Result<Store> open(std::string_view url, DatabaseUse use);

  Database& database() { return database_; }

  Result<void> save_setting(std::string_view name, std::string_view value);
  /// None if it was never saved.
  Result<std::optional<std::string>> find_setting(std::string_view name);

  Result<PIState> find_pi(const Digest& hpi_data);
  /// What is kept of a PI for authorisations by AuthToken; none: there is no such PI.
  Result<std::optional<Mandate>> find_mandate(const Digest& hpi_data);
  Result<std::optional<Authorization>> find(const RRPID& auth_rrpid);

  /// What stands of an authorisation of this merchant.
  static Result<std::optional<Standing>> find_standing(Transaction& t,
                                                       const std::string& merchant_id,
                                                       const RRPID& auth_rrpid);

  /// (none) → AwaitingAcquirer, and the PI Unused | FreeAgain | Consumed (by AuthToken) →
  /// InProgress, in one transaction. A sale gets its batch, which `waiting` then says.
  Result<Claim> claim(AwaitingAcquirer& waiting, const OwedReply& owed, const Proof& proof = {});
  /// AwaitingAcquirer → decided, its PI with it; a Captured gets its place in the batch, which the
  /// returned state holds. conflict: somebody else decided it; look again.
  Result<Decided> advance(const Decided& before);

  /// Left behind: received by then, and the acquirer's answer is still not known.
  Result<std::vector<AwaitingAcquirer>> awaiting_acquirer(Instant received_by);
  /// Left behind: decided by then, but no answer is stored.
  struct Unanswered {
    Decided decided;
    OwedReply owed;
  };
  Result<std::vector<Unanswered>> unanswered(Instant decided_by);
  /// True if a request of exactly these bytes was claimed and its answer is not stored yet.
  Result<bool> owes_answer_to(const Digest& request_digest);

  /// Newest first.
  Result<std::vector<Payment>> list(std::int64_t at_most);
  /// Oldest first.
  Result<std::vector<Payment>> find_by_xid(const XID& xid);

 private:
  explicit Store(Database database) : database_(std::move(database)) {}
  Database database_;
};

inline constexpr std::string_view kAcquirerBinSetting = "acquirer_bin";

}  // namespace set::gateway
