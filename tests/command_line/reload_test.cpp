// SIGHUP: what can change while a daemon serves changes, what cannot is named, and a bad file
// changes nothing.
#include <csignal>
#include <thread>

#include "tests/command_line/programs.h"

using namespace set::test;

namespace {

const std::string kCards = std::string(SET_SOURCE_DIR) + "/deploy/sandbox/cards.toml";

/// Waits for these words in the file, at most ten seconds.
bool appears(const std::filesystem::path& file, const std::string& words) {
  for (int i = 0; i < 200; ++i) {
    if (read_file(file).find(words) != std::string::npos) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  return false;
}

struct Daemon {
  Daemon(const std::string& program, const std::string& settings) {
    write_secret(config, settings);
    process.emplace(Process::start({program, "serve", "--config", config.string()}, {},
                                   folder.path() / "out", log));
  }
  /// New settings, and the line of the log that they lead to.
  bool hears(const std::string& settings, const std::string& words) {
    write_secret(log, "");  // the daemon appends
    write_secret(config, settings);
    process->signal(SIGHUP);
    return appears(log, words);
  }

  Folder folder;
  std::filesystem::path config = folder.path() / "daemon.toml", log = folder.path() / "log";
  std::optional<Process> process;
};

}  // namespace

TEST_CASE("a bank takes a new log level, names what needs a restart, and keeps what it had") {
  Folder home;
  const auto base = "dir = \"" + (home.path() / "bank").string() + "\"\n";
  const std::string serve = "[serve]\nlisten = \"127.0.0.1:0\"\ncards = \"" + kCards + "\"\n";
  Daemon bank("set-bank", base + "log-format = \"json\"\n" + serve);
  REQUIRE(appears(bank.log, "a simulated bank serves"));

  CHECK(bank.hears(base + "log-format = \"json\"\nlog-level = \"trace\"\n" + serve,
                   R"("taken":"log-level")"));
  CHECK(bank.hears(base + "log-format = \"json\"\nlog-level = \"trace\"\n" + serve,
                   "nothing changed"));
  CHECK(bank.hears(base + "log-format = \"text\"\nlog-level = \"trace\"\n" + serve + "seed = 7\n",
                   "settings changed that need a restart keys=serve.seed"));
  CHECK(bank.hears(base + "log-level = \"loud\"\n" + serve, "the old ones stay"));
  CHECK(bank.hears(base + "nonsense\n" + serve, "the old ones stay"));
  CHECK(bank.process->running());
  CHECK(bank.process->stop() == 0);
}

TEST_CASE("a CA takes new limits and rules") {
  Folder home;
  const auto secret = home.file("passphrase", "a passphrase of tests\n");
  const auto base = "dir = \"" + (home.path() / "ca").string() + "\"\npassphrase-file = \"" +
                    secret + "\"\nlog-format = \"text\"\n";
  const std::string serve =
      "[serve]\nlisten = \"127.0.0.1:0\"\nhttp-listen = \"127.0.0.1:0\"\n"
      "cards = \"" +
      kCards + "\"\n";
  ok(run(
      {"set-ca", "init", "--config", home.file("ca.toml", base + "[init]\nbrand = \"Demo\"\n")}));
  Daemon ca("set-ca", base + serve);
  REQUIRE(appears(ca.log, "serving trust over http"));
  CHECK(ca.hears(base + serve +
                     "requests-per-second = 5\nask-again = \"5m\"\n"
                     "approval = [\"merchant=operator\"]\n",
                 "taken=\"serve.approval, serve.ask-again, serve.requests-per-second\""));
  CHECK(ca.hears(base + serve + "approval = [\"merchant=maybe\"]\n", "the old ones stay"));
  CHECK(ca.process->stop() == 0);
}

TEST_CASE("a wallet takes a new log level") {
  Folder home;
  const auto ready = home.path() / "ready";
  const auto base = "dir = \"" + home.path().string() + "\"\npassphrase-file = \"" +
                    home.file("passphrase", "a passphrase of tests\n") +
                    "\"\nlog-format = \"text\"\n";
  const auto serve = "[serve]\nready-file = \"" + ready.string() + "\"\n";
  Daemon wallet("set-wallet", base + serve);
  REQUIRE(appears(ready, "wallet.sock"));
  CHECK(wallet.hears(base + "log-level = \"trace\"\n" + serve, "taken=log-level"));
  CHECK(wallet.hears(base + serve + "revocation-age = \"1m\"\n",
                     "need a restart keys=serve.revocation-age"));
  CHECK(wallet.process->stop() == 0);
}
