#include "common/daemon/stop.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <climits>
#include <csignal>

#include "common/base/assert.h"

namespace set {
namespace {

// An eventfd and not a condition variable: a signal handler may write to it. It is never read
// (except by forget_stop), so it wakes everybody who waits and everybody who comes later.
int event() {
  static const int fd = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  SET_ASSERT(fd >= 0);
  return fd;
}

// event() once a stop is expected: the handler must not be the one who makes it.
std::atomic<int> signal_event = -1;
std::atomic<bool> requested = false;
std::atomic<int> hangup_count = 0;

void wake(int fd) {
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = ::write(fd, &one, sizeof one);
}

void on_hangup(int) { ++hangup_count; }

void on_signal(int number) {
  const int fd = signal_event.load();
  if (fd < 0 || requested.exchange(true)) ::_exit(128 + number);
  const int saved = errno;
  wake(fd);
  errno = saved;
}

}  // namespace

void install_stop_signals() {
  struct sigaction action = {};
  action.sa_handler = on_signal;
  action.sa_flags = SA_RESTART;
  ::sigaction(SIGTERM, &action, nullptr);
  ::sigaction(SIGINT, &action, nullptr);
}

void expect_stop() {
  signal_event = event();
  struct sigaction action = {};
  action.sa_handler = on_hangup;
  action.sa_flags = SA_RESTART;
  ::sigaction(SIGHUP, &action, nullptr);
}

int hangups() { return hangup_count; }

void request_stop() {
  requested = true;
  wake(event());
}

bool stop_requested() { return requested; }

bool wait_for_stop(Duration at_most) {
  const auto end = std::chrono::steady_clock::now() + at_most;
  while (true) {
    const auto left = std::chrono::ceil<Duration>(end - std::chrono::steady_clock::now());
    const auto timeout = std::clamp<std::int64_t>(left.count(), 0, INT_MAX);
    pollfd poll = {.fd = event(), .events = POLLIN, .revents = 0};
    if (::poll(&poll, 1, static_cast<int>(timeout)) > 0) return true;
    if (std::chrono::steady_clock::now() >= end) return false;
  }
}

void wait_for_stop() {
  while (!wait_for_stop(std::chrono::hours(24))) {
  }
}

void forget_stop() {
  std::uint64_t ignored = 0;
  [[maybe_unused]] const auto read = ::read(event(), &ignored, sizeof ignored);
  requested = false;
}

}  // namespace set
