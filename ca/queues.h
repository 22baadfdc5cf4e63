// What waits in the CA's database, for the figures (common/daemon/observation.h). Read by main.
#pragma once

#include "common/daemon/observation.h"

namespace set::ca {

inline constexpr Queue kQueues[] = {
    {"requests_to_decide",
     "SELECT COUNT(*), MIN(asked_at) FROM pended_requests WHERE decision = 'none'"},
};

}  // namespace set::ca
