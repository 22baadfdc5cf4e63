// Event: what the shop's own software is told of, one line of the merchant's event feed. An event
// is written in the same transaction as the change that it tells of (event_store.h), is never
// changed, and has no card data, no order secret and no text of the order. docs/events.md shows
// one of each type. Pure; any thread.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "merchant/batch.h"
#include "merchant/books.h"

namespace set::merchant {

/// order.*: the order's state is now this one. All others: what happened to its money, or what else
/// an operator would like to know.
enum class EventType {
  order_created,
  order_pending,
  order_authorized,
  order_paid,
  order_declined,
  order_cancelled,
  order_unanswered,
  order_expired,
  order_refunded,
  authorization_approved,
  authorization_declined,
  authorization_unanswered,
  authorization_reversed,
  authorization_reversal_refused,
  capture_done,
  capture_refused,
  capture_voided,
  capture_void_refused,
  refund_done,
  refund_refused,
  refund_voided,
  refund_void_refused,
  mandate_accepted,
  mandate_ended,
  batch_opened,
  batch_closed,
  batch_out_of_balance,
  certificate_renewed,
  webhook_disabled,
  webhook_test
};
/// "order.paid"
std::string_view to_string(EventType type);
/// Every type, as docs/events.md lists them.
std::span<const EventType> event_types();
/// invalid_argument
Result<EventType> parse_event_type(std::string_view name);

/// Of `data` in the body. Rises when a field changes its meaning or goes; new fields may come.
inline constexpr int kEventVersion = 1;

/// What is to be told; it gets its number when it is written.
struct EventDraft {
  EventType type;
  Instant at;
  std::string data;  ///< a JSON object
};

struct ShopEvent {
  std::int64_t sequence;  ///< 1, 2, 3 …: the cursor
  EventType type;
  Instant at;
  std::string id;    ///< "evt_…": the same however often it is sent
  std::string body;  ///< {"id","sequence","type","version","timestamp","data"}: the bytes as sent
};
ShopEvent numbered(const EventDraft& draft, std::int64_t sequence);

// --- what is told of what ---

/// order.*, by its state.
EventDraft order_event(const OrderSummary& order, Instant at);
/// authorization.* and mandate.*; `once`: the operator's name for the request, or empty.
EventDraft authorization_event(EventType type, const OrderSummary& order,
                               const PaymentSummary& payment, const std::string& once, Instant at);
/// capture.*, refund.*, and authorization.* of a reversal.
EventDraft item_event(EventType type, const OrderSummary& order, const PaymentSummary& payment,
                      const ItemLine& line, const std::string& once, Instant at);
/// The type that tells of an item's end.
EventType item_event_type(ItemKind kind, bool done);
/// batch.opened, batch.closed
EventDraft batch_event(EventType type, const BatchStatus& status, Instant at);
/// The gateway's sums are not ours.
EventDraft out_of_balance_event(const std::string& batch_id, const std::vector<BatchTotals>& own,
                                const std::optional<BatchStatus>& told, Instant at);
/// Thumbprints in hex.
EventDraft certificate_event(std::string_view certificate, std::string_view former, Instant at);
EventDraft webhook_disabled_event(std::string_view webhook, std::string_view why, Instant at);
EventDraft webhook_test_event(std::string_view webhook, Instant at);

/// Which events somebody wants: "order.paid", "refund.*"; none: all.
class EventFilter {
 public:
  /// invalid_argument for a word that no type fits.
  static Result<EventFilter> parse(const std::vector<std::string>& words);
  /// What str() gave.
  static Result<EventFilter> from_text(std::string_view text);

  bool wants(EventType type) const;
  /// The words with spaces between them; empty: all.
  std::string str() const;

 private:
  std::vector<std::string> words_;
};

}  // namespace set::merchant
