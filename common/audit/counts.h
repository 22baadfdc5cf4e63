// Calls that come so often that an entry for each would fill the disk: refused by their TLS role or
// their rate, noise beyond a budget, questions that everybody asks all day. They are counted, and one
// entry stands for all of a kind and a minute. Counting touches no database. Any thread.
#pragma once

#include <map>
#include <mutex>

#include "common/audit/log.h"

namespace set::audit {

class CallCounts {
 public:
  /// One more of this kind: everything in `entry` but its time and count names the kind.
  void count(AuditEntry entry);
  /// Writes what is due: a kind's first at once, and then what came in a minute; `all`: everything, at
  /// the end of the process. What could not be written stays counted.
  Result<void> write_due(Database& database, Instant now, bool all = false);

 private:
  struct Kind {
    AuditEntry entry;
    std::int64_t count = 0;
    Instant written_at{};
  };
  std::vector<AuditEntry> take_due(Instant now, bool all);
  void give_back(const std::vector<AuditEntry>& entries);

  std::mutex mutex_;
  std::map<std::string, Kind> kinds_;
};

}  // namespace set::audit
