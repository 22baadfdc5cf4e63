// `authorize`, `capture`, `reverse`, `refund`, `void-refund`, `void-capture`: the operator's
// commands about the money of an order, beside the running daemon. A command writes down what is
// wanted, where the database refuses what does not fit; the daemon, which alone has the keys, asks
// the gateway; the command waits for what it says. Called by main.
#pragma once

#include "merchant/config.h"

namespace set::merchant {

/// Prints {"rrpid", "state", "code", "items": [{"order", "payment", …}]}: state is done, refused or
/// unknown. Errors: not_found, invalid_argument, conflict: nothing was asked; declined: the gateway
/// said no; outcome_unknown: it has not answered yet, and will be asked until it does.
Result<void> run_payment(const Config& config);

}  // namespace set::merchant
