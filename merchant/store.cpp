#include "merchant/store.h"

#include <algorithm>

#include "merchant/schema.h"
#include "merchant/store_rows.h"

namespace set::merchant {
namespace {

Result<void> moved(std::int64_t rows, const char* what) {
  CHECK_OR_FAIL(rows == 1, ErrorCode::conflict, what);
  return {};
}

Result<std::optional<PurchaseState>> find_purchase(Transaction& t, std::string_view where,
                                                   const SqlValue& key) {
  const std::string sql =
      "SELECT " + std::string(kOrderColumns) + ", " + std::string(kPurchaseColumns) +
      " FROM purchases p JOIN orders o ON o.id = p.order_id WHERE " + std::string(where) + " = $1";
  const auto row = TRY(t.query_one(sql, {key}));
  if (!row) return std::optional<PurchaseState>();
  return std::optional<PurchaseState>(TRY(purchase_of(*row)));
}

Result<std::optional<Authorization>> find_authorization(Transaction& t, const XID& xid) {
  const auto row = TRY(t.query_one(
      "SELECT " + std::string(kAuthorizationColumns) + " FROM authorizations WHERE xid = $1",
      {xid}));
  if (!row) return std::optional<Authorization>();
  return std::optional<Authorization>(TRY(authorization_of(*row)));
}

// The last payment speaks for the order; a declined one leaves it payable until it expires.
OrderStatus status_of(const OrderSummary& order, Instant now) {
  if (order.payments.empty())
    return now > order.order.expires_at ? OrderStatus::expired : OrderStatus::open;
  return order.payments.back().status;
}

Result<OrderSummary> summary_of(Transaction& t, const Row& row, Instant now) {
  OrderSummary out{TRY(order_of(row)), OrderStatus::open, {}};
  const auto payments = TRY(t.query("SELECT " + std::string(kPaymentColumns) +
                                        " FROM purchases p JOIN authorizations a ON a.xid = p.xid"
                                        " WHERE p.order_id = $1 ORDER BY a.asked_at, a.auth_rrpid",
                                    {out.order.id}));
  for (const auto& payment : payments) out.payments.push_back(TRY(payment_of(payment)));
  out.status = status_of(out, now);
  return out;
}

// What every PReq leaves behind, whatever becomes of it.
Result<std::int64_t> save_preq(Transaction& t, const Initiated& purchase, const ReceivedPReq& preq,
                               std::string_view state) {
  return t.execute(
      "UPDATE purchases SET state = $2, paying = $3, rrpid = $4, content_digest = $5,"
      " cardholder = $6, hoi_data = $7, hpi_data = $8, hod = $9, valid_until = $10, oi_data = $11,"
      " pi_tbs = $12, certificates = $13, pi = NULL"
      " WHERE xid = $1 AND state = 'initiated'",
      {purchase.ids.xid, state, 0, preq.rrpid, preq.content_digest, preq.cardholder, preq.hoi_data,
       preq.hpi_data, std::nullopt, preq.valid_until, preq.oi_data, preq.pi_tbs,
       preq.certificates});
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
  }
  return "open";
}

Result<Store> Store::open(Database& database) {
  TRY(database.migrate(kMigrations));
  return Store(database);
}

// --- orders ---

Result<void> Store::insert(const Order& order) {
  return database_->in_transaction("merchant:order", [&](Transaction& t) -> Result<void> {
    TRY(t.execute(
        "INSERT INTO orders (id, secret_digest, description, currency, amount, created_at, "
        "expires_at)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7)",
        {order.id, order.secret_digest, order.description, order.amount.currency().number(),
         order.amount.minor(), order.created_at, order.expires_at}));
    return {};
  });
}

Result<std::optional<FoundOrder>> Store::find_order(const LIDM& id) {
  return database_->in_transaction(
      "merchant:find_order", [&](Transaction& t) -> Result<std::optional<FoundOrder>> {
        const auto row = TRY(t.query_one(
            "SELECT " + std::string(kOrderColumns) + " FROM orders o WHERE o.id = $1", {id}));
        if (!row) return std::optional<FoundOrder>();
        auto order = TRY(order_of(*row));
        const auto counts = TRY(t.query_one(
            "SELECT COUNT(*), COALESCE(MAX(paying), 0) FROM purchases WHERE order_id = $1", {id}));
        return std::optional<FoundOrder>(FoundOrder{std::move(order), counts->integer(1) == 1,
                                                    static_cast<int>(counts->integer(0))});
      });
}

Result<std::vector<OrderSummary>> Store::list_orders(Instant now) {
  return database_->in_transaction(
      "merchant:list_orders", [&](Transaction& t) -> Result<std::vector<OrderSummary>> {
        std::vector<OrderSummary> out;
        const auto rows = TRY(t.query("SELECT " + std::string(kOrderColumns) +
                                      " FROM orders o ORDER BY o.created_at DESC, o.id"));
        for (const auto& row : rows) out.push_back(TRY(summary_of(t, row, now)));
        return out;
      });
}

Result<OrderSummary> Store::summarize(const LIDM& id, Instant now) {
  return database_->in_transaction(
      "merchant:summarize", [&](Transaction& t) -> Result<OrderSummary> {
        const auto row = TRY(t.query_one(
            "SELECT " + std::string(kOrderColumns) + " FROM orders o WHERE o.id = $1", {id}));
        CHECK_OR_FAIL(row, ErrorCode::not_found, "there is no order with this number");
        return summary_of(t, *row, now);
      });
}

// --- purchases ---

Result<void> Store::insert(const Initiated& purchase) {
  return database_->in_transaction("merchant:initiated", [&](Transaction& t) -> Result<void> {
    TRY(
        t.execute("INSERT INTO purchases (xid, order_id, state, request_digest, lid_c, language, "
                  "chall_c, chall_m,"
                  " brand, bin, gateway, initiated_at)"
                  " VALUES ($1, $2, 'initiated', $3, $4, $5, $6, $7, $8, $9, $10, $11)",
                  {purchase.ids.xid, purchase.order.id, purchase.request_digest, purchase.ids.lid_c,
                   purchase.ids.language, purchase.chall_c, purchase.chall_m, purchase.brand,
                   purchase.bin, purchase.gateway, purchase.ids.preq_date}));
    return {};
  });
}

Result<std::optional<Initiated>> Store::find_initiated(const Digest& request_digest) {
  return database_->in_transaction(
      "merchant:find_initiated", [&](Transaction& t) -> Result<std::optional<Initiated>> {
        const auto state = TRY(find_purchase(t, "p.request_digest", request_digest));
        if (!state) return std::optional<Initiated>();
        return std::optional<Initiated>(initiated_of(*state));
      });
}

Result<std::optional<FoundPurchase>> Store::find(const XID& xid) {
  return database_->in_transaction(
      "merchant:find", [&](Transaction& t) -> Result<std::optional<FoundPurchase>> {
        auto state = TRY(find_purchase(t, "p.xid", xid));
        if (!state) return std::optional<FoundPurchase>();
        auto authorization = TRY(find_authorization(t, xid));
        return std::optional<FoundPurchase>(
            FoundPurchase{std::move(*state), std::move(authorization)});
      });
}

Result<void> Store::advance(const Ordered& order, const AwaitingAuthRes& next, Instant now,
                            Instant next_attempt_at) {
  return database_->in_transaction("merchant:ordered", [&](Transaction& t) -> Result<void> {
    TRY(moved(TRY(save_preq(t, order.initiated, order.preq, "rejected")),
              "this purchase has had its PReq"));
    // Whether another purchase pays this order is for the unique index to say.
    TRY(t.execute(
        "UPDATE purchases SET state = 'ordered', paying = 1, hod = $2, pi = $3 WHERE xid = $1",
        {order.initiated.ids.xid, order.hod, order.pi}));
    TRY(t.execute(
        "INSERT INTO authorizations (auth_rrpid, xid, state, currency, requested, asked_at, "
        "auth_req,"
        " pending_reply, next_attempt_at) VALUES ($1, $2, 'awaiting', $3, $4, $5, $6, $7, $8)",
        {next.auth_rrpid, order.initiated.ids.xid, next.amount.currency().number(),
         next.amount.minor(), now, next.request.wire, next.request.pending.to_bytes().reveal(),
         next_attempt_at}));
    return {};
  });
}

Result<void> Store::advance(const Rejected& purchase) {
  return database_->in_transaction("merchant:rejected", [&](Transaction& t) -> Result<void> {
    return moved(TRY(save_preq(t, purchase.initiated, purchase.preq, "rejected")),
                 "this purchase has had its PReq");
  });
}

// --- authorisations ---

namespace {

struct DecidedColumns {
  std::string_view state;
  std::int64_t authorized = 0, captured = 0;
  AuthCode code;
  Instant date;
  SqlValue approval_code, cap_token, auth_token, acq_card_msg, auth_res;
  RRPID auth_rrpid;
};

DecidedColumns columns_of(const Authorized& state) {
  return {"authorized",       state.amount.minor(), 0,
          AuthCode::approved, state.date,           state.approval_code,
          state.cap_token,    state.auth_token,     state.acq_card_msg,
          state.evidence,     state.auth_rrpid};
}
DecidedColumns columns_of(const Captured& state) {
  auto columns = columns_of(state.authorized);
  columns.state = "captured";
  columns.captured = state.amount.minor();
  return columns;
}
DecidedColumns columns_of(const Declined& state) {
  return {"declined",
          0,
          0,
          state.code,
          state.date,
          std::nullopt,
          std::nullopt,
          std::nullopt,
          state.acq_card_msg,
          state.evidence,
          state.auth_rrpid};
}

}  // namespace

Result<void> Store::advance(const Ordered& order, const Decided& decided) {
  const auto columns = std::visit([](const auto& state) { return columns_of(state); }, decided);
  return database_->in_transaction("merchant:decided", [&](Transaction& t) -> Result<void> {
    TRY(moved(
        TRY(t.execute(
            "UPDATE authorizations SET state = $2, authorized = $3, captured = $4, auth_code = $5,"
            " decided_at = $6, approval_code = $7, cap_token = $8, auth_token = $9,"
            " acq_card_msg = $10, auth_res = $11, auth_req = NULL, pending_reply = NULL,"
            " next_attempt_at = NULL WHERE auth_rrpid = $1 AND state = 'awaiting'",
            {columns.auth_rrpid, columns.state, columns.authorized, columns.captured,
             static_cast<int>(columns.code), columns.date, columns.approval_code, columns.cap_token,
             columns.auth_token, columns.acq_card_msg, columns.auth_res})),
        "this authorisation is decided already"));
    TRY(t.execute("DELETE FROM earlier_requests WHERE auth_rrpid = $1", {columns.auth_rrpid}));
    // The PI has done its work (SQLite overwrites what is deleted: secure_delete).
    TRY(t.execute("UPDATE purchases SET pi = NULL, paying = $2 WHERE xid = $1",
                  {order.initiated.ids.xid, columns.authorized > 0 ? 1 : 0}));
    return {};
  });
}

Result<void> Store::replace_request(const AwaitingAuthRes& awaiting, Instant now,
                                    Instant asked_by) {
  return database_->in_transaction("merchant:replace_request", [&](Transaction& t) -> Result<void> {
    TRY(moved(TRY(t.execute("INSERT INTO earlier_requests SELECT auth_rrpid, asked_at, auth_req,"
                            " pending_reply FROM authorizations"
                            " WHERE auth_rrpid = $1 AND state = 'awaiting' AND asked_at <= $2",
                            {awaiting.auth_rrpid, asked_by})),
              "this authorisation is decided already, or its request is young"));
    TRY(t.execute("UPDATE authorizations SET auth_req = $2, pending_reply = $3, asked_at = $4"
                  " WHERE auth_rrpid = $1",
                  {awaiting.auth_rrpid, awaiting.request.wire,
                   awaiting.request.pending.to_bytes().reveal(), now}));
    return {};
  });
}

Result<std::vector<Request>> Store::earlier_requests(const RRPID& auth_rrpid) {
  return database_->in_transaction(
      "merchant:earlier_requests", [&](Transaction& t) -> Result<std::vector<Request>> {
        const auto rows =
            TRY(t.query("SELECT auth_req, pending_reply FROM earlier_requests"
                        " WHERE auth_rrpid = $1 ORDER BY asked_at DESC",
                        {auth_rrpid}));
        std::vector<Request> out;
        for (const auto& row : rows) {
          auto pending = TRY(PendingReply::from_bytes(row.blob(1)));
          out.push_back({row.blob(0), std::move(pending)});
        }
        return out;
      });
}

Result<std::vector<Store::Due>> Store::due(Instant now, int limit) {
  return database_->in_transaction("merchant:due", [&](Transaction& t) -> Result<std::vector<Due>> {
    const auto rows =
        TRY(t.query("SELECT xid, attempts FROM authorizations WHERE state = 'awaiting'"
                    " AND next_attempt_at <= $1 ORDER BY next_attempt_at LIMIT $2",
                    {now, limit}));
    std::vector<Due> out;
    for (const auto& row : rows) out.push_back({row.octets<XID>(0), row.integer(1)});
    return out;
  });
}

Result<void> Store::postpone(const RRPID& auth_rrpid, Instant next_attempt_at) {
  return database_->in_transaction("merchant:postpone", [&](Transaction& t) -> Result<void> {
    TRY(
        t.execute("UPDATE authorizations SET attempts = attempts + 1, next_attempt_at = $2"
                  " WHERE auth_rrpid = $1 AND state = 'awaiting'",
                  {auth_rrpid, next_attempt_at}));
    return {};
  });
}

Result<void> Store::make_all_due(Instant now) {
  return database_->in_transaction("merchant:make_all_due", [&](Transaction& t) -> Result<void> {
    TRY(t.execute(
        "UPDATE authorizations SET next_attempt_at = $1, attempts = 0 WHERE state = 'awaiting'",
        {now}));
    return {};
  });
}

// --- settings ---

Result<void> Store::put_setting(std::string_view name, std::string_view value) {
  return database_->in_transaction("merchant:put_setting", [&](Transaction& t) -> Result<void> {
    TRY(
        t.execute("INSERT INTO settings (name, value) VALUES ($1, $2)"
                  " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                  {name, value}));
    return {};
  });
}

Result<std::optional<std::string>> Store::find_setting(std::string_view name) {
  return database_->in_transaction(
      "merchant:find_setting", [&](Transaction& t) -> Result<std::optional<std::string>> {
        const auto row = TRY(t.query_one("SELECT value FROM settings WHERE name = $1", {name}));
        if (!row) return std::optional<std::string>();
        return std::optional<std::string>(row->text(0));
      });
}

}  // namespace set::merchant
