#include "merchant/store.h"

#include <algorithm>

#include "merchant/event_store.h"
#include "merchant/schema.h"
#include "merchant/store_rows.h"

namespace set::merchant {
namespace {

Result<std::optional<PurchaseState>> find_purchase(Transaction& t, std::string_view where,
                                                   const SqlValue& key) {
  const std::string sql =
      "SELECT " + std::string(kOrderColumns) + ", " + std::string(kPurchaseColumns) +
      " FROM purchases p JOIN orders o ON o.id = p.order_id WHERE " + std::string(where) + " = $1";
  const auto row = TRY(t.query_one(sql, {key}));
  if (!row) return std::optional<PurchaseState>();
  return std::optional<PurchaseState>(TRY(purchase_of(*row)));
}

Result<std::vector<Authorization>> find_authorizations(Transaction& t, const XID& xid) {
  std::vector<Authorization> out;
  const auto rows = TRY(t.query(kAuthorizationSelect, {xid}));
  for (const auto& row : rows) {
    const auto items = TRY(items_of(t, row.octets<RRPID>(0)));
    out.push_back(TRY(authorization_of(row, items)));
  }
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

Result<OrderSummary> summary_of(Transaction& t, const Row& row, Instant now) {
  OrderSummary out{TRY(order_of(row)), OrderStatus::open, {}};
  for (const auto& payment : TRY(t.query(kPaymentSelect, {out.order.id}))) {
    out.payments.push_back(TRY(payment_of(payment)));
    out.payments.back().items = TRY(items_of(t, out.payments.back().auth_rrpid));
  }
  const auto tokens =
      TRY(t.query_one("SELECT COUNT(*) FROM purchases WHERE order_id = $1 AND paying = 1"
                      " AND auth_token IS NOT NULL",
                      {out.order.id}));
  out.more_may_follow = tokens->integer(0) > 0;
  out.status = order_status_of(out, now);
  return out;
}

Result<void> put_setting_in(Transaction& t, std::string_view name, std::string_view value) {
  TRY(
      t.execute("INSERT INTO settings (name, value) VALUES ($1, $2)"
                " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                {name, value}));
  return {};
}

Result<std::optional<std::string>> setting_of(Transaction& t, std::string_view name) {
  const auto row = TRY(t.query_one("SELECT value FROM settings WHERE name = $1", {name}));
  if (!row) return std::optional<std::string>();
  return std::optional<std::string>(row->text(0));
}

AuditEntry order_entry(const Order& order) {
  auto entry = set::audit::by_operator("order create", order.created_at);
  entry.subject = order.id.value;
  return entry;
}

}  // namespace

Result<OrderSummary> summary_of(Transaction& t, const LIDM& id, Instant now) {
  const auto row = TRY(
      t.query_one("SELECT " + std::string(kOrderColumns) + " FROM orders o WHERE o.id = $1", {id}));
  CHECK_OR_FAIL(row, ErrorCode::not_found, "there is no order with this number");
  return summary_of(t, *row, now);
}

Result<void> moved(std::int64_t rows, const char* what) {
  CHECK_OR_FAIL(rows == 1, ErrorCode::conflict, what);
  return {};
}

AwaitingAuthRes* FoundPurchase::awaiting() {
  for (auto& authorization : authorizations) {
    if (auto* open = std::get_if<AwaitingAuthRes>(&authorization)) return open;
  }
  return nullptr;
}

Result<Store> Store::open(Database& database) {
  TRY(database.migrate(kMigrations));
  return Store(database);
}

// --- orders ---

Result<void> Store::insert(const Order& order) {
  const auto& terms = order.terms;
  return database_->in_transaction("merchant:order", [&](Transaction& t) -> Result<void> {
    TRY(t.execute(
        "INSERT INTO orders (id, secret_digest, description, currency, amount, created_at,"
        " expires_at, capture_now, first_charge, mandate, auth_details)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        {order.id, order.secret_digest, order.description, order.amount.currency().number(),
         order.amount.minor(), order.created_at, order.expires_at, terms.capture_now ? 1 : 0,
         terms.first_charge ? SqlValue(terms.first_charge->minor()) : SqlValue(),
         terms.mandate ? SqlValue(serialize(to_wire(*terms.mandate))) : SqlValue(),
         terms.details == AuthReqDetails{} ? SqlValue()
                                           : SqlValue(serialize(to_wire(terms.details)))}));
    TRY(set::audit::append(t, order_entry(order)));
    return tell_order(t, order.id, order.created_at);
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

Result<std::vector<OrderSummary>> Store::list_orders(Instant now, std::int64_t at_most) {
  return database_->in_transaction(
      "merchant:list_orders", [&](Transaction& t) -> Result<std::vector<OrderSummary>> {
        std::vector<OrderSummary> out;
        const auto rows = TRY(t.query("SELECT " + std::string(kOrderColumns) +
                                      " FROM orders o ORDER BY o.created_at DESC, o.id LIMIT $1",
                                      {at_most}));
        for (const auto& row : rows) out.push_back(TRY(summary_of(t, row, now)));
        return out;
      });
}

Result<OrderSummary> Store::summarize(const LIDM& id, Instant now) {
  return database_->in_transaction(
      "merchant:summarize",
      [&](Transaction& t) -> Result<OrderSummary> { return summary_of(t, id, now); });
}

// --- purchases ---

Result<void> Store::insert(const Initiated& purchase) {
  return database_->in_transaction("merchant:initiated", [&](Transaction& t) -> Result<void> {
    TRY(
        t.execute("INSERT INTO purchases (xid, order_id, state, request_digest, lid_c, language, "
                  "chall_c, chall_m,"
                  " brand, bin, gateway, initiated_at, merchant)"
                  " VALUES ($1, $2, 'initiated', $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
                  {purchase.ids.xid, purchase.order.id, purchase.request_digest, purchase.ids.lid_c,
                   purchase.ids.language, purchase.chall_c, purchase.chall_m, purchase.brand,
                   purchase.bin, purchase.gateway, purchase.ids.preq_date, purchase.merchant}));
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
        auto authorizations = TRY(find_authorizations(t, xid));
        return std::optional<FoundPurchase>(
            FoundPurchase{std::move(*state), std::move(authorizations)});
      });
}

Result<void> Store::advance(const Ordered& order, const AwaitingAuthRes& next, Instant now,
                            Instant next_attempt_at, const Proof& proof) {
  return database_->in_transaction("merchant:ordered", [&](Transaction& t) -> Result<void> {
    TRY(moved(TRY(save_preq(t, order.initiated, order.preq, "rejected")),
              "this purchase has had its PReq"));
    // Whether another purchase pays this order is for the unique index to say.
    TRY(t.execute(
        "UPDATE purchases SET state = 'ordered', paying = 1, hod = $2, pi = $3 WHERE xid = $1",
        {order.initiated.ids.xid, order.hod, order.pi}));
    TRY(insert_request(t, {next.auth_rrpid, wire::MESSAGE_TYPE_AUTH_REQ, "", now}, &next.request,
                       next_attempt_at));
    TRY(insert_authorization(t, order.initiated.ids.xid, next, now));
    TRY(statements::save(t, proof, now));
    return tell_order(t, order.initiated.order.id, now);
  });
}

Result<void> Store::advance(const Rejected& purchase) {
  return database_->in_transaction("merchant:rejected", [&](Transaction& t) -> Result<void> {
    return moved(TRY(save_preq(t, purchase.initiated, purchase.preq, "rejected")),
                 "this purchase has had its PReq");
  });
}

// --- settings ---

Result<void> Store::put_setting(std::string_view name, std::string_view value) {
  return database_->in_transaction("merchant:put_setting", [&](Transaction& t) {
    return put_setting_in(t, name, value);
  });
}

Result<void> Store::put_link_certificate(std::string_view thumbprint, Instant now) {
  return database_->in_transaction("merchant:certificate", [&](Transaction& t) -> Result<void> {
    const auto before = TRY(setting_of(t, kLinkCertificate));
    if (before == thumbprint) return {};
    TRY(put_setting_in(t, kLinkCertificate, thumbprint));
    if (!before) return {};  // the first one is enrolled, not renewed
    TRY(append(t, certificate_event(thumbprint, *before, now)));
    return {};
  });
}

Result<std::optional<std::string>> Store::find_setting(std::string_view name) {
  return database_->in_transaction(
      "merchant:find_setting", [&](Transaction& t) { return setting_of(t, name); });
}

}  // namespace set::merchant
