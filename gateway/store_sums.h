// The sums of an authorisation and its PI, as items of it are accepted and decided: steps of the
// transactions of store_payments.cpp, as SQL. Any thread (see Database).
#pragma once

#include "common/store/database.h"
#include "gateway/payment_item.h"

namespace set::gateway::sums {

/// When an item is accepted: what may still be refused is set aside.
Result<void> set_aside(Transaction& t, const AskedItem& asked, Instant now,
                       const std::string& merchant_id, bool is_known_authorization);
/// When it is done. `previous_minor`: what stood before a lowering or cancellation.
Result<void> settle_done(Transaction& t, const PaymentItem& item, std::int64_t previous_minor,
                         const std::string& merchant_id, const Bytes& cap_token_new, Instant now);
/// When the acquirer refused it: what was set aside is as it was.
Result<void> settle_refused(Transaction& t, const PaymentItem& item, std::int64_t previous_minor);

}  // namespace set::gateway::sums
