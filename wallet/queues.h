// What waits in the wallet's database, for the figures (common/daemon/observation.h). Read by main.
#pragma once

#include "common/daemon/observation.h"

namespace set::wallet {

inline constexpr Queue kQueues[] = {
    {"unanswered_purchases",
     "SELECT COUNT(*), MIN(ordered_at) FROM purchases WHERE state IN ('awaiting_pres', 'ordered')"},
};

}  // namespace set::wallet
