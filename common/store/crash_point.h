// Named places where a test may make the process die as by kill -9, and a race that a test may make
// a transaction lose. Called by Database around every commit and by flows where a crash would hurt;
// does nothing unless the environment says so.
#pragma once

#include <string_view>

namespace set {

/// Calls _exit(137) if the environment's SET_CRASH_AT equals `name`: no destructor, no flush. Any
/// thread. A test hook: harmless, since whoever sets a daemon's environment can end it anyway.
void crash_point(std::string_view name);

/// Whether this transaction must lose as if against another one: with SET_LOSE_RACES in the
/// environment each does at its first attempt, so that a test sees whether all can run again. As
/// harmless.
bool loses_race(int attempt);

}  // namespace set
