// How long a command waits for others in all: what --timeout says. Whatever waits for a peer, a CA's
// decision or a daemon asks here how long it may, so that the times of many steps do not add up.
// Without --timeout each step has its own time. Any thread; limit_waiting() before there are others.
#pragma once

#include "common/base/time.h"

namespace set {

/// From now on, all waiting together.
void limit_waiting(Duration in_all);
/// `wished`, or what is left if that is less; never below zero.
Duration waiting_time(Duration wished);
/// There was a limit, and nothing of it is left.
bool waiting_is_over();
/// For tests.
void forget_waiting_limit();

/// The clock stands as long as this lives: a person is asked, which is no waiting for others.
class NobodyWaits {
 public:
  NobodyWaits();
  ~NobodyWaits();
  NobodyWaits(const NobodyWaits&) = delete;
  NobodyWaits& operator=(const NobodyWaits&) = delete;

 private:
  std::chrono::steady_clock::time_point begun_;
};

}  // namespace set
