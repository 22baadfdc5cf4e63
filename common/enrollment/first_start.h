// `serve --enroll`: a daemon of a merchant or a gateway that gets its certificates at its first
// start, and finds them at every later one. It waits for its CA as long as it takes, so that both
// may be started in any order. Called by main before threads exist.
#pragma once

#include <filesystem>
#include <functional>

#include "common/base/log.h"
#include "common/enrollment/enrollment_flags.h"

namespace set {

/// Runs `enroll` unless the directory has certificates; what waiting may mend (nobody answers, an
/// operator has not decided) is said in the log and tried again. A crash in it is taken up by the
/// next start. Errors: enroll's others; bad_config if the certificates are of another CA than
/// party.trust names.
Result<void> enroll_at_first_start(const std::filesystem::path& directory,
                                   const PartyEnrollment& party, Instant now,
                                   const std::function<Result<void>()>& enroll);

/// Calls `attempt` until it succeeds or fails with what waiting does not mend. `what` is for the
/// log: "waiting to be enrolled". Success also if the process is told to stop.
Result<void> try_until_done(Event what, const std::function<Result<void>()>& attempt);

/// bad_config, with what to do, unless the trust file is of the root with this fingerprint. Without
/// a fingerprint everything is. `where` holds what was certified: "the directory /var/lib/set/shop".
Result<void> check_same_root(std::string_view trust_pem, const std::string& root_fingerprint,
                             Instant now, const std::string& where);

}  // namespace set
