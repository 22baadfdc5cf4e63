#include "common/sandbox/issuer_rules.h"

namespace set {

using iso8583::ResponseCode;

ResponseCode judge_authorization(const SandboxCard* card, const CardExpiry& expiry,
                                 const std::optional<CardVerificationValue>& verification,
                                 const Amount& amount, const CardUse& use, Instant now) {
  if (card == nullptr) return ResponseCode::no_such_card;
  if (card->behaviour == CardBehaviour::decline) return ResponseCode::declined;
  if (card->behaviour == CardBehaviour::referral) return ResponseCode::call_issuer;
  if (card->behaviour == CardBehaviour::expired) return ResponseCode::expired_card;
  if (now >= expiry.end() || now >= card->expiry.end()) return ResponseCode::expired_card;
  if (!card->expiry_fits(expiry)) return ResponseCode::declined;
  // A verification value need not be there, since the cardholder has signed; a wrong one is a no.
  if (verification && !card->verification_fits(verification)) return ResponseCode::declined;
  if (card->velocity && use.recent >= card->velocity->at_most) return ResponseCode::too_often;
  const auto limit = card->limit_in(amount.currency());
  if (!limit || use.used_minor > limit->minor() ||
      amount.minor() > limit->minor() - use.used_minor) {
    return ResponseCode::insufficient_funds;
  }
  return ResponseCode::approved;
}

AVSResult judge_address(const SandboxCard* card, const iso8583::Address& asked) {
  if (card == nullptr || !card->address) return AVSResult::result_unavailable;
  const bool street = asked.street_digits == card->address->street_digits;
  const bool postal_code = asked.postal_code == card->address->postal_code;
  if (street && postal_code) return AVSResult::full_match;
  if (street) return AVSResult::address_match_only;
  return postal_code ? AVSResult::postal_code_match_only : AVSResult::no_match;
}

ResponseCode judge_account(const SandboxCard* card, const CardExpiry& expiry,
                           const std::optional<CardVerificationValue>& verification,
                           std::string_view cardholder_name, Instant now) {
  if (card == nullptr) return ResponseCode::declined;
  const bool expiry_fits = card->expiry_fits(expiry) && expiry.end() > now;
  const bool verification_fits = card->verification_fits(verification);
  const bool name_fits = card->name_fits(cardholder_name);
  return expiry_fits && verification_fits && name_fits ? ResponseCode::approved
                                                       : ResponseCode::declined;
}

}  // namespace set
