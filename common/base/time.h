// Instants and clocks. Pure code takes an Instant as a value; only main and service hold a Clock.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>

#include "common/base/result.h"

namespace set {

/// A moment in UTC, to the millisecond; on the wire as milliseconds since 1970.
using Instant = std::chrono::sys_time<std::chrono::milliseconds>;
using Duration = std::chrono::milliseconds;

/// Asked for the time; called from any thread. Tests pass one that they turn by hand.
using Clock = std::function<Instant()>;
Clock system_clock();

/// "2026-11-22T10:00:00.123Z" (RFC 3339).
std::string to_string(Instant instant);
/// The same form, seconds with or without fraction, "Z" only.
Result<Instant> parse_instant(std::string_view text);
/// "500ms", "30s", "5m", "2h" or "7d"; a bare number is refused since it has no unit.
Result<Duration> parse_duration(std::string_view text);

inline std::int64_t to_millis(Instant instant) { return instant.time_since_epoch().count(); }
inline Instant from_millis(std::int64_t millis) { return Instant(Duration(millis)); }

}  // namespace set
