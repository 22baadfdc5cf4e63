// `doctor`: own directory, database and CA, as each would be met. Called by main.
#pragma once

#include "gateway/config.h"

namespace set::gateway {

/// Errors: the first thing that is wrong; the report says all.
Result<void> run_doctor(const Config& config);

}  // namespace set::gateway
