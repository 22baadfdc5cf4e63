#include "common/store/database.h"

#include <atomic>
#include <chrono>
#include <string>

#include "common/store/connection.h"
#include "common/store/crash_point.h"
#include "common/store/database_file.h"
#include "common/store/pool.h"
#include "common/store/postgres.h"
#include "common/store/sqlite.h"
#include "common/store/transaction_observer.h"

namespace set {

struct Database::Impl {
  DatabaseFile file;  // before pool: let go of last
  std::unique_ptr<ConnectionPool> pool;
  bool shared = false;
};

namespace {

std::atomic<TransactionObserver> transaction_observer = nullptr;

// SQLite lets one writer in at a time. PostgreSQL's connections are processes; few of them keep a
// database busy.
constexpr std::size_t kSqliteConnections = 1;
constexpr std::size_t kPostgresConnections = 8;

// Who lost waits in a queue with the other losers, so it loses again only against newcomers; then it is
// alone. More attempts than that are for connections that break.
constexpr int kMostAttempts = 12;

Begin begin_of(int attempt) {
  if (attempt == 1) return Begin::at_once;
  return attempt == 2 ? Begin::in_the_queue : Begin::alone;
}

}  // namespace

void observe_transactions(TransactionObserver observer) { transaction_observer = observer; }

// --- Database ---

Database::Database(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Database::Database(Database&&) noexcept = default;
Database& Database::operator=(Database&&) noexcept = default;
Database::~Database() = default;
ConnectionPool& Database::pool() { return *impl_->pool; }
bool Database::is_shared() const { return impl_->shared; }

Result<Database> Database::open(std::string_view url, DatabaseUse use) {
  auto impl = std::make_unique<Impl>();
  if (is_postgres_url(url)) {
    auto settings = TRY(PostgresSettings::parse(url));
    const auto connect = [settings = std::move(settings)] {
      return PostgresConnection::open(settings);
    };
    impl->pool = TRY(ConnectionPool::open(connect, kPostgresConnections));
    impl->shared = true;
    return Database(std::move(impl));
  }
  constexpr std::string_view kScheme = "sqlite:";
  CHECK_OR_FAIL(url.starts_with(kScheme) && url.size() > kScheme.size(), ErrorCode::bad_config,
                "a database is written sqlite:/path/file.db, or postgresql://user@host/name");
  const std::string_view path = url.substr(kScheme.size());
  const bool in_memory = path == ":memory:";
  const std::filesystem::path file = in_memory ? "" : std::filesystem::path(path);
  if (!in_memory) impl->file = TRY(DatabaseFile::open(file, use == DatabaseUse::daemon));
  auto pool =
      ConnectionPool::open([file] { return SqliteConnection::open(file); }, kSqliteConnections);
  CHECK_OR_FAIL(pool, ErrorCode::bad_config,
                "cannot use the database " + std::string(path) + ": " + pool.error().detail);
  impl->pool = std::move(*pool);
  return Database(std::move(impl));
}

Result<void> Database::migrate(std::span<const Migration> migrations) {
  for (std::size_t i = 0; i < migrations.size(); ++i) {
    SET_ASSERT(migrations[i].number == static_cast<int>(i + 1));
  }
  const auto all = static_cast<std::int64_t>(migrations.size());
  const auto next = [&](Transaction& t) { return t.migrate_once(migrations); };
  while (TRY(in_transaction("migration", next)) < all) {
  }
  return {};
}

// --- Transaction ---

Transaction::Transaction(ConnectionPool& pool, std::string_view label)
    : pool_(pool), label_(label) {}

Transaction::~Transaction() {
  if (const auto observer = transaction_observer.load()) {
    using End = TransactionReport::End;
    const bool no = failed_ && failed_->code == ErrorCode::storage_unavailable;
    const bool failed = !connection_ || (no && !connection_->worth_another_try());
    const auto end = committed_ ? End::committed : failed ? End::failed : End::rolled_back;
    observer({label_, std::chrono::steady_clock::now() - begun_, end});
  }
  if (!connection_) return;
  connection_->end();
  pool_.give_back(std::move(connection_));
}

Result<void> Transaction::begin(int attempt) {
  connection_ = TRY(pool_.take());
  made_to_lose_ = loses_race(attempt);
  auto begun = connection_->begin(begin_of(attempt));
  if (!begun) failed_ = begun.error();
  return begun;
}

Result<void> Transaction::commit() {
  if (failed_) return failure(*failed_);
  crash_point("before-commit:" + std::string(label_));
  CHECK_OR_FAIL(!made_to_lose_, ErrorCode::storage_unavailable, "made to lose a race by a test");
  auto done = connection_->commit();
  if (!done) failed_ = done.error();
  TRY(std::move(done));
  committed_ = true;
  crash_point("after-commit:" + std::string(label_));
  return {};
}

bool Transaction::worth_another_try(int attempt) const {
  if (!connection_ || attempt >= kMostAttempts) return false;
  return made_to_lose_ || connection_->worth_another_try();
}

Result<SqlAnswer> Transaction::answer(std::string_view sql, const SqlParameters& parameters) {
  if (failed_) return failure(*failed_);
  auto answer = connection_->run(sql, parameters);
  if (!answer) failed_ = answer.error();
  return answer;
}

Result<std::vector<Row>> Transaction::query(std::string_view sql, const SqlParameters& parameters) {
  return std::move(TRY(answer(sql, parameters)).rows);
}

Result<std::optional<Row>> Transaction::query_one(std::string_view sql,
                                                  const SqlParameters& parameters) {
  auto rows = TRY(query(sql, parameters));
  SET_ASSERT(rows.size() <= 1);
  if (rows.empty()) return std::nullopt;
  return std::move(rows.front());
}

Result<std::int64_t> Transaction::execute(std::string_view sql, const SqlParameters& parameters) {
  return TRY(answer(sql, parameters)).changed;
}

Result<void> Transaction::run_script(std::string_view sql) {
  auto done = connection_->run_script(sql);
  if (!done) failed_ = done.error();
  return done;
}

// Applies the next migration that is missing, if any; the number of the last one that is there.
Result<std::int64_t> Transaction::migrate_once(std::span<const Migration> migrations) {
  TRY(connection_->lock_schema());
  TRY(
      run_script("CREATE TABLE IF NOT EXISTS schema_version "
                 "(number INTEGER PRIMARY KEY, applied_at INTEGER NOT NULL)"));
  const auto row = TRY(query_one("SELECT COALESCE(MAX(number), 0) FROM schema_version"));
  const std::int64_t done = row->integer(0);
  const auto all = static_cast<std::int64_t>(migrations.size());
  CHECK_OR_FAIL(done <= all, ErrorCode::bad_config,
                "the database has schema " + std::to_string(done) + ", this program knows " +
                    std::to_string(all) + ": run a program at least as new");
  if (done == all) return done;
  const Migration& next = migrations[static_cast<std::size_t>(done)];
  TRY(run_script(next.sql));
  TRY(execute("INSERT INTO schema_version (number, applied_at) VALUES ($1, $2)",
              {next.number, system_clock()()}));
  return done + 1;
}

}  // namespace set
