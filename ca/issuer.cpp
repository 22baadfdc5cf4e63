#include "ca/issuer.h"

#include "common/sandbox/issuer_rules.h"

namespace set::ca {

bool Issuer::vouches_for(const PANData0& card, std::string_view cardholder_name,
                         Instant now) const {
  return judge_account(cards_.find(card.pan), card.expiry, card.cvv, cardholder_name, now) ==
         iso8583::ResponseCode::approved;
}

bool Issuer::still_vouches_for(const PANData0& card, Instant now) const {
  const auto* known = cards_.find(card.pan);
  return known != nullptr && known->expiry_fits(card.expiry) && card.expiry.end() > now;
}

}  // namespace set::ca
