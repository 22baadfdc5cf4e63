#include "common/store/postgres.h"

#include <poll.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <utility>

#include "common/base/assert.h"
#include "common/store/postgres_error.h"
#include "common/store/postgres_sql.h"

namespace set {
namespace {

using std::chrono::milliseconds;

// More different statements than this are no longer literals of a store; then start again.
constexpr std::size_t kMostPrepared = 512;
constexpr int kOldestServer = 140000;  // the oldest that PostgreSQL's makers still look after

// The server ends a statement before we stop waiting for it: then we know what became of it.
constexpr milliseconds kPatience{15'000};
constexpr milliseconds kMigrationPatience{600'000};

// synchronous_commit: whatever the server's file says, a COMMIT that was answered is on the disk;
// a stronger setting (remote_apply) stays. enable_seqscan: reading a table whole makes two
// transactions meet that have nothing to do with each other; all that stores ask for has an index.
// jit: it would compile for a second what runs for a millisecond. idle_in_transaction… and tcp_…: what a
// host that vanished holds, others wait for.
constexpr const char* kSession = R"sql(
  SET statement_timeout = 10000;
  SET lock_timeout = 5000;
  SET idle_in_transaction_session_timeout = 15000;
  SET tcp_keepalives_idle = 10;
  SET tcp_keepalives_interval = 5;
  SET tcp_keepalives_count = 2;
  SET tcp_user_timeout = 10000;
  SET standard_conforming_strings = on;
  SET enable_seqscan = off;
  SET jit = off;
  SELECT set_config('synchronous_commit', 'on', false)
    WHERE current_setting('synchronous_commit') IN ('off', 'local');
)sql";

// Who lost a race stands in one queue, whatever it was about. The lock is of the session: taken
// before the transaction begins, so that who comes to its turn sees what those before it did.
constexpr const char* kEnterQueue = "SELECT pg_advisory_lock(7236284524)";
// Also of the two below, and of a lock whose granting crossed with our giving up.
constexpr const char* kLeaveQueue = "SELECT pg_advisory_unlock_all()";

// Where the database is busy, newcomers would overtake it there, too, for as long as they keep coming.
// So who comes from the queue the second time has the database to itself: newcomers come in through a
// door, which it shuts, and hold another lock for as long as they are inside, for which it waits. They
// wait at the door in a transaction of its own, so that theirs sees what was done before the door opened;
// one that was between the two waits inside, sees less, and loses. One round trip, as BEGIN alone.
constexpr const char* kBeginThroughDoor =
    "BEGIN; SELECT pg_advisory_xact_lock_shared(7236284525); COMMIT;"
    "BEGIN ISOLATION LEVEL SERIALIZABLE; SELECT pg_advisory_xact_lock_shared(7236284526)";
constexpr const char* kBegin = "BEGIN ISOLATION LEVEL SERIALIZABLE";
constexpr const char* kBeAlone =
    "SELECT pg_advisory_lock(7236284525); SELECT pg_advisory_lock(7236284526)";

// Two daemons that start at once: the second one sees what the first did, so it must look after it
// has the lock (READ COMMITTED). A migration may take its time. The number means nothing.
constexpr const char* kLockSchema = R"sql(
  ROLLBACK;
  BEGIN ISOLATION LEVEL READ COMMITTED;
  SET LOCAL statement_timeout = 590000;
  SET LOCAL lock_timeout = 0;
  SELECT pg_advisory_xact_lock(7236284523);
)sql";

struct FreeOptions {
  void operator()(PQconninfoOption* options) const { PQconninfoFree(options); }
};

// libpq would warn on standard error, and go on without the password.
Result<void> check_passfile(const std::string& file) {
  struct stat status = {};
  CHECK_OR_FAIL(
      ::stat(file.c_str(), &status) == 0 && S_ISREG(status.st_mode) && (status.st_mode & 077) == 0,
      ErrorCode::bad_config,
      "the passfile " + file + " must be a file that only its owner can read: chmod 600");
  return {};
}

std::string place_of(const PQconninfoOption* options) {
  std::string host = "localhost";
  std::string port = "5432";
  std::string name = "?";
  for (const auto* option = options; option->keyword != nullptr; ++option) {
    const std::string_view keyword = option->keyword;
    if (option->val == nullptr || *option->val == '\0') continue;
    if (keyword == "host" || (keyword == "hostaddr" && host == "localhost")) host = option->val;
    if (keyword == "port") port = option->val;
    if (keyword == "dbname") name = option->val;
  }
  return "the database " + name + " at " + host + (host.starts_with("/") ? "" : ":" + port);
}

}  // namespace

bool is_postgres_url(std::string_view url) {
  return url.starts_with("postgresql:") || url.starts_with("postgres:");
}

Result<PostgresSettings> PostgresSettings::parse(std::string_view url) {
  PostgresSettings settings{.url = std::string(url), .place = ""};
  // libpq's own sentence may quote a part of the URL, even one that was meant as a password.
  const std::unique_ptr<PQconninfoOption, FreeOptions> options(
      PQconninfoParse(settings.url.c_str(), nullptr));
  CHECK_OR_FAIL(options && url.find("://") != std::string_view::npos, ErrorCode::bad_config,
                "this is no URL of a PostgreSQL database: write postgresql://user@host/name, with "
                "libpq's parameters after a question mark and % signs as %25");
  bool password = std::getenv("PGPASSWORD") != nullptr;
  for (const auto* option = options.get(); option->keyword != nullptr; ++option) {
    const bool is_password = std::string_view(option->keyword) == "password" ||
                             std::string_view(option->keyword) == "sslpassword";
    if (option->val == nullptr) continue;
    if (is_password) password = true;
    if (std::string_view(option->keyword) == "passfile") TRY(check_passfile(option->val));
  }
  CHECK_OR_FAIL(!password, ErrorCode::bad_config,
                "a password does not belong in the database's URL or the environment: write it "
                "into a file of mode 0600 and add ?passfile=FILE to the URL");
  settings.place = place_of(options.get());
  return settings;
}

Result<std::unique_ptr<SqlConnection>> PostgresConnection::open(const PostgresSettings& settings) {
  // What stands before the URL yields to it, what stands behind it does not. libpq by itself takes
  // what TLS it gets (sslmode=prefer); here less than all must be written. A server that went away
  // without a word is found by the keepalives.
  const std::array keywords = {"sslmode",
                               "connect_timeout",
                               "tcp_user_timeout",
                               "keepalives_idle",
                               "keepalives_interval",
                               "keepalives_count",
                               "fallback_application_name",
                               "dbname",
                               "client_encoding",
                               static_cast<const char*>(nullptr)};
  const std::array values = {"verify-full", "5",
                             "10000",       "10",
                             "5",           "2",
                             "openset",     settings.url.c_str(),
                             "UTF8",        static_cast<const char*>(nullptr)};
  std::unique_ptr<PostgresConnection> result(new PostgresConnection);
  result->connection_.reset(PQconnectdbParams(keywords.data(), values.data(), /*expand_dbname*/ 1));
  PGconn* connection = result->connection_.get();
  SET_ASSERT(connection != nullptr);
  if (PQstatus(connection) != CONNECTION_OK) {
    return failure(connect_error(settings.place, connection));
  }
  PQsetNoticeProcessor(
      connection, [](void*, const char*) {}, nullptr);
  SET_ASSERT(PQsetnonblocking(connection, 1) == 0);
  result->patience_ = kPatience;
  TRY(result->check_server(settings.place));
  TRY(result->run_simple(kSession));
  return result;
}

Result<void> PostgresConnection::check_server(const std::string& place) {
  CHECK_OR_FAIL(PQserverVersion(connection_.get()) >= kOldestServer, ErrorCode::bad_config,
                place + " is older than PostgreSQL 14: use a newer one");
  const char* encoding = PQparameterStatus(connection_.get(), "server_encoding");
  CHECK_OR_FAIL(encoding != nullptr && std::string_view(encoding) == "UTF8", ErrorCode::bad_config,
                place + " is not encoded in UTF8: make it with createdb -E UTF8 -T template0");
  return {};
}

Result<void> PostgresConnection::begin(Begin how) {
  committing_ = false;
  worth_another_try_ = false;
  if (how == Begin::at_once) {
    at_the_door_ = true;
    const auto begun = run_simple(kBeginThroughDoor);
    at_the_door_ = false;
    if (!begun) return failure(begun.error());
    return {};
  }
  in_the_queue_ = true;
  TRY(run_simple(kEnterQueue));
  if (how == Begin::alone) TRY(run_simple(kBeAlone));
  TRY(run_simple(kBegin));
  return {};
}

Result<void> PostgresConnection::commit() {
  // Whose connection is gone already has certainly not committed.
  pollfd socket = {.fd = PQsocket(connection_.get()), .events = POLLIN, .revents = 0};
  while (::poll(&socket, 1, 0) == 1) {
    if (PQconsumeInput(connection_.get()) == 0) return failure(lost("broke"));
  }
  committing_ = true;
  const auto committed = TRY(run_simple("COMMIT"));
  // The server says ROLLBACK where a statement had failed.
  CHECK_OR_FAIL(std::string_view(PQcmdStatus(committed.get())) == "COMMIT",
                ErrorCode::storage_unavailable, "the database did not commit; try again");
  return {};
}

void PostgresConnection::end() {
  patience_ = kPatience;
  const bool was_worth_it = worth_another_try_;
  bool ended = true;
  if (is_alive() && PQtransactionStatus(connection_.get()) != PQTRANS_IDLE) {
    ended = run_simple("ROLLBACK").has_value();
  }
  if (is_alive() && std::exchange(in_the_queue_, false)) {
    ended = run_simple(kLeaveQueue).has_value() && ended;
  }
  // Back in the pool it would keep its transaction or its place in the queue.
  if (!ended) gave_up_ = true;
  worth_another_try_ = was_worth_it;
}

bool PostgresConnection::is_alive() const {
  return !gave_up_ && PQstatus(connection_.get()) == CONNECTION_OK;
}

Result<SqlAnswer> PostgresConnection::run(std::string_view sql, const SqlParameters& parameters) {
  const PostgresParameters encoded(parameters);
  const std::string name = TRY(prepared(sql, encoded));
  constexpr int kBinary = 1;
  const auto given = TRY(
      answer(PQsendQueryPrepared(connection_.get(), name.c_str(), encoded.count(), encoded.values(),
                                 encoded.lengths(), encoded.formats(), kBinary)));
  const PGresult* result = given.get();
  SqlAnswer out;
  const int columns = PQnfields(result);
  out.rows.reserve(static_cast<std::size_t>(PQntuples(result)));
  for (int row = 0; row < PQntuples(result); ++row) {
    std::vector<SqlValue> values;
    values.reserve(static_cast<std::size_t>(columns));
    for (int column = 0; column < columns; ++column) {
      if (PQgetisnull(result, row, column) != 0) {
        values.emplace_back(std::nullopt);
        continue;
      }
      const auto* octets = reinterpret_cast<const std::uint8_t*>(PQgetvalue(result, row, column));
      auto value =
          postgres_value(PQftype(result, column),
                         {octets, static_cast<std::size_t>(PQgetlength(result, row, column))});
      CHECK_OR_FAIL(value, ErrorCode::internal, "wrong SQL: a sum is too large for 64 bits");
      values.push_back(std::move(*value));
    }
    out.rows.emplace_back(std::move(values));
  }
  out.changed = std::atoll(PQcmdTuples(given.get()));  // "" where nothing is counted
  return out;
}

Result<void> PostgresConnection::run_script(std::string_view sql) {
  TRY(run_simple(respell_for_postgres(sql)));
  return {};
}

Result<void> PostgresConnection::lock_schema() {
  patience_ = kMigrationPatience;  // until end()
  TRY(run_simple(kLockSchema));
  return {};
}

Result<std::string> PostgresConnection::prepared(std::string_view sql,
                                                 const PostgresParameters& parameters) {
  std::string key = parameters.signature() + " " + std::string(sql);
  if (const auto found = statements_.find(key); found != statements_.end()) return found->second;
  if (statements_.size() >= kMostPrepared) {
    TRY(run_simple("DEALLOCATE ALL"));
    statements_.clear();
  }
  std::string name = "s" + std::to_string(statements_.size());
  const std::string text(sql);
  TRY(answer(PQsendPrepare(connection_.get(), name.c_str(), text.c_str(), parameters.count(),
                           parameters.types())));
  statements_.emplace(std::move(key), name);
  return name;
}

Result<PostgresConnection::Answer> PostgresConnection::run_simple(const std::string& sql) {
  return answer(PQsendQuery(connection_.get(), sql.c_str()));
}

Result<PostgresConnection::Answer> PostgresConnection::answer(int sent) {
  PGconn* connection = connection_.get();
  if (sent == 0) return failure(lost("broke"));
  const Deadline deadline = std::chrono::steady_clock::now() + patience_;
  int unsent = 0;
  while ((unsent = PQflush(connection)) == 1) {
    // The server may want to be heard before it listens on.
    if (!wait(POLLIN | POLLOUT, deadline)) return failure(lost("does not answer"));
    if (PQconsumeInput(connection) == 0) return failure(lost("broke"));
  }
  if (unsent != 0) return failure(lost("broke"));
  // A script gives an answer for each statement; the first that failed is the last one.
  Answer last;
  while (true) {
    while (PQisBusy(connection) != 0) {
      if (!wait(POLLIN, deadline)) return failure(lost("does not answer"));
      if (PQconsumeInput(connection) == 0) break;  // what it said before it went is read below
    }
    Answer next(PQgetResult(connection));
    if (!next) break;
    last = std::move(next);
  }
  if (!last) return failure(lost("broke"));
  const auto status = PQresultStatus(last.get());
  if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK) return last;
  return failure(error_of(last.get()));
}

bool PostgresConnection::wait(short events, Deadline deadline) {
  pollfd socket = {.fd = PQsocket(connection_.get()), .events = events, .revents = 0};
  while (true) {
    const auto left =
        std::chrono::duration_cast<milliseconds>(deadline - std::chrono::steady_clock::now());
    const int ready = ::poll(&socket, 1, static_cast<int>(std::max<std::int64_t>(left.count(), 0)));
    if (ready > 0 || (ready < 0 && errno != EINTR)) return true;  // libpq will say what is wrong
    if (ready == 0) break;
  }
  gave_up_ = true;
  return false;
}

// A transaction whose connection is gone is undone, unless its COMMIT was on the way.
Error PostgresConnection::lost(const std::string& how) {
  worth_another_try_ = !committing_ && !gave_up_;
  return {ErrorCode::storage_unavailable,
          committing_ ? "the connection to the database " + how +
                            " during a COMMIT: it may have happened, look again"
                      : "the connection to the database " + how + "; try again"};
}

Error PostgresConnection::error_of(const PGresult* result) {
  const char* state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
  if (state == nullptr || !is_alive()) return lost("broke");
  // At a door that stays shut it takes its place in the queue.
  worth_another_try_ = is_lost_race(state) || (at_the_door_ && std::string_view(state) == "55P03");
  const char* says = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
  return statement_error(state, says == nullptr ? "" : says);
}

}  // namespace set
