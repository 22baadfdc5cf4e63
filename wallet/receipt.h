// The receipt: what a cardholder can prove of a finished purchase, from what was signed by both sides
// (set-1997 §5.2: "produce evidence that a liability rule can use"). Everything is verified anew, as of
// the time of the purchase. Called by service.cpp. Pure.
#pragma once

#include "wallet/purchase_state.h"

namespace set::wallet {

struct Receipt {
  std::vector<std::string> proofs;  ///< one sentence for each thing that holds
};

/// Verifies, from the stored evidence alone: the own dual signature and chain; OIData, HOD, order and
/// amount under it; the merchant's offer, its signature and chain; the merchant's answer, its
/// signature and chain, and that it repeats digests, gateway, amount and challenge.
/// Errors: verification_failed, with what does not hold.
Result<Receipt> verify_receipt(const Completed& purchase, const Chain& cardholder,
                               const Trust& trust);

}  // namespace set::wallet
