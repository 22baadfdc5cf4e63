#include "common/base/time.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

namespace set {
namespace {

using namespace std::chrono_literals;

TEST_CASE("a time is read to the millisecond and written as RFC 3339 in UTC") {
  const auto [text, millis, written] = GENERATE(table<std::string, std::int64_t, std::string>({
      {"1970-01-01T00:00:00Z", 0, "1970-01-01T00:00:00.000Z"},
      {"2026-11-22T10:00:00Z", 1'795'341'600'000, "2026-11-22T10:00:00.000Z"},
      {"2026-11-22T10:00:00.123Z", 1'795'341'600'123, "2026-11-22T10:00:00.123Z"},
      {"2026-11-22T10:00:00.007Z", 1'795'341'600'007, "2026-11-22T10:00:00.007Z"},
      {"2000-02-29T23:59:59Z", 951'868'799'000, "2000-02-29T23:59:59.000Z"},
      {"9998-12-31T23:59:59.999Z", 253'370'764'799'999, "9998-12-31T23:59:59.999Z"},
  }));
  const auto instant = parse_instant(text);
  REQUIRE(instant);
  CHECK(to_millis(*instant) == millis);
  CHECK(from_millis(millis) == *instant);
  CHECK(to_string(*instant) == written);
  CHECK(*parse_instant(written) == *instant);
}

TEST_CASE("what is no time is refused") {
  const std::string text =
      GENERATE("", "2026-11-22", "2026-11-22T10:00:00", "2026-11-22 10:00:00Z",
               "2026-11-22T10:00:00z", "2026-11-22T10:00:00+00:00", "2026-11-22T10:00:00Z ",
               "2026-11-22T10:00Z", "2026-02-29T10:00:00Z", "2026-13-01T10:00:00Z",
               "2026-00-01T10:00:00Z", "2026-11-31T10:00:00Z", "2026-11-22T24:00:00Z",
               "2026-11-22T10:60:00Z", "2026-11-22T10:00:60Z", "2026-11-22T10:00:00,123Z",
               "2026-11-22T10:00:00.Z", "2026-11-22T10:00:00.1234Z", "26-11-22T10:00:00Za", "now");
  CAPTURE(text);
  const auto instant = parse_instant(text);
  REQUIRE_FALSE(instant);
  CHECK(instant.error().code == ErrorCode::invalid_argument);
}

TEST_CASE("a time has one spelling for each of its parts") {
  // Spaces and signs, parts without their zeros, a fraction that is not milliseconds.
  const std::string text =
      GENERATE("2026-1-2T3:4:5Z", " 2026-11-22T10:00:00Z", "2026-11-22T 1:00:00Z",
               "2026-11-22T+1:00:00Z", "+026-11-22T10:00:00Z", "26-11-22T10:00:00Z",
               "2026-11-22T10:00:00.5Z", "2026-11-22T10:00:00.+5Z", "2026-11-22T10:00:00. 5Z");
  CAPTURE(text);
  CHECK_FALSE(parse_instant(text));
}

TEST_CASE("a duration is a number and its unit") {
  const auto [text, duration] = GENERATE(table<std::string, Duration>({
      {"500ms", 500ms},
      {"30s", 30s},
      {"5m", 5min},
      {"2h", 2h},
      {"7d", 168h},
      {"0s", 0ms},
  }));
  const auto parsed = parse_duration(text);
  REQUIRE(parsed);
  CHECK(*parsed == duration);
}

TEST_CASE("a duration without unit, with a sign or out of range is refused") {
  const std::string text = GENERATE("", "30", "s", "-1s", "+1s", " 1s", "1 s", "1s ", "1.5s", "1w",
                                    "1S", "1000000001s", "99999999999999999999s");
  CAPTURE(text);
  CHECK_FALSE(parse_duration(text));
}

TEST_CASE("the system's clock goes on") {
  const auto clock = system_clock();
  const auto before = clock();
  CHECK(before <= clock());
  CHECK(before > *parse_instant("2020-01-01T00:00:00Z"));
}

}  // namespace
}  // namespace set
