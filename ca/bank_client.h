// The issuer's bank, asked over ISO 8583 whether a card is as its holder says (docs/iso8583.md,
// account check): what `serve --bank tcp://…` puts in the card file's place. Any thread.
#pragma once

#include "common/base/time.h"
#include "common/crypto/random.h"
#include "common/iso8583/link.h"

namespace set::ca {

class BankClient {
 public:
  /// `patience`: how long an answer may take.
  BankClient(iso8583::BankAddress address, Duration patience, Clock clock, Rng& rng);

  /// As Issuer::vouches_for. peer_unavailable: no answer in time; nothing was decided.
  Result<bool> vouches_for(const PANData0& card, std::string_view cardholder_name);

 private:
  Duration patience_;
  Clock clock_;
  Rng& rng_;
  iso8583::Link link_;
};

}  // namespace set::ca
