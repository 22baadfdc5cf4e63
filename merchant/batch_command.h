// `batch open`, `batch close`, `batch show`, `batch report`: the operator's commands about batches,
// beside the running daemon. Called by main.
#pragma once

#include "merchant/config.h"

namespace set::merchant {

/// `open`, `close`, `show`: asks the gateway and compares its sums with ours.
/// Errors: not_found, conflict; declined: the gateway said another BAStatus than success;
/// outcome_unknown; verification_failed: the sums differ.
Result<void> ask_about_batch(const Config& config);

/// Those we know of, youngest first.
Result<void> list_batches(const Config& config);

/// The settlement report, from our own books and the gateway's last word. not_found.
Result<void> report_batch(const Config& config);

}  // namespace set::merchant
