#include "gateway/authorization_reversal.h"

namespace set::gateway {
namespace {

/// Only a sale whose AuthRes was lost is cancelled with its capture, and only while nothing else
/// happened to it and its batch still takes items.
bool is_untouched_sale(const Standing& standing, const Live& live, const ItemFacts& facts) {
  return standing.terms.capture_now && live.capturing_minor == 0 && live.credited_minor == 0 &&
         live.captured_minor == live.authorized_minor && facts.original &&
         facts.original->state == ItemState::done && !facts.original_undone &&
         facts.original_batch_is_open;
}

ItemDecision accept_cancellation(const AskedItem& asked, const ItemFacts& facts,
                                 const Granted& granted) {
  // An AuthReq that never came is kept from coming; what holds nothing has nothing to undo.
  if (!facts.standing || !std::holds_alternative<Live>(facts.standing->state)) return granted;
  const auto& live = std::get<Live>(facts.standing->state);
  if (live.captured_minor == 0 && live.capturing_minor == 0) return granted;
  // "Cancels (0) an authorisation not yet captured."
  if (asked.cap_token.empty() && is_untouched_sale(*facts.standing, live, facts)) return granted;
  return ItemCode(AuthRevCode::invalid_transaction);
}

ItemDecision accept_lowering(const AskedItem& asked, const ItemFacts& facts,
                             const Granted& granted) {
  const auto* live = facts.standing ? std::get_if<Live>(&facts.standing->state) : nullptr;
  if (live == nullptr || live->final || facts.standing->terms.capture_now) {
    return ItemCode(AuthRevCode::invalid_transaction);
  }
  const auto& amount = *asked.amount;
  if (amount.currency() != facts.standing->terms.auth_req_amt.currency()) {
    return ItemCode(AuthRevCode::invalid_amount);
  }
  // "AuthNewAmt ≤ old": less, or there is nothing to do; and not below what was captured of it.
  if (amount.minor() >= live->authorized_minor ||
      amount.minor() < live->captured_minor + live->capturing_minor) {
    return ItemCode(AuthRevCode::amount_error);
  }
  return granted;
}

}  // namespace

Result<AskedRequest> accept_auth_rev_req(const Verified<AuthRevReq>& request, ByteView baggage,
                                         const Party& self, const GatewayTerms& gateway,
                                         Instant now) {
  TRY(check_merchant(request.signer(), self, gateway));
  const auto& trans_ids = request.head().trans_ids;
  CHECK_OR_FAIL(trans_ids, ErrorCode::decoding_failure, "an AuthRevReq without TransIDs");
  auto opened = TRY(from_wire(TRY(parse_as<wire::AuthRevReqBaggage>(baggage))));
  auto out = asked_request(request, "AuthRevReq", now);
  out.head.auth_ret_num = request->auth_ret_num;
  out.items.push_back({.kind = request->auth_new_amt ? ItemKind::lowering : ItemKind::cancellation,
                       .trans_ids = *trans_ids,
                       .auth_rrpid = request->auth_rrpid,
                       .amount = request->auth_new_amt,
                       .cap_token = std::move(opened.cap_token)});
  return out;
}

ItemDecision accept_auth_rev_item(const AskedItem& asked, const ItemFacts& facts,
                                  const RRPID& request, ByteView token_key) {
  const bool cancels = asked.kind == ItemKind::cancellation;
  if (facts.standing && !same_purchase(asked.trans_ids, facts.standing->terms.trans_ids)) {
    return ItemCode(AuthRevCode::invalid_transaction);
  }
  const Granted granted{acquirer_name(request, asked.auth_rrpid), std::nullopt, ""};
  // Cancelled once more, perhaps with the token that the first time made void.
  if (cancels && facts.standing && std::holds_alternative<NothingHeld>(facts.standing->state)) {
    return granted;
  }
  if (!asked.cap_token.empty() || !cancels) {
    // A token is of an approval that we made: without one it is nothing of ours.
    const auto fault = facts.standing ? check_cap_token(asked, *facts.standing, token_key)
                                      : std::optional(TokenFault::invalid);
    if (asked.cap_token.empty()) return ItemCode(AuthRevCode::missing_cap_token);
    if (fault) return ItemCode(AuthRevCode::invalid_cap_token);
  }
  return cancels ? accept_cancellation(asked, facts, granted)
                 : accept_lowering(asked, facts, granted);
}

MadeAuthRevRes make_auth_rev_res(const PaymentRequest& request, const Bytes& auth_token,
                                 const Thumbprint& pe_thumb) {
  const auto& item = request.items.at(0);
  const bool approved = item.state == ItemState::done;
  MadeAuthRevRes out;
  out.message = {.auth_rev_code = static_cast<AuthRevCode>(item.code.value().number),
                 .auth_rrpid = item.asked.auth_rrpid,
                 .auth_new_amt = approved ? item.asked.amount : std::nullopt,
                 .auth_rev_date = item.decided_at,
                 .log_ref_id = "",
                 .pe_thumb = pe_thumb,
                 .auth_ret_num = request.auth_ret_num};
  // "M replaces tokens with the new ones, or drops them on full reversal." The AuthToken is the
  // purchase's, and stays what it is as long as the purchase goes on.
  if (approved) out.baggage = {.cap_token_new = item.cap_token_new, .auth_token_new = auth_token};
  return out;
}

}  // namespace set::gateway
