#include "merchant/event.h"

#include <algorithm>
#include <array>

#include <nlohmann/json.hpp>

#include "common/crypto/digest.h"
#include "merchant/terms.h"

namespace set::merchant {
namespace {

using EventJson = nlohmann::ordered_json;

constexpr std::array<std::pair<EventType, std::string_view>, 30> kEventNames{{
    {EventType::order_created, "order.created"},
    {EventType::order_pending, "order.pending"},
    {EventType::order_authorized, "order.authorized"},
    {EventType::order_paid, "order.paid"},
    {EventType::order_declined, "order.declined"},
    {EventType::order_cancelled, "order.cancelled"},
    {EventType::order_unanswered, "order.unanswered"},
    {EventType::order_expired, "order.expired"},
    {EventType::order_refunded, "order.refunded"},
    {EventType::authorization_approved, "authorization.approved"},
    {EventType::authorization_declined, "authorization.declined"},
    {EventType::authorization_unanswered, "authorization.unanswered"},
    {EventType::authorization_reversed, "authorization.reversed"},
    {EventType::authorization_reversal_refused, "authorization.reversal_refused"},
    {EventType::capture_done, "capture.done"},
    {EventType::capture_refused, "capture.refused"},
    {EventType::capture_voided, "capture.voided"},
    {EventType::capture_void_refused, "capture.void_refused"},
    {EventType::refund_done, "refund.done"},
    {EventType::refund_refused, "refund.refused"},
    {EventType::refund_voided, "refund.voided"},
    {EventType::refund_void_refused, "refund.void_refused"},
    {EventType::mandate_accepted, "mandate.accepted"},
    {EventType::mandate_ended, "mandate.ended"},
    {EventType::batch_opened, "batch.opened"},
    {EventType::batch_closed, "batch.closed"},
    {EventType::batch_out_of_balance, "batch.out_of_balance"},
    {EventType::certificate_renewed, "certificate.renewed"},
    {EventType::webhook_disabled, "webhook.disabled"},
    {EventType::webhook_test, "webhook.test"},
}};

constexpr auto kEventTypes = [] {
  std::array<EventType, kEventNames.size()> out{};
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = kEventNames[i].first;
  return out;
}();

EventType order_event_type(OrderStatus status) {
  switch (status) {
    case OrderStatus::open:
      return EventType::order_created;
    case OrderStatus::pending:
      return EventType::order_pending;
    case OrderStatus::authorized:
      return EventType::order_authorized;
    case OrderStatus::paid:
      return EventType::order_paid;
    case OrderStatus::declined:
      return EventType::order_declined;
    case OrderStatus::expired:
      return EventType::order_expired;
    case OrderStatus::cancelled:
      return EventType::order_cancelled;
    case OrderStatus::unanswered:
      return EventType::order_unanswered;
    case OrderStatus::refunded:
      return EventType::order_refunded;
  }
  return EventType::order_created;
}

// Programs compute with `minor`, people read `text`.
EventJson amount_json(Currency currency, std::int64_t minor) {
  return {{"minor", minor}, {"currency", currency.code()}, {"text", money(currency, minor)}};
}
EventJson amount_json(const Amount& amount) {
  return amount_json(amount.currency(), amount.minor());
}

EventJson text_or_null(std::string_view text) {
  return text.empty() ? EventJson() : EventJson(text);
}

std::string text_of(const EventJson& json) {
  return json.dump(-1, ' ', false, EventJson::error_handler_t::replace);
}

// Which of the order's authorisations it is: 1 for the first.
std::ptrdiff_t charge_of(const OrderSummary& order, const PaymentSummary& payment) {
  const auto found =
      std::ranges::find(order.payments, payment.auth_rrpid, &PaymentSummary::auth_rrpid);
  return found - order.payments.begin() + 1;
}

EventJson payment_json(const OrderSummary& order, const PaymentSummary& payment) {
  return {{"order", order.order.id.value},
          {"xid", payment.xid.hex()},
          {"auth_rrpid", payment.auth_rrpid.hex()},
          {"charge", charge_of(order, payment)}};
}

void add_sums(EventJson& out, const PaymentSummary& payment) {
  const auto sum = [&](std::int64_t minor) { return amount_json(payment.currency, minor); };
  out["authorized"] = sum(payment.authorized);
  out["captured"] = sum(payment.captured);
  out["credited"] = sum(payment.credited);
  out["remaining"] = sum(payment.left_to_capture());
}

EventJson totals_json(const std::vector<BatchTotals>& totals) {
  EventJson out = EventJson::array();
  for (const auto& of : totals) {
    const auto sum = [&](const std::optional<Amount>& amount) {
      return amount_json(of.currency, amount ? amount->minor() : 0);
    };
    out.push_back({{"currency", of.currency.code()},
                   {"captures", of.debit_count},
                   {"captured", sum(of.debit_total)},
                   {"refunds", of.credit_count},
                   {"refunded", sum(of.credit_total)}});
  }
  return out;
}

// A whole type, or all of a kind: "refund.*".
bool fits(std::string_view word, std::string_view name) {
  if (!word.ends_with(".*")) return word == name;
  return name.starts_with(word.substr(0, word.size() - 1));
}

}  // namespace

std::string_view to_string(EventType type) {
  const auto* found =
      std::ranges::find(kEventNames, type, &std::pair<EventType, std::string_view>::first);
  return found->second;
}

std::span<const EventType> event_types() { return kEventTypes; }

Result<EventType> parse_event_type(std::string_view name) {
  const auto* found =
      std::ranges::find(kEventNames, name, &std::pair<EventType, std::string_view>::second);
  CHECK_OR_FAIL(found != kEventNames.end(), ErrorCode::invalid_argument,
                "there is no event of this type");
  return found->first;
}

ShopEvent numbered(const EventDraft& draft, std::int64_t sequence) {
  const auto rest = R"(,"type":")" + std::string(to_string(draft.type)) + R"(","version":)" +
                    std::to_string(kEventVersion) + R"(,"timestamp":")" + to_string(draft.at) +
                    R"(","data":)" + draft.data + "}";
  const auto number = std::to_string(sequence);
  // By its content, so that a transaction that is run again makes the same one.
  const auto name = digest("ShopEvent", view_of(number + rest));
  auto id = "evt_" + to_hex(name.view().first(16));
  auto body = R"({"id":")" + id + R"(","sequence":)" + number + rest;
  return {sequence, draft.type, draft.at, std::move(id), std::move(body)};
}

EventDraft order_event(const OrderSummary& order, Instant at) {
  const auto currency = order.order.amount.currency();
  const auto sums = order.sums();
  const auto* payment = order.payments.empty() ? nullptr : &order.payments.back();
  const EventJson data{{"order", order.order.id.value},
                       {"state", to_string(order.status)},
                       {"amount", amount_json(order.order.amount)},
                       {"xid", payment != nullptr ? EventJson(payment->xid.hex()) : EventJson()},
                       {"authorized", amount_json(currency, sums.authorized)},
                       {"captured", amount_json(currency, sums.captured)},
                       {"credited", amount_json(currency, sums.credited)},
                       {"remaining", amount_json(currency, sums.left_to_capture)},
                       {"to_authorize", amount_json(currency, sums.left_to_authorize)},
                       {"created_at", to_string(order.order.created_at)},
                       {"expires_at", to_string(order.order.expires_at)}};
  return {order_event_type(order.status), at, text_of(data)};
}

EventDraft authorization_event(EventType type, const OrderSummary& order,
                               const PaymentSummary& payment, const std::string& once, Instant at) {
  auto data = payment_json(order, payment);
  data["once"] = text_or_null(once);
  data["amount"] = amount_json(payment.currency, payment.requested);
  data["auth_code"] = payment.auth_code ? EventJson(to_string(*payment.auth_code)) : EventJson();
  data["approval_code"] = text_or_null(payment.approval_code);
  data["capture"] = order.order.terms.capture_now ? "now" : "later";
  data["mandate"] =
      order.order.terms.mandate ? EventJson(describe(*order.order.terms.mandate)) : EventJson();
  add_sums(data, payment);
  return {type, at, text_of(data)};
}

EventDraft item_event(EventType type, const OrderSummary& order, const PaymentSummary& payment,
                      const ItemLine& line, const std::string& once, Instant at) {
  const auto& item = line.item;
  auto data = payment_json(order, payment);
  data["rrpid"] = item.rrpid.hex();
  data["once"] = text_or_null(once);
  data["amount"] = amount_json(item.amount);
  data["code"] = text_or_null(line.code);
  data["final"] = item.final_capture;
  data["reversed"] = item.reversed ? EventJson(item.reversed->hex()) : EventJson();
  data["batch_id"] = text_or_null(line.batch_id);
  data["batch_sequence_num"] =
      line.batch_id.empty() ? EventJson() : EventJson(line.batch_sequence_num);
  add_sums(data, payment);
  return {type, at, text_of(data)};
}

EventType item_event_type(ItemKind kind, bool done) {
  switch (kind) {
    case ItemKind::reversal:
      return done ? EventType::authorization_reversed : EventType::authorization_reversal_refused;
    case ItemKind::capture:
      return done ? EventType::capture_done : EventType::capture_refused;
    case ItemKind::capture_reversal:
      return done ? EventType::capture_voided : EventType::capture_void_refused;
    case ItemKind::credit:
      return done ? EventType::refund_done : EventType::refund_refused;
    case ItemKind::credit_reversal:
      return done ? EventType::refund_voided : EventType::refund_void_refused;
  }
  return EventType::capture_refused;
}

EventDraft batch_event(EventType type, const BatchStatus& status, Instant at) {
  const auto& closed = status.closed_when;
  EventJson data{{"batch_id", status.batch_id},
                 {"opened_at", to_string(status.open_date)},
                 {"closed_at", closed ? EventJson(to_string(closed->date)) : EventJson()},
                 {"closed_by", EventJson()},
                 {"totals", totals_json(status.totals)}};
  if (closed) data["closed_by"] = closed->by == ClosedBy::merchant ? "merchant" : "acquirer";
  return {type, at, text_of(data)};
}

EventDraft out_of_balance_event(const std::string& batch_id, const std::vector<BatchTotals>& own,
                                const std::optional<BatchStatus>& told, Instant at) {
  const EventJson data{{"batch_id", batch_id},
                       {"own_totals", totals_json(own)},
                       {"gateway_totals", told ? totals_json(told->totals) : EventJson()}};
  return {EventType::batch_out_of_balance, at, text_of(data)};
}

EventDraft certificate_event(std::string_view certificate, std::string_view former, Instant at) {
  const EventJson data{{"certificate", certificate}, {"former", text_or_null(former)}};
  return {EventType::certificate_renewed, at, text_of(data)};
}

EventDraft webhook_disabled_event(std::string_view webhook, std::string_view why, Instant at) {
  const EventJson data{{"webhook", webhook}, {"reason", why}};
  return {EventType::webhook_disabled, at, text_of(data)};
}

EventDraft webhook_test_event(std::string_view webhook, Instant at) {
  EventJson data;
  data["webhook"] = webhook;
  return {EventType::webhook_test, at, text_of(data)};
}

Result<EventFilter> EventFilter::parse(const std::vector<std::string>& words) {
  EventFilter out;
  for (const auto& word : words) {
    const bool any = std::ranges::any_of(
        event_types(), [&](EventType type) { return fits(word, to_string(type)); });
    CHECK_OR_FAIL(any, ErrorCode::invalid_argument,
                  "there is no event of such a type; types are written order.paid or refund.*");
    out.words_.push_back(word);
  }
  return out;
}

Result<EventFilter> EventFilter::from_text(std::string_view text) {
  std::vector<std::string> words;
  while (!text.empty()) {
    const auto space = std::min(text.find(' '), text.size());
    words.emplace_back(text.substr(0, space));
    text.remove_prefix(std::min(space + 1, text.size()));
  }
  return parse(words);
}

bool EventFilter::wants(EventType type) const {
  return words_.empty() || std::ranges::any_of(words_, [&](const std::string& word) {
           return fits(word, to_string(type));
         });
}

std::string EventFilter::str() const {
  std::string out;
  for (const auto& word : words_) out += (out.empty() ? "" : " ") + word;
  return out;
}

}  // namespace set::merchant
