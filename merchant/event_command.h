// `set-merchant event list`: the event feed on standard output, a line for each, also while the daemon
// runs. Called by main.
#pragma once

#include "merchant/config.h"

namespace set::merchant {

/// A table, or with --json one JSON object a line: the very bytes that webhooks get.
/// Errors: not_found (a cursor that is forgotten or never was), invalid_argument.
Result<void> show_events(const Config& config);

/// "17": invalid_argument for anything else.
Result<std::int64_t> parse_cursor(const std::string& text);

}  // namespace set::merchant
