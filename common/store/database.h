// Database: one thin door to SQL for the stores of all rooms. SQLite today; the shape is that of
// PostgreSQL as well: $1 parameters, SQL that both accept, a failed statement ends its transaction.
// ADR 0005.
// Called from any thread: one connection, one transaction at a time, the others wait their turn.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <type_traits>
#include <vector>

#include "common/base/result.h"
#include "common/store/sql_value.h"

namespace set {

/// One numbered step of a room's schema, compiled in. `sql` may hold several statements. Only the
/// types INTEGER, TEXT and BLOB, and tables end in STRICT: the PostgreSQL door will respell these.
struct Migration {
  int number;
  std::string_view sql;
};

class Database;

/// Who opens a database. One daemon works on a SQLite file at a time; its operator's commands work
/// beside it, in transactions of their own.
enum class DatabaseUse {
  daemon,   ///< takes the lock on "<file>.lock" or fails
  command,  ///< does not ask for the lock
};

/// The only way to SQL; made by Database::in_transaction. Used by one thread.
///
/// Errors of all three: conflict for a broken UNIQUE, CHECK, NOT NULL or FOREIGN KEY rule;
/// storage_unavailable for a busy, full or failing database; internal for SQL that is wrong.
/// After the first Error the transaction is over: further statements repeat that Error, nothing is
/// committed. (Where a conflict is expected and harmless write ON CONFLICT DO NOTHING.)
class Transaction {
 public:
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  ~Transaction();  ///< Rolls back what was not committed.

  /// All rows. `sql` is a literal of ours, one statement; parameter i stands for $i.
  Result<std::vector<Row>> query(std::string_view sql, const SqlParameters& parameters = {});
  /// The one row, or none; more than one is a bug.
  Result<std::optional<Row>> query_one(std::string_view sql, const SqlParameters& parameters = {});
  /// Rows changed.
  Result<std::int64_t> execute(std::string_view sql, const SqlParameters& parameters = {});

 private:
  friend class Database;
  Transaction(Database& database, std::string_view label);
  Result<void> begin();
  Result<void> commit();
  Result<void> run_script(std::string_view sql);

  Database& database_;
  std::string_view label_;
  std::optional<Error> failed_;
};

/// An open database. Movable while no transaction runs.
class Database {
 public:
  /// "sqlite:/path/file.db" or "sqlite::memory:". The file is made with mode 0600, its directory
  /// must exist; WAL, synchronous=FULL, foreign keys on, deleted content overwritten.
  /// bad_config: unknown scheme, unusable path, file readable by others, no database, or another
  /// daemon uses it (a lock on "<file>.lock" is held as long as this object lives).
  static Result<Database> open(std::string_view url, DatabaseUse use = DatabaseUse::daemon);

  Database(Database&&) noexcept;
  Database& operator=(Database&&) noexcept;
  ~Database();

  /// Applies what is missing, each step in a transaction of its own, recorded in schema_version.
  /// Numbers ascend from 1 without gaps. bad_config if the schema is newer than this program.
  Result<void> migrate(std::span<const Migration> migrations);

  /// Runs f(Transaction&), which returns a Result<T>: commits if that is a value, rolls back if it
  /// is an Error, and returns it. `label` is a literal such as "merchant:ordered"; it names the
  /// crash points before-commit:<label> and after-commit:<label>.
  /// A COMMIT that fails is storage_unavailable: rolled back here, but after a power cut it may
  /// turn out to have happened, as with any database, so look again instead of assuming.
  /// Calling it inside f is a bug and stops the process.
  template <class F>
  auto in_transaction(std::string_view label, F&& f) -> std::invoke_result_t<F&, Transaction&> {
    Transaction transaction(*this, label);
    TRY(transaction.begin());
    auto result = f(transaction);
    if (result) TRY(transaction.commit());
    return result;
  }

 private:
  friend class Transaction;
  struct Impl;
  explicit Database(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace set
