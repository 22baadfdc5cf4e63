#include "gateway/authorization.h"

#include "common/message/card_message.h"
#include "gateway/cap_token.h"

namespace set::gateway {
namespace {

/// Step 3 and what protocol §4 adds to it: one purchase, one merchant, one gateway on all papers.
bool about_one_purchase(const AuthReq& request, const TransIDs& trans_ids,
                        const Certificate& merchant, const OpenedPI& pi, const Party& self,
                        Instant now) {
  const auto& pi_tbs = *pi.pi_tbs;
  const auto& signed_ids = pi.pi_tbs.head().trans_ids;
  // "Compare TransIDs of AuthTags with PIHead: XID equal, LID-C equal, LID-M equal if in both."
  if (!same_purchase(trans_ids, pi.head.trans_ids)) return false;
  // PIHead and PI-TBS come from one hand and must agree (protocol §2, common header).
  if (!signed_ids || !same_purchase(*signed_ids, pi.head.trans_ids)) return false;
  if (!(pi_tbs.purch_amt == pi.head.purch_amt)) return false;
  if (pi_tbs.install_recur != pi.head.install_recur) return false;
  // "The gateway refuses a PI that names another gateway or merchant."
  if (!key_exchange_named(self, pi_tbs.gateway.view(), now)) return false;
  if (pi_tbs.merchant != merchant.thumbprint()) return false;
  // The merchant says under its signature which PI it hands on.
  return request.check_digests->hpi_data == pi_tbs.hpi_data;
}

/// Step 4(b).
bool of_one_brand(const Certificate& cardholder, const OpenedPI& pi, const Party& self) {
  // "Brand of the cardholder signature certificate = brand of the gateway encryption certificate",
  // and of what was signed.
  const auto& own = self.key_exchange.value().leaf.brand();
  return cardholder.brand() == own && pi.pi_tbs->brand == own;
}

/// Step 10, for one charge and for all of them.
bool amount_fits(const Amount& auth_req_amt, const Amount& purch_amt, std::int64_t so_far,
                 const std::optional<InstallRecurData>& mandate) {
  // "The gateway requires currency equal and Σ authorised ≤ PI amount" (protocol §4).
  if (auth_req_amt.currency() != purch_amt.currency()) return false;
  if (auth_req_amt.minor() > purch_amt.minor() - so_far) return false;
  return !mandate || auth_req_amt.minor() <= mandate->max_amt.minor();
}

/// "Recurring limits → recurringTooSoon / recurringExpired" (step 8). No more instalments than were
/// agreed is a limit of the same kind.
std::optional<AuthCode> recurrence_objection(const InstallRecurData& mandate, unsigned charges,
                                             std::optional<Instant> last_charge, Instant now) {
  if (const auto* instalments = std::get_if<InstallTotalTrans>(&mandate.terms)) {
    if (charges >= instalments->count) return AuthCode::recurring_expired;
    return std::nullopt;
  }
  const auto& recurring = std::get<Recurring>(mandate.terms);
  if (now > recurring.expiry) return AuthCode::recurring_expired;
  const auto period = std::chrono::hours(24) * recurring.frequency_days;
  if (last_charge && now < *last_charge + period) return AuthCode::recurring_too_soon;
  return std::nullopt;
}

/// The same steps for an AuthToken, in whose purchase the PI's digests were compared already.
std::optional<AuthCode> token_objection(const AuthReq& request, const Mandate& mandate,
                                        ByteView token, const GatewayTerms& gateway, Instant now) {
  // 5. The database says whether a token was used: each use yields a new one (§3.7).
  if (!equal(token, mandate.auth_token)) return AuthCode::pi_previously_used;
  // 8. "InstallRecurData in AuthReqPayload = that in AuthToken, else installRecurMismatch."
  if (request.install_recur != mandate.install_recur) return AuthCode::install_recur_mismatch;
  if (mandate.install_recur) {
    const auto code =
        recurrence_objection(*mandate.install_recur, mandate.charges, mandate.last_charge, now);
    if (code) return code;
  } else if (mandate.first_approval && now >= *mandate.first_approval + gateway.token_life) {
    // As a PI that is past its valid-until.
    return AuthCode::invalid_transaction;
  }
  // 9. and 10.
  if (request.capture_now && !gateway.capture_now) return AuthCode::capture_not_supported;
  if (!amount_fits(request.auth_req_amt, mandate.purch_amt, mandate.authorized_minor,
                   mandate.install_recur)) {
    return AuthCode::amount_error;
  }
  return std::nullopt;
}

/// What is the merchant's to say, whatever stands for the card.
AuthorizationTerms terms_of_request(const Verified<AuthReq>& auth_req, const TransIDs& trans_ids,
                                    const Amount& purch_amt) {
  const auto& merchant = auth_req.signer();
  return {.auth_rrpid = auth_req.head().rrpid,
          .content_digest = auth_req.content_digest(),
          .trans_ids = trans_ids,
          .hoi_data = {},
          .hpi_data = {},
          .merchant = merchant.thumbprint(),
          .merchant_id = merchant.merchant_data()->merchant_id,
          .purch_amt = purch_amt,
          .auth_req_amt = auth_req->auth_req_amt,
          .capture_now = auth_req->capture_now,
          .auth_ret_num = auth_req->auth_ret_num,
          .subsequent_auth_ind = auth_req->subsequent_auth_ind,
          .asks = {.card_type = auth_req->details.request_card_type,
                   .address = auth_req->details.avs_data.has_value(),
                   .batch_status =
                       auth_req->sale_detail && !auth_req->sale_detail->batch_id.empty()},
          .install_recur = auth_req->install_recur,
          .batch_id = auth_req->sale_detail ? auth_req->sale_detail->batch_id : ""};
}

/// Of what the network says beside its decision: what was asked for, which a network that has no
/// answer answers so, and a conversion of what was approved.
iso8583::CardNotes notes_for(const AsksAlso& asks, const AcquirerAnswer& answer) {
  iso8583::CardNotes out;
  if (asks.address) out.avs_result = answer.notes.avs_result.value_or(AVSResult::result_unavailable);
  if (asks.card_type) out.card_type = answer.notes.card_type.value_or(CardType::unavailable);
  if (answer.code == AuthCode::approved) out.curr_conv = answer.notes.curr_conv;
  return out;
}

/// A word to the cardholder, if the operator has one for this answer and the PI's key is at hand.
Bytes make_acq_card_msg(const AuthorizationTerms& terms, AuthCode code, const GatewayTerms& gateway,
                        ByteView token_key, Rng& rng) {
  const bool approved = code == AuthCode::approved;
  const auto& words = approved ? gateway.message_of_day : gateway.customer_service;
  if (words.empty() || terms.card_message_key.empty()) return {};
  const auto key = open_card_message_key(token_key, terms.card_message_key, terms.hpi_data);
  if (!key) return {};  // a courtesy: the answer counts without it
  const auto message =
      approved
          ? AcqCardCodeMsg{.code = AcqCardCode::message_of_day,
                           .text = words,
                           .url = "",
                           .phone = ""}
          : AcqCardCodeMsg{
                .code = AcqCardCode::call_customer_service, .text = "", .url = "", .phone = words};
  return seal_card_message(key->reveal(), message, {terms.trans_ids.xid, terms.auth_rrpid}, rng);
}

/// Steps 3 to 10. None: no objection.
std::optional<Refused> objection(const AuthReq& request, const TransIDs& trans_ids,
                                 const Certificate& merchant, const OpenedPI& pi,
                                 const PIState& pi_state, const Party& self,
                                 const GatewayTerms& gateway, Instant now) {
  // 3. … "else discard with piAuthMismatch". The amount of a PI that is not this merchant's stays
  // with us.
  const auto mismatch = [&](AuthCode code) {
    return Refused{code, std::nullopt, request.check_digests->hoi_data,
                   request.check_digests->hpi_data};
  };
  if (!about_one_purchase(request, trans_ids, merchant, pi, self, now)) {
    return mismatch(AuthCode::pi_auth_mismatch);
  }
  // 4. … "else cardMerchBrandMismatch".
  if (!of_one_brand(pi.pi_tbs.signer(), pi, self)) {
    return mismatch(AuthCode::card_merch_brand_mismatch);
  }
  const auto refused = [&](AuthCode code) {
    auto out = mismatch(code);
    out.purch_amt = pi.head.purch_amt;
    return out;
  };
  // 5. "PI state: already processed and neither declined nor reversed → piPreviouslyUsed."
  if (previously_used(pi_state)) return refused(AuthCode::pi_previously_used);
  // 6. "CheckDigests: HOIData = copy linked in PI, HOD2 = PIHead HOD, else piAuthMismatch":
  // merchant and cardholder mean the same order, at the same amount.
  if (request.check_digests->hoi_data != pi.hoi_data ||
      request.check_digests->hod2 != pi.head.hod) {
    return mismatch(AuthCode::pi_auth_mismatch);
  }
  // 7. "PIHead.MerchantID = merchant certificate's merID."
  if (pi.head.merchant_id != merchant.merchant_data()->merchant_id) {
    return mismatch(AuthCode::pi_auth_mismatch);
  }
  // "… or is past valid-until" (protocol §4).
  if (now > pi.pi_tbs->valid_until) return refused(AuthCode::invalid_transaction);
  // 8. "InstallRecurData in AuthReqPayload = that in PIHead, else installRecurMismatch."
  if (request.install_recur != pi.head.install_recur) {
    return refused(AuthCode::install_recur_mismatch);
  }
  if (request.install_recur) {
    const auto code = recurrence_objection(*request.install_recur, 0, std::nullopt, now);
    if (code) return refused(*code);
  }
  // 9. "CaptureNow supported? else captureNotSupported."
  if (request.capture_now && !gateway.capture_now) {
    return refused(AuthCode::capture_not_supported);
  }
  // 10. "Amount sane against PurchAmt and total so far → amountError."
  if (!amount_fits(request.auth_req_amt, pi.head.purch_amt, 0, request.install_recur)) {
    return refused(AuthCode::amount_error);
  }
  return std::nullopt;
}

AuthRes blank_auth_res(const AuthorizationTerms& terms, const Thumbprint& pe_thumb) {
  AuthRes out;
  out.hoi_data = terms.hoi_data;
  out.hpi_data = terms.hpi_data;
  out.merchant = terms.merchant;
  out.purch_amt = terms.purch_amt;
  out.pe_thumb = pe_thumb;
  out.auth_ret_num = terms.auth_ret_num;
  return out;
}

void put_notes(const iso8583::CardNotes& notes, AuthRes& out) {
  out.avs_result = notes.avs_result;
  out.card_type = notes.card_type;
  out.curr_conv = notes.curr_conv;
}

MadeAuthRes approved_auth_res(const AuthorizationTerms& terms, const Approval& approval,
                              const Thumbprint& pe_thumb) {
  auto out = blank_auth_res(terms, pe_thumb);
  out.auth_code = AuthCode::approved;
  out.auth_amt = terms.auth_req_amt;
  out.auth_date = approval.auth_date;
  out.approval_code = approval.approval_code;
  out.resp_reason = approval.resp_reason;
  out.log_ref_id = approval.log_ref_id;
  put_notes(approval.notes, out);
  return {std::move(out),
          {.cap_token = approval.cap_token,
           .acq_card_msg = approval.acq_card_msg,
           .auth_token = approval.auth_token}};
}

MadeAuthRes auth_res_of(const Approved& approved, const Thumbprint& pe_thumb) {
  return approved_auth_res(approved.terms, approved.approval, pe_thumb);
}

MadeAuthRes auth_res_of(const Captured& captured, const Thumbprint& pe_thumb) {
  auto out = approved_auth_res(captured.terms, captured.approval, pe_thumb);
  // "[CapResPayload iff CaptureNow]"
  out.message.cap_res = CapResPayload{.cap_code = CapCode::success,
                                      .cap_amt = captured.captured,
                                      .batch_id = captured.batch_id,
                                      .batch_sequence_num = captured.batch_sequence_num};
  return out;
}

MadeAuthRes auth_res_of(const Declined& declined, const Thumbprint& pe_thumb) {
  auto out = blank_auth_res(declined.terms, pe_thumb);
  out.auth_code = declined.code;
  out.auth_date = declined.auth_date;
  out.resp_reason = declined.resp_reason;
  out.log_ref_id = declined.log_ref_id;
  put_notes(declined.notes, out);
  return {std::move(out),
          {.cap_token = {}, .acq_card_msg = declined.acq_card_msg, .auth_token = {}}};
}

MadeAuthRes auth_res_of(const Void& nothing, const Thumbprint& pe_thumb) {
  auto out = blank_auth_res(nothing.terms, pe_thumb);
  out.auth_code = AuthCode::no_reply;
  out.auth_date = nothing.auth_date;
  return {std::move(out), {}};
}

}  // namespace

Result<void> check_merchant(const Certificate& merchant, const Party& self,
                            const GatewayTerms& gateway) {
  // "Verify M (chain, type mer, brand, merchantID known to the acquirer)" (§3.6 step 1).
  CHECK_OR_FAIL(merchant.brand() == self.key_exchange.value().leaf.brand(),
                ErrorCode::invalid_certificate, "the merchant is of another brand");
  CHECK_OR_FAIL(merchant.merchant_data(), ErrorCode::invalid_certificate,
                "the merchant's certificate names no merchant");
  CHECK_OR_FAIL(merchant.merchant_data()->acquirer_bin == gateway.acquirer_bin,
                ErrorCode::invalid_certificate, "the merchant is of another acquirer");
  return {};
}

Result<std::variant<AwaitingAcquirer, Refused>> accept_auth_req(
    const Verified<AuthReq>& auth_req, const OpenedPI& pi, const PIState& pi_state,
    const Party& self, const GatewayTerms& gateway, Instant now) {
  const auto& merchant = auth_req.signer();
  TRY(check_merchant(merchant, self, gateway));
  const auto& trans_ids = auth_req.head().trans_ids;
  CHECK_OR_FAIL(trans_ids, ErrorCode::decoding_failure, "an AuthReq without TransIDs");
  // "CheckDigests, left out iff PI is an AuthToken" (§3.6).
  CHECK_OR_FAIL(auth_req->check_digests, ErrorCode::decoding_failure,
                "an AuthReq without CheckDigests");
  // "Verify PANData against the CN" (4b). A card that is not the one behind the certificate is a
  // cryptographic no, and looks like every other (protocol §5).
  const auto& account = pi.account;
  const auto pseudonym =
      cardholder_pseudonym(account.pan, account.expiry, account.pan_secret.reveal());
  CHECK_OR_FAIL(same_secret(view_of(pseudonym), view_of(pi.pi_tbs.signer().common_name())),
                ErrorCode::signature_failure, "the card is not the certificate's");
  if (auto refused = objection(*auth_req, *trans_ids, merchant, pi, pi_state, self, gateway, now)) {
    return *std::move(refused);
  }
  auto terms = terms_of_request(auth_req, *trans_ids, pi.head.purch_amt);
  terms.hoi_data = pi.hoi_data;
  terms.hpi_data = pi.pi_tbs->hpi_data;
  return AwaitingAcquirer{.terms = std::move(terms), .received_at = now};
}

Result<std::variant<AwaitingAcquirer, Refused>> accept_auth_req_by_token(
    const Verified<AuthReq>& auth_req, const Mandate& mandate, ByteView token, const Party& self,
    const GatewayTerms& gateway, Instant now) {
  TRY(check_merchant(auth_req.signer(), self, gateway));
  const auto& trans_ids = auth_req.head().trans_ids;
  CHECK_OR_FAIL(trans_ids, ErrorCode::decoding_failure, "an AuthReq without TransIDs");
  // "CheckDigests, left out iff PI is an AuthToken" (§3.6).
  CHECK_OR_FAIL(!auth_req->check_digests, ErrorCode::decoding_failure,
                "CheckDigests beside an AuthToken");
  auto terms = terms_of_request(auth_req, *trans_ids, mandate.purch_amt);
  terms.hoi_data = mandate.hoi_data;
  terms.hpi_data = mandate.hpi_data;
  terms.used_token = bytes_of(token);
  terms.credential = mandate.credential;
  terms.card_message_key = mandate.card_message_key;
  // 3. "Compare TransIDs of AuthTags with AuthToken … else discard with piAuthMismatch."
  if (!same_purchase(*trans_ids, mandate.trans_ids) || terms.merchant_id != mandate.merchant_id) {
    auto mismatch = refused(AuthCode::pi_auth_mismatch, terms);
    mismatch.purch_amt.reset();
    return mismatch;
  }
  if (const auto code = token_objection(*auth_req, mandate, token, gateway, now)) {
    return refused(*code, terms);
  }
  return AwaitingAcquirer{.terms = std::move(terms), .received_at = now};
}

Refused refused(AuthCode code, const AuthorizationTerms& terms) {
  return {code, terms.purch_amt, terms.hoi_data, terms.hpi_data};
}

Result<void> accept_repeat(const Authorization& known, const Verified<AuthReq>& auth_req) {
  const auto& terms = terms_of(known);
  // "Same RRPID with different content → Error, never processing" (§3.0).
  CHECK_OR_FAIL(terms.merchant == auth_req.signer().thumbprint() &&
                    terms.content_digest == auth_req.content_digest(),
                ErrorCode::bad_message_header, "this authRRPID was used for another AuthReq");
  return {};
}

Decided accept_acquirer_answer(AwaitingAcquirer waiting, const AcquirerAnswer& answer,
                               const GatewayTerms& gateway, ByteView token_key, Instant now,
                               Rng& rng) {
  auto& terms = waiting.terms;
  auto acq_card_msg = make_acq_card_msg(terms, answer.code, gateway, token_key, rng);
  auto notes = notes_for(terms.asks, answer);
  if (answer.code != AuthCode::approved) {
    return Declined{std::move(terms),   answer.code,       now,
                    answer.resp_reason, answer.log_ref_id, std::move(acq_card_msg),
                    std::move(notes)};
  }
  // "CapToken: one per approved authorisation" (§3.7).
  const CapTokenBinding binding{terms.merchant_id, terms.trans_ids.xid, terms.auth_rrpid};
  Approval approval{.auth_date = now,
                    .approval_code = answer.approval_code,
                    .resp_reason = answer.resp_reason,
                    .log_ref_id = answer.log_ref_id,
                    .cap_token = make_cap_token(token_key, {terms.auth_req_amt}, binding, rng),
                    .acq_card_msg = std::move(acq_card_msg),
                    .notes = std::move(notes)};
  // "AuthToken: returned when SubsequentAuthInd was TRUE … each use yields a new one" (§3.7).
  if (terms.subsequent_auth_ind) {
    approval.auth_token = make_auth_token(token_key, {terms.hpi_data, terms.auth_rrpid},
                                          terms.merchant_id, terms.trans_ids.xid, rng);
  }
  if (!terms.capture_now) {
    return Approved{std::move(terms), std::move(approval), answer.hold_expires};
  }
  const auto captured = terms.auth_req_amt;
  const auto batch_id = terms.batch_id;
  return Captured{std::move(terms), std::move(approval), captured, batch_id, 0};
}

Decided accept_no_reply(AwaitingAcquirer waiting, Instant now) {
  return Void{std::move(waiting.terms), now};
}

MadeAuthRes make_auth_res(const Decided& decided, const Thumbprint& pe_thumb) {
  return std::visit([&](const auto& state) { return auth_res_of(state, pe_thumb); }, decided);
}

MadeAuthRes make_auth_res(const Refused& refused, const Verified<AuthReq>& auth_req,
                          const Thumbprint& pe_thumb, Instant now) {
  AuthRes out;
  out.hoi_data = refused.hoi_data;
  out.hpi_data = refused.hpi_data;
  out.merchant = auth_req.signer().thumbprint();
  out.purch_amt = refused.purch_amt;
  out.auth_code = refused.code;
  out.auth_date = now;
  out.pe_thumb = pe_thumb;
  out.auth_ret_num = auth_req->auth_ret_num;
  return {std::move(out), {}};
}

}  // namespace set::gateway
