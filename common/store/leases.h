// leases: of several daemons on one database, which does what only one should do at a time. A lease
// has an end, so that another goes on when its holder dies. It is by the holders' clocks and no
// lock: what it guards must do no harm if it is done twice. Called by the daemons' threads; threads
// as Database.
#pragma once

#include <string>
#include <string_view>

#include "common/base/time.h"
#include "common/store/database.h"

namespace set::leases {

/// The table, for each room's own list of migrations.
inline constexpr std::string_view kSchema = R"sql(
  CREATE TABLE leases (
    name TEXT PRIMARY KEY,
    holder TEXT NOT NULL,
    until INTEGER NOT NULL
  ) STRICT;
)sql";

/// A name among the holders that nobody else has; by chance.
std::string new_holder();

/// True if `holder` has it until then: it had it before, or nobody has.
Result<bool> take(Database& database, std::string_view name, std::string_view holder, Instant now,
                  Instant until);
/// Gives it back, so that nobody waits for its end; nothing if it is another's.
Result<void> release(Database& database, std::string_view name, std::string_view holder);

/// What holders that died left behind.
Result<void> forget_ended(Database& database, Instant now);

/// Whether this daemon is the one that does something, renewed as it goes. On a database that is not
/// shared it always is. One thread.
class Leadership {
 public:
  /// `length`: how long the others wait for one that died; longer than one step of what it does.
  Leadership(Database& database, std::string name, Duration length, Clock clock);
  ~Leadership() { give_back(); }
  Leadership(const Leadership&) = delete;
  Leadership& operator=(const Leadership&) = delete;

  /// Asked before each step.
  Result<bool> hold();
  /// The next one need not wait. One that cannot be given back ends by itself.
  void give_back();

 private:
  Database& database_;
  std::string name_;
  std::string holder_ = new_holder();
  Duration length_;
  Clock clock_;
  Instant until_ = {};
};

}  // namespace set::leases
