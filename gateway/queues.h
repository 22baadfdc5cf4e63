// What waits in the gateway's database, for the figures (common/daemon/observation.h). Read by main.
#pragma once

#include "common/daemon/observation.h"

namespace set::gateway {

inline constexpr Queue kQueues[] = {
    // Store and forward: what the bank has yet to hear.
    {"bank_messages",
     "SELECT COUNT(*), MIN(asked_at) FROM acquirer_questions"
     " WHERE message IS NOT NULL AND response_code IS NULL"},
    // Of them, those whose answers could not be understood: a person sends them again.
    {"parked_bank_messages",
     "SELECT COUNT(*), MIN(parked_at) FROM acquirer_questions WHERE parked_at IS NOT NULL"},
    {"open_authorizations",
     "SELECT COUNT(*), MIN(received_at) FROM authorizations WHERE state = 'awaiting_acquirer'"},
    {"open_payments",
     "SELECT COUNT(DISTINCT r.rrpid), MIN(r.received_at) FROM payment_requests r"
     " JOIN payment_items i ON i.merchant = r.merchant AND i.message = r.message"
     " AND i.rrpid = r.rrpid WHERE i.state = 'pending'"},
};

}  // namespace set::gateway
