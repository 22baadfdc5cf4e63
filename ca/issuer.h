// The card issuer behind the CCA, here a sandbox over the card file: which BINs it serves, and
// whether a card is as it says. Pure; any thread.
#pragma once

#include "common/message/enrollment.h"
#include "common/sandbox/card_file.h"

namespace set::ca {

class Issuer {
 public:
  explicit Issuer(CardFile cards) : cards_(std::move(cards)) {}

  bool serves(std::string_view bin) const { return cards_.serves_bin(bin); }
  const std::string& name() const { return cards_.issuer(); }
  /// The issuer's answer to the registration form: number, expiry, verification value and the
  /// cardholder's name are those of a card of ours that has not expired. One answer for all.
  bool vouches_for(const PANData0& card, std::string_view cardholder_name, Instant now) const;
  /// For a renewal: the card is still one of ours, with this expiry. Who it belongs to was answered
  /// when it was registered.
  bool still_vouches_for(const PANData0& card, Instant now) const;

 private:
  CardFile cards_;
};

}  // namespace set::ca
