// The event feed in the merchant's database: how the store's transactions write events, and how
// readers take them. Numbers come from one row that every writer changes in its own transaction, so
// an event is seen only after all that have lower numbers, whoever wrote them, and no number is
// left out (ADR 0052). Any thread, also beside a running daemon. Errors: storage_unavailable.
#pragma once

#include <optional>

#include "common/store/database.h"
#include "merchant/event.h"

namespace set::merchant {

inline constexpr std::string_view kEventSchema = R"sql(
  -- The number of the newest event; those up to `pruned` are forgotten.
  CREATE TABLE event_counter (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    newest INTEGER NOT NULL CHECK (newest >= 0),
    pruned INTEGER NOT NULL CHECK (pruned BETWEEN 0 AND newest)
  ) STRICT;
  INSERT INTO event_counter (id, newest, pruned) VALUES (1, 0, 0);

  CREATE TABLE events (
    sequence INTEGER PRIMARY KEY CHECK (sequence > 0),
    type TEXT NOT NULL,
    at INTEGER NOT NULL,
    id TEXT NOT NULL UNIQUE CHECK (length(id) BETWEEN 5 AND 64),
    body TEXT NOT NULL
  ) STRICT;
  CREATE INDEX events_by_age ON events (at);

  -- The state that the feed told last; nothing: of an order from before there was a feed.
  ALTER TABLE orders ADD COLUMN told TEXT NOT NULL DEFAULT '';
  CREATE INDEX orders_not_begun ON orders (expires_at) WHERE told = 'open';
)sql";

// --- written by the transactions of store*.cpp ---

/// The next event. Last in its transaction: other writers wait for the commit.
Result<std::int64_t> append(Transaction& t, const EventDraft& draft);
/// order.* if the order's state is another than was told last.
Result<void> tell_order(Transaction& t, const LIDM& id, Instant now);

/// Its order and its line, as they are now. internal if there is none.
struct PaymentFound {
  OrderSummary order;
  std::size_t index;  ///< of order.payments

  const PaymentSummary& payment() const { return order.payments[index]; }
};
Result<PaymentFound> find_payment(Transaction& t, const RRPID& auth_rrpid, Instant now);

/// The operator's name for a request; empty if it has none.
Result<std::string> once_of(Transaction& t, const RRPID& rrpid);

// --- read ---

class EventFeed {
 public:
  explicit EventFeed(Database& database) : database_(&database) {}

  struct Page {
    std::vector<ShopEvent> events;  ///< ascending, without a gap
    std::int64_t newest;            ///< number of the newest event there is; 0: none yet
    std::int64_t pruned;            ///< events up to this one are forgotten
  };
  /// The events after `cursor`.
  /// not_found: some of them are forgotten, or there has been no event of that number.
  Result<Page> after(std::int64_t cursor, int limit);
  /// The cursor before the oldest event that is kept.
  Result<std::int64_t> oldest();
  Result<std::int64_t> newest();
  /// not_found
  Result<ShopEvent> find(std::string_view id);

  /// Writes one that belongs to no other change.
  Result<std::int64_t> append(const EventDraft& draft);
  /// Tells of orders that ended without a payer.
  Result<void> tell_expired(Instant now);
  /// Forgets events from before `limit`, but none that a webhook still waits for; how many.
  Result<std::int64_t> prune(Instant limit);

 private:
  Database* database_;
};

}  // namespace set::merchant
