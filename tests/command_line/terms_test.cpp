// What every program promises of --quiet, --verbose, --no-input, --timeout and --limit: which commands
// have them, and that they hold.
#include <algorithm>
#include <csignal>
#include <set>
#include <thread>

#include "tests/command_line/programs.h"

using namespace set::test;

namespace {

bool has_option(const std::string& program, const Words& path, const std::string& option) {
  const auto offered = completions(program, path, option);
  return std::ranges::any_of(offered, [&](const auto& one) { return one.first == option; });
}

/// "order list" of every command that has this option.
std::set<std::string> commands_with(const std::string& program, const std::string& option) {
  std::set<std::string> out;
  for (const auto& path : commands_of(program)) {
    if (!has_option(program, path, option)) continue;
    std::string joined;
    for (const auto& word : path) joined += (joined.empty() ? "" : " ") + word;
    out.insert(joined);
  }
  return out;
}

using Table = std::vector<std::pair<std::string, std::set<std::string>>>;

/// A CA in a folder of its own, made without a word.
struct QuietCa {
  Folder folder;
  std::string dir = (folder.path() / "ca").string();
  Finished made = run({"set-ca", "init", "--brand", "Demo", "--dir", dir, "--passphrase-file",
                       folder.file("passphrase", "a passphrase of tests\n"), "--quiet"});
  Finished operator()(const Words& words) const { return run(words + Words{"--dir", dir}); }
};

std::size_t lines_of(const std::string& text) {
  return static_cast<std::size_t>(std::ranges::count(text, '\n'));
}

}  // namespace

TEST_CASE("option --timeout is where others are waited for, and nowhere else") {
  for (const auto& [program, expected] : Table{
           {"set-wallet",
            {"card add", "card renew", "pay", "order show", "mandate show", "resume", "doctor",
             "healthcheck"}},
           {"set-merchant",
            {"enroll", "renew", "doctor", "healthcheck", "authorize", "capture", "reverse", "refund",
             "void-refund", "void-capture", "batch open", "batch close", "batch purge", "batch show",
             "webhook test"}},
           {"set-gateway", {"enroll", "renew", "doctor", "healthcheck"}},
           {"set-ca", {"doctor", "healthcheck"}},
           {"set-bank", {"healthcheck"}}}) {
    INFO(program);
    CHECK(commands_with(program, "--timeout") == expected);
  }
  refused(run({"set-bank", "healthcheck", "--dir", "x", "--timeout", "30"}), 2, "--timeout");
}

TEST_CASE("option --limit is on every list of what grows, the same everywhere") {
  for (const auto& [program, expected] :
       Table{{"set-wallet", {"order list", "mandate list", "audit list"}},
             {"set-merchant",
              {"order list", "batch list", "event list", "webhook deliveries", "audit list"}},
             {"set-gateway", {"payment list", "batch list", "queue list", "audit list"}},
             {"set-ca", {"request list", "cert list", "audit list"}},
             {"set-bank", {"entry list", "batch list"}}}) {
    INFO(program);
    CHECK(commands_with(program, "--limit") == expected);
    for (const auto& path : commands_of(program)) {
      if (!has_option(program, path, "--limit")) continue;
      const auto help = ok(run(Words{program} + path + Words{"--help"}));
      INFO(help);
      CHECK(holds(help, "At most so many rows; 0 for all"));
      const bool is_feed = path.front() == "event";  // where a cursor must miss nothing
      CHECK(holds(help, is_feed ? "]=0\n" : "]=100\n"));
    }
  }
}

TEST_CASE("help is also -h, and --version tells program and version") {
  for (const auto& program : kPrograms) {
    INFO(program);
    CHECK(ok(run({program, "-h"})) == ok(run({program, "--help"})));
    CHECK(ok(run({program, "--version"})).starts_with(program + " "));
    for (const std::string option : {"--quiet", "--verbose", "--no-input", "--no-color", "--json"}) {
      INFO(option);
      CHECK(has_option(program, {}, option));
      refused(run({program, "healthcheck", option.substr(0, option.size() - 1)}), 2,
              "did you mean " + option + "?");
    }
  }
}

TEST_CASE("quiet, verbose and a level contradict each other") {
  for (const auto& program : kPrograms) {
    for (const Words& both : std::vector<Words>{{"--quiet", "--verbose"},
                                                {"--quiet", "--log-level", "info"},
                                                {"--verbose", "--log-level", "error"}}) {
      const auto finished = run(Words{program, "healthcheck", "--dir", "/nonexistent"} + both);
      refused(finished, 2, both.front());
      CHECK(holds(finished.err, both.at(1)));
    }
  }
}

TEST_CASE("option --quiet leaves data and errors") {
  const QuietCa ca;
  CHECK(ca.made.exit_code == 0);
  CHECK(ca.made.err.empty());
  CHECK(ok(ca.made).size() == 64);  // the root's fingerprint
  const Words token = {"set-ca",  "token", "create",   "--role", "merchant", "--name", "Corner",
                       "--bin",   "400000", "--id",    "shop-1", "--city",   "Berlin", "--country",
                       "276",     "--host", "127.0.0.1"};
  CHECK(holds(ca(token).err, "good once, until"));
  const auto quiet = ca(token + Words{"--quiet"});
  CHECK(quiet.err.empty());
  CHECK_FALSE(ok(quiet).empty());
  const auto failed = ca({"set-ca", "cert", "show", "nobody", "--quiet"});
  refused(failed, 7, "no such certificate");
  CHECK(lines_of(failed.err) == 1);
}

TEST_CASE("option --verbose logs what is done, over a level that the file names") {
  Folder folder;
  const auto file = folder.file("wallet.toml", "log-level = \"error\"\nlog-format = \"text\"\ndir = \"" +
                                                 folder.path().string() + "\"\n");
  const Words asked = {"set-wallet", "order", "list", "--config", file};  // nobody serves
  CHECK(lines_of(run(asked).err) == 1);
  const auto verbose = run(asked + Words{"--verbose"});
  CHECK(verbose.exit_code == 4);
  CHECK(holds(verbose.err, " trace "));
  CHECK(holds(verbose.err, "UNAVAILABLE"));
}

TEST_CASE("option --no-input asks nobody, also at a terminal, and names what gives it") {
  Folder folder;
  const auto dir = [&](const char* name) { return (folder.path() / name).string(); };
  struct Asking {
    Words words;
    std::string named;
  };
  std::vector<Asking> all = {
      {{"set-ca", "init", "--brand", "Demo", "--dir", dir("ca")}, "--passphrase-file"},
      {{"set-ca", "ceremony", "root", "--dir", dir("safe"), "--custodians", "3", "--threshold", "2"},
       "--custodian-passphrase-file"},
      {{"set-wallet", "serve", "--dir", dir("wallet")}, "--passphrase-file"},
      {{"set-wallet", "pay", "setpay://shop.example:7700/1", "--dir", dir("wallet")}, "--yes"},
      {{"set-wallet", "pay", "setpay://shop.example:7700/1", "--dir", dir("wallet"), "--yes", "--cvv"},
       "--cvv-file"},
      {{"set-merchant", "enroll", "--dir", dir("shop"), "--ca", "127.0.0.1:1", "--trust", "x",
        "--bin", "400000", "--id", "shop-1"},
       "--passphrase-file"},
      {{"set-gateway", "enroll", "--dir", dir("gw"), "--ca", "127.0.0.1:1", "--trust", "x", "--bin",
        "400000", "--id", "gateway-1"},
       "--passphrase-file"},
  };
  const QuietCa made;
  all.push_back({{"set-ca", "serve", "--dir", made.dir, "--cards",
                  std::string(SET_SOURCE_DIR) + "/deploy/sandbox/cards.toml"},
                 "--passphrase-file"});
  all.push_back({{"set-ca", "key", "passwd", "--file", made.dir + "/keys.set", "--passphrase-file",
                  (made.folder.path() / "passphrase").string(), "--dir", made.dir},
                 "--new-passphrase-file"});
  all.push_back({{"set-wallet", "card", "add", "--ca", "127.0.0.1:1", "--trust",
                  made.dir + "/trust.pem", "--dir", dir("wallet")},
                 "--card-file"});
  for (const auto& [words, named] : all) {
    const auto finished = run(words + Words{"--no-input"});
    INFO(words.front() << " " << words.at(1) << ": " << finished.err);
    refused(finished, 2, "--no-input forbids to ask ");
    CHECK(holds(finished.err, named));
    CHECK(lines_of(finished.err) == 1);
    CHECK(finished.out.empty());
    if (!has_tool("script")) continue;
    std::string line = (bin_dir() / words.front()).string();
    for (std::size_t i = 1; i < words.size(); ++i) line += " " + words[i];
    const auto typed = run({"/bin/sh", "-c", "script -qec '" + line + " --no-input' /dev/null"});
    CHECK(typed.exit_code == 2);
    CHECK(holds(typed.out, "--no-input forbids to ask "));
  }
  const auto json = run(all.front().words + Words{"--no-input", "--json"});
  CHECK(Json::parse(json.err).at("error").at("code") == "invalid_argument");
}

TEST_CASE("a list says when rows were left out, and to nobody who wants quiet") {
  const QuietCa ca;
  const Words list = {"set-ca", "cert", "list"};
  const auto all = ca(list + Words{"--limit", "0"});
  CHECK(all.err.empty());
  const auto rows = lines_of(all.out);
  REQUIRE(rows > 3);
  CHECK(ca(list).err.empty());  // fewer than by default
  CHECK(ca(list + Words{"--limit", std::to_string(rows)}).err.empty());
  const auto some = ca(list + Words{"--limit", "2"});
  CHECK(some.exit_code == 0);
  CHECK(lines_of(some.out) == 2);
  CHECK(all.out.starts_with(some.out));
  CHECK(holds(some.err, "only 2 rows are shown, and there are more"));
  CHECK(Json::parse(ok(ca(list + Words{"--limit", "2", "--json"}))).size() == 2);
  CHECK(lines_of(ca(list + Words{"--limit", "2", "--csv"}).out) == 3);  // with its heading
  CHECK(ca(list + Words{"--limit", "2", "--quiet"}).err.empty());
  refused(ca(list + Words{"--limit", "-1"}), 2, "--limit");
  refused(ca(list + Words{"--limit", "many"}), 2, "--limit");
}

TEST_CASE("a silent daemon is waited for as long as --timeout says") {
  Folder folder;
  const auto dir = folder.path().string();
  const auto ready = folder.path() / "ready";
  auto bank = Process::start({"set-bank", "serve", "--dir", dir, "--listen", "127.0.0.1:0", "--cards",
                              std::string(SET_SOURCE_DIR) + "/deploy/sandbox/cards.toml",
                              "--ready-file", ready.string()},
                             {}, folder.path() / "out", folder.path() / "log");
  const Words asked = {"set-bank", "healthcheck", "--dir", dir, "--timeout"};
  for (int i = 0; i < 200 && run(asked + Words{"30s"}).exit_code != 0; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  CHECK(run(asked + Words{"30s"}).exit_code == 0);
  bank.signal(SIGSTOP);
  const auto begun = std::chrono::steady_clock::now();
  refused(run(asked + Words{"300ms"}), 1, "did not answer in time");
  CHECK(std::chrono::steady_clock::now() - begun < std::chrono::seconds(2));
  bank.signal(SIGCONT);
  CHECK(bank.stop() == 0);
}
