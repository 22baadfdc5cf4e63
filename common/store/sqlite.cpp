#include "common/store/sqlite.h"

namespace set {
namespace {

// More different statements than this are no longer literals of a store; then start again.
constexpr std::size_t kMaxPrepared = 512;

// Wait this long for another process that reads the file, such as a backup (perf-reliability §10).
constexpr int kBusyTimeoutMs = 2000;

// WAL with FULL survives a power cut without losing a commit. Deleted content is overwritten: what
// was removed is gone. The rest keeps a manipulated file from doing more than holding data.
constexpr std::string_view kSettings = R"sql(
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = FULL;
  PRAGMA foreign_keys = ON;
  PRAGMA secure_delete = ON;
  PRAGMA trusted_schema = OFF;
  PRAGMA cell_size_check = ON;
)sql";

struct Bind {
  sqlite3_stmt* statement;
  int index;

  int operator()(std::monostate) const { return sqlite3_bind_null(statement, index); }
  int operator()(std::int64_t integer) const {
    return sqlite3_bind_int64(statement, index, integer);
  }
  // The values outlive the step, so SQLite need not copy them (a null destructor says so).
  int operator()(const std::string& text) const {
    return sqlite3_bind_text64(statement, index, text.data(), text.size(), nullptr, SQLITE_UTF8);
  }
  int operator()(const Bytes& blob) const {
    // An empty vector may have no address, which SQLite would take for NULL.
    return blob.empty() ? sqlite3_bind_zeroblob(statement, index, 0)
                        : sqlite3_bind_blob64(statement, index, blob.data(), blob.size(), nullptr);
  }
};

// "$1" is only a name to SQLite, numbered by first appearance; this finds where each one went.
void bind_all(sqlite3_stmt* statement, const SqlParameters& parameters) {
  SET_ASSERT(sqlite3_bind_parameter_count(statement) == static_cast<int>(parameters.size()));
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const std::string name = "$" + std::to_string(i + 1);
    const int index = sqlite3_bind_parameter_index(statement, name.c_str());
    SET_ASSERT(index > 0);
    SET_ASSERT(std::visit(Bind{statement, index}, parameters[i].variant()) == SQLITE_OK);
  }
}

SqlValue column(sqlite3_stmt* statement, int i) {
  switch (sqlite3_column_type(statement, i)) {
    case SQLITE_INTEGER:
      return sqlite3_column_int64(statement, i);
    case SQLITE_TEXT: {
      const void* text = sqlite3_column_text(statement, i);
      const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement, i));
      return std::string(static_cast<const char*>(text), size);
    }
    case SQLITE_BLOB: {
      const auto* blob = static_cast<const std::uint8_t*>(sqlite3_column_blob(statement, i));
      const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement, i));
      return Bytes(blob, blob + size);
    }
    default:
      break;
  }
  // A REAL has no place in our schemas.
  SET_ASSERT(sqlite3_column_type(statement, i) == SQLITE_NULL);
  return std::nullopt;
}

Row row_of(sqlite3_stmt* statement) {
  std::vector<SqlValue> columns;
  const int count = sqlite3_column_count(statement);
  columns.reserve(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) columns.push_back(column(statement, i));
  return Row(std::move(columns));
}

}  // namespace

Result<std::unique_ptr<SqlConnection>> SqliteConnection::open(const std::filesystem::path& file) {
  std::unique_ptr<SqliteConnection> result(new SqliteConnection);
  sqlite3* connection = nullptr;
  const std::string name = file.empty() ? ":memory:" : file.string();
  // NOMUTEX: the pool lets one thread in at a time.
  const int opened =
      sqlite3_open_v2(name.c_str(), &connection,
                      SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nullptr);
  result->connection_.reset(connection);  // also after a failure, as SQLite wants
  if (opened != SQLITE_OK) return failure(result->last_error());
  sqlite3_extended_result_codes(connection, 1);
  sqlite3_busy_timeout(connection, kBusyTimeoutMs);
  sqlite3_db_config(connection, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  TRY(result->run_script(kSettings));
  return result;
}

// IMMEDIATE: who reads first and writes later never finds that somebody else wrote in between.
Result<void> SqliteConnection::begin(Begin) {
  TRY(run("BEGIN IMMEDIATE", {}));
  return {};
}

Result<void> SqliteConnection::commit() {
  const auto committed = run("COMMIT", {});
  if (committed) return {};
  const Error& error = committed.error();
  // A rule that is checked at the end (DEFERRED) is still a conflict; all else is the disk.
  if (error.code == ErrorCode::conflict) return failure(error);
  return failure(ErrorCode::storage_unavailable, "could not commit: " + error.detail);
}

void SqliteConnection::end() {
  if (sqlite3_get_autocommit(connection_.get()) == 0) (void)run_script("ROLLBACK");
}

Result<SqlAnswer> SqliteConnection::run(std::string_view sql, const SqlParameters& parameters) {
  sqlite3_stmt* statement = TRY(prepared(sql));
  bind_all(statement, parameters);
  SqlAnswer answer;
  int step = SQLITE_ROW;
  while ((step = sqlite3_step(statement)) == SQLITE_ROW) answer.rows.push_back(row_of(statement));
  std::optional<Error> error;
  if (step != SQLITE_DONE) error = last_error();
  sqlite3_reset(statement);
  sqlite3_clear_bindings(statement);  // the values they point to are about to go
  if (error) return failure(std::move(*error));
  answer.changed = sqlite3_changes64(connection_.get());
  return answer;
}

Result<void> SqliteConnection::run_script(std::string_view sql) {
  const std::string text(sql);
  if (sqlite3_exec(connection_.get(), text.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) {
    return failure(last_error());
  }
  return {};
}

Result<sqlite3_stmt*> SqliteConnection::prepared(std::string_view sql) {
  if (const auto found = statements_.find(sql); found != statements_.end()) {
    return found->second.get();
  }
  sqlite3_stmt* statement = nullptr;
  const char* rest = nullptr;
  const int outcome =
      sqlite3_prepare_v3(connection_.get(), sql.data(), static_cast<int>(sql.size()),
                         SQLITE_PREPARE_PERSISTENT, &statement, &rest);
  if (outcome != SQLITE_OK) return failure(last_error());
  SET_ASSERT(statement != nullptr);
  if (statements_.size() >= kMaxPrepared) statements_.clear();
  statements_.emplace(std::string(sql), statement);
  return statement;
}

// SQLite's own sentence names tables, columns and rules, never values.
Error SqliteConnection::last_error() const {
  const std::string says = sqlite3_errmsg(connection_.get());
  switch (sqlite3_extended_errcode(connection_.get()) & 0xff) {  // the primary code
    case SQLITE_CONSTRAINT:
      return {ErrorCode::conflict, "the database refuses this: " + says};
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return {ErrorCode::storage_unavailable, "the database is in use; try again"};
    case SQLITE_FULL:
      return {ErrorCode::storage_unavailable, "the database's disk is full; make room"};
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT:
      return {ErrorCode::storage_unavailable,
              "the database file is damaged (" + says + "); restore a backup"};
    case SQLITE_IOERR:
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
      return {ErrorCode::storage_unavailable, "the database's disk or directory fails: " + says};
    case SQLITE_NOMEM:
      return {ErrorCode::storage_unavailable, "the database has no memory"};
    default:
      return {ErrorCode::internal, "wrong SQL: " + says};
  }
}

}  // namespace set
