// What waits in the merchant's database, for the figures (common/daemon/observation.h). Read by main.
#pragma once

#include "common/daemon/observation.h"

namespace set::merchant {

inline constexpr Queue kQueues[] = {
    // The resolver's: requests to the gateway that are not answered.
    {"gateway_requests",
     "SELECT COUNT(*), MIN(waiting_since) FROM requests WHERE state IN ('wanted', 'asked')"},
    // Authorisations that are being cancelled.
    {"cancellations", "SELECT COUNT(*), MIN(waiting_since) FROM requests WHERE state = 'parked'"},
    // Events that webhooks have not taken.
    {"webhook_deliveries", "SELECT COUNT(*), MIN(since) FROM deliveries WHERE state = 'waiting'"},
};

}  // namespace set::merchant
