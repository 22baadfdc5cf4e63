// What holds for PostgreSQL: many at a time, each as if alone; connections that break; waiting that
// ends.
#include <catch2/catch_test_macros.hpp>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <thread>

#include "tests/store/databases.h"

namespace set {
namespace {

using test::code_of;
using test::run;

const std::vector<Migration> kOrderMigrations = {
    {1,
     "CREATE TABLE orders (id INTEGER PRIMARY KEY, state TEXT NOT NULL, amount INTEGER NOT NULL"
     " CHECK (amount >= 0)) STRICT"},
    {2, "CREATE TABLE numbers (number INTEGER PRIMARY KEY) STRICT"}};

Database with_orders(const std::string& url) {
  auto database = test::open(url);
  REQUIRE(database.migrate(kOrderMigrations).has_value());
  return database;
}

std::int64_t number(Database& database, std::string_view sql) {
  const auto row =
      database.in_transaction("test", [&](Transaction& t) { return t.query_one(sql); });
  REQUIRE((row.has_value() && row->has_value()));
  return (*row)->integer(0);
}

// Two daemons' views of one database.
struct Two {
  const std::string url = test::postgres_url();
  Database one = with_orders(url);
  Database two = with_orders(url);
};

}  // namespace

TEST_CASE("of two daemons that advance one order one wins, and the other is told", "[postgres]") {
  Two daemons;
  REQUIRE(run(daemons.one, "INSERT INTO orders VALUES (1, 'ordered', 100)"));
  for (int round = 0; round < 30; ++round) {
    std::atomic<int> won = 0, late = 0;
    const auto advance = [&](Database& database) {
      const auto moved =
          run(database, "UPDATE orders SET state = 'paid' WHERE id = 1 AND state = 'ordered'");
      if (moved) ++(*moved == 1 ? won : late);
    };
    std::thread other([&] { advance(daemons.two); });
    advance(daemons.one);
    other.join();
    CHECK(won == 1);
    CHECK(late == 1);
    REQUIRE(run(daemons.one, "UPDATE orders SET state = 'ordered'") == 1);
  }
}

TEST_CASE("who was overtaken runs again, and sees what the other did", "[postgres]") {
  Two daemons;
  REQUIRE(run(daemons.one, "INSERT INTO orders VALUES (1, 'ordered', 100)"));
  int times = 0;
  const auto spent =
      daemons.one.in_transaction("test", [&](Transaction& t) -> Result<std::int64_t> {
        ++times;
        const auto amount = TRY(t.query_one("SELECT amount FROM orders WHERE id = 1"))->integer(0);
        if (times == 1) REQUIRE(run(daemons.two, "UPDATE orders SET amount = amount - 30") == 1);
        TRY(t.execute("UPDATE orders SET amount = $1", {amount - 50}));
        return amount;
      });
  CHECK(spent == 70);
  CHECK(times == 2);
  CHECK(number(daemons.two, "SELECT amount FROM orders") == 20);
}

TEST_CASE("two that each read what the other writes do not both commit", "[postgres]") {
  Two daemons;
  REQUIRE(run(daemons.one, "INSERT INTO orders VALUES (1, 'open', 60), (2, 'open', 60)"));
  // At least 100 must stay in both together: a rule that no single row can break.
  const auto take = [](Transaction& t, int from) -> Result<std::int64_t> {
    const auto sum = TRY(t.query_one("SELECT SUM(amount) FROM orders"))->integer(0);
    CHECK_OR_FAIL(sum >= 120, ErrorCode::declined, "too little is left");
    return t.execute("UPDATE orders SET amount = amount - 20 WHERE id = $1", {from});
  };
  bool first = true;
  const auto one = daemons.one.in_transaction("test", [&](Transaction& t) -> Result<std::int64_t> {
    const auto taken = TRY(take(t, 1));
    if (std::exchange(first, false)) {
      REQUIRE(daemons.two.in_transaction("test", [&](Transaction& u) { return take(u, 2); }) == 1);
    }
    return taken;
  });
  CHECK(code_of(one) == ErrorCode::declined);
  CHECK(number(daemons.one, "SELECT SUM(amount) FROM orders") == 100);
}

TEST_CASE("numbers given out one after the other have no gap and no double", "[postgres]") {
  Two daemons;
  std::atomic<int> failures = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 12; ++i) {
    threads.emplace_back([&, i] {
      auto& database = i % 2 == 0 ? daemons.one : daemons.two;
      for (int n = 0; n < 20; ++n) {
        const auto given = database.in_transaction("test", [](Transaction& t) -> Result<void> {
          const auto last = TRY(t.query_one("SELECT COALESCE(MAX(number), 0) FROM numbers"));
          TRY(t.execute("INSERT INTO numbers VALUES ($1)", {last->integer(0) + 1}));
          return {};
        });
        if (!given) ++failures;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(failures == 0);
  CHECK(number(daemons.one, "SELECT COUNT(*) FROM numbers") == 240);
  CHECK(number(daemons.one, "SELECT MAX(number) FROM numbers") == 240);
}

TEST_CASE("who is overtaken again and again has the database to itself in the end", "[postgres]") {
  Two daemons;
  REQUIRE(run(daemons.one, "INSERT INTO orders VALUES (1, 'ordered', 0)"));
  // A newcomer each time, which is done before ours is, if it may begin.
  std::atomic<int> overtaken = 0;
  std::vector<std::jthread> newcomers;
  int times = 0;
  const auto ours = daemons.one.in_transaction("test", [&](Transaction& t) -> Result<void> {
    const auto amount = TRY(t.query_one("SELECT amount FROM orders"))->integer(0);
    ++times;
    const int before = overtaken;
    newcomers.emplace_back([&] {
      if (run(daemons.two, "UPDATE orders SET amount = amount + 1") == 1) ++overtaken;
    });
    // The third time it does not come in.
    const int patience = times < 3 ? 200 : 10;
    for (int i = 0; i < patience && overtaken == before; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    TRY(t.execute("UPDATE orders SET amount = $1", {amount + 1000}));
    return {};
  });
  REQUIRE(ours);
  newcomers.clear();
  CHECK(times == 3);
  CHECK(overtaken == 3);
  CHECK(number(daemons.one, "SELECT amount FROM orders") == 1003);
}

TEST_CASE("what loses every time ends after twelve attempts", "[postgres]") {
  Two daemons;
  int times = 0;
  const auto never = daemons.one.in_transaction("test", [&](Transaction& t) -> Result<void> {
    ++times;
    TRY(t.execute("INSERT INTO numbers VALUES (1)"));
    TRY(t.execute("DO $$ BEGIN RAISE EXCEPTION 'overtaken' USING ERRCODE = '40001'; END $$"));
    return {};
  });
  CHECK(code_of(never) == ErrorCode::storage_unavailable);
  CHECK(times == 12);
  CHECK(number(daemons.one, "SELECT COUNT(*) FROM numbers") == 0);
  // And its place is free again, for losers and newcomers.
  CHECK(run(daemons.two, "INSERT INTO numbers VALUES (1)") == 1);
}

TEST_CASE("an Error of ours is not tried again", "[postgres]") {
  Two daemons;
  int times = 0;
  const auto refused = daemons.one.in_transaction("test", [&](Transaction& t) -> Result<void> {
    ++times;
    TRY(t.execute("INSERT INTO numbers VALUES (1)"));
    TRY(t.execute("INSERT INTO numbers VALUES (1)"));
    return {};
  });
  CHECK(code_of(refused) == ErrorCode::conflict);
  CHECK(times == 1);
}

TEST_CASE("a connection cut before the COMMIT is opened again, and nobody notices", "[postgres]") {
  Two daemons;
  enum class Cut { before_it, after_begin, after_a_write };
  for (const auto cut : {Cut::before_it, Cut::after_begin, Cut::after_a_write}) {
    REQUIRE(run(daemons.two, "DELETE FROM numbers"));
    auto pid = number(daemons.one, "SELECT pg_backend_pid()");
    const auto cut_now = [&] {
      CHECK(number(daemons.two, "SELECT pg_terminate_backend(" + std::to_string(pid) + ", 5000)") ==
            1);
    };
    if (cut == Cut::before_it) cut_now();
    int times = 0;
    const auto done = daemons.one.in_transaction("test", [&](Transaction& t) -> Result<void> {
      ++times;
      pid = TRY(t.query_one("SELECT pg_backend_pid()"))->integer(0);
      if (cut == Cut::after_begin && times == 1) cut_now();
      TRY(t.execute("INSERT INTO numbers VALUES (1)"));
      if (cut == Cut::after_a_write && times == 1) cut_now();
      return {};
    });
    CHECK(done.has_value());
    CHECK(times == (cut == Cut::before_it ? 1 : 2));
    CHECK(number(daemons.two, "SELECT COUNT(*) FROM numbers") == 1);
  }
}

TEST_CASE("a connection cut during the COMMIT leaves the outcome open", "[postgres]") {
  Two daemons;
  // At the end of the transaction, within its COMMIT, it ends its own connection.
  const auto trap = daemons.two.in_transaction("test", [](Transaction& t) -> Result<void> {
    TRY(
        t.execute("CREATE FUNCTION cut() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
                  " PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(5);"
                  " RETURN NULL; END $$"));
    TRY(
        t.execute("CREATE CONSTRAINT TRIGGER cut AFTER INSERT ON numbers DEFERRABLE"
                  " INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION cut()"));
    return {};
  });
  REQUIRE(trap.has_value());
  int times = 0;
  const auto open = daemons.one.in_transaction("test", [&](Transaction& t) {
    ++times;
    return t.execute("INSERT INTO numbers VALUES (1)");
  });
  CHECK(code_of(open) == ErrorCode::storage_unavailable);
  CHECK(open.error().detail.find("may have happened") != std::string::npos);
  CHECK(times == 1);
  CHECK(number(daemons.one, "SELECT COUNT(*) FROM numbers") == 0);  // and the next one works
}

TEST_CASE("a server that falls silent holds nobody for ever", "[postgres]") {
  Two daemons;
  const auto pid = static_cast<pid_t>(number(daemons.one, "SELECT pg_backend_pid()"));
  REQUIRE(::kill(pid, SIGSTOP) == 0);
  const auto start = std::chrono::steady_clock::now();
  const auto silent = run(daemons.one, "INSERT INTO numbers VALUES (1)");
  CHECK(code_of(silent) == ErrorCode::storage_unavailable);
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(20));
  CHECK(run(daemons.one, "INSERT INTO numbers VALUES (2)") == 1);  // by another connection
  REQUIRE(::kill(pid, SIGCONT) == 0);
  CHECK(number(daemons.two, "SELECT SUM(number) FROM numbers") == 2);
}

TEST_CASE("a row that somebody holds is waited for, but not for ever", "[postgres]") {
  Two daemons;
  REQUIRE(run(daemons.one, "INSERT INTO orders VALUES (1, 'ordered', 0)"));
  const auto holds = daemons.one.in_transaction("test", [&](Transaction& t) -> Result<void> {
    TRY(t.execute("UPDATE orders SET amount = 1"));
    CHECK(code_of(run(daemons.two, "UPDATE orders SET amount = 2")) ==
          ErrorCode::storage_unavailable);
    return {};
  });
  CHECK(holds.has_value());
  CHECK(number(daemons.two, "SELECT amount FROM orders") == 1);
}

TEST_CASE("daemons that start at once make one schema", "[postgres]") {
  const auto url = test::postgres_url();
  std::atomic<int> failures = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      auto database = Database::open(url);
      if (!database || !database->migrate(kOrderMigrations)) ++failures;
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(failures == 0);
  auto database = test::open(url);
  CHECK(number(database, "SELECT COUNT(*) FROM schema_version") == 2);
}

TEST_CASE("a text that PostgreSQL cannot store is a conflict", "[postgres]") {
  auto database = with_orders(test::postgres_url());
  for (const auto& text : {std::string("a\0b", 3), std::string("\xFF")}) {
    const auto refused = run(database, "INSERT INTO orders VALUES (1, $1, 1)", {text});
    CHECK(code_of(refused) == ErrorCode::conflict);
  }
}

TEST_CASE("a process killed before its COMMIT leaves nothing, after it everything", "[postgres]") {
  const auto url = test::postgres_url();
  { with_orders(url); }
  const auto die_at = [&](const char* point) {
    const pid_t child = ::fork();
    if (child == 0) {
      ::setenv("SET_CRASH_AT", point, 1);
      auto database = Database::open(url);
      if (!database) ::_exit(1);
      const auto inserted = database->in_transaction(
          "order", [](Transaction& t) { return t.execute("INSERT INTO numbers VALUES (1)"); });
      ::_exit(inserted ? 0 : 2);
    }
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  };
  auto database = test::open(url);
  CHECK(die_at("before-commit:order") == 137);
  CHECK(number(database, "SELECT COUNT(*) FROM numbers") == 0);
  CHECK(die_at("after-commit:order") == 137);
  CHECK(number(database, "SELECT COUNT(*) FROM numbers") == 1);
}

TEST_CASE("an address with a password is refused, and the password not repeated") {
  for (const char* url :
       {"postgresql://user:s3cret@localhost/set", "postgresql://localhost/set?password=s3cret",
        "postgresql://user:s3cret%@localhost/set"}) {
    CAPTURE(url);
    const auto refused = Database::open(url);
    CHECK(code_of(refused) == ErrorCode::bad_config);
    CHECK(refused.error().detail.find("s3cret") == std::string::npos);
  }
  CHECK(Database::open("postgresql://user:s3cret@localhost/set").error().detail.find("passfile") !=
        std::string::npos);
  ::setenv("PGPASSWORD", "s3cret", 1);
  const auto refused = Database::open("postgresql://localhost/set");
  ::unsetenv("PGPASSWORD");
  CHECK(code_of(refused) == ErrorCode::bad_config);
}

TEST_CASE("a database that cannot be used says why", "[postgres]") {
  for (const char* passfile : {"/nonexistent/file", "/etc/passwd"}) {
    const auto unfit = Database::open(std::string("postgresql://h/set?passfile=") + passfile);
    CHECK(code_of(unfit) == ErrorCode::bad_config);
    CHECK(unfit.error().detail.find(passfile) != std::string::npos);
  }
  const auto nobody = Database::open("postgresql://set@/set?host=/nonexistent");
  CHECK(code_of(nobody) == ErrorCode::storage_unavailable);
  CHECK(nobody.error().detail.find("the database set at /nonexistent") != std::string::npos);
  CHECK(nobody.error().detail.find('\n') == std::string::npos);

  auto other_name = test::postgres_url();
  other_name.replace(other_name.find("/postgres?"), 10, "/nothing?");
  const auto no_such = Database::open(other_name);
  CHECK(code_of(no_such) == ErrorCode::bad_config);
  CHECK(no_such.error().detail.find("does not exist") != std::string::npos);
}

TEST_CASE("over TCP a server without TLS is refused unless the address allows it", "[postgres]") {
  const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = ::htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  REQUIRE(::bind(listener, generic, size) == 0);
  REQUIRE(::listen(listener, 4) == 0);
  REQUIRE(::getsockname(listener, generic, &size) == 0);
  std::atomic<bool> asked_for_tls = false;
  std::thread server([&] {
    const int peer = ::accept(listener, nullptr, nullptr);
    std::array<std::uint8_t, 8> request{};
    asked_for_tls = ::read(peer, request.data(), request.size()) == 8 && request[4] == 0x04 &&
                    request[5] == 0xD2 && request[6] == 0x16 && request[7] == 0x2F;
    (void)!::write(peer, "N", 1);
    ::close(peer);
  });
  const auto url = "postgresql://set@127.0.0.1:" + std::to_string(::ntohs(address.sin_port)) +
                   "/set?gssencmode=disable";
  const auto refused = Database::open(url);
  server.join();
  ::close(listener);
  CHECK(asked_for_tls);
  CHECK(code_of(refused) == ErrorCode::bad_config);
}

}  // namespace set
