#include "common/base/time.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

namespace set {
namespace {

constexpr const char* kTimeForm = "a time is written 2026-11-22T10:00:00Z";


}  // namespace

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
  // Place by place: each part has all its digits, and a fraction is milliseconds.
  const std::string_view form =
      text.size() == 20 ? "0000-00-00T00:00:00Z" : "0000-00-00T00:00:00.000Z";
  const bool form_ok = std::ranges::equal(
      text, form, [](char c, char wanted) { return wanted == '0' ? c >= '0' && c <= '9' : c == wanted; });
  CHECK_OR_FAIL(form_ok, ErrorCode::invalid_argument, kTimeForm);
  const auto part = [&](std::size_t at, std::size_t size) {
    int value = 0;
    for (const char c : text.substr(at, size)) value = value * 10 + (c - '0');
    return value;
  };
  const year_month_day date{year{part(0, 4)}, month{static_cast<unsigned>(part(5, 2))},
                            day{static_cast<unsigned>(part(8, 2))}};
  const int h = part(11, 2), m = part(14, 2), s = part(17, 2);
  CHECK_OR_FAIL(date.ok() && h < 24 && m < 60 && s < 60, ErrorCode::invalid_argument, kTimeForm);
  return Instant(sys_days{date}) + hours{h} + minutes{m} + seconds{s} +
         milliseconds{text.size() == 24 ? part(20, 3) : 0};
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
