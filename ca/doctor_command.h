// `doctor`: own directory, database and the own registration port, as each would be met. Called by
// main.
#pragma once

#include "ca/config.h"

namespace set::ca {

/// Errors: the first thing that is wrong; the report says all.
Result<void> run_doctor(const Config& config);

}  // namespace set::ca
