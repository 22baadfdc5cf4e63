// The sandbox acquirer: a bank network that lives in the gateway's own database. Cards come from
// the card file (common/sandbox/card_file.h), the book is a Ledger (common/sandbox/ledger.h), and
// each card behaves as the file says: approve, decline, referral, expired, slow, no_reply. Any
// thread.
#pragma once

#include <functional>

#include "common/sandbox/ledger.h"
#include "gateway/acquirer.h"

namespace set::gateway {

struct AcquirerOptions {
  Duration timeout = std::chrono::seconds(5);  ///< how long the gateway waits for an answer
  Duration slow = std::chrono::seconds(2);     ///< how long a slow card takes
  Duration hold_lifetime = std::chrono::hours(7 * 24);
};

class AcquirerClient final : public Acquirer {
 public:
  using Sleep = std::function<void(Duration)>;

  /// `database` has the gateway's schema; it and `cards` outlive this. `card_index_key` is the
  /// entry "card-index" of keys.set.
  AcquirerClient(Database& database, const CardFile& cards, const SecretBytes& card_index_key,
                 AcquirerOptions options, Clock clock, Sleep sleep);

  Result<AcquirerAnswer> authorize(const AcquirerRequest& request) override;
  Result<AcquirerAnswer> authorize_subsequent(const AcquirerSubsequent& request) override;
  Result<std::optional<AcquirerAnswer>> inquire(const RRPID& auth_rrpid) override;
  Result<void> reverse(const RRPID& auth_rrpid) override;
  Result<void> lower(const AcquirerMovement& movement) override;
  Result<void> capture(const AcquirerMovement& movement, bool final) override;
  Result<void> reverse_capture(const AcquirerName& name, const AcquirerName& captured,
                               const std::string& batch_id) override;
  Result<void> credit(const AcquirerMovement& movement) override;
  Result<void> reverse_credit(const AcquirerName& name, const AcquirerName& credited,
                              const std::string& batch_id) override;
  Result<AcquirerReconciled> reconcile(const AcquirerReconciliation& batch) override;

 private:
  Result<AcquirerAnswer> spoken(const Ledger::Answer& answer, Duration delay) const;
  Result<void> reverse_movement(const AcquirerName& name, const AcquirerName& reversed,
                                const std::string& batch_id);

  Database& database_;
  const CardFile& cards_;
  Ledger ledger_;
  AcquirerOptions options_;
  Clock clock_;
  Sleep sleep_;
};

}  // namespace set::gateway
