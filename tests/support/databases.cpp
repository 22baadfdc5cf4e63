#include "tests/support/databases.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdlib>
#include <stdexcept>
#include <string_view>

#include "common/store/database.h"

namespace set::test {
namespace {

// Runs tests/support/postgres_server, which lives as long as `stdin_` is open.
class PostgresServer {
 public:
  PostgresServer() {
    std::array<int, 2> in{};
    std::array<int, 2> out{};
    if (::pipe2(in.data(), O_CLOEXEC) != 0 || ::pipe2(out.data(), O_CLOEXEC) != 0) {
      throw std::runtime_error("no pipes");
    }
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_adddup2(&files, in[0], STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&files, out[1], STDOUT_FILENO);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID);  // a Ctrl-C is not for it
    std::string script = SET_SOURCE_DIR "/tests/support/postgres_server";
    std::array<char*, 2> arguments = {script.data(), nullptr};
    const int spawned =
        ::posix_spawn(&pid_, script.c_str(), &files, &attributes, arguments.data(), environ);
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attributes);
    ::close(in[0]);
    ::close(out[1]);
    stdin_ = in[1];
    char c = 0;
    while (spawned == 0 && ::read(out[0], &c, 1) == 1 && c != '\n') directory_ += c;
    ::close(out[0]);
    if (spawned != 0 || c != '\n') throw std::runtime_error("no PostgreSQL server: see above");
  }
  PostgresServer(const PostgresServer&) = delete;
  PostgresServer& operator=(const PostgresServer&) = delete;
  ~PostgresServer() {
    ::close(stdin_);
    ::waitpid(pid_, nullptr, 0);
  }

  std::string url(const std::string& schema) const {
    return "postgresql://openset@/postgres?host=" + directory_ + "&options=-csearch_path%3D" +
           schema;
  }

 private:
  pid_t pid_ = -1;
  int stdin_ = -1;
  std::string directory_;
};

bool is_postgres() {
  const char* kind = std::getenv("SET_TEST_DATABASE");
  return kind != nullptr && std::string_view(kind) == "postgresql";
}

std::string table_names_sql() {
  return is_postgres() ? "SELECT CAST(tablename AS text) FROM pg_tables"
                         " WHERE schemaname = current_schema() ORDER BY 1"
                       : "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name";
}

// The whole of a row as one text.
Result<std::string> row_text_sql(Transaction& t, const std::string& table) {
  if (is_postgres()) return "CAST(r AS text)";
  std::string columns;
  for (const auto& column : TRY(t.query("SELECT name FROM pragma_table_info('" + table + "')"))) {
    columns += (columns.empty() ? "quote(" : " || ',' || quote(") + column.text(0) + ")";
  }
  return columns;
}

}  // namespace

std::string postgres_url() {
  static const PostgresServer server;
  static std::atomic<int> number = 0;
  const auto schema = "test_" + std::to_string(++number);
  const auto url = server.url(schema);
  auto database = Database::open(url);
  if (!database) throw std::runtime_error(database.error().detail);
  const auto made = database->in_transaction(
      "test", [&](Transaction& t) { return t.execute("CREATE SCHEMA " + schema); });
  if (!made) throw std::runtime_error(made.error().detail);
  return url;
}

std::string database_url() { return is_postgres() ? postgres_url() : "sqlite::memory:"; }

Result<std::string> dump_of(Database& database, const std::set<std::string>& without) {
  return database.in_transaction("test:dump", [&](Transaction& t) -> Result<std::string> {
    std::string out;
    for (const auto& table : TRY(t.query(table_names_sql()))) {
      const auto& name = table.text(0);
      if (without.contains(name)) continue;
      out += name + "\n";
      const auto row_text = TRY(row_text_sql(t, name));
      for (const auto& row :
           TRY(t.query("SELECT " + row_text + " FROM " + name + " r ORDER BY 1"))) {
        out += row.text(0) + "\n";
      }
    }
    return out;
  });
}

}  // namespace set::test
