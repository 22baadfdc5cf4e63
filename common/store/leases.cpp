#include "common/store/leases.h"

#include <random>

namespace set::leases {

std::string new_holder() {
  std::random_device chance;
  std::string out = std::to_string(chance());
  for (int i = 0; i < 3; ++i) out += "-" + std::to_string(chance());
  return out;
}

Result<bool> take(Database& database, std::string_view name, std::string_view holder, Instant now,
                  Instant until) {
  const auto rows = TRY(database.in_transaction("leases:take", [&](Transaction& t) {
    return t.execute(
        "INSERT INTO leases (name, holder, until) VALUES ($1, $2, $3)"
        " ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until = excluded.until"
        " WHERE leases.holder = excluded.holder OR leases.until < $4",
        {name, holder, until, now});
  }));
  return rows == 1;
}

Result<void> release(Database& database, std::string_view name, std::string_view holder) {
  return database.in_transaction("leases:release", [&](Transaction& t) -> Result<void> {
    TRY(t.execute("DELETE FROM leases WHERE name = $1 AND holder = $2", {name, holder}));
    return {};
  });
}

Result<void> forget_ended(Database& database, Instant now) {
  return database.in_transaction("leases:forget", [&](Transaction& t) -> Result<void> {
    TRY(t.execute("DELETE FROM leases WHERE until < $1", {now}));
    return {};
  });
}

Leadership::Leadership(Database& database, std::string name, Duration length, Clock clock)
    : database_(database), name_(std::move(name)), length_(length), clock_(std::move(clock)) {}

void Leadership::give_back() {
  if (until_ != Instant{}) (void)release(database_, name_, holder_);
  until_ = {};
}

Result<bool> Leadership::hold() {
  if (!database_.is_shared()) return true;
  const auto now = clock_();
  if (now < until_ - length_ / 2) return true;
  const bool taken = TRY(take(database_, name_, holder_, now, now + length_));
  until_ = taken ? now + length_ : Instant{};
  return taken;
}

}  // namespace set::leases
