// A PostgreSQL connection: the functions of <libpq-fe.h> that Database uses, with Results instead
// of strings, and with an end to all waiting. Called by database.cpp and pool.cpp, by one thread at
// a time. ADR 0040 (transactions), 0041 (the URL, TLS, passwords).
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include <libpq-fe.h>

#include "common/store/connection.h"

namespace set {

class PostgresParameters;

/// postgresql: or postgres:, as libpq wants it.
bool is_postgres_url(std::string_view url);

/// What a URL asks for, examined without a network.
struct PostgresSettings {
  /// bad_config: no URL that libpq can read, or a password in it or in PGPASSWORD.
  static Result<PostgresSettings> parse(std::string_view url);

  std::string url;
  std::string place;  ///< For sentences: "the database openset at db.example:5432".
};

class PostgresConnection final : public SqlConnection {
 public:
  /// bad_config: no such database or user, wrong password, certificate that does not verify, too
  /// old, not UTF8. storage_unavailable: not reached, or it takes no more connections.
  static Result<std::unique_ptr<SqlConnection>> open(const PostgresSettings& settings);

  Result<void> begin(Begin how) override;
  Result<void> commit() override;
  void end() override;
  Result<SqlAnswer> run(std::string_view sql, const SqlParameters& parameters) override;
  Result<void> run_script(std::string_view sql) override;
  Result<void> lock_schema() override;
  bool worth_another_try() const override { return worth_another_try_; }
  bool is_alive() const override;

 private:
  struct Close {
    void operator()(PGconn* connection) const { PQfinish(connection); }
  };
  struct Clear {
    void operator()(PGresult* result) const { PQclear(result); }
  };
  using Answer = std::unique_ptr<PGresult, Clear>;
  using Deadline = std::chrono::steady_clock::time_point;

  PostgresConnection() = default;
  Result<void> check_server(const std::string& place);
  Result<std::string> prepared(std::string_view sql, const PostgresParameters& parameters);
  Result<Answer> run_simple(const std::string& sql);
  /// What came back for the one thing that was sent; `sent` is what libpq said to that.
  Result<Answer> answer(int sent);
  /// Until all is written or read that there is, or the deadline: then false.
  bool wait(short events, Deadline deadline);
  Error lost(const std::string& how);
  Error error_of(const PGresult* result);

  std::unique_ptr<PGconn, Close> connection_;
  std::unordered_map<std::string, std::string> statements_;  // types and SQL, to its name
  std::chrono::milliseconds patience_ = {};                  // with one statement
  bool in_the_queue_ = false;
  bool at_the_door_ = false;
  bool committing_ = false;
  bool worth_another_try_ = false;
  bool gave_up_ = false;  // waiting: whatever comes now belongs to nothing
};

}  // namespace set
