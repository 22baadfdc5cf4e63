// What a purchase became: authorisations, captures and credits, as PRes and InqRes tell them
// (set-1997 §3.4), held against what the cardholder signed; and the mandate in plain words.
// Called by purchase.cpp, receipt.cpp and view.cpp. Pure; any thread.
#pragma once

#include "wallet/purchase_state.h"

namespace set::wallet {

/// Nothing that the merchant says was charged may go beyond what was signed: each amount in the
/// order's currency, all authorisations together at most PurchAmt, each within the mandate,
/// captured ≤ authorised, credited ≤ captured (protocol §7).
/// Errors: wrapper_msg_mismatch.
Result<void> check_payments(const Offer& offer, std::span<const PResPayload> payloads);

/// "up to 3 instalments, at most 20.00 EUR each"; "at most 9.90 EUR, every 30 days at the most, until
/// 2027-11-30".
std::string mandate_words(const InstallRecurData& mandate);

/// What the merchant signed, out of the evidence that was kept of it. Errors: bad_config.
Result<std::optional<InstallRecurData>> mandate_of_evidence(ByteView pinit_res);
Result<std::vector<PResPayload>> payloads_of_evidence(ByteView pres_or_inq_res);

}  // namespace set::wallet
