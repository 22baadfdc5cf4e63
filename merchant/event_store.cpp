#include "merchant/event_store.h"

#include <algorithm>

#include "merchant/store_rows.h"

namespace set::merchant {
namespace {

constexpr int kExpiredAtOnce = 64;
constexpr int kPrunedAtOnce = 1000;
constexpr std::string_view kEventColumns = "sequence, type, at, id, body";

Result<ShopEvent> event_of(const Row& row) {
  const auto type = TRY(parse_event_type(row.text(1)));
  return ShopEvent{row.integer(0), type, row.instant(2), row.text(3), row.text(4)};
}

struct Counter {
  std::int64_t newest, pruned;
};
Result<Counter> counter_of(Transaction& t) {
  const auto row = TRY(t.query_one("SELECT newest, pruned FROM event_counter WHERE id = 1"));
  CHECK_OR_FAIL(row, ErrorCode::internal, "the database counts no events");
  return Counter{row->integer(0), row->integer(1)};
}

Error forgotten(std::int64_t pruned) {
  const auto last = std::to_string(pruned);
  return {ErrorCode::not_found, "events up to " + last +
                                    " are forgotten: what followed your cursor is not all there "
                                    "any more; take up the books anew and go on with --since " +
                                    last};
}

Error never_was(std::int64_t newest) {
  return {ErrorCode::not_found, "there has been no event of this number, the newest is " +
                                    std::to_string(newest) +
                                    ": is the cursor of another database?"};
}

}  // namespace

Result<std::int64_t> append(Transaction& t, const EventDraft& draft) {
  const auto row = TRY(
      t.query_one("UPDATE event_counter SET newest = newest + 1 WHERE id = 1 RETURNING newest"));
  CHECK_OR_FAIL(row, ErrorCode::internal, "the database counts no events");
  const auto event = numbered(draft, row->integer(0));
  TRY(t.execute("INSERT INTO events (sequence, type, at, id, body) VALUES ($1, $2, $3, $4, $5)",
                {event.sequence, to_string(event.type), event.at, event.id, event.body}));
  return event.sequence;
}

Result<void> tell_order(Transaction& t, const LIDM& id, Instant now) {
  const auto order = TRY(summary_of(t, id, now));
  const auto changed = TRY(t.execute("UPDATE orders SET told = $2 WHERE id = $1 AND told <> $2",
                                     {id, to_string(order.status)}));
  if (changed > 0) TRY(append(t, order_event(order, now)));
  return {};
}

Result<PaymentFound> find_payment(Transaction& t, const RRPID& auth_rrpid, Instant now) {
  const auto row =
      TRY(t.query_one("SELECT p.order_id FROM authorizations a JOIN purchases p ON p.xid = a.xid"
                      " WHERE a.auth_rrpid = $1",
                      {auth_rrpid}));
  CHECK_OR_FAIL(row, ErrorCode::internal, "an authorisation has no order");
  auto order = TRY(summary_of(t, TRY(LIDM::parse(string_of(row->blob(0)))), now));
  const auto found = std::ranges::find(order.payments, auth_rrpid, &PaymentSummary::auth_rrpid);
  CHECK_OR_FAIL(found != order.payments.end(), ErrorCode::internal,
                "an order lacks its authorisation");
  const auto index = static_cast<std::size_t>(found - order.payments.begin());
  return PaymentFound{std::move(order), index};
}

Result<std::string> once_of(Transaction& t, const RRPID& rrpid) {
  const auto row =
      TRY(t.query_one("SELECT COALESCE(once, '') FROM requests WHERE rrpid = $1", {rrpid}));
  CHECK_OR_FAIL(row, ErrorCode::internal, "what was asked has no request");
  return row->text(0);
}

Result<EventFeed::Page> EventFeed::after(std::int64_t cursor, int limit) {
  return database_->in_transaction("merchant:events", [&](Transaction& t) -> Result<Page> {
    const auto counter = TRY(counter_of(t));
    if (cursor < counter.pruned) return failure(forgotten(counter.pruned));
    if (cursor > counter.newest) return failure(never_was(counter.newest));
    Page out{{}, counter.newest, counter.pruned};
    if (cursor == counter.newest) return out;
    const auto rows = TRY(t.query("SELECT " + std::string(kEventColumns) +
                                      " FROM events WHERE sequence > $1 ORDER BY sequence LIMIT $2",
                                  {cursor, limit}));
    for (const auto& row : rows) out.events.push_back(TRY(event_of(row)));
    return out;
  });
}

Result<std::int64_t> EventFeed::oldest() {
  return database_->in_transaction(
      "merchant:oldest_event",
      [&](Transaction& t) -> Result<std::int64_t> { return TRY(counter_of(t)).pruned; });
}

Result<std::int64_t> EventFeed::newest() {
  return database_->in_transaction(
      "merchant:newest_event",
      [&](Transaction& t) -> Result<std::int64_t> { return TRY(counter_of(t)).newest; });
}

Result<ShopEvent> EventFeed::find(std::string_view id) {
  return database_->in_transaction("merchant:find_event", [&](Transaction& t) -> Result<ShopEvent> {
    const auto row = TRY(
        t.query_one("SELECT " + std::string(kEventColumns) + " FROM events WHERE id = $1", {id}));
    CHECK_OR_FAIL(row, ErrorCode::not_found,
                  "there is no event of this id, or it is forgotten already");
    return event_of(*row);
  });
}

Result<std::int64_t> EventFeed::append(const EventDraft& draft) {
  return database_->in_transaction("merchant:event", [&](Transaction& t) -> Result<std::int64_t> {
    return merchant::append(t, draft);
  });
}

Result<void> EventFeed::tell_expired(Instant now) {
  return database_->in_transaction("merchant:expired", [&](Transaction& t) -> Result<void> {
    const auto rows =
        TRY(t.query("SELECT id FROM orders WHERE told = 'open' AND expires_at < $1"
                    " ORDER BY expires_at LIMIT $2",
                    {now, kExpiredAtOnce}));
    for (const auto& row : rows) TRY(tell_order(t, TRY(LIDM::parse(string_of(row.blob(0)))), now));
    return {};
  });
}

Result<std::int64_t> EventFeed::prune(Instant limit) {
  return database_->in_transaction("merchant:prune", [&](Transaction& t) -> Result<std::int64_t> {
    const auto counter = TRY(counter_of(t));
    // Up to the one before the first that is younger, that a webhook has not come to, or that is
    // still to be delivered.
    const auto row = TRY(
        t.query_one("SELECT (SELECT MIN(sequence) FROM events WHERE at >= $1),"
                    " (SELECT MIN(handed) FROM webhooks WHERE enabled = 1),"
                    " (SELECT MIN(d.event) FROM deliveries d JOIN webhooks w ON w.id = d.webhook"
                    " WHERE d.state = 'waiting' AND (w.enabled = 1 OR d.in_order = 0))",
                    {limit}));
    auto last = std::min(counter.newest, counter.pruned + kPrunedAtOnce);
    if (!row->is_null(0)) last = std::min(last, row->integer(0) - 1);
    if (!row->is_null(1)) last = std::min(last, row->integer(1));
    if (!row->is_null(2)) last = std::min(last, row->integer(2) - 1);
    if (last <= counter.pruned) return 0;
    TRY(t.execute("DELETE FROM deliveries WHERE event <= $1", {last}));
    const auto gone = TRY(t.execute("DELETE FROM events WHERE sequence <= $1", {last}));
    TRY(t.execute("UPDATE event_counter SET pruned = $1 WHERE id = 1", {last}));
    return gone;
  });
}

}  // namespace set::merchant
