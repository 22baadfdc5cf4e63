// Batches in the gateway's database: batch_state.h's table as SQL. `batches` are steps of
// transactions that others own; BatchStore is called by service_batches.cpp and the commands. Any
// thread (see Database).
#pragma once

#include "common/audit/log.h"
#include "common/store/database.h"
#include "gateway/acquirer.h"
#include "gateway/batch_state.h"
#include "gateway/store.h"

namespace set::gateway {

namespace batches {

/// The batch for a merchant's next item: the wish, or the open one, which is opened if there is
/// none. None: the wish is not open.
Result<std::optional<std::string>> choose(Transaction& t, const std::string& merchant_id,
                                          const std::string& wish, Instant now);
/// None: there is no such batch.
Result<std::optional<bool>> is_open(Transaction& t, const std::string& merchant_id,
                                    const std::string& batch_id);
/// The next BatchSequenceNum; of a closed batch too, whose items were accepted while it was open.
Result<std::uint32_t> next_place(Transaction& t, const std::string& merchant_id,
                                 const std::string& batch_id);
/// With its totals, without its items.
Result<std::optional<Batch>> find(Transaction& t, const std::string& merchant_id,
                                  const std::string& batch_id);

}  // namespace batches

class BatchStore {
 public:
  explicit BatchStore(Database& database) : database_(database) {}

  /// With its items; an empty id means the open one.
  Result<std::optional<Batch>> find(const std::string& merchant_id, const std::string& batch_id);

  /// Opens it; an empty id means an automatic one. What it is called, or batch_already_open (the
  /// merchant has one), batch_id_unavailable (it was used). `request` again is success.
  struct Opened {
    BAStatus status = BAStatus::success;
    std::string batch_id;
  };
  Result<Opened> open(const std::string& merchant_id, const std::string& batch_id,
                      const RRPID& request, Instant now);
  /// Open → Closed; unknown_batch_id, or batch_id_unavailable if somebody else closed it.
  Result<BAStatus> close(const std::string& merchant_id, const std::string& batch_id,
                         ClosedBy closed_by, const std::optional<RRPID>& request, Instant now,
                         const AuditEntry& audit = {});

  /// Closed, nothing pending, and the acquirer has not spoken yet.
  Result<std::vector<Batch>> unsettled();
  /// What the acquirer is asked about it, one for each currency.
  Result<std::vector<AcquirerReconciliation>> reconciliations(const Batch& batch);
  Result<void> settle(const Batch& batch, bool in_balance);

  /// Keeps a request with an operation; again, it is kept already.
  Result<void> claim(const BatchRequest& request, const OwedReply& owed);
  /// Left behind: received by then, and no answer is stored.
  struct Unanswered {
    BatchRequest request;
    OwedReply owed;
  };
  Result<std::vector<Unanswered>> unanswered(Instant received_by);

  /// Newest first, without items.
  Result<std::vector<Batch>> list(std::int64_t at_most);
  /// Opened before then and still open.
  Result<std::vector<Batch>> open_since(Instant before);

 private:
  Database& database_;
};

}  // namespace set::gateway
