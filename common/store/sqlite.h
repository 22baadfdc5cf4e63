// A SQLite connection: the functions of <sqlite3.h> that Database uses, with Results instead of
// numbers. Called by database.cpp only, by one thread at a time.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include <sqlite3.h>

#include "common/store/connection.h"

namespace set {

class SqliteConnection final : public SqlConnection {
 public:
  /// `file` empty = in memory.
  static Result<std::unique_ptr<SqlConnection>> open(const std::filesystem::path& file);

  Result<void> begin(Begin how) override;
  Result<void> commit() override;
  void end() override;
  Result<SqlAnswer> run(std::string_view sql, const SqlParameters& parameters) override;
  Result<void> run_script(std::string_view sql) override;
  Result<void> lock_schema() override { return {}; }         // begin() did, and more
  bool worth_another_try() const override { return false; }  // nobody gets in the way
  bool is_alive() const override { return true; }

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
