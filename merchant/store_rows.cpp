#include "merchant/store_rows.h"

namespace set::merchant {
namespace {

constexpr std::size_t kFirstPurchaseColumn = 7;  // after kOrderColumns

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
                   row.octets<Thumbprint>(c + 9)};
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
  return Order{std::move(id), row.octets<Digest>(1), row.text(2),
               amount,        row.instant(5),        row.instant(6)};
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

Result<Authorization> authorization_of(const Row& row) {
  const auto auth_rrpid = row.octets<RRPID>(0);
  const auto& state = row.text(1);
  if (state == "awaiting") {
    const auto amount = TRY(amount_of(row, 2, 3));
    auto pending = TRY(PendingReply::from_bytes(row.blob(7)));
    return Authorization(
        AwaitingAuthRes{auth_rrpid, amount, Request{row.blob(6), std::move(pending)}});
  }
  const auto decided_at = row.instant(8);
  if (state == "declined") {
    return Authorization(Declined{auth_rrpid, static_cast<AuthCode>(row.integer(9)), decided_at,
                                  blob_or_empty(row, 13), blob_or_empty(row, 14)});
  }
  const auto amount = TRY(amount_of(row, 2, 4));
  Authorized authorized{auth_rrpid,
                        amount,
                        decided_at,
                        row.text(10),
                        blob_or_empty(row, 11),
                        blob_or_empty(row, 12),
                        blob_or_empty(row, 13),
                        blob_or_empty(row, 14)};
  if (state == "authorized") return Authorization(std::move(authorized));
  const auto captured = TRY(amount_of(row, 2, 5));
  return Authorization(Captured{std::move(authorized), captured, decided_at});
}

Result<PaymentSummary> payment_of(const Row& row) {
  PaymentSummary out{row.octets<XID>(0),
                     OrderStatus::pending,
                     row.instant(1),
                     std::nullopt,
                     std::nullopt,
                     std::nullopt,
                     "",
                     std::nullopt};
  const auto& state = row.text(2);
  if (state == "awaiting") return out;
  out.status = state == "captured"     ? OrderStatus::paid
               : state == "authorized" ? OrderStatus::authorized
                                       : OrderStatus::declined;
  if (row.integer(4) > 0) out.authorized = TRY(amount_of(row, 3, 4));
  if (row.integer(5) > 0) out.captured = TRY(amount_of(row, 3, 5));
  out.auth_code = static_cast<AuthCode>(row.integer(6));
  if (!row.is_null(7)) out.approval_code = row.text(7);
  out.decided_at = row.instant(8);
  return out;
}

}  // namespace set::merchant
