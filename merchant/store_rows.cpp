#include "merchant/store_rows.h"

#include <algorithm>

namespace set::merchant {
namespace {

constexpr std::size_t kFirstPurchaseColumn = 11;  // after kOrderColumns

Result<Amount> amount_of(const Row& row, std::size_t currency_column, std::size_t amount_column) {
  const auto currency =
      TRY(Currency::from_number(static_cast<unsigned>(row.integer(currency_column))));
  return Amount::make(currency, row.integer(amount_column));
}

template <class T>
Result<T> local_id(const Row& row, std::size_t column) {
  return T::parse(string_of(row.blob(column)));
}

Bytes blob_or_empty(const Row& row, std::size_t column) {
  return row.is_null(column) ? Bytes{} : row.blob(column);
}

Result<Initiated> initiated_of(const Row& row) {
  auto order = TRY(order_of(row));
  const std::size_t c = kFirstPurchaseColumn;
  const auto lid_c = TRY(local_id<LIDC>(row, c + 3));
  TransIDs ids{lid_c, order.id, row.octets<XID>(c), row.instant(c + 10), "", row.text(c + 4)};
  return Initiated{std::move(order),
                   std::move(ids),
                   row.octets<Digest>(c + 2),
                   row.octets<Challenge>(c + 5),
                   row.octets<Challenge>(c + 6),
                   row.text(c + 7),
                   row.text(c + 8),
                   row.octets<Thumbprint>(c + 9),
                   row.is_null(c + 22) ? Thumbprint{} : row.octets<Thumbprint>(c + 22)};
}

ReceivedPReq received_of(const Row& row) {
  const std::size_t c = kFirstPurchaseColumn;
  return {row.octets<RRPID>(c + 11),  row.octets<Digest>(c + 12), row.octets<Thumbprint>(c + 13),
          row.octets<Digest>(c + 14), row.octets<Digest>(c + 15), row.instant(c + 17),
          row.blob(c + 18),           row.blob(c + 19),           row.blob(c + 20)};
}

}  // namespace

Result<Order> order_of(const Row& row) {
  auto id = TRY(local_id<LIDM>(row, 0));
  const auto amount = TRY(amount_of(row, 3, 4));
  OrderTerms terms;
  terms.capture_now = row.integer(7) == 1;
  if (!row.is_null(8)) terms.first_charge = TRY(amount_of(row, 3, 8));
  if (!row.is_null(9))
    terms.mandate = TRY(from_wire(TRY(parse_as<wire::InstallRecurData>(row.blob(9)))));
  if (!row.is_null(10))
    terms.details = TRY(from_wire(TRY(parse_as<wire::AuthReqPayload>(row.blob(10)))));
  return Order{std::move(id),  row.octets<Digest>(1), row.text(2),     amount,
               row.instant(5), row.instant(6),        std::move(terms)};
}

Result<PurchaseState> purchase_of(const Row& row) {
  auto initiated = TRY(initiated_of(row));
  const auto& state = row.text(kFirstPurchaseColumn + 1);
  if (state == "initiated") return PurchaseState(std::move(initiated));
  auto received = received_of(row);
  if (state == "rejected")
    return PurchaseState(Rejected{std::move(initiated), std::move(received)});
  const auto hod = row.octets<Digest>(kFirstPurchaseColumn + 16);
  return PurchaseState(Ordered{std::move(initiated), std::move(received), hod,
                               blob_or_empty(row, kFirstPurchaseColumn + 21)});
}

Result<Request> request_of(const Row& row, std::size_t wire_column) {
  auto pending = TRY(PendingReply::from_bytes(row.blob(wire_column + 1)));
  return Request{row.blob(wire_column), std::move(pending)};
}

namespace {

AuthNotes notes_of(const Row& row, std::size_t column) {
  AuthNotes out;
  if (!row.is_null(column)) out.avs_result = static_cast<AVSResult>(row.integer(column));
  if (!row.is_null(column + 1)) out.card_type = static_cast<CardType>(row.integer(column + 1));
  return out;
}

Result<std::optional<CurrConv>> curr_conv_of(const Row& row, std::size_t column) {
  if (row.is_null(column)) return std::optional<CurrConv>();
  return std::optional(TRY(from_wire(TRY(parse_as<wire::CurrConv>(row.blob(column))))));
}

Result<AuthAsked> asked_of(const Row& row) {
  const auto amount = TRY(amount_of(row, 2, 3));
  const bool by_token = row.integer(17) == 1;
  return AuthAsked{row.octets<RRPID>(0), amount, row.integer(15) == 1, row.integer(16) == 1,
                   by_token ? blob_or_empty(row, 12) : Bytes{}, row.text(21)};
}

Result<Captured> captured_of(const Row& row, Authorized authorized,
                             std::span<const ItemLine> items) {
  const auto captured = TRY(amount_of(row, 2, 5));
  Captured out{std::move(authorized), captured, row.instant(8)};
  for (const auto& line : items) {
    if (line.state != ItemState::done) continue;
    if (line.item.kind == ItemKind::credit)
      out.credits.push_back({line.item.amount, line.item.date});
    if (line.item.kind != ItemKind::capture) continue;
    out.date = std::max(out.date, line.item.date);
    out.batch_id = line.batch_id;
    out.batch_sequence_num = line.batch_sequence_num;
  }
  return out;
}

}  // namespace

Result<Authorization> authorization_of(const Row& row, std::span<const ItemLine> items) {
  const auto& state = row.text(1);
  if (state == "awaiting") {
    auto asked = TRY(asked_of(row));
    auto request = row.is_null(6) ? Request{} : TRY(request_of(row, 6));
    return Authorization(AwaitingAuthRes{std::move(asked), std::move(request)});
  }
  if (state == "given up") return Authorization(GivenUp{TRY(asked_of(row))});
  const auto auth_rrpid = row.octets<RRPID>(0);
  const auto decided_at = row.instant(8);
  const auto code = static_cast<AuthCode>(row.integer(9));
  if (state == "declined") {
    return Authorization(Declined{auth_rrpid, code, decided_at, blob_or_empty(row, 13),
                                  blob_or_empty(row, 14), Bytes{}, notes_of(row, 19)});
  }
  if (state == "reversed") {
    // ADR 0033: an approval that the merchant cancelled is told as declined.
    return Authorization(
        Reversed{auth_rrpid, code == AuthCode::approved ? AuthCode::declined : code, decided_at});
  }
  const auto amount = TRY(amount_of(row, 2, 4));
  const auto curr_conv = TRY(curr_conv_of(row, 18));
  Authorized authorized{auth_rrpid,
                        amount,
                        decided_at,
                        row.text(10),
                        blob_or_empty(row, 11),
                        blob_or_empty(row, 12),
                        blob_or_empty(row, 13),
                        blob_or_empty(row, 14),
                        curr_conv,
                        notes_of(row, 19)};
  if (row.integer(5) == 0) return Authorization(std::move(authorized));
  return Authorization(TRY(captured_of(row, std::move(authorized), items)));
}

namespace {

OrderStatus payment_status(std::string_view state, AuthCode code, const PaymentSummary& payment) {
  if (state == "declined") return OrderStatus::declined;
  if (state == "reversed")
    return code == AuthCode::no_reply ? OrderStatus::unanswered : OrderStatus::cancelled;
  if (payment.captured == 0) return OrderStatus::authorized;
  return payment.credited == payment.captured ? OrderStatus::refunded : OrderStatus::paid;
}

constexpr ItemKind kItemKinds[] = {ItemKind::reversal, ItemKind::capture,
                                   ItemKind::capture_reversal, ItemKind::credit,
                                   ItemKind::credit_reversal};
constexpr ItemState kItemStates[] = {ItemState::asked, ItemState::done, ItemState::refused,
                                     ItemState::reversed};

// The schema allows no other word.
template <class T, std::size_t N>
T word_of(const T (&all)[N], std::string_view word) {
  const auto* found = std::ranges::find(all, word, [](T value) { return to_string(value); });
  SET_ASSERT(found != std::end(all));
  return *found;
}

}  // namespace

Result<PaymentSummary> payment_of(const Row& row) {
  const auto currency = TRY(Currency::from_number(static_cast<unsigned>(row.integer(3))));
  PaymentSummary out{row.octets<XID>(0), row.octets<RRPID>(9), OrderStatus::pending, row.instant(1),
                     currency};
  out.requested = row.integer(10);
  const auto& state = row.text(2);
  if (state == "awaiting" || state == "given up") return out;
  out.authorized = row.integer(4);
  out.captured = row.integer(5);
  out.released = row.integer(11);
  out.credited = row.integer(12);
  out.auth_code = static_cast<AuthCode>(row.integer(6));
  if (!row.is_null(7)) out.approval_code = row.text(7);
  out.notes = notes_of(row, 13);
  out.curr_conv = TRY(curr_conv_of(row, 15));
  out.decided_at = row.instant(8);
  out.status = payment_status(state, *out.auth_code, out);
  return out;
}

Result<ItemLine> item_of(const Row& row) {
  const auto amount = TRY(amount_of(row, 11, 4));
  ItemLine out{{row.octets<RRPID>(0), row.octets<RRPID>(1), word_of(kItemKinds, row.text(2)),
                amount, std::nullopt, row.integer(6) == 1, row.instant(7), row.text(12)},
               word_of(kItemStates, row.text(3)),
               row.is_null(8) ? "" : row.text(8),
               row.text(9),
               static_cast<std::uint32_t>(row.integer(10))};
  if (!row.is_null(5)) out.item.reversed = row.octets<RRPID>(5);
  return out;
}

Result<std::vector<ItemLine>> items_of(Transaction& t, const RRPID& auth_rrpid) {
  const auto rows = TRY(t.query(
      "SELECT " + std::string(kItemColumns) +
          " FROM items i JOIN authorizations a"
          " ON a.auth_rrpid = i.auth_rrpid WHERE i.auth_rrpid = $1 ORDER BY i.date, i.rrpid",
      {auth_rrpid}));
  std::vector<ItemLine> out;
  for (const auto& row : rows) out.push_back(TRY(item_of(row)));
  return out;
}

AuditEntry wanted_entry(MessageType type, const RRPID& rrpid, const std::string& subject, Instant now) {
  AuditEntry entry;
  entry.at = now;
  entry.event = "wanted";
  entry.message = to_string(type);
  entry.rrpid = rrpid.hex();
  entry.subject = subject;
  return entry;
}

}  // namespace set::merchant
