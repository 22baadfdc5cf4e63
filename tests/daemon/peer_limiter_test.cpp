#include "common/daemon/peer_limiter.h"

#include <catch2/catch_test_macros.hpp>

namespace set {

using Verdict = PeerLimiter::Verdict;

TEST_CASE("an address may burst, then goes at its rate; others are not concerned") {
  PeerLimiter limiter({.per_second = 2, .burst = 3});
  auto now = from_millis(1'000'000);
  for (int i = 0; i < 3; ++i) CHECK(limiter.take("192.0.2.1", now) == Verdict::allowed);
  CHECK(limiter.take("192.0.2.1", now) == Verdict::first_refusal);
  CHECK(limiter.take("192.0.2.1", now) == Verdict::refused);
  CHECK(limiter.take("192.0.2.2", now) == Verdict::allowed);
  now += std::chrono::milliseconds(500);
  CHECK(limiter.take("192.0.2.1", now) == Verdict::allowed);
  CHECK(limiter.take("192.0.2.1", now) == Verdict::first_refusal);
  now += std::chrono::hours(1);
  for (int i = 0; i < 3; ++i) CHECK(limiter.take("192.0.2.1", now) == Verdict::allowed);
  CHECK(limiter.take("192.0.2.1", now) == Verdict::first_refusal);
}

TEST_CASE("a clock that goes back gives nobody anything") {
  PeerLimiter limiter({.per_second = 1000, .burst = 1});
  const auto now = from_millis(1'000'000);
  CHECK(limiter.take("a", now) == Verdict::allowed);
  CHECK(limiter.take("a", now - std::chrono::hours(1)) == Verdict::first_refusal);
}

TEST_CASE("many addresses at once take bounded memory, and what comes by no network is not counted") {
  PeerLimiter limiter({.per_second = 0.001, .burst = 1});
  const auto now = from_millis(1'000'000);
  for (int i = 0; i < 50'000; ++i)
    CHECK(limiter.take(std::to_string(i), now) == Verdict::allowed);
  for (int i = 0; i < 3; ++i) CHECK(limiter.take(peer_address(nullptr), now) == Verdict::allowed);
}

}  // namespace set
