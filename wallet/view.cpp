#include "wallet/view.h"

#include "wallet/payments.h"

namespace set::wallet {
namespace {

void put_outcome(const Outcome& outcome, wire::Purchase& out) {
  out.set_completion_code(std::string(to_string(outcome.completion_code)));
  out.set_answered_at_ms(to_millis(outcome.answered_at));
  if (!outcome.auth_status) return;
  out.set_auth_code(std::string(to_string(outcome.auth_status->auth_code)));
  out.set_approval_code(outcome.auth_status->approval_code);
}

wire::Mandate mandate_of(const InstallRecurData& mandate) {
  wire::Mandate out;
  if (const auto* parts = std::get_if<InstallTotalTrans>(&mandate.terms)) {
    out.set_count(parts->count);
  } else {
    const auto& recurring = std::get<Recurring>(mandate.terms);
    out.set_frequency_days(recurring.frequency_days);
    out.set_expiry_ms(to_millis(recurring.expiry));
  }
  out.set_max_amount(to_string(mandate.max_amt));
  out.set_words(mandate_words(mandate));
  return out;
}

wire::CardMessage message_of(const AcqCardCodeMsg& message) {
  wire::CardMessage out;
  out.set_code(std::string(to_string(message.code)));
  out.set_text(message.text);
  out.set_url(message.url);
  out.set_phone(message.phone);
  return out;
}

wire::Payment payment_of(const PResPayload& payload) {
  const auto& status = payload.auth_status;
  wire::Payment out;
  out.set_auth_code(std::string(to_string(status.auth_code)));
  if (status.auth_amt) out.set_authorized(to_string(*status.auth_amt));
  out.set_approval_code(status.approval_code);
  out.set_auth_date_ms(to_millis(status.auth_date));
  if (status.curr_conv && status.auth_amt) {
    out.set_conversion(to_string(*status.curr_conv, status.auth_amt->currency()));
  }
  const auto& capture = payload.cap_status;
  if (capture && capture->cap_amt) out.set_captured(to_string(*capture->cap_amt));
  for (const auto& credit : payload.cred_status_seq) {
    if (credit.credit_amt) out.add_credited(to_string(*credit.credit_amt));
  }
  return out;
}

}  // namespace

std::string_view outcome_word(const PurchaseState& state) {
  if (std::holds_alternative<Offered>(state)) return "offered";
  if (std::holds_alternative<Rejected>(state)) return "rejected";
  const auto* completed = std::get_if<Completed>(&state);
  if (completed == nullptr) return "unknown";
  if (completed->outcome.approved()) return "approved";
  return completed->outcome.auth_status ? "declined" : "order_rejected";
}

wire::Purchase to_local(const PurchaseState& state,
                        std::span<const std::optional<AcqCardCodeMsg>> messages) {
  const auto& offer = offer_of(state);
  wire::Purchase out;
  out.set_xid(offer.trans_ids.xid.str());
  out.set_state(std::string(state_name(state)));
  out.set_outcome(std::string(outcome_word(state)));
  out.set_merchant_name(offer.merchant.signature.common_name());
  if (offer.trans_ids.lid_m) out.set_order(offer.trans_ids.lid_m->value);
  out.set_amount(to_string(offer.purch_amt));
  out.set_description(offer.order_description);
  out.set_card(offer.card);
  if (const auto* order = order_of(state)) out.set_ordered_at_ms(to_millis(order->ordered_at));
  if (offer.install_recur) *out.mutable_mandate() = mandate_of(*offer.install_recur);
  if (const auto* completed = std::get_if<Completed>(&state)) {
    put_outcome(completed->outcome, out);
    for (const auto& payload : completed->outcome.payloads) *out.add_payments() = payment_of(payload);
    for (std::size_t i = 0; i < messages.size(); ++i) {
      if (messages[i]) *out.mutable_payments(static_cast<int>(i))->mutable_message() = message_of(*messages[i]);
    }
  }
  if (const auto* rejected = std::get_if<Rejected>(&state)) {
    out.set_error_code(std::string(to_string(rejected->code)));
  }
  return out;
}

wire::Card to_local(const CardView& card) {
  wire::Card out;
  out.set_number(card.number);
  out.set_masked(card.masked);
  out.set_brand(card.brand);
  out.set_issuer(card.issuer);
  out.set_not_after_ms(to_millis(card.not_after));
  out.set_certificate(card.certificate.hex());
  out.set_renew_from_ms(to_millis(card.renew_from));
  return out;
}

wire::OfferResponse to_local(const Offered& offered, const CardView& card) {
  const auto& offer = offered.offer;
  const auto& merchant = *offer.merchant.signature.merchant_data();
  wire::OfferResponse out;
  out.set_offer_id(offer.trans_ids.lid_c.value);
  out.set_merchant_name(merchant.name);
  out.set_merchant_city(merchant.city);
  out.set_merchant_country(merchant.country);
  out.set_amount(to_string(offer.purch_amt));
  out.set_description(offer.order_description);
  out.set_offer_ends_ms(to_millis(offer.offer_ends));
  *out.mutable_card() = to_local(card);
  if (offer.install_recur) *out.mutable_mandate() = mandate_of(*offer.install_recur);
  out.set_xid(offer.trans_ids.xid.str());
  return out;
}

wire::SealedEntry to_local(const SealedEntry& entry) {
  wire::SealedEntry out;
  out.set_encapsulated(string_of(entry.encapsulated));
  out.set_ciphertext(string_of(entry.ciphertext));
  return out;
}

SealedEntry from_local(const wire::SealedEntry& entry) {
  return {bytes_of(view_of(entry.encapsulated())), bytes_of(view_of(entry.ciphertext()))};
}

}  // namespace set::wallet
