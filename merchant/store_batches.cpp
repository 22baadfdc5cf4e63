// Store, the batches: the merchant's own lines and what the gateway told.
#include <algorithm>
#include <set>

#include "merchant/event_store.h"
#include "merchant/store_rows.h"

namespace set::merchant {
namespace {

// What was under way when a purge was answered is told by the clocks of two daemons, which agree to
// seconds only (ADR 0062), or by one that was set since. To wait for too much is harmless.
constexpr auto kClocksApart = std::chrono::seconds(60);

constexpr std::string_view kBatchIds =
    "SELECT id FROM (SELECT id, opened_at AS at FROM batches UNION ALL"
    " SELECT batch_id AS id, MIN(date) AS at FROM items WHERE batch_id <> '' GROUP BY batch_id)"
    " AS known GROUP BY id ORDER BY MIN(at), id";

Result<std::vector<BatchLine>> lines_of(Transaction& t, const std::string& id) {
  const auto rows =
      TRY(t.query("SELECT " + std::string(kItemColumns) +
                      ", p.order_id, p.xid, COALESCE(u.batch_id, '')"
                      " FROM items i JOIN authorizations a ON a.auth_rrpid = i.auth_rrpid"
                      " JOIN purchases p ON p.xid = a.xid"
                      " LEFT JOIN items u ON u.rrpid = i.reversed AND u.auth_rrpid = i.auth_rrpid"
                      " WHERE i.batch_id = $1 AND i.state IN ('done', 'reversed')"
                      " ORDER BY i.batch_sequence_num, i.date, i.rrpid",
                  {id}));
  std::vector<BatchLine> out;
  for (const auto& row : rows) {
    auto line = TRY(item_of(row));
    constexpr std::size_t c = kAfterItemColumns;
    out.push_back({string_of(row.blob(c)), row.octets<XID>(c + 1), std::move(line.item), id,
                   line.batch_sequence_num, row.text(c + 2)});
  }
  return out;
}

Result<BatchSummary> batch_of(Transaction& t, const std::string& id) {
  BatchSummary out{id, std::nullopt, std::nullopt, TRY(lines_of(t, id))};
  const auto row = TRY(t.query_one("SELECT status, answer FROM batches WHERE id = $1", {id}));
  if (!row) return out;
  out.told = TRY(from_wire(TRY(parse_as<wire::BatchStatus>(row->blob(0)))));
  if (!row->is_null(1))
    out.answer = TRY(from_wire(TRY(parse_as<wire::BatchAdminResData>(row->blob(1)))));
  return out;
}

Result<void> undo_purged(Transaction& t, const Item& item, Instant now) {
  const bool capture = item.kind == ItemKind::capture;
  TRY(t.execute("UPDATE items SET state = 'reversed', batch_id = ''"
                " WHERE rrpid = $1 AND auth_rrpid = $2",
                {item.rrpid, item.auth_rrpid}));
  const std::string sum = capture ? "captured" : "credited";
  TRY(t.execute("UPDATE authorizations SET " + sum + " = " + sum + " - $2 WHERE auth_rrpid = $1",
                {item.auth_rrpid, item.amount.minor()}));
  const auto found = TRY(find_payment(t, item.auth_rrpid, now));
  const auto& payment = found.payment();
  const auto line = std::ranges::find_if(
      payment.items, [&](const ItemLine& other) { return other.item.rrpid == item.rrpid; });
  CHECK_OR_FAIL(line != payment.items.end(), ErrorCode::internal, "an item has gone");
  TRY(append(t, item_event(capture ? EventType::capture_voided : EventType::refund_voided,
                           found.order, payment, *line, "", now)));
  return tell_order(t, found.order.order.id, now);
}

/// What a purge left is what the gateway lists after it.
Result<std::set<std::uint32_t>> left_by(Transaction& t, const RRPID& purge) {
  std::set<std::uint32_t> out;
  const auto pages = TRY(t.query(
      "SELECT batch_answer FROM requests WHERE purge = $1 AND state = 'answered'", {purge}));
  for (const auto& page : pages) {
    const auto told = TRY(from_wire(TRY(parse_as<wire::BatchAdminResData>(page.blob(0)))));
    for (const auto& detail : told.trans_details.value().items)
      out.insert(detail.batch_sequence_num);
  }
  return out;
}

Result<void> book_purge(Transaction& t, const RRPID& purge, const std::string& id, Instant now) {
  const auto left = TRY(left_by(t, purge));
  // Credits before the captures that they are of.
  const auto rows =
      TRY(t.query("SELECT " + std::string(kItemColumns) +
                      " FROM items i JOIN authorizations a ON a.auth_rrpid = i.auth_rrpid"
                      " WHERE i.batch_id = $1 AND i.state = 'done' AND i.purge = $2"
                      " ORDER BY i.kind DESC",
                  {id, purge}));
  for (const auto& row : rows) {
    const auto line = TRY(item_of(row));
    if (!left.contains(line.batch_sequence_num)) TRY(undo_purged(t, line.item, now));
  }
  return {};
}

/// Of a BatchAdminReq that is being settled.
struct AskedOfBatch {
  bool purges;
  std::optional<RRPID> list_of;  ///< the purge whose list this is
  std::uint32_t starting_point;

  /// Pages that went round in circles would never end; a list that is not whole must undo nothing.
  bool is_listed_by(const BatchAdminRes& answer) const {
    if (answer.ba_status != BAStatus::success || answer.batch_id.empty() || !answer.trans_details)
      return false;
    const auto next = answer.trans_details->next_starting_point;
    return next == 0 || next > starting_point;
  }
};

Result<AskedOfBatch> asked_of_batch(Transaction& t, const RRPID& rrpid) {
  const auto row = TRY(t.query_one(
      "SELECT batch_operation, purge, batch_details FROM requests WHERE rrpid = $1", {rrpid}));
  CHECK_OR_FAIL(row, ErrorCode::internal, "a question about a batch has gone");
  return AskedOfBatch{
      !row->is_null(0) && row->integer(0) == static_cast<int>(BatchOperation::purge),
      row->is_null(1) ? std::nullopt : std::optional(row->octets<RRPID>(1)),
      row->is_null(2) ? 0 : static_cast<std::uint32_t>(row->integer(2))};
}

/// In the transaction of the answer: a crash comes before both or after both.
Result<void> go_on_with_purge(Transaction& t, const RRPID& rrpid, const AskedOfBatch& asked,
                              const BatchAdminRes& answer, const RRPID& next, Instant now) {
  BatchAsked list{.batch_id = answer.batch_id, .details = true};
  if (asked.purges) {
    const bool done = answer.ba_status == BAStatus::success ||
                      answer.ba_status == BAStatus::unspecified_failure;
    if (!done || answer.batch_id.empty()) return {};
    return insert_batch_request(t, list, next, rrpid, now);
  }
  if (!asked.list_of || !asked.is_listed_by(answer)) return {};
  list.starting_point = answer.trans_details->next_starting_point;
  if (list.starting_point != 0) return insert_batch_request(t, list, next, asked.list_of, now);
  return book_purge(t, *asked.list_of, answer.batch_id, now);
}

}  // namespace

Result<void> put_batch_status(Transaction& t, const BatchStatus& status, Instant now) {
  const auto& closed = status.closed_when;
  const auto before =
      TRY(t.query_one("SELECT closed_at FROM batches WHERE id = $1", {status.batch_id}));
  TRY(
      t.execute("INSERT INTO batches (id, opened_at, closed_at, status, told_at)"
                " VALUES ($1, $2, $3, $4, $5) ON CONFLICT (id) DO UPDATE SET"
                " closed_at = excluded.closed_at, status = excluded.status,"
                " told_at = excluded.told_at",
                {status.batch_id, status.open_date, closed ? SqlValue(closed->date) : SqlValue(),
                 serialize(to_wire(status)), now}));
  if (!before) TRY(append(t, batch_event(EventType::batch_opened, status, now)));
  if (closed && (!before || before->is_null(0)))
    TRY(append(t, batch_event(EventType::batch_closed, status, now)));
  return {};
}

// "NewBatchID if the item's batch is closed" (set-1997 §3.8).
Result<std::string> new_batch_of(Transaction& t, const Item& item) {
  const bool reverses = item.reversed.has_value();
  if (!reverses && item.kind != ItemKind::credit) return std::string();
  const auto closed = TRY(t.query_one(
      reverses ? "SELECT 1 FROM items i JOIN batches b ON b.id = i.batch_id"
                 " WHERE i.auth_rrpid = $1 AND i.rrpid = $2 AND b.closed_at IS NOT NULL"
               : "SELECT 1 FROM items i JOIN batches b ON b.id = i.batch_id"
                 " WHERE i.auth_rrpid = $1 AND i.rrpid <> $2 AND i.kind = 'capture'"
                 " AND i.state = 'done' AND b.closed_at IS NOT NULL LIMIT 1",
      {item.auth_rrpid, reverses ? *item.reversed : item.rrpid}));
  if (!closed) return std::string();
  const auto ours =
      TRY(t.query_one("SELECT b.id FROM batches b JOIN requests r ON r.batch_id = b.id"
                      " WHERE r.message = 'BatchAdminReq' AND r.batch_operation = $1"
                      " AND r.state = 'answered' AND r.code = $2 AND b.closed_at IS NULL"
                      " ORDER BY b.opened_at DESC LIMIT 1",
                      {static_cast<int>(BatchOperation::open), to_string(BAStatus::success)}));
  return ours ? ours->text(0) : std::string();
}

Result<void> Store::settle(const RRPID& rrpid, const BatchAdminRes& answer, const Bytes& evidence,
                           Instant now, const RRPID& next, const Proof& proof) {
  const auto content = serialize(to_wire(answer));
  return database_->in_transaction("merchant:batch_told", [&](Transaction& t) -> Result<void> {
    const auto asked = TRY(asked_of_batch(t, rrpid));
    const bool fits = !asked.list_of || asked.is_listed_by(answer);
    TRY(end_request(t, rrpid, fits ? "answered" : "refused", to_string(answer.ba_status), evidence,
                    now));
    TRY(statements::save(t, proof, now));
    // What was opened without a name has one now.
    TRY(t.execute("UPDATE requests SET batch_answer = $2, batch_id = $3 WHERE rrpid = $1",
                  {rrpid, content, answer.batch_id}));
    if (answer.ba_status == BAStatus::totals_out_of_balance) {
      const auto own = totals_of(TRY(lines_of(t, answer.batch_id)));
      TRY(append(t, out_of_balance_event(answer.batch_id, own, answer.batch_status, now)));
    }
    if (answer.batch_status) {
      TRY(put_batch_status(t, *answer.batch_status, now));
      TRY(t.execute("UPDATE batches SET answer = $2 WHERE id = $1",
                    {answer.batch_status->batch_id, content}));
    }
    return go_on_with_purge(t, rrpid, asked, answer, next, now);
  });
}

// An item that was done before the list was asked for is in the list, unless it was purged; one whose
// answer is still on its way may be either. So those are waited for, and only what is done then is
// marked. An AuthReq is as old as its authorisation: one that was taken up again waits anew.
Result<bool> Store::mark_purgeable(const RRPID& purge, const std::string& batch_id) {
  return database_->in_transaction("merchant:purge_marked", [&](Transaction& t) -> Result<bool> {
    const auto purged = TRY(t.query_one(
        "SELECT decided_at FROM requests WHERE rrpid = $1 AND decided_at IS NOT NULL", {purge}));
    CHECK_OR_FAIL(purged, ErrorCode::internal, "a purge has no answer");
    const auto under_way = TRY(
        t.query_one("SELECT COUNT(*) FROM requests r"
                    " LEFT JOIN authorizations a ON a.auth_rrpid = r.rrpid"
                    " WHERE r.message <> 'BatchAdminReq' AND r.state IN ('wanted', 'asked', 'parked')"
                    " AND COALESCE(a.asked_at, r.waiting_since) <= $1",
                    {purged->instant(0) + kClocksApart}));
    if (under_way->integer(0) != 0) return false;
    TRY(t.execute("UPDATE items SET purge = $1 WHERE batch_id = $2 AND state = 'done'"
                  " AND kind IN ('capture', 'credit')",
                  {purge, batch_id}));
    return true;
  });
}

Result<std::vector<BatchSummary>> Store::list_batches() {
  return database_->in_transaction("merchant:list_batches",
                                   [&](Transaction& t) -> Result<std::vector<BatchSummary>> {
                                     std::vector<BatchSummary> out;
                                     for (const auto& row : TRY(t.query(kBatchIds)))
                                       out.push_back(TRY(batch_of(t, row.text(0))));
                                     return out;
                                   });
}

Result<BatchSummary> Store::find_batch(const std::string& id) {
  return database_->in_transaction(
      "merchant:find_batch", [&](Transaction& t) -> Result<BatchSummary> {
        auto batch = TRY(batch_of(t, id));
        CHECK_OR_FAIL(batch.told || !batch.lines.empty(), ErrorCode::not_found,
                      "there is no batch of this name");
        return batch;
      });
}

}  // namespace set::merchant
