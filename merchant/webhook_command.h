// `set-merchant webhook …`: where events are sent. The commands write what they want into the
// database beside a running daemon, which sends; `add` and `rotate` need what opens keys.set, since
// they print a secret. Called by main.
#pragma once

#include "merchant/config.h"

namespace set::merchant {

/// Errors: invalid_argument (a URL, type or id that will not do), not_found, conflict (enabled or
/// disabled already), wrong_passphrase; of `test` also outcome_unknown (no answer yet) and
/// peer_unavailable (the answer was no).
Result<void> run_webhook(const Config& config);

}  // namespace set::merchant
