// How a daemon is asked to stop: SIGTERM or SIGINT, seen by whoever waits. Any thread.
#pragma once

#include "common/base/time.h"

namespace set {

/// Installed by run(). Until expect_stop() a signal ends the process at once with 128 + its number
/// (130 for Ctrl-C), which is right for commands; unlike the system's default this also works for
/// process 1 of a container.
void install_stop_signals();

/// A server's promise to wait for the stop: from now on the first signal only asks. A second one
/// ends the process at once. From then on SIGHUP asks for another look at the own files and settings.
void expect_stop();

/// How many SIGHUPs came so far: whoever looks again at files remembers which it has seen.
int hangups();

/// The same as a first signal after expect_stop(); for tests and for a daemon that gives up.
void request_stop();
bool stop_requested();

/// Sleeps until a stop is requested (true) or the time is over (false).
bool wait_for_stop(Duration at_most);
void wait_for_stop();

/// For tests that start and stop several servers in one process.
void forget_stop();

}  // namespace set
