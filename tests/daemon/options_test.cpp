#include <sys/stat.h>

#include <fstream>
#include <thread>

#include "common/daemon/list_limit.h"
#include "common/daemon/options.h"
#include "common/daemon/patience.h"
#include "common/daemon/server.h"
#include "tests/daemon/transport.h"
#include "tests/store/temporary_directory.h"

namespace set {
namespace {

// A program such as the daemons are.
struct Program {
  Program() {
    add_common_options(app, common, "  set-test serve --listen 127.0.0.1:0");
    app.add_option("--database", database, "Where the data is");
    add_parsed(app, "--timeout", timeout, parse_duration, "How long to wait");
    serve = app.add_subcommand("serve", "Serves");
    add_parsed(*serve, "--listen", listen, ListenAddress::parse, "Where to listen");
    app.add_subcommand("enroll", "Enrols");
    app.require_subcommand(1);
  }
  Result<std::optional<std::string>> parse(std::vector<std::string> arguments) {
    return parse_arguments(app, common, std::move(arguments));
  }

  CLI::App app{"A program for tests", "set-test"};
  CLI::App* serve = nullptr;
  CommonOptions common;
  std::string database = "sqlite::memory:";
  Duration timeout{1};
  ListenAddress listen;
};

std::string detail_of(const auto& result) {
  REQUIRE_FALSE(result.has_value());
  return result.error().detail;
}

std::filesystem::path config(const test::TemporaryDirectory& directory, const std::string& text) {
  const auto path = directory.path() / "test.toml";
  std::ofstream(path) << text;
  return path;
}

}  // namespace

TEST_CASE("options may stand before and after the subcommand") {
  Program program;
  REQUIRE(program.parse({"--json", "serve", "--listen", "127.0.0.1:0", "--database", "sqlite:x",
                         "--timeout", "2s", "--log-level", "trace"}));
  CHECK(program.common.json);
  CHECK(program.common.log_level == LogLevel::trace);
  CHECK(program.database == "sqlite:x");
  CHECK(program.timeout == std::chrono::seconds(2));
  CHECK(program.listen.str() == "127.0.0.1:0");
  CHECK(program.serve->parsed());
}

TEST_CASE("a flag wins over the file, the file over the default") {
  test::TemporaryDirectory directory;
  const auto path = config(directory,
                           "database = \"sqlite:file\"\ntimeout = \"3s\"\nlog-level = \"error\"\n"
                           "[serve]\nlisten = \"[::1]:5\"\n");
  Program program;
  REQUIRE(program.parse({"serve", "--config", path.string(), "--timeout", "4s"}));
  CHECK(program.database == "sqlite:file");
  CHECK(program.timeout == std::chrono::seconds(4));
  CHECK(program.common.log_level == LogLevel::error);
  CHECK(program.listen.str() == "[::1]:5");
}

TEST_CASE("an unknown key of the file is refused and named") {
  test::TemporaryDirectory directory;
  for (const char* text :
       {"databse = \"x\"\n", "[serve]\nlisten_on = \"x\"\n", "[nosuch]\na = 1\n"}) {
    Program program;
    const auto parsed = program.parse({"--config", config(directory, text).string(), "serve"});
    CAPTURE(text);
    CHECK(test::code_of(parsed) == ErrorCode::bad_config);
    CHECK((detail_of(parsed).find("databse") != std::string::npos ||
           detail_of(parsed).find("listen_on") != std::string::npos ||
           detail_of(parsed).find("nosuch") != std::string::npos));
  }
}

TEST_CASE("a file that is not there is refused and named") {
  Program program;
  const auto parsed = program.parse({"--config", "/nonexistent.toml", "serve"});
  CHECK(test::code_of(parsed) == ErrorCode::bad_config);
  CHECK(detail_of(parsed).find("/nonexistent.toml") != std::string::npos);
}

TEST_CASE("what is misspelt gets a proposal") {
  CHECK(detail_of(Program().parse({"serv"})) == "unknown argument serv; did you mean serve?");
  CHECK(detail_of(Program().parse({"serve", "--listn=x"})) ==
        "unknown argument --listn; did you mean --listen?");
  CHECK(detail_of(Program().parse({"serve", "--jsno"})) ==
        "unknown argument --jsno; did you mean --json?");
  CHECK(detail_of(Program().parse({"dance"})) == "unknown argument dance; see --help");
}

TEST_CASE("bad usage is invalid_argument") {
  for (const std::vector<std::string>& arguments :
       std::vector<std::vector<std::string>>{{},
                                             {"serve", "--timeout", "3"},
                                             {"serve", "--listen", "nowhere"},
                                             {"serve", "--log-level", "loud"},
                                             {"serve", "--database"}}) {
    CHECK(test::code_of(Program().parse(arguments)) == ErrorCode::invalid_argument);
  }
}

TEST_CASE("quiet and verbose set what is logged, over file and environment") {
  test::TemporaryDirectory directory;
  const auto path = config(directory, "log-level = \"warning\"\n");
  const auto level = [&](const std::string& flag) {
    Program program;
    REQUIRE(program.parse({"serve", "--config", path.string(), flag}));
    return program.common.log_level;
  };
  CHECK(level("--quiet") == LogLevel::error);
  CHECK(level("--verbose") == LogLevel::trace);
  CHECK(level("--json") == LogLevel::warning);
  for (const std::vector<std::string>& both :
       std::vector<std::vector<std::string>>{{"--quiet", "--verbose"},
                                             {"--quiet", "--log-level", "info"},
                                             {"--verbose", "--log-level", "info"}}) {
    auto arguments = both;
    arguments.push_back("serve");
    CHECK(test::code_of(Program().parse(arguments)) == ErrorCode::invalid_argument);
  }
}

TEST_CASE("waiting for others ends with the time of --timeout, in which no person types") {
  const Duration second(1000);
  CHECK(waiting_time(second) == second);
  CHECK_FALSE(waiting_is_over());
  limit_waiting(Duration(60'000));
  CHECK(waiting_time(second) == second);
  CHECK(waiting_time(Duration(3'600'000)) <= Duration(60'000));
  CHECK(waiting_time(Duration(3'600'000)) > Duration(30'000));
  limit_waiting(Duration(100));
  {
    const NobodyWaits typing;
    std::this_thread::sleep_for(Duration(150));
  }
  CHECK_FALSE(waiting_is_over());
  std::this_thread::sleep_for(Duration(150));
  CHECK(waiting_is_over());
  CHECK(waiting_time(second) == Duration::zero());
  limit_waiting(Duration::zero());
  CHECK(waiting_is_over());
  forget_waiting_limit();
  CHECK(waiting_time(second) == second);
}

TEST_CASE("a list is cut at its limit, and zero is none") {
  std::vector<int> rows = {1, 2, 3};
  ListLimit limit;
  CHECK(limit.to_fetch() == 101);
  keep_within(limit, rows);
  CHECK(rows.size() == 3);
  limit.rows = 3;
  keep_within(limit, rows);
  CHECK(rows.size() == 3);
  CHECK_FALSE(limit.is_full(2));
  CHECK(limit.is_full(3));
  limit.rows = 2;
  CHECK(limit.to_fetch() == 3);
  keep_within(limit, rows);
  CHECK(rows == std::vector<int>{1, 2});
  limit.rows = 0;
  CHECK(limit.to_fetch() > 1'000'000);
  CHECK_FALSE(limit.is_full(1'000'000));
  keep_within(limit, rows);
  CHECK(rows.size() == 2);
}

TEST_CASE("a program gets every page, unless it says otherwise") {
  const auto limit_of = [](const std::string& arguments) {
    CLI::App app("", "program");
    ListLimit limit;
    add_limit_option(*app.add_subcommand("list"), limit);
    app.parse(arguments, false);
    return limit;
  };
  CHECK(limit_of("list").rows == 100);
  CHECK(limit_of("list").of_pages(false).rows == 100);
  CHECK(limit_of("list").of_pages(true).rows == 0);
  CHECK(limit_of("list --limit 7").of_pages(true).rows == 7);
  CHECK(limit_of("list --limit 100").of_pages(true).rows == 100);
}

TEST_CASE("help shows the examples and --version the version") {
  const auto help = Program().parse({"--help"});
  REQUIRE((help && help->has_value()));
  CHECK((*help)->find("set-test serve --listen 127.0.0.1:0") != std::string::npos);
  CHECK((*help)->find("--config") != std::string::npos);
  const auto sub = Program().parse({"serve", "-h"});
  REQUIRE((sub && sub->has_value()));
  CHECK((*sub)->find("Where to listen") != std::string::npos);
  const auto version = Program().parse({"--version"});
  REQUIRE((version && version->has_value()));
  CHECK(**version == "set-test " SET_VERSION "\n");
}

}  // namespace set
