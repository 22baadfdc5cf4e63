// The sandbox acquirer: a bank network that lives in the gateway's own database. Cards come from
// the card file (common/sandbox/card_file.h); what it remembers of one is an HMAC of its number. It
// keeps holds and captured sums per card and currency against the card's limits, and behaves as
// each card says: approve, decline, referral, expired, slow, no_reply. Any thread.
#pragma once

#include <functional>

#include "common/crypto/random.h"
#include "common/crypto/secret_bytes.h"
#include "common/sandbox/card_file.h"
#include "common/store/database.h"
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
  AcquirerClient(Database& database, const CardFile& cards, SecretBytes card_index_key,
                 AcquirerOptions options, Clock clock, Rng& rng, Sleep sleep);

  Result<AcquirerAnswer> authorize(const AcquirerRequest& request) override;
  Result<std::optional<AcquirerAnswer>> inquire(const RRPID& auth_rrpid) override;
  Result<void> capture(const RRPID& auth_rrpid, const Amount& amount) override;
  Result<void> reverse(const RRPID& auth_rrpid) override;

 private:
  struct Entry;
  struct Verdict;

  Digest card_index(const Pan& pan) const;
  Verdict judge(const AcquirerRequest& request, const SandboxCard* card, std::int64_t used_minor,
                Instant now) const;
  Result<Entry> find_or_decide(const AcquirerRequest& request);
  static Result<std::optional<Entry>> find(Transaction& t, const RRPID& auth_rrpid);
  Result<AcquirerAnswer> spoken(const Entry& entry, Duration delay) const;

  Database& database_;
  const CardFile& cards_;
  SecretBytes card_index_key_;
  AcquirerOptions options_;
  Clock clock_;
  Rng& rng_;
  Sleep sleep_;
};

}  // namespace set::gateway
