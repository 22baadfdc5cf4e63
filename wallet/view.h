// From states to the messages of the local API, the only form in which a purchase leaves the daemon.
// Pure.
#pragma once

#include "common/message/card_message.h"
#include "set/v1/local.pb.h"
#include "wallet/card_entry.h"
#include "wallet/purchase_state.h"
#include "wallet/card.h"

namespace set::wallet {

/// `messages`: the acquirer's words, one place for each authorisation, or none at all.
wire::Purchase to_local(const PurchaseState& state,
                        std::span<const std::optional<AcqCardCodeMsg>> messages = {});
wire::Card to_local(const CardView& card);
wire::OfferResponse to_local(const Offered& offered, const CardView& card);
wire::SealedEntry to_local(const SealedEntry& entry);
SealedEntry from_local(const wire::SealedEntry& entry);

/// approved, declined, order_rejected, unknown, rejected, offered.
std::string_view outcome_word(const PurchaseState& state);

}  // namespace set::wallet
