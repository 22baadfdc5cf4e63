#include "merchant/books.h"

#include <algorithm>

namespace set::merchant {
namespace {

// Of a payment, how much a new item of this kind may come to.
std::int64_t left_for(const PaymentSummary& payment, ItemKind kind) {
  return kind == ItemKind::credit ? payment.left_to_credit() : payment.left_to_capture();
}

const char* nothing_left(ItemKind kind) {
  switch (kind) {
    case ItemKind::capture:
      return "nothing is left to capture of this order";
    case ItemKind::credit:
      return "nothing is left to refund of this order";
    case ItemKind::reversal:
      return "nothing of this order is authorised and not captured";
    case ItemKind::capture_reversal:
      return "there is no such capture that was done and not undone";
    case ItemKind::credit_reversal:
      return "there is no such refund that was done and not undone";
  }
  return "nothing is left";
}

bool is_named(const RRPID& id, const std::string& beginning) {
  return beginning.empty() || id.hex().starts_with(beginning);
}

Result<void> check_currency(const std::optional<Amount>& amount, Currency currency) {
  CHECK_OR_FAIL(!amount || amount->currency() == currency, ErrorCode::invalid_argument,
                "the order is in another currency");
  return {};
}

Error too_much(std::int64_t left, Currency currency) {
  const auto amount = Amount::make(currency, left);
  return {ErrorCode::invalid_argument, "only " +
                                           (amount ? to_string(*amount) : std::string("nothing")) +
                                           " is left of one authorisation"};
}

Result<Item> new_item(const OrderSummary& order, const ItemWish& wish, const RRPID& rrpid,
                      Instant now) {
  const PaymentSummary* chosen = nullptr;
  std::int64_t most = 0;
  for (const auto& payment : order.payments) {
    if (!is_named(payment.auth_rrpid, wish.authorization)) continue;
    const auto left = left_for(payment, wish.kind);
    most = std::max(most, left);
    const bool enough = left > 0 && (!wish.amount || wish.amount->minor() <= left);
    if (enough && chosen == nullptr) chosen = &payment;
  }
  if (chosen == nullptr && most > 0) return failure(too_much(most, order.order.amount.currency()));
  CHECK_OR_FAIL(chosen != nullptr, ErrorCode::conflict, nothing_left(wish.kind));
  CHECK_OR_FAIL(chosen->open_item() == nullptr, ErrorCode::conflict,
                "another request about this payment waits for its answer");
  const auto minor = wish.amount ? wish.amount->minor() : left_for(*chosen, wish.kind);
  const auto amount = TRY(Amount::make(chosen->currency, minor));
  return Item{rrpid,        chosen->auth_rrpid, wish.kind, amount,
              std::nullopt, wish.final_capture, now,       wish.batch};
}

Result<Item> undoing_item(const OrderSummary& order, const ItemWish& wish, const RRPID& rrpid,
                          Instant now) {
  const auto undone =
      wish.kind == ItemKind::capture_reversal ? ItemKind::capture : ItemKind::credit;
  const PaymentSummary* payment = nullptr;
  const ItemLine* line = nullptr;
  for (const auto& candidate : order.payments) {
    if (!is_named(candidate.auth_rrpid, wish.authorization)) continue;
    for (const auto& item : candidate.items) {
      const bool fits = item.item.kind == undone && item.state == ItemState::done &&
                        is_named(item.item.rrpid, wish.item);
      if (!fits || (line != nullptr && item.item.date < line->item.date)) continue;
      line = &item;
      payment = &candidate;
    }
  }
  CHECK_OR_FAIL(line != nullptr, ErrorCode::conflict, nothing_left(wish.kind));
  CHECK_OR_FAIL(payment->open_item() == nullptr, ErrorCode::conflict,
                "another request about this payment waits for its answer");
  // "a reversal's amount is all of what is undone" (protocol §9).
  CHECK_OR_FAIL(!wish.amount || *wish.amount == line->item.amount, ErrorCode::invalid_argument,
                "what is undone is undone whole: leave out --amount");
  CHECK_OR_FAIL(
      undone == ItemKind::credit || payment->left_to_credit() >= line->item.amount.minor(),
      ErrorCode::conflict, "part of this capture is refunded: undo the refund first");
  return Item{rrpid,
              payment->auth_rrpid,
              wish.kind,
              line->item.amount,
              line->item.rrpid,
              false,
              now,
              wish.batch};
}

}  // namespace

std::string_view to_string(OrderStatus status) {
  switch (status) {
    case OrderStatus::open:
      return "open";
    case OrderStatus::pending:
      return "pending";
    case OrderStatus::authorized:
      return "authorized";
    case OrderStatus::paid:
      return "paid";
    case OrderStatus::declined:
      return "declined";
    case OrderStatus::expired:
      return "expired";
    case OrderStatus::cancelled:
      return "cancelled";
    case OrderStatus::unanswered:
      return "unanswered";
    case OrderStatus::refunded:
      return "refunded";
  }
  return "open";
}

std::string money(Currency currency, std::int64_t minor) {
  if (const auto amount = Amount::make(currency, minor)) return to_string(*amount);
  const auto digits = currency.exponent();
  return (digits == 0 ? "0 " : "0." + std::string(digits, '0') + " ") +
         std::string(currency.code());
}

std::string_view remainder_of(const PaymentSummary& payment) {
  if (payment.status == OrderStatus::pending) return "not known yet";
  if (payment.left_to_capture() > 0)
    return payment.captured == 0 ? "held: capture or reverse it"
                                 : "held: capture or reverse it; --final releases it";
  return payment.released > 0 ? "released by the final capture" : "nothing left";
}

const ItemLine* PaymentSummary::open_item() const {
  const auto open = std::ranges::find(items, ItemState::asked, &ItemLine::state);
  return open == items.end() ? nullptr : &*open;
}

OrderSums OrderSummary::sums() const {
  OrderSums out;
  std::int64_t asked = 0;
  for (const auto& payment : payments) {
    out.authorized += payment.authorized;
    out.captured += payment.captured;
    out.credited += payment.credited;
    out.left_to_capture += payment.left_to_capture();
    const bool pending = payment.status == OrderStatus::pending;
    asked += pending ? payment.requested : payment.authorized - payment.released;
  }
  if (more_may_follow)
    out.left_to_authorize = std::max<std::int64_t>(0, order.amount.minor() - asked);
  return out;
}

OrderStatus order_status_of(const OrderSummary& order, Instant now) {
  if (order.payments.empty())
    return now > order.order.expires_at ? OrderStatus::expired : OrderStatus::open;
  const auto sums = order.sums();
  if (sums.captured > 0)
    return sums.credited == sums.captured ? OrderStatus::refunded : OrderStatus::paid;
  const auto any = [&](OrderStatus status) {
    return std::ranges::find(order.payments, status, &PaymentSummary::status) !=
           order.payments.end();
  };
  if (any(OrderStatus::pending)) return OrderStatus::pending;
  if (any(OrderStatus::authorized)) return OrderStatus::authorized;
  // The last payment speaks for the order.
  return order.payments.back().status;
}

Result<Item> choose_item(const OrderSummary& order, const ItemWish& wish, const RRPID& rrpid,
                         Instant now) {
  TRY(check_currency(wish.amount, order.order.amount.currency()));
  const bool undoes =
      wish.kind == ItemKind::capture_reversal || wish.kind == ItemKind::credit_reversal;
  return undoes ? undoing_item(order, wish, rrpid, now) : new_item(order, wish, rrpid, now);
}

Result<Amount> choose_charge(const OrderSummary& order, const std::optional<Amount>& amount) {
  const auto currency = order.order.amount.currency();
  TRY(check_currency(amount, currency));
  CHECK_OR_FAIL(
      order.more_may_follow, ErrorCode::conflict,
      "the cardholder agreed to no further charge of this order, or the last one is done");
  const bool pending = std::ranges::find(order.payments, OrderStatus::pending,
                                         &PaymentSummary::status) != order.payments.end();
  CHECK_OR_FAIL(!pending, ErrorCode::conflict,
                "another authorisation of this order waits for its answer");
  const auto left = order.sums().left_to_authorize;
  const auto& mandate = order.order.terms.mandate;
  const auto most = mandate ? std::min(left, mandate->max_amt.minor()) : left;
  CHECK_OR_FAIL(most > 0, ErrorCode::conflict,
                "all that the cardholder agreed to is authorised already");
  const auto minor = amount ? amount->minor() : most;
  if (minor > most) return failure(too_much(most, currency));
  return Amount::make(currency, minor);
}

}  // namespace set::merchant
