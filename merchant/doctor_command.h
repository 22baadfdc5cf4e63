// `doctor`: own directory, database, gateway, CA and the own shop port, as each would be met.
// Called by main.
#pragma once

#include "merchant/config.h"

namespace set::merchant {

/// Errors: the first thing that is wrong; the report says all.
Result<void> run_doctor(const Config& config);

}  // namespace set::merchant
