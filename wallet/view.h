// From states to the messages of the local API, the only form in which a purchase leaves the daemon.
// Pure.
#pragma once

#include "set/v1/local.pb.h"
#include "wallet/card_entry.h"
#include "wallet/purchase_state.h"
#include "wallet/card.h"

namespace set::wallet {

wire::Purchase to_local(const PurchaseState& state);
wire::Card to_local(const CardView& card);
wire::OfferResponse to_local(const Offered& offered, const CardView& card);
wire::SealedEntry to_local(const SealedEntry& entry);
SealedEntry from_local(const wire::SealedEntry& entry);

/// approved, declined, order_rejected, unknown, rejected, offered.
std::string_view outcome_word(const PurchaseState& state);

}  // namespace set::wallet
