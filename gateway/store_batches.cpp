#include "gateway/store_batches.h"

#include "common/base/assert.h"
#include "common/message/wire.h"
#include "gateway/batch.h"

namespace set::gateway {
namespace {

#define SET_BATCH_COLUMNS                                                                        \
  "merchant_id, batch_id, opened_at, opened_by, closed_at, closed_by, closed_request, "          \
  "settlement, (SELECT COUNT(*) FROM payment_items i WHERE i.merchant_id = batches.merchant_id " \
  "AND i.batch_id = batches.batch_id AND i.state = 'pending')"

// What counts in a batch: an item and its reversal in the same batch are as if they had never been;
// a reversal of what is in another batch is money that moves the other way.
#define SET_COUNTED_ITEMS                                                                       \
  " FROM payment_items i WHERE i.merchant_id = $1 AND i.batch_id = $2 AND i.state = 'done' "    \
  "AND NOT EXISTS (SELECT 1 FROM payment_items r WHERE r.undoes = i.name AND r.state = 'done' " \
  "AND r.batch_id = i.batch_id) "                                                               \
  "AND NOT EXISTS (SELECT 1 FROM payment_items o WHERE o.name = i.undoes "                      \
  "AND o.batch_id = i.batch_id) "
#define SET_IS_DEBIT "(i.kind IN ('capture', 'credit_reversal'))"

Result<Amount> amount_in(const Row& row, std::size_t currency, std::size_t minor) {
  return Amount::make(TRY(Currency::from_number(static_cast<unsigned>(row.integer(currency)))),
                      row.integer(minor));
}

Result<std::vector<BatchTotals>> counted_totals(Transaction& t, const std::string& merchant_id,
                                                const std::string& batch_id) {
  const auto rows = TRY(t.query("SELECT i.currency, " SET_IS_DEBIT
                                ", COUNT(*), SUM(i.amount_minor)" SET_COUNTED_ITEMS
                                "GROUP BY i.currency, " SET_IS_DEBIT " ORDER BY i.currency",
                                {merchant_id, batch_id}));
  std::vector<BatchTotals> out;
  for (const auto& row : rows) {
    const auto total = TRY(amount_in(row, 0, 3));
    if (out.empty() || out.back().currency != total.currency()) {
      out.push_back({.currency = total.currency(),
                     .credit_count = 0,
                     .credit_total = std::nullopt,
                     .debit_count = 0,
                     .debit_total = std::nullopt});
    }
    const bool debit = row.integer(1) != 0;
    (debit ? out.back().debit_count : out.back().credit_count) =
        static_cast<std::uint32_t>(row.integer(2));
    (debit ? out.back().debit_total : out.back().credit_total) = total;
  }
  return out;
}

Result<std::vector<BatchItem>> counted_items(Transaction& t, const Batch& batch) {
  const auto rows =
      TRY(t.query("SELECT i.trans_ids, i.auth_rrpid, i.batch_sequence_num, i.currency, "
                  "i.amount_minor, " SET_IS_DEBIT SET_COUNTED_ITEMS "ORDER BY i.batch_sequence_num",
                  {batch.merchant_id, batch.batch_id}));
  std::vector<BatchItem> out;
  for (const auto& row : rows) {
    auto trans_ids = TRY(from_wire(TRY(parse_as<wire::TransIDs>(row.blob(0)))));
    const auto amount = TRY(amount_in(row, 3, 4));
    out.push_back({.trans_ids = std::move(trans_ids),
                   .auth_rrpid = row.octets<RRPID>(1),
                   .sequence_num = static_cast<std::uint32_t>(row.integer(2)),
                   .amount = amount,
                   .type = row.integer(5) != 0 ? AmountType::debit : AmountType::credit});
  }
  return out;
}

/// Money that was to move in this batch and was refused by the acquirer; not a sale's, which is no
/// item without an approval.
Result<std::vector<BatchItem>> failed_items(Transaction& t, const Batch& batch) {
  const auto rows = TRY(
      t.query("SELECT i.trans_ids, i.auth_rrpid, i.currency, i.amount_minor, " SET_IS_DEBIT
              " FROM payment_items i WHERE i.merchant_id = $1 AND i.batch_id = $2 "
              "AND i.state = 'refused' AND i.message <> 'AuthReq' "
              "ORDER BY i.decided_at, i.message, i.rrpid, i.position",
              {batch.merchant_id, batch.batch_id}));
  std::vector<BatchItem> out;
  for (const auto& row : rows) {
    auto trans_ids = TRY(from_wire(TRY(parse_as<wire::TransIDs>(row.blob(0)))));
    const auto amount = TRY(amount_in(row, 2, 3));
    out.push_back({.trans_ids = std::move(trans_ids),
                   .auth_rrpid = row.octets<RRPID>(1),
                   .sequence_num = 0,
                   .amount = amount,
                   .type = row.integer(4) != 0 ? AmountType::debit : AmountType::credit});
  }
  return out;
}

Settlement settlement_of_row(const Row& row) {
  if (row.is_null(7)) return Settlement::none;
  return row.text(7) == "in_balance" ? Settlement::in_balance : Settlement::out_of_balance;
}

Result<Batch> batch_of(Transaction& t, const Row& row) {
  Batch out{.merchant_id = row.text(0),
            .batch_id = row.text(1),
            .opened_at = row.instant(2),
            .opened_by = row.is_null(3) ? std::nullopt : std::optional(row.octets<RRPID>(3)),
            .closed = std::nullopt,
            .closed_request = row.is_null(6) ? std::nullopt : std::optional(row.octets<RRPID>(6)),
            .settlement = settlement_of_row(row),
            .totals = {},
            .items = {},
            .failed = {},
            .pending = row.integer(8)};
  if (!row.is_null(4)) {
    out.closed = ClosedWhen{row.text(5) == "merchant" ? ClosedBy::merchant : ClosedBy::acquirer,
                            row.instant(4)};
  }
  out.totals = TRY(counted_totals(t, out.merchant_id, out.batch_id));
  return out;
}

Result<std::vector<Batch>> batches_of(Transaction& t, const std::vector<Row>& rows) {
  std::vector<Batch> out;
  for (const auto& row : rows) out.push_back(TRY(batch_of(t, row)));
  return out;
}

Result<std::optional<std::string>> open_id(Transaction& t, const std::string& merchant_id) {
  const auto row = TRY(t.query_one(
      "SELECT batch_id FROM batches WHERE merchant_id = $1 AND state = 'open'", {merchant_id}));
  if (!row) return std::nullopt;
  return row->text(0);
}

Result<bool> insert_open(Transaction& t, const std::string& merchant_id,
                         const std::string& batch_id, const std::optional<RRPID>& request,
                         Instant now) {
  return TRY(t.execute("INSERT INTO batches (merchant_id, batch_id, state, opened_at, opened_by) "
                       "VALUES ($1, $2, 'open', $3, $4) "
                       "ON CONFLICT (merchant_id, batch_id) DO NOTHING",
                       {merchant_id, batch_id, now, request})) == 1;
}

/// The first name of the day that was not used.
Result<std::string> open_automatic(Transaction& t, const std::string& merchant_id,
                                   const std::optional<RRPID>& request, Instant now) {
  for (unsigned number = 1;; ++number) {
    auto batch_id = batch_id_of(now, number);
    if (TRY(insert_open(t, merchant_id, batch_id, request, now))) return batch_id;
  }
}

/// The sums that a bank keeps beside each other, by the kind of a row.
CountAndSum& sum_of(SettlementTotals& totals, std::string_view kind) {
  if (kind == "capture") return totals.debits;
  if (kind == "capture_reversal") return totals.debit_reversals;
  return kind == "credit" ? totals.credits : totals.credit_reversals;
}

}  // namespace

namespace batches {

Result<std::optional<std::string>> choose(Transaction& t, const std::string& merchant_id,
                                          const std::string& wish, Instant now) {
  if (!wish.empty()) {
    const auto open = TRY(is_open(t, merchant_id, wish));
    return open.value_or(false) ? std::optional(wish) : std::nullopt;
  }
  if (auto open = TRY(open_id(t, merchant_id))) return open;
  return TRY(open_automatic(t, merchant_id, std::nullopt, now));
}

Result<std::optional<bool>> is_open(Transaction& t, const std::string& merchant_id,
                                    const std::string& batch_id) {
  const auto row =
      TRY(t.query_one("SELECT state = 'open' FROM batches WHERE merchant_id = $1 AND batch_id = $2",
                      {merchant_id, batch_id}));
  if (!row) return std::nullopt;
  return row->integer(0) != 0;
}

Result<std::uint32_t> next_place(Transaction& t, const std::string& merchant_id,
                                 const std::string& batch_id) {
  const auto row =
      TRY(t.query_one("UPDATE batches SET items = items + 1 "
                      "WHERE merchant_id = $1 AND batch_id = $2 RETURNING items",
                      {merchant_id, batch_id}));
  CHECK_OR_FAIL(row, ErrorCode::internal, "an item of a batch that there is not");
  return static_cast<std::uint32_t>(row->integer(0));
}

Result<std::optional<Batch>> find(Transaction& t, const std::string& merchant_id,
                                  const std::string& batch_id) {
  const auto row = TRY(t.query_one("SELECT " SET_BATCH_COLUMNS
                                   " FROM batches WHERE merchant_id = $1 AND batch_id = $2",
                                   {merchant_id, batch_id}));
  if (!row) return std::nullopt;
  return TRY(batch_of(t, *row));
}

}  // namespace batches

Result<std::optional<Batch>> BatchStore::find(const std::string& merchant_id,
                                              const std::string& batch_id) {
  return database_.in_transaction(
      "gateway:find", [&](Transaction& t) -> Result<std::optional<Batch>> {
        const auto id = batch_id.empty() ? TRY(open_id(t, merchant_id)) : std::optional(batch_id);
        if (!id) return std::nullopt;
        auto out = TRY(batches::find(t, merchant_id, *id));
        if (out) out->items = TRY(counted_items(t, *out));
        if (out) out->failed = TRY(failed_items(t, *out));
        return out;
      });
}

Result<BatchStore::Opened> BatchStore::open(const std::string& merchant_id,
                                            const std::string& batch_id, const RRPID& request,
                                            Instant now) {
  return database_.in_transaction("gateway:batch-opened", [&](Transaction& t) -> Result<Opened> {
    // A repeat whose answer was lost.
    const auto before =
        TRY(t.query_one("SELECT batch_id FROM batches WHERE merchant_id = $1 AND opened_by = $2",
                        {merchant_id, request}));
    if (before) return Opened{BAStatus::success, before->text(0)};
    if (const auto open = TRY(open_id(t, merchant_id))) {
      return Opened{BAStatus::batch_already_open, *open};
    }
    if (batch_id.empty()) {
      auto opened = TRY(open_automatic(t, merchant_id, request, now));
      return Opened{BAStatus::success, std::move(opened)};
    }
    const bool is_new = TRY(insert_open(t, merchant_id, batch_id, request, now));
    return Opened{is_new ? BAStatus::success : BAStatus::batch_id_unavailable, batch_id};
  });
}

Result<BAStatus> BatchStore::close(const std::string& merchant_id, const std::string& batch_id,
                                   ClosedBy closed_by, const std::optional<RRPID>& request,
                                   Instant now, const AuditEntry& audit) {
  return database_.in_transaction("gateway:batch-closed", [&](Transaction& t) -> Result<BAStatus> {
    const auto closed = TRY(t.execute(
        "UPDATE batches SET state = 'closed', closed_at = $3, closed_by = $4, closed_request = $5 "
        "WHERE merchant_id = $1 AND batch_id = $2 AND state = 'open'",
        {merchant_id, batch_id, now, closed_by == ClosedBy::merchant ? "merchant" : "acquirer",
         request}));
    if (closed == 1) {
      TRY(set::audit::append(t, audit));
      return BAStatus::success;
    }
    const auto batch = TRY(batches::find(t, merchant_id, batch_id));
    if (!batch) return BAStatus::unknown_batch_id;
    const bool same = request && batch->closed_request == request;
    return same ? BAStatus::success : BAStatus::batch_id_unavailable;
  });
}

Result<void> BatchStore::claim(const BatchRequest& request, const OwedReply& owed) {
  return database_.in_transaction("gateway:batch-claimed", [&](Transaction& t) -> Result<void> {
    TRY(t.execute(
        "INSERT INTO batch_requests (merchant, rrpid, merchant_id, content, content_digest, "
        "received_at, request_digest, pending_reply) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) "
        "ON CONFLICT (merchant, rrpid) DO NOTHING",
        {request.merchant, request.rrpid, request.merchant_id,
         serialize(to_wire(request.message)), request.content_digest, request.received_at,
         owed.request_digest, owed.pending}));
    // "Same RRPID with different content → Error, never processing" (§3.0).
    const auto same = TRY(t.query_one(
        "SELECT 1 FROM batch_requests WHERE merchant = $1 AND rrpid = $2 AND content_digest = $3",
        {request.merchant, request.rrpid, request.content_digest}));
    CHECK_OR_FAIL(same, ErrorCode::bad_message_header, "this RRPID was used for another request");
    return {};
  });
}

Result<std::vector<BatchStore::Unanswered>> BatchStore::unanswered(Instant received_by) {
  return database_.in_transaction(
      "gateway:unanswered", [&](Transaction& t) -> Result<std::vector<Unanswered>> {
        TRY(
            t.execute("DELETE FROM batch_requests WHERE EXISTS (SELECT 1 FROM replies "
                      "WHERE replies.peer = batch_requests.merchant "
                      "AND replies.message = 'BatchAdminReq' "
                      "AND replies.rrpid = batch_requests.rrpid)"));
        const auto rows = TRY(
            t.query("SELECT merchant, rrpid, merchant_id, content_digest, received_at, content, "
                    "request_digest, pending_reply FROM batch_requests WHERE received_at <= $1 "
                    "ORDER BY received_at",
                    {received_by}));
        std::vector<Unanswered> out;
        for (const auto& row : rows) {
          auto message = TRY(from_wire(TRY(parse_as<wire::BatchAdminReqData>(row.blob(5)))));
          out.push_back({{.merchant = row.octets<Thumbprint>(0),
                          .rrpid = row.octets<RRPID>(1),
                          .merchant_id = row.text(2),
                          .content_digest = row.octets<Digest>(3),
                          .received_at = row.instant(4),
                          .message = std::move(message)},
                         {row.octets<Digest>(6), row.blob(7)}});
        }
        return out;
      });
}

Result<std::vector<Batch>> BatchStore::unsettled() {
  return database_.in_transaction(
      "gateway:find", [&](Transaction& t) -> Result<std::vector<Batch>> {
        const auto rows = TRY(
            t.query("SELECT " SET_BATCH_COLUMNS
                    " FROM batches WHERE state = 'closed' AND settlement IS NULL AND NOT EXISTS "
                    "(SELECT 1 FROM payment_items p WHERE p.merchant_id = batches.merchant_id "
                    "AND p.batch_id = batches.batch_id AND p.state = 'pending')"));
        return batches_of(t, rows);
      });
}

Result<std::vector<AcquirerReconciliation>> BatchStore::reconciliations(const Batch& batch) {
  return database_.in_transaction(
      "gateway:find", [&](Transaction& t) -> Result<std::vector<AcquirerReconciliation>> {
        const auto rows =
            TRY(t.query("SELECT currency, kind, COUNT(*), SUM(amount_minor) FROM payment_items "
                        "WHERE merchant_id = $1 AND batch_id = $2 AND state = 'done' "
                        "GROUP BY currency, kind ORDER BY currency",
                        {batch.merchant_id, batch.batch_id}));
        std::vector<AcquirerReconciliation> out;
        for (const auto& row : rows) {
          const auto currency = TRY(Currency::from_number(static_cast<unsigned>(row.integer(0))));
          if (out.empty() || out.back().currency != currency) {
            out.push_back({.merchant_id = batch.merchant_id,
                           .batch_id = batch.batch_id,
                           .currency = currency,
                           .totals = {}});
          }
          sum_of(out.back().totals, row.text(1)) = {row.integer(2), row.integer(3)};
        }
        return out;
      });
}

Result<void> BatchStore::settle(const Batch& batch, bool in_balance) {
  return database_.in_transaction("gateway:batch-settled", [&](Transaction& t) -> Result<void> {
    TRY(t.execute(
        "UPDATE batches SET settlement = $3 WHERE merchant_id = $1 AND batch_id = $2 "
        "AND state = 'closed' AND settlement IS NULL",
        {batch.merchant_id, batch.batch_id, in_balance ? "in_balance" : "out_of_balance"}));
    return {};
  });
}

Result<std::vector<Batch>> BatchStore::list(std::int64_t at_most) {
  return database_.in_transaction(
      "gateway:find", [&](Transaction& t) -> Result<std::vector<Batch>> {
        const auto rows = TRY(t.query("SELECT " SET_BATCH_COLUMNS
                                      " FROM batches ORDER BY opened_at DESC, batch_id DESC "
                                      "LIMIT $1",
                                      {at_most}));
        return batches_of(t, rows);
      });
}

Result<std::vector<Batch>> BatchStore::open_since(Instant before) {
  return database_.in_transaction(
      "gateway:find", [&](Transaction& t) -> Result<std::vector<Batch>> {
        const auto rows = TRY(t.query("SELECT " SET_BATCH_COLUMNS
                                      " FROM batches WHERE state = 'open' AND opened_at < $1",
                                      {before}));
        return batches_of(t, rows);
      });
}

}  // namespace set::gateway
