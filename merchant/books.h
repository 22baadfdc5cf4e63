// The books of an order: what is authorised, captured, credited and left of each payment, and what
// may still be asked of it. Pure; any thread.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "merchant/authorization_state.h"
#include "merchant/item_state.h"
#include "merchant/order.h"

namespace set::merchant {

/// The operator's view of an order or of one payment. Paid: captured, in whole or in part; pending
/// waits for the gateway; declined and unanswered orders can be paid again until they expire.
enum class OrderStatus {
  open,
  pending,
  authorized,
  paid,
  declined,
  expired,
  cancelled,
  unanswered,
  refunded
};
std::string_view to_string(OrderStatus status);

/// An item as the books have it.
struct ItemLine {
  Item item;
  ItemState state = ItemState::asked;
  std::string code;  ///< SET's spelling; empty while it is asked
  std::string batch_id;
  std::uint32_t batch_sequence_num = 0;
};

/// One authorisation of an order and what followed it.
struct PaymentSummary {
  XID xid;
  RRPID auth_rrpid;
  OrderStatus status;  ///< pending, authorized, paid, declined, cancelled, unanswered or refunded
  Instant initiated_at;
  Currency currency;
  std::int64_t requested = 0;
  std::int64_t authorized = 0;
  std::int64_t captured = 0;
  std::int64_t released = 0;  ///< of a final capture: what nobody holds any more
  std::int64_t credited = 0;
  std::optional<AuthCode> auth_code = std::nullopt;
  std::string approval_code = {};
  AuthNotes notes = {};
  std::optional<CurrConv> curr_conv = std::nullopt;
  std::optional<Instant> decided_at = std::nullopt;
  std::vector<ItemLine> items = {};  ///< oldest first

  std::int64_t left_to_capture() const { return authorized - released - captured; }
  std::int64_t left_to_credit() const { return captured - credited; }
  /// An item that waits for the gateway's answer.
  const ItemLine* open_item() const;
};

/// The sums of an order over its payments, in its currency's minor units.
struct OrderSums {
  std::int64_t authorized = 0, captured = 0, credited = 0, left_to_capture = 0;
  std::int64_t left_to_authorize = 0;  ///< only if the cardholder agreed to several charges
};

struct OrderSummary {
  Order order;
  OrderStatus status;
  std::vector<PaymentSummary> payments;  ///< oldest first
  bool more_may_follow = false;          ///< there is an AuthToken

  OrderSums sums() const;
};

/// "12.00 EUR"; unlike to_string(Amount) also of nothing at all.
std::string money(Currency currency, std::int64_t minor);
/// What happens to what was authorised and not captured, for a person: a word or two.
std::string_view remainder_of(const PaymentSummary& payment);

/// From the payments alone and whether the order can still be paid at `now`.
OrderStatus order_status_of(const OrderSummary& order, Instant now);

/// What a person wants of an order.
struct ItemWish {
  ItemKind kind;
  std::optional<Amount> amount =
      std::nullopt;                ///< none: all that is left, or all of what is undone
  std::string authorization = {};  ///< the beginning of an authRRPID in hex, or empty
  std::string item = {};           ///< likewise of the RRPID of what is undone
  bool final_capture = false;
  std::string batch = {};  ///< to be counted in; empty: as the gateway has it
};

/// The item that fulfils the wish, if the books allow it: of several authorisations the oldest that
/// has enough left, of several captures or credits the youngest.
/// Errors: conflict (another item of it waits for its answer; nothing is there to be undone),
///         invalid_argument (more than is left, another currency; the sentence says how much).
Result<Item> choose_item(const OrderSummary& order, const ItemWish& wish, const RRPID& rrpid,
                         Instant now);

/// Likewise of the next charge of a purchase with an AuthToken.
struct ChargeWish {
  std::optional<Amount> amount = std::nullopt;  ///< none: the most that one may come to
  std::string batch = {};                       ///< of a sale
};

/// What the next charge of a purchase with an AuthToken asks for; `amount` none: the most that one
/// charge may come to, or what is left.
/// Errors: conflict (one is under way, or no more may follow), invalid_argument.
Result<Amount> choose_charge(const OrderSummary& order, const std::optional<Amount>& amount);

}  // namespace set::merchant
