// Signers who hold a key and some certificate, but not the one that the message needs.
#pragma once

#include "tests/flow/stage.h"

namespace set::flow {

struct Impostor {
  std::string name;
  std::shared_ptr<const Party> party;
  Word expected;
};

/// All that can be wrong with a signature certificate in the place of `honest`, which has this
/// role. `of_other_brand` is the answer to a good certificate of another brand under the same root.
std::vector<Impostor> impostors_of(Role role, const Certificate& honest, Instant now,
                                   const Word& of_other_brand);

/// A good message-signature certificate of the brand for the authority of one role alone.
std::shared_ptr<const Party> authority_for(Role role);

/// The request, signed by this party and with its chain.
Forged signed_by(const Exchange& exchange, const Party& party);
/// The PI in it (an AuthReq's), signed by this party and with its chain.
Forged pi_signed_by(const Exchange& exchange, const Party& party);
/// The answer, signed by this party, with its chain before the certificates that came with it.
Forged answer_signed_by(const Exchange& exchange, ByteView answer, const Party& party);

}  // namespace set::flow
