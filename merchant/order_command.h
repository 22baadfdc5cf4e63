// `order create`, `order list`, `order show`: the operator's commands, beside the running daemon.
// Called by main.
#pragma once

#include "merchant/config.h"

namespace set::merchant {

/// Prints the payment link, alone on a line, or {"order", "link", "amount", "expires_at"}. The link
/// is printed this once: only a digest of its secret is kept.
Result<void> create_order(const Config& config);
Result<void> list_orders(const Config& config);
Result<void> show_order(const Config& config);

}  // namespace set::merchant
