// `queue list|retry`: what the bank must still hear, and what is parked because its answers could
// not be understood (iso8583_store.h). Beside a running daemon. Called by main.
#pragma once

#include "gateway/config.h"

namespace set::gateway {

/// Errors: storage_unavailable; not_found: nothing of that number is parked.
Result<void> run_queue(const Config& config);

}  // namespace set::gateway
