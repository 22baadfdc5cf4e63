// Store, the batches: the merchant's own lines and what the gateway told.
#include <algorithm>

#include "merchant/store_rows.h"

namespace set::merchant {
namespace {

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
    out.push_back({string_of(row.blob(12)), row.octets<XID>(13), std::move(line.item), id,
                   line.batch_sequence_num, row.text(14)});
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

}  // namespace

Result<void> put_batch_status(Transaction& t, const BatchStatus& status, Instant now) {
  const auto& closed = status.closed_when;
  TRY(
      t.execute("INSERT INTO batches (id, opened_at, closed_at, status, told_at)"
                " VALUES ($1, $2, $3, $4, $5) ON CONFLICT (id) DO UPDATE SET"
                " closed_at = excluded.closed_at, status = excluded.status,"
                " told_at = excluded.told_at",
                {status.batch_id, status.open_date, closed ? SqlValue(closed->date) : SqlValue(),
                 serialize(to_wire(status)), now}));
  return {};
}

Result<void> Store::settle(const RRPID& rrpid, const BatchAdminRes& answer, const Bytes& evidence,
                           Instant now) {
  const auto content = serialize(to_wire(answer));
  return database_->in_transaction("merchant:batch_told", [&](Transaction& t) -> Result<void> {
    TRY(end_request(t, rrpid, "answered", to_string(answer.ba_status), evidence, now));
    TRY(t.execute("UPDATE requests SET batch_answer = $2 WHERE rrpid = $1", {rrpid, content}));
    if (!answer.batch_status) return {};
    TRY(put_batch_status(t, *answer.batch_status, now));
    TRY(t.execute("UPDATE batches SET answer = $2 WHERE id = $1",
                  {answer.batch_status->batch_id, content}));
    return {};
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
