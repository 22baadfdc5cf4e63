// A SQLite connection: the functions of <sqlite3.h> that Database uses, with Results instead of
// numbers. Called by database.cpp only, by one thread at a time.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <sqlite3.h>

#include "common/base/result.h"
#include "common/store/sql_value.h"

namespace set {

class SqliteConnection {
 public:
  /// `file` empty = in memory.
  static Result<SqliteConnection> open(const std::filesystem::path& file);

  /// One statement, prepared once and kept.
  Result<std::vector<Row>> run(std::string_view sql, const SqlParameters& parameters);
  /// Several statements without parameters or answers.
  Result<void> run_script(std::string_view sql);
  /// Rows changed by the last statement that changes rows.
  std::int64_t changes() const;
  bool in_transaction() const;

 private:
  struct Close {
    void operator()(sqlite3* connection) const { sqlite3_close_v2(connection); }
  };
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };
  struct TextHash : std::hash<std::string_view> {
    using is_transparent = void;
  };

  SqliteConnection() = default;
  Result<sqlite3_stmt*> prepared(std::string_view sql);
  Error last_error() const;

  std::unique_ptr<sqlite3, Close> connection_;  // before statements_: closed after them
  std::unordered_map<std::string, std::unique_ptr<sqlite3_stmt, Finalize>, TextHash,
                     std::equal_to<>>
      statements_;
};

}  // namespace set
