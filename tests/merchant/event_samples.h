// One event of each type, always the same: docs/events.md shows them, event_test.cpp compares.
#pragma once

#include "merchant/event.h"

namespace set::merchant::test {

/// Numbered as docs/events.md has them, in the order of event_types().
std::vector<ShopEvent> sample_events();

}  // namespace set::merchant::test
