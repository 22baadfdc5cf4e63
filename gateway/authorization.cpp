#include "gateway/authorization.h"

#include "gateway/cap_token.h"

namespace set::gateway {
namespace {

/// Step 3 and what protocol §4 adds to it: one purchase, one merchant, one gateway on all papers.
bool about_one_purchase(const AuthReq& request, const TransIDs& trans_ids,
                        const Certificate& merchant, const OpenedPI& pi, const Party& self) {
  const auto& pi_tbs = *pi.pi_tbs;
  const auto& signed_ids = pi.pi_tbs.head().trans_ids;
  // "Compare TransIDs of AuthTags with PIHead: XID equal, LID-C equal, LID-M equal if in both."
  if (!same_purchase(trans_ids, pi.head.trans_ids)) return false;
  // PIHead and PI-TBS come from one hand and must agree (protocol §2, common header).
  if (!signed_ids || !same_purchase(*signed_ids, pi.head.trans_ids)) return false;
  if (!(pi_tbs.purch_amt == pi.head.purch_amt)) return false;
  // "The gateway refuses a PI that names another gateway or merchant."
  if (pi_tbs.gateway != self.key_exchange.value().leaf.thumbprint()) return false;
  if (pi_tbs.merchant != merchant.thumbprint()) return false;
  // The merchant says under its signature which PI it hands on.
  return request.hpi_data == pi_tbs.hpi_data;
}

/// Step 4(b).
bool of_one_brand(const Certificate& cardholder, const OpenedPI& pi, const Party& self) {
  // "Brand of the cardholder signature certificate = brand of the gateway encryption certificate",
  // and of what was signed.
  const auto& own = self.key_exchange.value().leaf.brand();
  return cardholder.brand() == own && pi.pi_tbs->brand == own;
}

/// Step 10; Σ authorised is 0 while a PI is unused or free again, and the database checks the sum.
bool amount_fits(const Amount& auth_req_amt, const Amount& purch_amt) {
  // "The gateway requires currency equal and Σ authorised ≤ PI amount" (protocol §4).
  return auth_req_amt.currency() == purch_amt.currency() &&
         auth_req_amt.minor() <= purch_amt.minor();
}

/// Steps 3 to 10. None: no objection.
std::optional<Refused> objection(const AuthReq& request, const TransIDs& trans_ids,
                                 const Certificate& merchant, const OpenedPI& pi,
                                 const PIState& pi_state, const Party& self,
                                 const GatewayTerms& gateway, Instant now) {
  // 3. … "else discard with piAuthMismatch". The amount of a PI that is not this merchant's stays
  // with us.
  if (!about_one_purchase(request, trans_ids, merchant, pi, self)) {
    return Refused{AuthCode::pi_auth_mismatch, std::nullopt};
  }
  // 4. … "else cardMerchBrandMismatch".
  if (!of_one_brand(pi.pi_tbs.signer(), pi, self)) {
    return Refused{AuthCode::card_merch_brand_mismatch, std::nullopt};
  }
  const auto refused = [&](AuthCode code) { return Refused{code, pi.head.purch_amt}; };
  // 5. "PI state: already processed and neither declined nor reversed → piPreviouslyUsed."
  if (previously_used(pi_state)) return refused(AuthCode::pi_previously_used);
  // 6. "CheckDigests: HOIData = copy linked in PI, HOD2 = PIHead HOD, else piAuthMismatch":
  // merchant and cardholder mean the same order, at the same amount.
  if (request.hoi_data != pi.hoi_data || request.hod2 != pi.head.hod) {
    return Refused{AuthCode::pi_auth_mismatch, std::nullopt};
  }
  // 7. "PIHead.MerchantID = merchant certificate's merID."
  if (pi.head.merchant_id != merchant.merchant_data()->merchant_id) {
    return Refused{AuthCode::pi_auth_mismatch, std::nullopt};
  }
  // "… or is past valid-until" (protocol §4).
  if (now > pi.pi_tbs->valid_until) return refused(AuthCode::invalid_transaction);
  // 8. "InstallRecurData in AuthReqPayload = that in PIHead": SET/2 has none yet, so nothing may
  // follow on this PI; a merchant that says so would wait for an AuthToken in vain.
  if (request.subsequent_auth_ind) return refused(AuthCode::invalid_transaction);
  // 9. "CaptureNow supported? else captureNotSupported."
  if (request.capture_now && !gateway.capture_now) {
    return refused(AuthCode::capture_not_supported);
  }
  // 10. "Amount sane against PurchAmt and total so far → amountError."
  if (!amount_fits(request.auth_req_amt, pi.head.purch_amt)) {
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

MadeAuthRes approved_auth_res(const AuthorizationTerms& terms, const Approval& approval,
                              const Thumbprint& pe_thumb) {
  auto out = blank_auth_res(terms, pe_thumb);
  out.auth_code = AuthCode::approved;
  out.auth_amt = terms.auth_req_amt;
  out.auth_date = approval.auth_date;
  out.approval_code = approval.approval_code;
  out.resp_reason = approval.resp_reason;
  out.log_ref_id = approval.log_ref_id;
  return {std::move(out), {.cap_token = approval.cap_token, .acq_card_msg = {}, .auth_token = {}}};
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
  return {std::move(out), {}};
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
  return AwaitingAcquirer{.terms = {.auth_rrpid = auth_req.head().rrpid,
                                    .content_digest = auth_req.content_digest(),
                                    .trans_ids = *trans_ids,
                                    .hoi_data = pi.hoi_data,
                                    .hpi_data = pi.pi_tbs->hpi_data,
                                    .merchant = merchant.thumbprint(),
                                    .merchant_id = pi.head.merchant_id,
                                    .purch_amt = pi.head.purch_amt,
                                    .auth_req_amt = auth_req->auth_req_amt,
                                    .capture_now = auth_req->capture_now,
                                    .auth_ret_num = auth_req->auth_ret_num},
                          .received_at = now};
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
                               ByteView token_key, Instant now, Rng& rng) {
  auto& terms = waiting.terms;
  if (answer.code != AuthCode::approved) {
    return Declined{std::move(terms), answer.code, now, answer.resp_reason, answer.log_ref_id};
  }
  // "CapToken: one per approved authorisation" (§3.7).
  const CapTokenBinding binding{terms.merchant_id, terms.trans_ids.xid, terms.auth_rrpid};
  Approval approval{.auth_date = now,
                    .approval_code = answer.approval_code,
                    .resp_reason = answer.resp_reason,
                    .log_ref_id = answer.log_ref_id,
                    .cap_token = make_cap_token(token_key, {terms.auth_req_amt}, binding, rng)};
  if (!terms.capture_now) {
    return Approved{std::move(terms), std::move(approval), answer.hold_expires};
  }
  const auto captured = terms.auth_req_amt;
  return Captured{std::move(terms), std::move(approval), captured, batch_id_of(now), 0};
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
  out.hoi_data = auth_req->hoi_data;
  out.hpi_data = auth_req->hpi_data;
  out.merchant = auth_req.signer().thumbprint();
  out.purch_amt = refused.purch_amt;
  out.auth_code = refused.code;
  out.auth_date = now;
  out.pe_thumb = pe_thumb;
  out.auth_ret_num = auth_req->auth_ret_num;
  return {std::move(out), {}};
}

std::string batch_id_of(Instant now) {
  const auto text = to_string(now);  // "2026-11-22T…"
  return text.substr(0, 4) + text.substr(5, 2) + text.substr(8, 2);
}

}  // namespace set::gateway
