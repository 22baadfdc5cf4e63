// Root rollover at the programs that trust a root: they look now and then where their trust came
// from, and take the successors that the trusted root has announced (Trust::renew). No new
// fingerprint is needed, and no restart. Used by merchant and gateway; the wallet has its own place
// for what is kept.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>

#include "common/base/live_setting.h"
#include "common/base/time.h"
#include "common/enrollment/trust_source.h"

namespace set {

inline constexpr Duration kTrustEvery = std::chrono::minutes(10);

/// Where to look later: kept beside the identity. A file that somebody brought by hand is not
/// looked for again.
Result<void> save_trust_source(const std::filesystem::path& directory, const TrustSource& source);

/// One look: true if there are new roots, which then stand in DIR/trust.pem, too.
/// peer_unavailable, verification_failed: what is trusted stays.
Result<bool> renew_trust(const Trust& trust, const std::filesystem::path& directory, Instant now);

/// Looks at once, then every `every`, until the process is told to stop. Says in the log what came.
/// `trust` gives what the daemon has at that time.
void keep_trust_until_stop(const std::function<std::shared_ptr<const Trust>()>& trust,
                           const std::filesystem::path& directory, const LiveSetting<Duration>& every,
                           const Clock& clock);

}  // namespace set
