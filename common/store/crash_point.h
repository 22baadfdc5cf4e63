// Named places where a test may make the process die as by kill -9. Called by Database around every
// commit and by flows where a crash would hurt; does nothing unless SET_CRASH_AT names the place.
#pragma once

#include <string_view>

namespace set {

/// Calls _exit(137) if the environment's SET_CRASH_AT equals `name`: no destructor, no flush. Any
/// thread. A test hook: harmless, since whoever sets a daemon's environment can end it anyway.
void crash_point(std::string_view name);

}  // namespace set
