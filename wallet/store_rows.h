// From a row of the table `purchases` to a state. Only store.cpp includes this.
#pragma once

#include "common/store/database.h"
#include "wallet/purchase_state.h"

namespace set::wallet {

/// The columns in the order that state_of() reads.
#define SET_PURCHASE_COLUMNS                                                                    \
  "lid_c, state, card, trans_ids, chall_c, chall_m, order_description, currency, amount_minor, " \
  "offer_ends, brand, address, merchant, merchant_key_exchange, gateway, certificates, "        \
  "offer_evidence, rrpid, hoi_data, hpi_data, oi_data, order_evidence, ordered_at, sends, "     \
  "completion_code, auth_code, auth_date, auth_minor, approval_code, answer_challenge, "        \
  "by_inquiry, answer_evidence, answered_at, error_code"

/// bad_config if a stored part does not parse any more.
Result<PurchaseState> state_of(const Row& row);

/// Certificates as one blob, and back.
Bytes certificates_blob(std::span<const Certificate> certificates);
Result<std::vector<Certificate>> certificates_of_blob(ByteView blob);

}  // namespace set::wallet
