#include "gateway/store.h"

#include "common/base/assert.h"
#include "common/message/wire.h"
#include "gateway/schema.h"

namespace set::gateway {
namespace {

// The columns of a state, in the order that state_of() reads.
#define SET_AUTHORIZATION_COLUMNS                                                             \
  "auth_rrpid, state, hpi_data, hoi_data, content_digest, trans_ids, merchant, merchant_id, " \
  "currency, purch_minor, requested_minor, captured_minor, capture_now, auth_ret_num, "       \
  "received_at, auth_code, auth_date, approval_code, resp_reason, log_ref_id, hold_expires, " \
  "cap_token, batch_id, batch_sequence_num, request_digest, pending_reply"

enum Column : std::size_t {
  kAuthRRPID,
  kState,
  kHPIData,
  kHOIData,
  kContentDigest,
  kTransIDs,
  kMerchant,
  kMerchantID,
  kCurrency,
  kPurchMinor,
  kRequestedMinor,
  kCapturedMinor,
  kCaptureNow,
  kAuthRetNum,
  kReceivedAt,
  kAuthCode,
  kAuthDate,
  kApprovalCode,
  kRespReason,
  kLogRefID,
  kHoldExpires,
  kCapToken,
  kBatchID,
  kBatchSequenceNum,
  kRequestDigest,
  kPendingReply
};

Result<Amount> amount_of(const Row& row, std::size_t currency, std::size_t minor) {
  return Amount::make(TRY(Currency::from_number(static_cast<unsigned>(row.integer(currency)))),
                      row.integer(minor));
}

Result<AuthorizationTerms> terms_of_row(const Row& row) {
  auto trans_ids = TRY(from_wire(TRY(parse_as<wire::TransIDs>(row.blob(kTransIDs)))));
  const auto purch_amt = TRY(amount_of(row, kCurrency, kPurchMinor));
  const auto auth_req_amt = TRY(amount_of(row, kCurrency, kRequestedMinor));
  return AuthorizationTerms{
      .auth_rrpid = row.octets<RRPID>(kAuthRRPID),
      .content_digest = row.octets<Digest>(kContentDigest),
      .trans_ids = std::move(trans_ids),
      .hoi_data = row.octets<Digest>(kHOIData),
      .hpi_data = row.octets<Digest>(kHPIData),
      .merchant = row.octets<Thumbprint>(kMerchant),
      .merchant_id = row.text(kMerchantID),
      .purch_amt = purch_amt,
      .auth_req_amt = auth_req_amt,
      .capture_now = row.integer(kCaptureNow) != 0,
      .auth_ret_num = row.text(kAuthRetNum)};
}

std::optional<RespReason> resp_reason_of(const Row& row) {
  if (row.is_null(kRespReason)) return std::nullopt;
  return static_cast<RespReason>(row.integer(kRespReason));
}

Approval approval_of(const Row& row) {
  return {.auth_date = row.instant(kAuthDate),
          .approval_code = row.text(kApprovalCode),
          .resp_reason = resp_reason_of(row),
          .log_ref_id = row.text(kLogRefID),
          .cap_token = row.blob(kCapToken)};
}

Result<Authorization> state_of(const Row& row) {
  auto terms = TRY(terms_of_row(row));
  const auto& state = row.text(kState);
  if (state == "awaiting_acquirer") {
    return AwaitingAcquirer{std::move(terms), row.instant(kReceivedAt)};
  }
  if (state == "approved") {
    return Approved{std::move(terms), approval_of(row), row.instant(kHoldExpires)};
  }
  if (state == "captured") {
    return Captured{std::move(terms), approval_of(row),
                    TRY(amount_of(row, kCurrency, kCapturedMinor)), row.text(kBatchID),
                    static_cast<std::uint32_t>(row.integer(kBatchSequenceNum))};
  }
  if (state == "declined") {
    return Declined{std::move(terms), static_cast<AuthCode>(row.integer(kAuthCode)),
                    row.instant(kAuthDate), resp_reason_of(row), row.text(kLogRefID)};
  }
  SET_ASSERT(state == "void");
  return Void{std::move(terms), row.instant(kAuthDate)};
}

Result<std::vector<Authorization>> states_of(const std::vector<Row>& rows) {
  std::vector<Authorization> out;
  for (const auto& row : rows) out.push_back(TRY(state_of(row)));
  return out;
}

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

Result<std::optional<Authorization>> find_in(Transaction& t, const RRPID& auth_rrpid) {
  const auto row = TRY(t.query_one("SELECT " SET_AUTHORIZATION_COLUMNS
                                   " FROM authorizations WHERE auth_rrpid = $1",
                                   {auth_rrpid}));
  if (!row) return std::nullopt;
  return TRY(state_of(*row));
}

std::optional<std::int64_t> number_of(const std::optional<RespReason>& reason) {
  if (!reason) return std::nullopt;
  return static_cast<std::int64_t>(*reason);
}

/// Values that advance() writes; what a state does not have is NULL or 0.
struct Outcome {
  std::string_view state;
  AuthCode code;
  Instant auth_date;
  std::int64_t authorized_minor = 0;
  std::int64_t captured_minor = 0;
  std::optional<std::string> approval_code;
  std::optional<RespReason> resp_reason;
  std::string log_ref_id;
  std::optional<Instant> hold_expires;
  std::optional<Bytes> cap_token;
  std::optional<std::string> batch_id;
  std::optional<std::int64_t> batch_sequence_num;
};

Outcome approved_outcome(const AuthorizationTerms& terms, const Approval& approval,
                         std::string_view state) {
  return {.state = state,
          .code = AuthCode::approved,
          .auth_date = approval.auth_date,
          .authorized_minor = terms.auth_req_amt.minor(),
          .captured_minor = 0,
          .approval_code = approval.approval_code,
          .resp_reason = approval.resp_reason,
          .log_ref_id = approval.log_ref_id,
          .hold_expires = std::nullopt,
          .cap_token = approval.cap_token,
          .batch_id = std::nullopt,
          .batch_sequence_num = std::nullopt};
}

Outcome refused_outcome(std::string_view state, AuthCode code, Instant auth_date) {
  return {.state = state,
          .code = code,
          .auth_date = auth_date,
          .approval_code = std::nullopt,
          .resp_reason = std::nullopt,
          .log_ref_id = "",
          .hold_expires = std::nullopt,
          .cap_token = std::nullopt,
          .batch_id = std::nullopt,
          .batch_sequence_num = std::nullopt};
}

Outcome outcome_of(const Approved& approved) {
  auto out = approved_outcome(approved.terms, approved.approval, "approved");
  out.hold_expires = approved.hold_expires;
  return out;
}
Outcome outcome_of(const Captured& captured) {
  auto out = approved_outcome(captured.terms, captured.approval, "captured");
  out.captured_minor = captured.captured.minor();
  out.batch_id = captured.batch_id;
  out.batch_sequence_num = captured.batch_sequence_num;
  return out;
}
Outcome outcome_of(const Declined& declined) {
  auto out = refused_outcome("declined", declined.code, declined.auth_date);
  out.resp_reason = declined.resp_reason;
  out.log_ref_id = declined.log_ref_id;
  return out;
}
Outcome outcome_of(const Void& nothing) {
  return refused_outcome("void", AuthCode::no_reply, nothing.auth_date);
}

/// The next place in this batch, which is opened if it is the day's first.
Result<std::uint32_t> next_in_batch(Transaction& t, const std::string& batch_id, Instant now) {
  const auto row = TRY(t.query_one(
      "INSERT INTO batches (batch_id, state, opened_at, items) VALUES ($1, 'open', $2, 1) "
      "ON CONFLICT (batch_id) DO UPDATE SET items = batches.items + 1 "
      "WHERE batches.state = 'open' RETURNING items",
      {batch_id, now}));
  // "Item added only while OPEN" (§4.4).
  CHECK_OR_FAIL(row, ErrorCode::conflict, "the batch of this day is closed");
  return static_cast<std::uint32_t>(row->integer(0));
}

Result<void> save_outcome(Transaction& t, const AuthorizationTerms& terms, const Outcome& out) {
  const auto changed = TRY(t.execute(
      "UPDATE authorizations SET state = $2, auth_code = $3, auth_date = $4, "
      "authorized_minor = $5, captured_minor = $6, approval_code = $7, resp_reason = $8, "
      "log_ref_id = $9, hold_expires = $10, cap_token = $11, batch_id = $12, "
      "batch_sequence_num = $13 WHERE auth_rrpid = $1 AND state = 'awaiting_acquirer'",
      {terms.auth_rrpid, out.state, static_cast<int>(out.code), out.auth_date, out.authorized_minor,
       out.captured_minor, out.approval_code, number_of(out.resp_reason), out.log_ref_id,
       out.hold_expires, out.cap_token, out.batch_id, out.batch_sequence_num}));
  CHECK_OR_FAIL(changed == 1, ErrorCode::conflict, "this authorisation was decided already");
  const auto freed =
      TRY(t.execute("UPDATE pis SET state = $3, authorized_minor = $4 "
                    "WHERE hpi_data = $1 AND auth_rrpid = $2 AND state = 'in_progress'",
                    {terms.hpi_data, terms.auth_rrpid,
                     out.authorized_minor > 0 ? "consumed" : "free_again", out.authorized_minor}));
  CHECK_OR_FAIL(freed == 1, ErrorCode::internal, "an authorisation without its PI");
  return {};
}

Result<void> insert(Transaction& t, const AwaitingAcquirer& waiting, const OwedReply& owed) {
  const auto& terms = waiting.terms;
  TRY(t.execute(
      "INSERT INTO authorizations (auth_rrpid, state, hpi_data, hoi_data, content_digest, xid, "
      "trans_ids, merchant, merchant_id, currency, purch_minor, requested_minor, capture_now, "
      "auth_ret_num, received_at, request_digest, pending_reply) "
      "VALUES ($1, 'awaiting_acquirer', $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, "
      "$15, $16)",
      {terms.auth_rrpid, terms.hpi_data, terms.hoi_data, terms.content_digest, terms.trans_ids.xid,
       serialize(to_wire(terms.trans_ids)), terms.merchant, terms.merchant_id,
       terms.purch_amt.currency().number(), terms.purch_amt.minor(), terms.auth_req_amt.minor(),
       terms.capture_now, terms.auth_ret_num, waiting.received_at, owed.request_digest,
       owed.pending}));
  return {};
}

/// Reply keys whose answers are stored by now are not needed any more.
constexpr std::string_view kForgetAnswered =
    "UPDATE authorizations SET pending_reply = NULL WHERE pending_reply IS NOT NULL AND EXISTS "
    "(SELECT 1 FROM replies WHERE replies.peer = authorizations.merchant "
    "AND replies.message = 'AuthReq' AND replies.rrpid = authorizations.auth_rrpid)";

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

Result<Claim> Store::claim(const AwaitingAcquirer& waiting, const OwedReply& owed) {
  const auto& terms = waiting.terms;
  return database_.in_transaction("gateway:claim", [&](Transaction& t) -> Result<Claim> {
    if (TRY(find_in(t, terms.auth_rrpid))) return Claim::known;
    const auto claimed =
        TRY(t.execute("INSERT INTO pis (hpi_data, state, auth_rrpid, currency, purch_minor) "
                      "VALUES ($1, 'in_progress', $2, $3, $4) ON CONFLICT (hpi_data) DO UPDATE "
                      "SET state = 'in_progress', auth_rrpid = excluded.auth_rrpid "
                      "WHERE pis.state = 'free_again'",
                      {terms.hpi_data, terms.auth_rrpid, terms.purch_amt.currency().number(),
                       terms.purch_amt.minor()}));
    if (claimed == 0) return Claim::pi_in_use;
    TRY(insert(t, waiting, owed));
    TRY(t.execute(kForgetAnswered));
    return Claim::claimed;
  });
}

Result<Decided> Store::advance(Decided decided) {
  return database_.in_transaction("gateway:decided", [&](Transaction& t) -> Result<Decided> {
    if (auto* captured = std::get_if<Captured>(&decided)) {
      captured->batch_sequence_num =
          TRY(next_in_batch(t, captured->batch_id, captured->approval.auth_date));
    }
    const auto outcome = std::visit([](const auto& state) { return outcome_of(state); }, decided);
    TRY(save_outcome(t, terms_of(decided), outcome));
    return decided;
  });
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
    const auto row = TRY(t.query_one(
        "SELECT COUNT(*) FROM authorizations WHERE request_digest = $1 AND NOT EXISTS "
        "(SELECT 1 FROM replies WHERE replies.request_digest = $1)",
        {request_digest}));
    return row->integer(0) > 0;
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

Result<std::vector<Authorization>> Store::list(std::int64_t at_most) {
  return database_.in_transaction(
      "gateway:find", [&](Transaction& t) -> Result<std::vector<Authorization>> {
        return states_of(TRY(t.query("SELECT " SET_AUTHORIZATION_COLUMNS
                                     " FROM authorizations ORDER BY received_at DESC LIMIT $1",
                                     {at_most})));
      });
}

Result<std::vector<Authorization>> Store::find_by_xid(const XID& xid) {
  return database_.in_transaction(
      "gateway:find", [&](Transaction& t) -> Result<std::vector<Authorization>> {
        return states_of(TRY(t.query("SELECT " SET_AUTHORIZATION_COLUMNS
                                     " FROM authorizations WHERE xid = $1 ORDER BY received_at",
                                     {xid})));
      });
}

}  // namespace set::gateway
