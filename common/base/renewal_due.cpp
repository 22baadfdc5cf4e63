#include "common/base/renewal_due.h"

#include <algorithm>
#include <cstdint>

#include "common/base/bytes.h"

namespace set {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr int kMaxDoublings = 20;

Duration within(Duration value, Duration least, Duration most) {
  return std::clamp(value, least, most);
}

}  // namespace

Instant renewal_due(Instant not_before, Instant not_after, std::string_view fingerprint_hex) {
  const Duration life = not_after - not_before;
  const auto first = from_hex(fingerprint_hex.substr(0, 2));
  const std::int64_t share = first && !first->empty() ? first->front() : 0;
  return not_before + life * 2 / 3 + life * share / (256 * 20);
}

Duration renewal_back_off(Duration life, int failures) {
  const auto first = within(life / 2000, seconds(1), minutes(1));
  const auto most = within(life / 40, seconds(1), hours(4));
  const auto doublings = std::int64_t{1} << std::clamp(failures - 1, 0, kMaxDoublings);
  return std::min<Duration>(first * doublings, most);
}

Duration renewal_floor(Duration life) { return within(life / 20, seconds(1), hours(1)); }

}  // namespace set
