#include "gateway/store.h"

#include "common/base/assert.h"
#include "common/message/wire.h"
#include "gateway/schema.h"
#include "gateway/store_rows.h"

namespace set::gateway {
namespace {

Decided decided_of(Authorization authorization) {
  return std::visit(
      [](auto state) -> Decided {
        if constexpr (std::is_same_v<decltype(state), AwaitingAcquirer>) {
          SET_ASSERT(false);
        } else {
          return state;
        }
      },
      std::move(authorization));
}

Result<std::vector<Payment>> payments_of(const std::vector<Row>& rows) {
  std::vector<Payment> out;
  for (const auto& row : rows) {
    auto decided = TRY(state_of(row));
    auto standing = TRY(standing_of(row));
    out.push_back({std::move(decided), std::move(standing)});
  }
  return out;
}

}  // namespace

Result<Store> Store::open(std::string_view url, DatabaseUse use) {
  auto database = TRY(Database::open(url, use));
  TRY(database.migrate(kMigrations));
  return Store(std::move(database));
}

Result<void> Store::save_setting(std::string_view name, std::string_view value) {
  return database_.in_transaction("gateway:setting", [&](Transaction& t) -> Result<void> {
    TRY(
        t.execute("INSERT INTO settings (name, value) VALUES ($1, $2) "
                  "ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                  {name, value}));
    return {};
  });
}

Result<std::optional<std::string>> Store::find_setting(std::string_view name) {
  return database_.in_transaction(
      "gateway:find", [&](Transaction& t) -> Result<std::optional<std::string>> {
        const auto row = TRY(t.query_one("SELECT value FROM settings WHERE name = $1", {name}));
        if (!row) return std::nullopt;
        return row->text(0);
      });
}

Result<PIState> Store::find_pi(const Digest& hpi_data) {
  return database_.in_transaction("gateway:find", [&](Transaction& t) -> Result<PIState> {
    const auto row = TRY(t.query_one(
        "SELECT state, auth_rrpid, currency, authorized_minor FROM pis WHERE hpi_data = $1",
        {hpi_data}));
    if (!row) return UnusedPI{};
    if (row->text(0) == "free_again") return FreeAgainPI{};
    if (row->text(0) == "in_progress") return InProgressPI{row->octets<RRPID>(1)};
    return ConsumedPI{row->octets<RRPID>(1), TRY(amount_of(*row, 2, 3))};
  });
}

Result<std::optional<Authorization>> Store::find(const RRPID& auth_rrpid) {
  return database_.in_transaction("gateway:find",
                                  [&](Transaction& t) { return find_in(t, auth_rrpid); });
}

Result<std::optional<Mandate>> Store::find_mandate(const Digest& hpi_data) {
  return database_.in_transaction(
      "gateway:find", [&](Transaction& t) -> Result<std::optional<Mandate>> {
        const auto row = TRY(t.query_one(
            "SELECT hoi_data, trans_ids, merchant_id, currency, purch_minor, authorized_minor, "
            "install_recur, credential, auth_token, card_message_key FROM pis WHERE hpi_data = $1",
            {hpi_data}));
        if (!row) return std::nullopt;
        const auto charges =
            TRY(t.query_one("SELECT COUNT(*), MAX(auth_date) FROM authorizations "
                            "WHERE hpi_data = $1 AND standing IN ('open', 'closed')",
                            {hpi_data}));
        const auto approvals =
            TRY(t.query_one("SELECT MIN(auth_date) FROM authorizations "
                            "WHERE hpi_data = $1 AND state IN ('approved', 'captured')",
                            {hpi_data}));
        auto trans_ids = TRY(from_wire(TRY(parse_as<wire::TransIDs>(row->blob(1)))));
        const auto purch_amt = TRY(amount_of(*row, 3, 4));
        const auto install_recur = TRY(install_recur_of(*row, 6));
        Mandate out{.hpi_data = hpi_data,
                    .hoi_data = row->octets<Digest>(0),
                    .trans_ids = std::move(trans_ids),
                    .merchant_id = row->text(2),
                    .purch_amt = purch_amt,
                    .authorized_minor = row->integer(5),
                    .install_recur = install_recur,
                    .credential = std::nullopt,
                    .auth_token = blob_or_empty(*row, 8),
                    .charges = static_cast<unsigned>(charges->integer(0)),
                    .last_charge = std::nullopt,
                    .first_approval = std::nullopt,
                    .card_message_key = blob_or_empty(*row, 9)};
        if (!row->is_null(7)) out.credential = row->octets<RRPID>(7);
        if (!charges->is_null(1)) out.last_charge = charges->instant(1);
        if (!approvals->is_null(0)) out.first_approval = approvals->instant(0);
        return out;
      });
}

Result<std::optional<Standing>> Store::find_standing(Transaction& t, const std::string& merchant_id,
                                                     const RRPID& auth_rrpid) {
  const auto row = TRY(t.query_one("SELECT " SET_AUTHORIZATION_COLUMNS
                                   " FROM authorizations WHERE auth_rrpid = $1 "
                                   "AND merchant_id = $2",
                                   {auth_rrpid, merchant_id}));
  if (!row) return std::nullopt;
  return TRY(standing_of(*row));
}

Result<std::vector<AwaitingAcquirer>> Store::awaiting_acquirer(Instant received_by) {
  return database_.in_transaction(
      "gateway:find", [&](Transaction& t) -> Result<std::vector<AwaitingAcquirer>> {
        const auto rows = TRY(t.query("SELECT " SET_AUTHORIZATION_COLUMNS " FROM authorizations "
                                      "WHERE state = 'awaiting_acquirer' AND received_at <= $1",
                                      {received_by}));
        std::vector<AwaitingAcquirer> out;
        for (auto& state : TRY(states_of(rows))) {
          out.push_back(std::get<AwaitingAcquirer>(std::move(state)));
        }
        return out;
      });
}

Result<bool> Store::owes_answer_to(const Digest& request_digest) {
  return database_.in_transaction("gateway:find", [&](Transaction& t) -> Result<bool> {
    const auto row =
        TRY(t.query_one("SELECT (SELECT COUNT(*) FROM authorizations WHERE request_digest = $1 AND "
                        "pending_reply IS NOT NULL) + "
                        "(SELECT COUNT(*) FROM payment_requests WHERE request_digest = $1 AND "
                        "pending_reply IS NOT NULL) + "
                        "(SELECT COUNT(*) FROM batch_requests WHERE request_digest = $1) "
                        "WHERE NOT EXISTS "
                        "(SELECT 1 FROM replies WHERE replies.request_digest = $1)",
                        {request_digest}));
    return row && row->integer(0) > 0;
  });
}

Result<std::vector<Store::Unanswered>> Store::unanswered(Instant decided_by) {
  return database_.in_transaction(
      "gateway:unanswered", [&](Transaction& t) -> Result<std::vector<Unanswered>> {
        TRY(t.execute(kForgetAnswered));
        const auto rows = TRY(t.query("SELECT " SET_AUTHORIZATION_COLUMNS " FROM authorizations "
                                      "WHERE pending_reply IS NOT NULL AND auth_date <= $1",
                                      {decided_by}));
        std::vector<Unanswered> out;
        for (const auto& row : rows) {
          out.push_back({decided_of(TRY(state_of(row))),
                         {row.octets<Digest>(kRequestDigest), row.blob(kPendingReply)}});
        }
        return out;
      });
}

Result<std::vector<Payment>> Store::list(std::int64_t at_most) {
  return database_.in_transaction(
      "gateway:find", [&](Transaction& t) -> Result<std::vector<Payment>> {
        return payments_of(TRY(t.query("SELECT " SET_AUTHORIZATION_COLUMNS
                                       " FROM authorizations ORDER BY received_at DESC LIMIT $1",
                                       {at_most})));
      });
}

Result<std::vector<Payment>> Store::find_by_xid(const XID& xid) {
  return database_.in_transaction(
      "gateway:find", [&](Transaction& t) -> Result<std::vector<Payment>> {
        return payments_of(TRY(t.query("SELECT " SET_AUTHORIZATION_COLUMNS
                                       " FROM authorizations WHERE xid = $1 ORDER BY received_at",
                                       {xid})));
      });
}

}  // namespace set::gateway
