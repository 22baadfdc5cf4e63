// The dual signature taken apart and put together again, as only cardholder and gateway can.
#pragma once

#include "common/message/account.h"
#include "tests/flow/forge.h"

namespace set::flow {

/// Everything under one dual signature, in the clear.
struct Dual {
  wire::PITBS pi_tbs;
  wire::OIData oi_data;
  wire::PIHead pi_head;
  wire::PIOILink link;
  std::shared_ptr<const SecretBytes> account;
  Certificate gateway;  ///< the PI is sealed to it
  std::shared_ptr<const Party> cardholder;
};

/// The PI of a PReq's or an AuthReq's baggage. `oi_data` only from a PReq.
Dual open_dual(const wire::Signed& pi_tbs, const wire::Sealed& sealed, const std::string& oi_data,
               const Exchange& exchange);
/// Every digest anew from what it is of: HOIData, PANData's, HPIData, in the link and in PI-TBS.
/// After a change of OIData, PIHead or the account block.
void bind(Dual& dual, bool order_known);

struct SignedPI {
  wire::Signed pi_tbs;
  wire::Sealed sealed;
};
SignedPI sign(const Dual& dual);

/// A PReq or an AuthReq with this dual signature instead of its own. The AuthReq's merchant states
/// the digests that it sees.
Forged with_dual(const Exchange& exchange, const Dual& dual);
/// … and these certificates beside it.
Forged with_dual(const Exchange& exchange, const Dual& dual, const Chain& cardholder);
Dual dual_of(const Exchange& exchange);

}  // namespace set::flow
