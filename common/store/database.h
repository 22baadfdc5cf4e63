// Database: one thin door to SQL for the stores of all rooms, SQLite and PostgreSQL behind it: $1
// parameters, SQL that both accept, a failed statement ends its transaction. ADR 0005, 0040, 0041.
// Called from any thread. Transactions are as if they ran one after the other: on SQLite they do,
// on PostgreSQL those that got in each other's way are run again.
#pragma once

#include <chrono>
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
/// types INTEGER, TEXT and BLOB, and tables end in STRICT: postgres_sql.h respells these.
struct Migration {
  int number;
  std::string_view sql;
};

class ConnectionPool;
class Database;
class SqlConnection;
struct SqlAnswer;

/// Who opens a database. One daemon works on a SQLite file at a time; its operator's commands work
/// beside it, in transactions of their own. PostgreSQL is for any number of both.
enum class DatabaseUse {
  daemon,   ///< on SQLite takes the lock on "<file>.lock" or fails
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
  ~Transaction();  ///< Rolls back what was not committed, and gives the connection back.

  /// All rows. `sql` is a literal of ours, one statement; parameter i stands for $i.
  Result<std::vector<Row>> query(std::string_view sql, const SqlParameters& parameters = {});
  /// The one row, or none; more than one is a bug.
  Result<std::optional<Row>> query_one(std::string_view sql, const SqlParameters& parameters = {});
  /// Rows changed.
  Result<std::int64_t> execute(std::string_view sql, const SqlParameters& parameters = {});

 private:
  friend class Database;
  Transaction(ConnectionPool& pool, std::string_view label);

  /// All of it, for the nth time.
  template <class F>
  auto run(F& f, int attempt) -> std::invoke_result_t<F&, Transaction&> {
    TRY(begin(attempt));
    auto result = f(*this);
    if (result) TRY(commit());
    return result;
  }
  Result<void> begin(int attempt);
  Result<void> commit();
  Result<SqlAnswer> answer(std::string_view sql, const SqlParameters& parameters);
  Result<void> run_script(std::string_view sql);
  Result<std::int64_t> migrate_once(std::span<const Migration> migrations);
  /// It failed for reasons that the next time may not be there.
  bool worth_another_try(int attempt) const;

  ConnectionPool& pool_;
  std::string_view label_;
  std::unique_ptr<SqlConnection> connection_;
  std::optional<Error> failed_;
  bool made_to_lose_ = false;  // crash_point.h
  // For transaction_observer.h.
  std::chrono::steady_clock::time_point begun_ = std::chrono::steady_clock::now();
  bool committed_ = false;
};

/// An open database. Movable while no transaction runs.
class Database {
 public:
  /// "sqlite:/path/file.db" or "sqlite::memory:". The file is made with mode 0600, its directory
  /// must exist; WAL, synchronous=FULL, foreign keys on, deleted content overwritten.
  /// bad_config: unknown scheme, unusable path, file readable by others, no database, or another
  /// daemon uses it (a lock on "<file>.lock" is held as long as this object lives).
  /// "postgresql://user@host/name?passfile=FILE…", or with the socket's directory as host: libpq's
  /// own URL, without a password. Over TCP the server's certificate is verified unless sslmode says
  /// otherwise. bad_config: a URL or database that will not do; storage_unavailable: cannot be
  /// reached now.
  static Result<Database> open(std::string_view url, DatabaseUse use = DatabaseUse::daemon);

  Database(Database&&) noexcept;
  Database& operator=(Database&&) noexcept;
  ~Database();

  /// Other daemons may work on it at the same time: PostgreSQL.
  bool is_shared() const;

  /// Applies what is missing, each step in a transaction of its own, recorded in schema_version.
  /// Two daemons that start at once take turns. Numbers ascend from 1 without gaps. bad_config if
  /// the schema is newer than this program.
  Result<void> migrate(std::span<const Migration> migrations);

  /// Runs f(Transaction&), which returns a Result<T>: commits if that is a value, rolls back if it
  /// is an Error, and returns it. `label` is a literal such as "merchant:ordered"; it names the
  /// crash points before-commit:<label> and after-commit:<label>.
  ///
  /// f may run more than once, each time after all that it did in the database is undone: when it
  /// lost against another transaction, or its connection broke before the COMMIT. So f changes
  /// nothing but the database: it assigns to what is outside of it, never appends to it, adds to it
  /// or moves out of it.
  ///
  /// A COMMIT that fails is storage_unavailable: the answer may have been lost after it happened,
  /// so look again instead of assuming. Calling it inside f is a bug and stops the process.
  template <class F>
  auto in_transaction(std::string_view label, F&& f) -> std::invoke_result_t<F&, Transaction&> {
    for (int attempt = 1;; ++attempt) {
      Transaction transaction(pool(), label);
      auto result = transaction.run(f, attempt);
      if (result || !transaction.worth_another_try(attempt)) return result;
    }
  }

 private:
  struct Impl;
  explicit Database(std::unique_ptr<Impl> impl);
  ConnectionPool& pool();
  std::unique_ptr<Impl> impl_;
};

}  // namespace set
