// set-ca audit: the log of every request, read and verified beside a running serve. One thread.
#pragma once

#include "ca/config.h"

namespace set::ca {

Result<void> list_audit(const Config& config);
/// verification_failed (exit code 9) names the first entry that was changed.
Result<void> verify_audit(const Config& config);

}  // namespace set::ca
