#include "common/daemon/patience.h"

#include <algorithm>
#include <atomic>

namespace set {
namespace {

using Steady = std::chrono::steady_clock;

// Ticks of the steady clock; zero: no limit.
std::atomic<Steady::rep> end_of_waiting = 0;

}  // namespace

void limit_waiting(Duration in_all) {
  end_of_waiting = (Steady::now() + in_all).time_since_epoch().count();
}

Duration waiting_time(Duration wished) {
  const auto end = end_of_waiting.load();
  if (end == 0) return wished;
  const auto left = Steady::time_point(Steady::duration(end)) - Steady::now();
  return std::clamp(std::chrono::ceil<Duration>(left), Duration::zero(), wished);
}

bool waiting_is_over() {
  const Duration any(1);
  return waiting_time(any) < any;
}

void forget_waiting_limit() { end_of_waiting = 0; }

NobodyWaits::NobodyWaits() : begun_(Steady::now()) {}

NobodyWaits::~NobodyWaits() {
  if (end_of_waiting != 0) end_of_waiting += (Steady::now() - begun_).count();
}

}  // namespace set
