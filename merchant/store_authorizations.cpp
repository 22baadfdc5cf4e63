// Store, the authorisations: what an AuthReq asks for and what the gateway decided.
#include <algorithm>

#include "merchant/event_store.h"
#include "merchant/store_rows.h"

namespace set::merchant {
namespace {

struct DecidedColumns {
  std::string_view state;
  std::int64_t authorized = 0;
  AuthCode code;
  Instant date;
  SqlValue approval_code, cap_token, auth_token, acq_card_msg, auth_res, curr_conv;
  RRPID auth_rrpid;
  AuthNotes notes;
};

template <class Code>
SqlValue number_of(const std::optional<Code>& code) {
  return code ? SqlValue(static_cast<int>(*code)) : SqlValue();
}

SqlValue if_any(const Bytes& bytes) { return bytes.empty() ? SqlValue() : SqlValue(bytes); }

DecidedColumns columns_of(const Authorized& state) {
  return {"authorized",
          state.amount.minor(),
          AuthCode::approved,
          state.date,
          state.approval_code,
          state.cap_token,
          if_any(state.auth_token),
          state.acq_card_msg,
          state.evidence,
          state.curr_conv ? SqlValue(serialize(to_wire(*state.curr_conv))) : SqlValue(),
          state.auth_rrpid,
          state.notes};
}
DecidedColumns columns_of(const Captured& state) { return columns_of(state.authorized); }
DecidedColumns columns_of(const Declined& state) {
  return {"declined",
          0,
          state.code,
          state.date,
          std::nullopt,
          std::nullopt,
          if_any(state.auth_token),
          state.acq_card_msg,
          state.evidence,
          std::nullopt,
          state.auth_rrpid,
          state.notes};
}

Result<void> save_decision(Transaction& t, const DecidedColumns& columns) {
  return moved(TRY(t.execute(
                   "UPDATE authorizations SET state = $2, authorized = $3, auth_code = $4,"
                   " decided_at = $5, approval_code = $6, cap_token = $7, acq_card_msg = $8,"
                   " auth_res = $9, curr_conv = $10, avs_result = $11, card_type = $12"
                   " WHERE auth_rrpid = $1 AND state = 'awaiting'",
                   {columns.auth_rrpid, columns.state, columns.authorized,
                    static_cast<int>(columns.code), columns.date, columns.approval_code,
                    columns.cap_token, columns.acq_card_msg, columns.auth_res, columns.curr_conv,
                    number_of(columns.notes.avs_result), number_of(columns.notes.card_type)})),
               "this authorisation is decided already");
}

// A sale's capture has the AuthReq's own RRPID for its name (protocol §9).
Result<void> book_sale(Transaction& t, const Captured& sale) {
  const auto& auth_rrpid = sale.authorized.auth_rrpid;
  TRY(insert_item(
      t, {{auth_rrpid, auth_rrpid, ItemKind::capture, sale.amount, std::nullopt, false, sale.date},
          ItemState::done,
          std::string(to_string(CapCode::success)),
          sale.batch_id,
          sale.batch_sequence_num}));
  TRY(t.execute("UPDATE authorizations SET captured = $2 WHERE auth_rrpid = $1",
                {auth_rrpid, sale.amount.minor()}));
  return {};
}

// All that a charge asks for, as one line: what `--once` compares.
std::string words_of(const LIDM& id, const ChargeWish& wish) {
  auto out = "charge " + id.value + (wish.amount ? " " + to_string(*wish.amount) : " most");
  if (!wish.batch.empty()) out += " batch " + wish.batch;
  return out;
}

// Whether the cardholder agreed to more than this charge.
bool more_follow(const OrderSummary& order, const Amount& amount) {
  const auto& mandate = order.order.terms.mandate;
  const auto* instalments = mandate ? std::get_if<InstallTotalTrans>(&mandate->terms) : nullptr;
  const auto done = std::ranges::count_if(
      order.payments, [](const PaymentSummary& payment) { return payment.authorized > 0; });
  const bool last = instalments != nullptr && done + 1 >= static_cast<int>(instalments->count);
  return !last && order.sums().left_to_authorize > amount.minor();
}

// What the feed says of a decision: the mandate if there is one, the charge, a sale's capture, and
// the order's state.
Result<void> tell_decision(Transaction& t, const DecidedColumns& columns, Instant now) {
  const auto found = TRY(find_payment(t, columns.auth_rrpid, now));
  const auto& payment = found.payment();
  const auto once = TRY(once_of(t, columns.auth_rrpid));
  const auto tell = [&](EventType type) {
    return append(t, authorization_event(type, found.order, payment, once, now));
  };
  const bool approved = columns.authorized > 0;
  const bool mandate = approved && found.order.order.terms.mandate.has_value();
  const bool first =
      std::ranges::count(found.order.payments, AuthCode::approved, &PaymentSummary::auth_code) == 1;
  if (mandate && first && found.order.more_may_follow)
    TRY(tell(EventType::mandate_accepted));
  TRY(tell(approved ? EventType::authorization_approved : EventType::authorization_declined));
  for (const auto& line : payment.items)
    TRY(append(t, item_event(EventType::capture_done, found.order, payment, line, once, now)));
  if (mandate && !found.order.more_may_follow)
    TRY(tell(EventType::mandate_ended));
  return tell_order(t, found.order.order.id, now);
}

}  // namespace

Result<void> insert_authorization(Transaction& t, const XID& xid, const AuthAsked& asked,
                                  Instant now) {
  TRY(
      t.execute("INSERT INTO authorizations (auth_rrpid, xid, state, capture_now, more_follow,"
                " by_token, currency, requested, asked_at, batch_wish)"
                " VALUES ($1, $2, 'awaiting', $3, $4, $5, $6, $7, $8, $9)",
                {asked.auth_rrpid, xid, asked.capture_now ? 1 : 0, asked.more_follow ? 1 : 0,
                 asked.auth_token.empty() ? 0 : 1, asked.amount.currency().number(),
                 asked.amount.minor(), now, asked.batch_id}));
  return {};
}

Result<void> Store::advance(const Ordered& order, const Decided& decided, const Proof& proof) {
  const auto columns = std::visit([](const auto& state) { return columns_of(state); }, decided);
  const auto& xid = order.initiated.ids.xid;
  return database_->in_transaction("merchant:decided", [&](Transaction& t) -> Result<void> {
    TRY(save_decision(t, columns));
    if (const auto* sale = std::get_if<Captured>(&decided)) {
      TRY(book_sale(t, *sale));
      if (sale->batch_status) TRY(put_batch_status(t, *sale->batch_status, columns.date));
    }
    TRY(end_request(t, columns.auth_rrpid, "answered", to_string(columns.code), std::nullopt,
                    columns.date));
    // The PI has done its work (SQLite overwrites what is deleted: secure_delete). An approval
    // without a new AuthToken is the last; a decline leaves the one there is.
    TRY(t.execute(
        "UPDATE purchases SET pi = NULL,"
        " paying = CASE WHEN EXISTS (SELECT 1 FROM authorizations WHERE xid = $1"
        " AND state = 'authorized') THEN 1 ELSE 0 END,"
        " auth_token = COALESCE($2, CASE WHEN $3 > 0 THEN NULL ELSE auth_token END)"
        " WHERE xid = $1",
        {xid, columns.auth_token, columns.authorized}));
    TRY(statements::save(t, proof, columns.date));
    return tell_decision(t, columns, columns.date);
  });
}

Result<RRPID> Store::want_charge(const LIDM& id, const ChargeWish& wish, const std::string& once,
                                 const RRPID& rrpid, Instant now) {
  const auto whole = words_of(id, wish);
  return database_->in_transaction("merchant:want_charge", [&](Transaction& t) -> Result<RRPID> {
    if (const auto before = TRY(find_once(t, once, wire::MESSAGE_TYPE_AUTH_REQ, whole)))
      return *before;
    const auto order = TRY(summary_of(t, id, now));
    CHECK_OR_FAIL(wish.batch.empty() || order.order.terms.capture_now, ErrorCode::invalid_argument,
                  "this order is captured later: name the batch when it is captured");
    const auto charge = TRY(choose_charge(order, wish.amount));
    const auto purchase = TRY(t.query_one(
        "SELECT xid, auth_token FROM purchases WHERE order_id = $1 AND paying = 1", {id}));
    CHECK_OR_FAIL(purchase, ErrorCode::internal, "a paid order has no purchase");
    TRY(insert_request(t, {rrpid, wire::MESSAGE_TYPE_AUTH_REQ, once, now, whole}, nullptr, now));
    const AuthAsked asked{rrpid,
                          charge,
                          order.order.terms.capture_now,
                          more_follow(order, charge),
                          purchase->blob(1),
                          wish.batch};
    TRY(insert_authorization(t, purchase->octets<XID>(0), asked, now));
    TRY(tell_order(t, id, now));
    TRY(set::audit::append(t, wanted_entry(wire::MESSAGE_TYPE_AUTH_REQ, rrpid, id.value, now)));
    return rrpid;
  });
}

Result<void> Store::give_up(const RRPID& auth_rrpid, const RRPID& rrpid, Instant now) {
  return database_->in_transaction("merchant:give_up", [&](Transaction& t) -> Result<void> {
    TRY(moved(TRY(t.execute("UPDATE authorizations SET state = 'given up'"
                            " WHERE auth_rrpid = $1 AND state = 'awaiting'",
                            {auth_rrpid})),
              "this authorisation is decided already"));
    TRY(moved(TRY(t.execute("UPDATE requests SET state = 'parked', next_attempt_at = NULL"
                            " WHERE rrpid = $1 AND state = 'asked'",
                            {auth_rrpid})),
              "this authorisation is not asked"));
    TRY(insert_request(t, {rrpid, wire::MESSAGE_TYPE_AUTH_REV_REQ, "", now}, nullptr, now));
    TRY(
        t.execute("INSERT INTO items (rrpid, auth_rrpid, kind, state, amount, date)"
                  " SELECT $2, auth_rrpid, 'reversal', 'asked', requested, $3"
                  " FROM authorizations WHERE auth_rrpid = $1",
                  {auth_rrpid, rrpid, now}));
    return {};
  });
}

Result<void> drop_unanswered(Transaction& t, const RRPID& auth_rrpid, Instant now) {
  TRY(moved(TRY(t.execute("UPDATE authorizations SET state = 'reversed', auth_code = $2,"
                          " decided_at = $3 WHERE auth_rrpid = $1 AND state = 'given up'",
                          {auth_rrpid, static_cast<int>(AuthCode::no_reply), now})),
            "this authorisation is not being cancelled"));
  TRY(end_request(t, auth_rrpid, "answered", to_string(AuthCode::no_reply), std::nullopt, now));
  TRY(
      t.execute("UPDATE purchases SET pi = NULL,"
                " paying = CASE WHEN EXISTS (SELECT 1 FROM authorizations a"
                " WHERE a.xid = purchases.xid AND a.state = 'authorized') THEN 1 ELSE 0 END"
                " WHERE xid = (SELECT xid FROM authorizations WHERE auth_rrpid = $1)",
                {auth_rrpid}));
  const auto found = TRY(find_payment(t, auth_rrpid, now));
  TRY(append(t, authorization_event(EventType::authorization_unanswered, found.order,
                                    found.payment(), TRY(once_of(t, auth_rrpid)), now)));
  return tell_order(t, found.order.order.id, now);
}

Result<void> take_up_again(Transaction& t, const RRPID& auth_rrpid, Instant now) {
  const auto taken =
      TRY(t.execute("UPDATE authorizations SET state = 'awaiting'"
                    " WHERE auth_rrpid = $1 AND state = 'given up'",
                    {auth_rrpid}));
  if (taken == 0) return {};  // a person wanted the reversal of what is authorised
  TRY(
      t.execute("UPDATE requests SET state = 'asked', next_attempt_at = $2, waiting_since = $2,"
                " attempts = 0 WHERE rrpid = $1 AND state = 'parked'",
                {auth_rrpid, now}));
  return {};
}

}  // namespace set::merchant
