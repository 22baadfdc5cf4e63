// Store, how an authorisation begins and is decided, with its PI and, of a sale, its capture.
#include "common/message/wire.h"
#include "gateway/store_batches.h"
#include "gateway/store_rows.h"

namespace set::gateway {
namespace {

template <class Code>
std::optional<std::int64_t> number_of(const std::optional<Code>& code) {
  if (!code) return std::nullopt;
  return static_cast<std::int64_t>(*code);
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
  iso8583::CardNotes notes = {};
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
          .acq_card_msg = approval.acq_card_msg,
          .notes = approval.notes};
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
          .acq_card_msg = declined.acq_card_msg,
          .notes = declined.notes};
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
  const auto& notes = out.notes;
  const auto curr_conv =
      notes.curr_conv ? SqlValue(serialize(to_wire(*notes.curr_conv))) : SqlValue();
  const auto changed = TRY(t.execute(
      "UPDATE authorizations SET state = $2, auth_code = $3, auth_date = $4, approval_code = $5, "
      "resp_reason = $6, log_ref_id = $7, hold_expires = $8, cap_token = $9, cap_token_now = $9, "
      "auth_token = $10, acq_card_msg = $11, avs_result = $12, standing = $13, "
      "authorized_minor = $14, captured_minor = $15, card_type = $16, curr_conv = $17 "
      "WHERE auth_rrpid = $1 AND state = 'awaiting_acquirer'",
      {terms.auth_rrpid, out.state, static_cast<int>(out.code), out.auth_date,
       approval != nullptr ? SqlValue(approval->approval_code) : SqlValue(),
       number_of(out.resp_reason), out.log_ref_id, out.hold_expires,
       approval != nullptr ? SqlValue(approval->cap_token) : SqlValue(),
       approval != nullptr ? null_if_empty(approval->auth_token) : SqlValue(),
       null_if_empty(out.acq_card_msg), number_of(notes.avs_result), out.standing,
       approval != nullptr ? minor : 0, out.standing == "closed" ? minor : 0,
       number_of(notes.card_type), curr_conv}));
  CHECK_OR_FAIL(changed == 1, ErrorCode::conflict, "this authorisation was decided already");
  return save_pi_outcome(t, terms, approval);
}

Result<void> insert(Transaction& t, const AwaitingAcquirer& waiting, const OwedReply& owed) {
  const auto& terms = waiting.terms;
  TRY(t.execute(
      "INSERT INTO authorizations (auth_rrpid, state, hpi_data, hoi_data, content_digest, xid, "
      "trans_ids, merchant, merchant_id, currency, purch_minor, requested_minor, capture_now, "
      "subsequent_auth_ind, used_token, auth_ret_num, received_at, request_digest, pending_reply, "
      "card_type_asked, address_asked, batch_status_asked) "
      "VALUES ($1, 'awaiting_acquirer', $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, "
      "$15, $16, $17, $18, $19, $20, $21)",
      {terms.auth_rrpid, terms.hpi_data, terms.hoi_data, terms.content_digest, terms.trans_ids.xid,
       serialize(to_wire(terms.trans_ids)), terms.merchant, terms.merchant_id,
       terms.purch_amt.currency().number(), terms.purch_amt.minor(), terms.auth_req_amt.minor(),
       terms.capture_now, terms.subsequent_auth_ind, null_if_empty(terms.used_token),
       terms.auth_ret_num, waiting.received_at, owed.request_digest, owed.pending,
       terms.asks.card_type, terms.asks.address, terms.asks.batch_status}));
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

}  // namespace

Result<Claim> Store::claim(AwaitingAcquirer& waiting, const OwedReply& owed, const Proof& proof) {
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
        TRY(statements::save(t, proof, waiting.received_at));
        return Claim::claimed;
      }));
  if (claimed == Claim::claimed) terms.batch_id = batch_id;
  return claimed;
}

Result<Decided> Store::advance(const Decided& before) {
  return database_.in_transaction("gateway:decided", [&](Transaction& t) -> Result<Decided> {
    Decided decided = before;
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

}  // namespace set::gateway
