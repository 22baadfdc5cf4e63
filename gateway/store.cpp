#include "gateway/store.h"

#include "common/base/assert.h"
#include "common/message/wire.h"
#include "gateway/schema.h"
#include "gateway/store_batches.h"

namespace set::gateway {
namespace {

// The columns of a state, in the order of Column. A sale's place in its batch and what the PI says
// stand in their own tables.
#define SET_AUTHORIZATION_COLUMNS                                                                 \
  "auth_rrpid, state, hpi_data, hoi_data, content_digest, trans_ids, merchant, merchant_id, "     \
  "currency, purch_minor, requested_minor, capture_now, auth_ret_num, received_at, auth_code, "   \
  "auth_date, approval_code, resp_reason, log_ref_id, hold_expires, cap_token, request_digest, "  \
  "pending_reply, subsequent_auth_ind, used_token, auth_token, acq_card_msg, avs_result, "        \
  "standing, authorized_minor, captured_minor, capturing_minor, credited_minor, cap_token_now, "  \
  "(SELECT i.batch_id FROM payment_items i WHERE i.name = authorizations.auth_rrpid), "           \
  "(SELECT i.batch_sequence_num FROM payment_items i WHERE i.name = authorizations.auth_rrpid), " \
  "(SELECT p.install_recur FROM pis p WHERE p.hpi_data = authorizations.hpi_data), "              \
  "(SELECT p.credential FROM pis p WHERE p.hpi_data = authorizations.hpi_data), "                 \
  "(SELECT p.card_message_key FROM pis p WHERE p.hpi_data = authorizations.hpi_data)"

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
  kRequestDigest,
  kPendingReply,
  kSubsequentAuthInd,
  kUsedToken,
  kAuthToken,
  kAcqCardMsg,
  kAVSResult,
  kStanding,
  kAuthorizedMinor,
  kCapturedMinor,
  kCapturingMinor,
  kCreditedMinor,
  kCapTokenNow,
  kBatchID,
  kBatchSequenceNum,
  kInstallRecur,
  kCredential,
  kCardMessageKey
};

Bytes blob_or_empty(const Row& row, std::size_t column) {
  return row.is_null(column) ? Bytes{} : row.blob(column);
}

SqlValue null_if_empty(const Bytes& bytes) { return bytes.empty() ? SqlValue() : SqlValue(bytes); }

Result<std::optional<InstallRecurData>> install_recur_of(const Row& row, std::size_t column) {
  if (row.is_null(column)) return std::nullopt;
  return TRY(from_wire(TRY(parse_as<wire::InstallRecurData>(row.blob(column)))));
}

Result<Amount> amount_of(const Row& row, std::size_t currency, std::size_t minor) {
  return Amount::make(TRY(Currency::from_number(static_cast<unsigned>(row.integer(currency)))),
                      row.integer(minor));
}

Result<AuthorizationTerms> terms_of_row(const Row& row) {
  auto trans_ids = TRY(from_wire(TRY(parse_as<wire::TransIDs>(row.blob(kTransIDs)))));
  const auto purch_amt = TRY(amount_of(row, kCurrency, kPurchMinor));
  const auto auth_req_amt = TRY(amount_of(row, kCurrency, kRequestedMinor));
  const auto install_recur = TRY(install_recur_of(row, kInstallRecur));
  auto used_token = blob_or_empty(row, kUsedToken);
  const auto credential =
      used_token.empty() ? std::nullopt : std::optional(row.octets<RRPID>(kCredential));
  return AuthorizationTerms{.auth_rrpid = row.octets<RRPID>(kAuthRRPID),
                            .content_digest = row.octets<Digest>(kContentDigest),
                            .trans_ids = std::move(trans_ids),
                            .hoi_data = row.octets<Digest>(kHOIData),
                            .hpi_data = row.octets<Digest>(kHPIData),
                            .merchant = row.octets<Thumbprint>(kMerchant),
                            .merchant_id = row.text(kMerchantID),
                            .purch_amt = purch_amt,
                            .auth_req_amt = auth_req_amt,
                            .capture_now = row.integer(kCaptureNow) != 0,
                            .auth_ret_num = row.text(kAuthRetNum),
                            .subsequent_auth_ind = row.integer(kSubsequentAuthInd) != 0,
                            .install_recur = install_recur,
                            .used_token = std::move(used_token),
                            .credential = credential,
                            .batch_id = row.is_null(kBatchID) ? "" : row.text(kBatchID),
                            .card_message_key = blob_or_empty(row, kCardMessageKey)};
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
          .cap_token = row.blob(kCapToken),
          .auth_token = blob_or_empty(row, kAuthToken),
          .acq_card_msg = blob_or_empty(row, kAcqCardMsg),
          .avs_result = row.is_null(kAVSResult)
                            ? std::nullopt
                            : std::optional(static_cast<AVSResult>(row.integer(kAVSResult)))};
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
    const auto captured = terms.auth_req_amt;
    return Captured{std::move(terms), approval_of(row), captured, row.text(kBatchID),
                    static_cast<std::uint32_t>(row.integer(kBatchSequenceNum))};
  }
  if (state == "declined") {
    return Declined{std::move(terms),       static_cast<AuthCode>(row.integer(kAuthCode)),
                    row.instant(kAuthDate), resp_reason_of(row),
                    row.text(kLogRefID),    blob_or_empty(row, kAcqCardMsg)};
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
  std::string_view standing = "none";
  AuthCode code = AuthCode::no_reply;
  Instant auth_date;
  const Approval* approval = nullptr;
  std::optional<RespReason> resp_reason = std::nullopt;
  std::string log_ref_id = {};
  std::optional<Instant> hold_expires = std::nullopt;
  Bytes acq_card_msg = {};
};

Outcome approved_outcome(const Approval& approval, std::string_view state,
                         std::string_view standing) {
  return {.state = state,
          .standing = standing,
          .code = AuthCode::approved,
          .auth_date = approval.auth_date,
          .approval = &approval,
          .resp_reason = approval.resp_reason,
          .log_ref_id = approval.log_ref_id,
          .acq_card_msg = approval.acq_card_msg};
}

Outcome outcome_of(const Approved& approved) {
  auto out = approved_outcome(approved.approval, "approved", "open");
  out.hold_expires = approved.hold_expires;
  return out;
}
Outcome outcome_of(const Captured& captured) {
  return approved_outcome(captured.approval, "captured", "closed");
}
Outcome outcome_of(const Declined& declined) {
  return {.state = "declined",
          .code = declined.code,
          .auth_date = declined.auth_date,
          .resp_reason = declined.resp_reason,
          .log_ref_id = declined.log_ref_id,
          .acq_card_msg = declined.acq_card_msg};
}
Outcome outcome_of(const Void& nothing) {
  return {.state = "void", .auth_date = nothing.auth_date};
}

/// The PI's part of a decision: with an approval it is consumed, and its AuthToken counts from now
/// on; without one the PI may come again, or the AuthToken that stood in for it.
Result<void> save_pi_outcome(Transaction& t, const AuthorizationTerms& terms,
                             const Approval* approval) {
  const auto changed =
      approval != nullptr
          ? TRY(t.execute("UPDATE pis SET state = 'consumed', auth_token = $3, used_token = NULL, "
                          "credential = COALESCE(credential, $2) "
                          "WHERE hpi_data = $1 AND auth_rrpid = $2 AND state = 'in_progress'",
                          {terms.hpi_data, terms.auth_rrpid, null_if_empty(approval->auth_token)}))
          : TRY(t.execute(
                "UPDATE pis SET authorized_minor = authorized_minor - $3, auth_token = used_token, "
                "state = CASE WHEN used_token IS NULL THEN 'free_again' ELSE 'consumed' END, "
                "used_token = NULL "
                "WHERE hpi_data = $1 AND auth_rrpid = $2 AND state = 'in_progress'",
                {terms.hpi_data, terms.auth_rrpid, terms.auth_req_amt.minor()}));
  CHECK_OR_FAIL(changed == 1, ErrorCode::internal, "an authorisation without its PI");
  return {};
}

Result<void> save_outcome(Transaction& t, const AuthorizationTerms& terms, const Outcome& out) {
  const auto* approval = out.approval;
  const auto minor = terms.auth_req_amt.minor();
  const auto avs_result = approval != nullptr && approval->avs_result
                              ? SqlValue(static_cast<int>(*approval->avs_result))
                              : SqlValue();
  const auto changed = TRY(t.execute(
      "UPDATE authorizations SET state = $2, auth_code = $3, auth_date = $4, approval_code = $5, "
      "resp_reason = $6, log_ref_id = $7, hold_expires = $8, cap_token = $9, cap_token_now = $9, "
      "auth_token = $10, acq_card_msg = $11, avs_result = $12, standing = $13, "
      "authorized_minor = $14, captured_minor = $15 "
      "WHERE auth_rrpid = $1 AND state = 'awaiting_acquirer'",
      {terms.auth_rrpid, out.state, static_cast<int>(out.code), out.auth_date,
       approval != nullptr ? SqlValue(approval->approval_code) : SqlValue(),
       number_of(out.resp_reason), out.log_ref_id, out.hold_expires,
       approval != nullptr ? SqlValue(approval->cap_token) : SqlValue(),
       approval != nullptr ? null_if_empty(approval->auth_token) : SqlValue(),
       null_if_empty(out.acq_card_msg), avs_result, out.standing, approval != nullptr ? minor : 0,
       out.standing == "closed" ? minor : 0}));
  CHECK_OR_FAIL(changed == 1, ErrorCode::conflict, "this authorisation was decided already");
  return save_pi_outcome(t, terms, approval);
}

Result<void> insert(Transaction& t, const AwaitingAcquirer& waiting, const OwedReply& owed) {
  const auto& terms = waiting.terms;
  TRY(t.execute(
      "INSERT INTO authorizations (auth_rrpid, state, hpi_data, hoi_data, content_digest, xid, "
      "trans_ids, merchant, merchant_id, currency, purch_minor, requested_minor, capture_now, "
      "subsequent_auth_ind, used_token, auth_ret_num, received_at, request_digest, pending_reply) "
      "VALUES ($1, 'awaiting_acquirer', $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, "
      "$15, $16, $17, $18)",
      {terms.auth_rrpid, terms.hpi_data, terms.hoi_data, terms.content_digest, terms.trans_ids.xid,
       serialize(to_wire(terms.trans_ids)), terms.merchant, terms.merchant_id,
       terms.purch_amt.currency().number(), terms.purch_amt.minor(), terms.auth_req_amt.minor(),
       terms.capture_now, terms.subsequent_auth_ind, null_if_empty(terms.used_token),
       terms.auth_ret_num, waiting.received_at, owed.request_digest, owed.pending}));
  return {};
}

/// True if the PI, or the AuthToken that stands in for it, is this authorisation's alone now.
Result<bool> claim_pi(Transaction& t, const AuthorizationTerms& terms) {
  if (!terms.used_token.empty()) {
    return TRY(t.execute("UPDATE pis SET state = 'in_progress', auth_rrpid = $2, "
                         "authorized_minor = authorized_minor + $3, used_token = auth_token, "
                         "auth_token = NULL "
                         "WHERE hpi_data = $1 AND state = 'consumed' AND auth_token = $4",
                         {terms.hpi_data, terms.auth_rrpid, terms.auth_req_amt.minor(),
                          terms.used_token})) == 1;
  }
  const auto install_recur =
      terms.install_recur ? SqlValue(serialize(to_wire(*terms.install_recur))) : SqlValue();
  return TRY(t.execute(
             "INSERT INTO pis (hpi_data, state, auth_rrpid, hoi_data, trans_ids, merchant_id, "
             "currency, purch_minor, authorized_minor, install_recur, card_message_key) "
             "VALUES ($1, 'in_progress', $2, $3, $4, $5, $6, $7, $8, $9, $10) "
             "ON CONFLICT (hpi_data) DO UPDATE SET state = 'in_progress', "
             "auth_rrpid = excluded.auth_rrpid, authorized_minor = excluded.authorized_minor "
             "WHERE pis.state = 'free_again'",
             {terms.hpi_data, terms.auth_rrpid, terms.hoi_data, serialize(to_wire(terms.trans_ids)),
              terms.merchant_id, terms.purch_amt.currency().number(), terms.purch_amt.minor(),
              terms.auth_req_amt.minor(), install_recur, null_if_empty(terms.card_message_key)})) ==
         1;
}

/// The capture that comes with a sale, as an item of its batch; none: the batch takes no items.
Result<std::optional<std::string>> add_sale_item(Transaction& t, const AuthorizationTerms& terms,
                                                 Instant now) {
  const auto batch_id = TRY(batches::choose(t, terms.merchant_id, terms.batch_id, now));
  if (!batch_id) return std::nullopt;
  TRY(t.execute(
      "INSERT INTO payment_items (merchant, message, rrpid, position, kind, state, name, "
      "auth_rrpid, trans_ids, merchant_id, currency, amount_minor, final, batch_id) "
      "VALUES ($1, 'AuthReq', $2, 0, 'capture', 'pending', $3, $2, $4, $5, $6, $7, 1, $8) "
      "ON CONFLICT DO NOTHING",
      {terms.merchant, terms.auth_rrpid, sale_capture_name(terms.auth_rrpid),
       serialize(to_wire(terms.trans_ids)), terms.merchant_id,
       terms.auth_req_amt.currency().number(), terms.auth_req_amt.minor(), *batch_id}));
  return batch_id;
}

/// A sale's item with its decision; 0: it has none.
Result<std::uint32_t> decide_sale_item(Transaction& t, const AuthorizationTerms& terms,
                                       bool captured, Instant now) {
  const auto place =
      captured ? TRY(batches::next_place(t, terms.merchant_id, terms.batch_id)) : std::uint32_t{0};
  const auto code = captured ? CapCode::success : CapCode::unspecified_failure;
  TRY(
      t.execute("UPDATE payment_items SET state = $2, code = $3, batch_sequence_num = $4, "
                "decided_at = $5 WHERE name = $1 AND state = 'pending'",
                {terms.auth_rrpid, captured ? "done" : "refused", static_cast<int>(code),
                 captured ? SqlValue(place) : SqlValue(), now}));
  return place;
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
                    .card_message_key = blob_or_empty(*row, 9)};
        if (!row->is_null(7)) out.credential = row->octets<RRPID>(7);
        if (!charges->is_null(1)) out.last_charge = charges->instant(1);
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
  auto terms = TRY(terms_of_row(*row));
  Standing out{std::move(terms), NothingHeld{}};
  const auto& standing = row->text(kStanding);
  if (row->text(kState) == "awaiting_acquirer") out.state = Undecided{};
  if (standing != "open" && standing != "closed") return out;
  out.state =
      Live{.authorized_minor = row->integer(kAuthorizedMinor),
           .captured_minor = row->integer(kCapturedMinor),
           .capturing_minor = row->integer(kCapturingMinor),
           .credited_minor = row->integer(kCreditedMinor),
           .final = standing == "closed",
           .cap_token = row->blob(kCapTokenNow),
           .hold_expires = row->is_null(kHoldExpires) ? Instant{} : row->instant(kHoldExpires)};
  return out;
}

Result<Claim> Store::claim(AwaitingAcquirer& waiting, const OwedReply& owed) {
  auto& terms = waiting.terms;
  std::string batch_id;
  const auto claimed =
      TRY(database_.in_transaction("gateway:claim", [&](Transaction& t) -> Result<Claim> {
        if (TRY(find_in(t, terms.auth_rrpid))) return Claim::known;
        const auto cancelled =
            TRY(t.query_one("SELECT 1 FROM cancelled_authorizations "
                            "WHERE merchant_id = $1 AND auth_rrpid = $2",
                            {terms.merchant_id, terms.auth_rrpid}));
        if (cancelled) return Claim::cancelled;
        if (terms.capture_now && !terms.batch_id.empty() &&
            !TRY(batches::is_open(t, terms.merchant_id, terms.batch_id)).value_or(false)) {
          return Claim::no_batch;
        }
        if (!TRY(claim_pi(t, terms))) return Claim::pi_in_use;
        TRY(insert(t, waiting, owed));
        if (terms.capture_now) {
          const auto chosen = TRY(add_sale_item(t, terms, waiting.received_at));
          CHECK_OR_FAIL(chosen, ErrorCode::internal, "a batch that was open takes no items");
          batch_id = *chosen;
        }
        TRY(t.execute(kForgetAnswered));
        return Claim::claimed;
      }));
  if (claimed == Claim::claimed) terms.batch_id = batch_id;
  return claimed;
}

Result<Decided> Store::advance(Decided decided) {
  return database_.in_transaction("gateway:decided", [&](Transaction& t) -> Result<Decided> {
    auto* captured = std::get_if<Captured>(&decided);
    const auto outcome = std::visit([](const auto& state) { return outcome_of(state); }, decided);
    if (captured != nullptr && captured->batch_id.empty()) {
      // It was claimed before sales chose their batch so early.
      const auto chosen = TRY(add_sale_item(t, captured->terms, outcome.auth_date));
      CHECK_OR_FAIL(chosen, ErrorCode::internal, "a sale without a batch");
      captured->batch_id = captured->terms.batch_id = *chosen;
    }
    TRY(save_outcome(t, terms_of(decided), outcome));
    const auto place =
        TRY(decide_sale_item(t, terms_of(decided), captured != nullptr, outcome.auth_date));
    if (captured != nullptr) captured->batch_sequence_num = place;
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
    const auto row =
        TRY(t.query_one("SELECT (SELECT COUNT(*) FROM authorizations WHERE request_digest = $1) + "
                        "(SELECT COUNT(*) FROM payment_requests WHERE request_digest = $1 AND "
                        "pending_reply IS NOT NULL) WHERE NOT EXISTS "
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
