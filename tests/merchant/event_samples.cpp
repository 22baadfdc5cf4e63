#include "tests/merchant/event_samples.h"

#include "tests/merchant/shop.h"

namespace set::merchant::test {
namespace {

const Instant kCreated = from_millis(1'764'237'600'000);  // 2025-11-27T10:00:00Z
const Instant kThen = kCreated + std::chrono::minutes(4);

template <class T>
T octets_of(std::uint8_t value) {
  T out;
  out.value.fill(value);
  return out;
}

const XID kXid = octets_of<XID>(0xa1);
const RRPID kAuth = octets_of<RRPID>(0xb2);
const RRPID kCapture = octets_of<RRPID>(0xc3);
const RRPID kRefund = octets_of<RRPID>(0xd4);

Currency eur() { return amount("1.00 EUR").currency(); }

OrderSummary sample_order(OrderStatus status) {
  Order order{LIDM{"20251127-K3RTQ7WZ5N"}, {},       "not told",
              amount("49.95 EUR"),         kCreated, kCreated + std::chrono::hours(1)};
  order.terms.capture_now = false;
  return {std::move(order), status, {}};
}

// Authorised, and what else is said.
OrderSummary with_payment(OrderStatus status, std::int64_t captured = 0,
                          std::int64_t credited = 0) {
  auto order = sample_order(status);
  PaymentSummary payment{kXid, kAuth, status, kCreated, eur()};
  payment.requested = 4995;
  payment.authorized = 4995;
  payment.captured = captured;
  payment.credited = credited;
  payment.auth_code = AuthCode::approved;
  payment.approval_code = "A1B2C3";
  order.payments.push_back(payment);
  return order;
}

OrderSummary not_authorized(OrderStatus status, std::optional<AuthCode> code) {
  auto order = with_payment(status);
  auto& payment = order.payments.back();
  payment.authorized = 0;
  payment.auth_code = code;
  payment.approval_code.clear();
  return order;
}

OrderSummary recurring() {
  auto order = with_payment(OrderStatus::authorized);
  order.order.terms.mandate =
      InstallRecurData{Recurring{30, kCreated + std::chrono::hours(24 * 365)}, amount("49.95 EUR")};
  return order;
}

OrderSummary order_of(EventType type) {
  using enum EventType;
  if (type == order_pending) return not_authorized(OrderStatus::pending, std::nullopt);
  if (type == order_authorized) return with_payment(OrderStatus::authorized);
  if (type == order_paid) return with_payment(OrderStatus::paid, 2000);
  if (type == order_declined) return not_authorized(OrderStatus::declined, AuthCode::declined);
  if (type == order_cancelled) return not_authorized(OrderStatus::cancelled, AuthCode::approved);
  if (type == order_unanswered) return not_authorized(OrderStatus::unanswered, AuthCode::no_reply);
  if (type == order_refunded) return with_payment(OrderStatus::refunded, 2000, 2000);
  return sample_order(type == order_expired ? OrderStatus::expired : OrderStatus::open);
}

ItemLine line(ItemKind kind, const RRPID& rrpid, bool done) {
  ItemLine out{{rrpid, kAuth, kind, amount("20.00 EUR"), std::nullopt, false, kThen},
               done ? ItemState::done : ItemState::refused,
               done ? "success" : "batchClosed",
               done ? "20251127" : "",
               done ? 7U : 0U};
  if (kind == ItemKind::capture_reversal) out.item.reversed = kCapture;
  if (kind == ItemKind::credit_reversal) out.item.reversed = kRefund;
  return out;
}

EventDraft item(ItemKind kind, const RRPID& rrpid, bool done, std::int64_t captured,
                std::int64_t credited) {
  const auto order = with_payment(OrderStatus::paid, captured, credited);
  auto shown = line(kind, rrpid, done);
  const bool reversal = kind == ItemKind::reversal;
  if (reversal) {
    shown.code = done ? "approved" : "invalidTransaction";
    shown.batch_id.clear();
  }
  return item_event(item_event_type(kind, done), order, order.payments.back(), shown,
                    kind == ItemKind::capture ? "parcel-1" : "", kThen);
}

BatchStatus sample_batch(bool closed) {
  BatchStatus out{"20251127", kCreated, std::nullopt, {}};
  out.totals.push_back({eur(), 1, amount("5.00 EUR"), 1, amount("20.00 EUR")});
  if (closed) out.closed_when = ClosedWhen{ClosedBy::merchant, kThen};
  return out;
}

EventDraft authorization(EventType type, const OrderSummary& order) {
  return authorization_event(type, order, order.payments.back(), "", kThen);
}

EventDraft sample(EventType type) {
  using enum EventType;
  const auto next = octets_of<RRPID>(0xe5);
  switch (type) {
    case order_created:
    case order_pending:
    case order_authorized:
    case order_paid:
    case order_declined:
    case order_cancelled:
    case order_unanswered:
    case order_expired:
    case order_refunded:
      return order_event(order_of(type), type == order_created ? kCreated : kThen);
    case authorization_approved:
      return authorization(type, with_payment(OrderStatus::authorized));
    case authorization_declined:
      return authorization(type, not_authorized(OrderStatus::declined, AuthCode::declined));
    case authorization_unanswered:
      return authorization(type, not_authorized(OrderStatus::unanswered, AuthCode::no_reply));
    case authorization_reversed:
      return item(ItemKind::reversal, next, true, 0, 0);
    case authorization_reversal_refused:
      return item(ItemKind::reversal, next, false, 0, 0);
    case capture_done:
      return item(ItemKind::capture, kCapture, true, 2000, 0);
    case capture_refused:
      return item(ItemKind::capture, kCapture, false, 0, 0);
    case capture_voided:
      return item(ItemKind::capture_reversal, next, true, 0, 0);
    case capture_void_refused:
      return item(ItemKind::capture_reversal, next, false, 2000, 0);
    case refund_done:
      return item(ItemKind::credit, kRefund, true, 2000, 2000);
    case refund_refused:
      return item(ItemKind::credit, kRefund, false, 2000, 0);
    case refund_voided:
      return item(ItemKind::credit_reversal, next, true, 2000, 0);
    case refund_void_refused:
      return item(ItemKind::credit_reversal, next, false, 2000, 2000);
    case mandate_accepted:
    case mandate_ended:
      return authorization(type, recurring());
    case batch_opened:
      return batch_event(type, sample_batch(false), kThen);
    case batch_closed:
      return batch_event(type, sample_batch(true), kThen);
    case batch_out_of_balance:
      return out_of_balance_event("20251127", {{eur(), 0, std::nullopt, 1, amount("20.00 EUR")}},
                                  sample_batch(false), kThen);
    case certificate_renewed:
      return certificate_event(std::string(64, '1'), std::string(64, '0'), kThen);
    case webhook_disabled:
      return webhook_disabled_event("wh_3fa94c0d1e2b5a68",
                                    "no event could be delivered since 2025-11-22T10:04:00.000Z",
                                    kThen);
    case webhook_test:
      return webhook_test_event("wh_3fa94c0d1e2b5a68", kThen);
  }
  return {};
}

}  // namespace

std::vector<ShopEvent> sample_events() {
  std::vector<ShopEvent> out;
  for (const auto type : event_types())
    out.push_back(numbered(sample(type), static_cast<std::int64_t>(out.size()) + 1));
  return out;
}

}  // namespace set::merchant::test
