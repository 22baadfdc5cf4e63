#include "ca/issuer.h"

namespace set::ca {

bool Issuer::vouches_for(const PANData0& card, std::string_view cardholder_name,
                         Instant now) const {
  const auto* known = cards_.find(card.pan);
  if (known == nullptr) return false;
  const bool expiry = known->expiry_fits(card.expiry) && card.expiry.end() > now;
  const bool verification = known->verification_fits(card.cvv);
  const bool name = known->name_fits(cardholder_name);
  return expiry && verification && name;
}

}  // namespace set::ca
