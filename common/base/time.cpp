#include "common/base/time.h"

#include <charconv>
#include <cstdio>

#include <fmt/format.h>

namespace set {

Clock system_clock() {
  return [] {
    return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
  };
}

std::string to_string(Instant instant) {
  using namespace std::chrono;
  const auto midnight = floor<days>(instant);
  const year_month_day date{midnight};
  const hh_mm_ss time{instant - midnight};
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     time.hours().count(), time.minutes().count(), time.seconds().count(),
                     time.subseconds().count());
}

Result<Instant> parse_instant(std::string_view text) {
  using namespace std::chrono;
  const std::string copy(text);
  int y = 0;
  unsigned mo = 0, d = 0, h = 0, mi = 0, s = 0, ms = 0;
  int used = 0;
  const bool whole = std::sscanf(copy.c_str(), "%4d-%2u-%2uT%2u:%2u:%2uZ%n", &y, &mo, &d, &h, &mi,
                                 &s, &used) == 6 && used == static_cast<int>(copy.size());
  const bool fraction =
      !whole && std::sscanf(copy.c_str(), "%4d-%2u-%2uT%2u:%2u:%2u.%3uZ%n", &y, &mo, &d, &h, &mi,
                            &s, &ms, &used) == 7 && used == static_cast<int>(copy.size());
  const year_month_day date{year{y}, month{mo}, day{d}};
  CHECK_OR_FAIL((whole || fraction) && date.ok() && h < 24 && mi < 60 && s < 60,
                ErrorCode::invalid_argument, "a time is written 2026-11-22T10:00:00Z");
  return time_point_cast<milliseconds>(sys_days{date}) + hours{h} + minutes{mi} + seconds{s} +
         milliseconds{ms};
}

Result<Duration> parse_duration(std::string_view text) {
  std::int64_t count = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  const std::string_view unit(rest, static_cast<std::size_t>(text.data() + text.size() - rest));
  const std::int64_t factor = unit == "ms" ? 1
                              : unit == "s" ? 1000
                              : unit == "m" ? 60'000
                              : unit == "h" ? 3'600'000
                              : unit == "d" ? 86'400'000
                                            : 0;
  CHECK_OR_FAIL(error == std::errc() && factor != 0 && count >= 0 && count <= 1'000'000'000,
                ErrorCode::invalid_argument, "a duration is written 500ms, 30s, 5m, 2h or 7d");
  return Duration(count * factor);
}

}  // namespace set
