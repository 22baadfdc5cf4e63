// SqlConnection: what Database asks of a database's client library, and nothing more. Implemented
// by sqlite.h and postgres.h, kept by pool.h, used by one thread at a time.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "common/base/result.h"
#include "common/store/sql_value.h"

namespace set {

/// Rows that a statement gave, and how many it changed.
struct SqlAnswer {
  std::vector<Row> rows;
  std::int64_t changed = 0;
};

/// How a transaction begins.
enum class Begin {
  at_once,
  /// One that lost against others: runs after and before other losers, never beside them.
  in_the_queue,
  /// One that lost in the queue, against newcomers: the same, and beside nobody at all.
  alone,
};

class SqlConnection {
 public:
  SqlConnection() = default;
  SqlConnection(const SqlConnection&) = delete;
  SqlConnection& operator=(const SqlConnection&) = delete;
  virtual ~SqlConnection() = default;

  virtual Result<void> begin(Begin how) = 0;
  /// storage_unavailable: it may have happened. conflict: a rule checked at the end is broken.
  virtual Result<void> commit() = 0;
  /// Rolls back what was not committed, and leaves the queue. Cannot fail: what was not committed is
  /// not in the database.
  virtual void end() = 0;

  /// One statement, prepared once and kept.
  virtual Result<SqlAnswer> run(std::string_view sql, const SqlParameters& parameters) = 0;
  /// Several statements without parameters or answers; a Migration's, so types are respelled.
  virtual Result<void> run_script(std::string_view sql) = 0;
  /// First in a transaction: nobody else brings the schema up to date until it ends.
  virtual Result<void> lock_schema() = 0;

  /// After an Error: this transaction certainly did nothing, and may well succeed a second time.
  virtual bool worth_another_try() const = 0;
  /// False: lost; of no use to anybody.
  virtual bool is_alive() const = 0;
};

}  // namespace set
