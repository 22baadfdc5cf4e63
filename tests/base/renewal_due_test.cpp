#include "common/base/renewal_due.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

namespace set {

using namespace std::chrono_literals;

TEST_CASE("a certificate is due between two thirds of its life and a twentieth later") {
  const Instant from{};
  const Duration life = GENERATE(as<Duration>{}, 30s, 168h, 8760h);
  const auto due = [&](const char* fingerprint) {
    return renewal_due(from, from + life, fingerprint);
  };
  CHECK(due("00ab") == from + life * 2 / 3);
  CHECK(due("ffab") > due("80ab"));
  CHECK(due("80ab") > due("00ab"));
  CHECK(due("ffab") <= from + life * 2 / 3 + life / 20);
  CHECK(due("80ab") == due("80cd"));
}

TEST_CASE("after failures the pauses double, within limits, and shrink with the life") {
  CHECK(renewal_back_off(168h, 1) == 1min);
  CHECK(renewal_back_off(168h, 2) == 2min);
  CHECK(renewal_back_off(168h, 5) == 16min);
  CHECK(renewal_back_off(168h, 50) == 4h);
  CHECK(renewal_back_off(8760h, 50) == 4h);
  CHECK(renewal_back_off(10s, 1) == 1s);
  CHECK(renewal_back_off(10s, 50) == 1s);
  CHECK(renewal_back_off(0s, 3) == 1s);
}

TEST_CASE("nothing is renewed more often than its life allows") {
  CHECK(renewal_floor(10s) == 1s);
  CHECK(renewal_floor(100s) == 5s);
  CHECK(renewal_floor(8760h) == 1h);
}

}  // namespace set
