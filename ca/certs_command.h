// set-ca certs: looking at the certificates that the CA issued, and linting them. Beside a running
// serve. One thread.
#pragma once

#include "ca/config.h"

namespace set::ca {

/// By pages: the whole list is never in memory.
Result<void> list_certificates(const Config& config);
/// not_found.
Result<void> show_certificate(const Config& config);
/// verification_failed (exit code 9) if a rule is broken.
Result<void> lint_certificates(const Config& config);

}  // namespace set::ca
