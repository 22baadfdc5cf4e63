// Every command of every program, found by walking: each explains itself in the same way.
#include <algorithm>
#include <set>

#include "tests/command_line/programs.h"

using namespace set::test;

namespace {

std::string joined(const std::string& program, const Words& path) {
  auto out = program;
  for (const auto& word : path) out += " " + word;
  return out;
}

}  // namespace

TEST_CASE("every command has a description, examples, --json and a word for a wrong option") {
  for (const auto& program : kPrograms) {
    const auto commands = commands_of(program);
    CHECK(commands.size() >= 10);
    for (const auto& path : commands) {
      INFO(joined(program, path));
      const auto help = ok(run(Words{program} + path + Words{"--help"}));
      CHECK(help.find("Usage:") > 0);  // a description stands before it
      CHECK(help.find("Usage:") != std::string::npos);
      CHECK(holds(help, "Example"));
      CHECK(holds(help, joined(program, path)));
      const auto wrong = run(Words{program} + path + Words{"--json", "--jsno"});
      CHECK(wrong.exit_code == 2);
      const auto error = Json::parse(wrong.err, nullptr, false);
      REQUIRE(error.is_object());
      CHECK(error.at("error").at("code") == "invalid_argument");
      CHECK(holds(error.at("error").at("message"), "--jsno; did you mean --json?"));
    }
  }
}

TEST_CASE("the same verbs under the same nouns") {
  // Whatever is listed is shown one by one, too, but for what is seen at a glance or whole.
  const std::set<std::string> whole = {"card",  "webhook", "queue",
                                       "party", "event",   "account",
                                       "entry"};
  for (const auto& program : kPrograms) {
    std::set<std::string> nouns, shown;
    for (const auto& path : commands_of(program)) {
      if (path.size() < 2) continue;
      CHECK_FALSE(path.front().ends_with('s'));  // a noun stands in the singular
      if (path.back() == "list") nouns.insert(path.front());
      if (path.back() == "show") shown.insert(path.front());
    }
    if (program == "set-bank") nouns.erase("batch");  // its list has all that it knows
    for (const auto& noun : nouns) {
      INFO(program << " " << noun);
      CHECK((shown.contains(noun) || whole.contains(noun)));
    }
  }
  for (const auto& program : {"set-gateway", "set-merchant", "set-wallet"}) {
    INFO(program);
    const auto commands = commands_of(program);
    CHECK(std::ranges::find(commands, Words{"evidence", "export"}) != commands.end());
    CHECK(std::ranges::find(commands, Words{"evidence", "verify"}) != commands.end());
    CHECK(std::ranges::find(commands, Words{"needs-renewal"}) != commands.end());
  }
  for (const auto& program : {"set-ca", "set-gateway", "set-merchant", "set-wallet"}) {
    INFO(program);
    const auto commands = commands_of(program);
    for (const Words& command : std::vector<Words>{{"serve"},
                                                   {"doctor"},
                                                   {"healthcheck"},
                                                   {"audit", "list"},
                                                   {"audit", "verify"},
                                                   {"config", "check"},
                                                   {"config", "show"},
                                                   {"config", "example"},
                                                   {"completion"},
                                                   {"man"}}) {
      INFO(command.front());
      CHECK(std::ranges::find(commands, command) != commands.end());
    }
  }
}

TEST_CASE("names of before still work") {
  for (const auto& [program, path] :
       std::vector<std::pair<std::string, Words>>{{"set-gateway", {"payments", "list"}},
                                                  {"set-ca", {"certs", "list"}},
                                                  {"set-ca", {"requests", "list"}},
                                                  {"set-wallet", {"orders"}},
                                                  {"set-wallet", {"status"}},
                                                  {"set-merchant", {"events"}},
                                                  {"set-ca", {"revoke"}},
                                                  {"set-bank", {"accounts"}},
                                                  {"set-bank", {"entries"}},
                                                  {"set-bank", {"report"}}}) {
    CHECK(run(Words{program} + path + Words{"--help"}).exit_code == 0);
  }
}

TEST_CASE("no option takes a secret by its value") {
  for (const auto& program : kPrograms) {
    for (const auto& path : commands_of(program)) {
      for (const auto& [option, meaning] : completions(program, path, "--")) {
        for (const auto* secret : {"passphrase", "password", "pin", "secret", "private-key"}) {
          INFO(joined(program, path) << " " << option);
          if (!option.ends_with(secret)) continue;
          // A flag may ask for one, or print one once.
          CHECK(completions(program, path + Words{option}, "--").size() > 1);
        }
      }
    }
  }
}

TEST_CASE("a misspelt command gets a proposal") {
  refused(run({"set-merchant", "ordr", "list"}), 2, "did you mean order?");
  refused(run({"set-merchant", "order", "lsit"}), 2, "did you mean list?");
  refused(run({"set-gateway", "paymnet", "list"}), 2, "did you mean payment?");
  refused(run({"set-ca", "crtl"}), 2, "did you mean");
  refused(run({"set-wallet", "reciept"}), 2, "did you mean receipt?");
}

TEST_CASE("nothing is coloured in a pipe") {
  for (const auto& program : kPrograms) {
    const auto help = run({program, "--help"});
    CHECK_FALSE(holds(help.out + help.err, "\x1b["));
  }
}

TEST_CASE("a terminal is coloured, unless somebody wants none") {
  if (!has_tool("script")) SKIP("there is no script(1) here to play a terminal");
  Folder folder;
  const auto file =
      folder.file("bank.toml", "dir = \"" + folder.path().string() + "\"\n[serve]\ncards = \"" +
                                   SET_SOURCE_DIR + "/deploy/sandbox/cards.toml\"\n");
  const auto check = (bin_dir() / "set-bank").string() + " config check --config " + file;
  const auto on_terminal = [](const std::string& command, Environment environment) {
    environment.emplace("TERM", "xterm");
    return ok(run({"/bin/sh", "-c", "script -qec '" + command + "' /dev/null"}, environment));
  };
  CHECK(holds(on_terminal(check, {}), "\x1b[32mok"));
  CHECK_FALSE(holds(on_terminal(check, {{"NO_COLOR", "1"}}), "\x1b["));
  CHECK_FALSE(holds(on_terminal(check + " --no-color", {}), "\x1b["));
  CHECK_FALSE(holds(on_terminal(check, {{"TERM", "dumb"}}), "\x1b["));
}
