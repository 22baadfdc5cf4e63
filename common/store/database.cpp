#include "common/store/database.h"

#include <atomic>
#include <mutex>
#include <string>
#include <thread>

#include "common/store/crash_point.h"
#include "common/store/database_file.h"
#include "common/store/sqlite.h"

namespace set {

struct Database::Impl {
  Impl(DatabaseFile locked, SqliteConnection opened)
      : file(std::move(locked)), connection(std::move(opened)) {}

  DatabaseFile file;  // before connection: let go of last
  SqliteConnection connection;
  std::mutex turn;
  std::atomic<std::thread::id> owner = {};  // of the turn: finds a transaction inside another
};

namespace {

// The number of the last migration, 0 for a new database.
Result<std::int64_t> current_schema(Transaction& t) {
  constexpr std::string_view kTable =
      "CREATE TABLE IF NOT EXISTS schema_version "
      "(number INTEGER PRIMARY KEY, applied_at INTEGER NOT NULL)";
  TRY(t.execute(kTable));
  const auto row = TRY(t.query_one("SELECT COALESCE(MAX(number), 0) FROM schema_version"));
  return row->integer(0);
}

}  // namespace

// --- Database ---

Database::Database(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Database::Database(Database&&) noexcept = default;
Database& Database::operator=(Database&&) noexcept = default;
Database::~Database() = default;

Result<Database> Database::open(std::string_view url, DatabaseUse use) {
  CHECK_OR_FAIL(!url.starts_with("postgresql:") && !url.starts_with("postgres:"),
                ErrorCode::bad_config,
                "this version stores in SQLite only: write the database as sqlite:/path/file.db");
  constexpr std::string_view kScheme = "sqlite:";
  CHECK_OR_FAIL(url.starts_with(kScheme) && url.size() > kScheme.size(), ErrorCode::bad_config,
                "a database is written sqlite:/path/file.db or sqlite::memory:");
  const std::string_view path = url.substr(kScheme.size());
  const bool in_memory = path == ":memory:";
  const std::filesystem::path file = in_memory ? "" : std::filesystem::path(path);
  auto lock =
      in_memory ? DatabaseFile() : TRY(DatabaseFile::open(file, use == DatabaseUse::daemon));
  auto connection = SqliteConnection::open(file);
  CHECK_OR_FAIL(connection, ErrorCode::bad_config,
                "cannot use the database " + std::string(path) + ": " + connection.error().detail);
  return Database(std::make_unique<Impl>(std::move(lock), std::move(*connection)));
}

Result<void> Database::migrate(std::span<const Migration> migrations) {
  for (std::size_t i = 0; i < migrations.size(); ++i) {
    SET_ASSERT(migrations[i].number == static_cast<int>(i + 1));
  }
  const auto done = TRY(in_transaction("schema_version", current_schema));
  CHECK_OR_FAIL(done <= static_cast<std::int64_t>(migrations.size()), ErrorCode::bad_config,
                "the database has schema " + std::to_string(done) + ", this program knows " +
                    std::to_string(migrations.size()) + ": run a program at least as new");
  for (const Migration& migration : migrations.subspan(static_cast<std::size_t>(done))) {
    const auto apply = [&](Transaction& t) -> Result<std::int64_t> {
      TRY(t.run_script(migration.sql));
      return t.execute("INSERT INTO schema_version (number, applied_at) VALUES ($1, $2)",
                       {migration.number, system_clock()()});
    };
    TRY(in_transaction("migration", apply));
  }
  return {};
}

// --- Transaction ---

Transaction::Transaction(Database& database, std::string_view label)
    : database_(database), label_(label) {
  Database::Impl& impl = *database_.impl_;
  SET_ASSERT(impl.owner != std::this_thread::get_id());  // a transaction inside a transaction
  impl.turn.lock();
  impl.owner = std::this_thread::get_id();
}

Transaction::~Transaction() {
  Database::Impl& impl = *database_.impl_;
  // A ROLLBACK that fails changes nothing: what was not committed is not in the database.
  if (impl.connection.in_transaction()) (void)impl.connection.run_script("ROLLBACK");
  impl.owner = std::thread::id();
  impl.turn.unlock();
}

// IMMEDIATE: who reads first and writes later never finds that somebody else wrote in between.
Result<void> Transaction::begin() {
  TRY(database_.impl_->connection.run("BEGIN IMMEDIATE", {}));
  return {};
}

Result<void> Transaction::commit() {
  if (failed_) return failure(*failed_);
  crash_point("before-commit:" + std::string(label_));
  const auto committed = database_.impl_->connection.run("COMMIT", {});
  if (!committed) {
    const Error& error = committed.error();
    // A rule that is checked at the end (DEFERRED) is still a conflict; all else is the disk.
    if (error.code == ErrorCode::conflict) return failure(error);
    return failure(ErrorCode::storage_unavailable, "could not commit: " + error.detail);
  }
  crash_point("after-commit:" + std::string(label_));
  return {};
}

Result<std::vector<Row>> Transaction::query(std::string_view sql, const SqlParameters& parameters) {
  if (failed_) return failure(*failed_);
  auto rows = database_.impl_->connection.run(sql, parameters);
  if (!rows) failed_ = rows.error();
  return rows;
}

Result<std::optional<Row>> Transaction::query_one(std::string_view sql,
                                                  const SqlParameters& parameters) {
  auto rows = TRY(query(sql, parameters));
  SET_ASSERT(rows.size() <= 1);
  if (rows.empty()) return std::nullopt;
  return std::move(rows.front());
}

Result<std::int64_t> Transaction::execute(std::string_view sql, const SqlParameters& parameters) {
  TRY(query(sql, parameters));
  return database_.impl_->connection.changes();
}

Result<void> Transaction::run_script(std::string_view sql) {
  auto done = database_.impl_->connection.run_script(sql);
  if (!done) failed_ = done.error();
  return done;
}

}  // namespace set
