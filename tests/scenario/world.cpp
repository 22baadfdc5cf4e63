#include "tests/scenario/world.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <sstream>
#include <stdexcept>
#include <thread>

#include "common/base/time.h"
#include "tests/support/test_pans.h"

namespace fs = std::filesystem;

namespace set::test {
namespace {

const fs::path kCards = fs::path(SET_SOURCE_DIR) / "deploy/sandbox/cards.toml";
const fs::path kBase = bin_dir().parent_path() / "scenario-template";

void require_ok(const Finished& finished, const std::string& what) {
  if (finished.exit_code == 0) return;
  throw std::runtime_error(what + " ended with " + std::to_string(finished.exit_code) + ": " + finished.err);
}

std::string trimmed(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  return text;
}

fs::file_time_type newest_program() {
  auto newest = fs::file_time_type::min();
  for (const auto* name : {"set-ca", "set-gateway", "set-merchant", "set-wallet"}) {
    newest = std::max(newest, fs::last_write_time(bin_dir() / name));
  }
  return newest;
}

std::vector<std::string> joined(std::vector<std::string> first, const std::vector<std::string>& second) {
  first.insert(first.end(), second.begin(), second.end());
  return first;
}

void enrol(const std::string& program, const std::string& role, const std::string& id, const fs::path& base,
           const std::vector<std::string>& ca) {
  const auto token = run({"set-ca", "token", "create", "--dir", base / "ca", "--role", role, "--name", "Corner Shop",
                          "--bin", "400000", "--id", id, "--city", "Berlin", "--country", "276", "--host",
                          "localhost", "--host", "127.0.0.1"});
  require_ok(token, "set-ca token create");
  write_file(base / (role + ".token"), token.out);
  require_ok(run(joined({program, "enroll", "--accept-policy", "--dir", base / role, "--token-file", base / (role + ".token"), "--bin",
                         "400000", "--id", id, "--host", "localhost", "--host", "127.0.0.1", "--passphrase-file", World::passphrase_file()},
                        ca)),
             program + " enroll");
}

void add_card(const TestCard& card, const fs::path& base, const std::vector<std::string>& ca) {
  write_file(base / "card.toml", "number = \"" + card.number + "\"\nexpiry = \"" + card.expiry + "\"\nverification = \"" +
                                     card.verification + "\"\n[form]\ncardholderName = \"Alice Example\"\n");
  require_ok(run(joined({"set-wallet", "card", "add", "--accept-policy", "--card-file", base / "card.toml"}, ca),
                 {{"SET_WALLET_HOME", base / "wallet"}}),
             "set-wallet card add");
  fs::remove(base / "card.toml");
}

void make_template(const fs::path& base) {
  fs::remove_all(base);
  fs::create_directories(base);
  fs::permissions(base, fs::perms::owner_all);
  write_file(base / "passphrase", "a passphrase for tests\n");
  const auto init = run({"set-ca", "init", "--brand", "Demo", "--dir", base / "ca", "--passphrase-file", World::passphrase_file()});
  require_ok(init, "set-ca init");
  write_file(base / "root_fingerprint", trimmed(init.out));
  auto ca = Process::start({"set-ca", "serve", "--dir", base / "ca", "--listen", "127.0.0.1:0", "--http-listen", "127.0.0.1:0",
                            "--cards", fs::path(SET_SOURCE_DIR) / "deploy/sandbox/cards.toml", "--passphrase-file",
                            World::passphrase_file(), "--ready-file", base / "ca.ready", "--log-level", "trace"},
                           {}, base / "ca.out", base / "ca.log");
  const auto addresses = wait_ready(base / "ca.ready", ca, base / "ca.log");
  const std::vector<std::string> flags = {"--ca", addresses.at(0), "--trust", "http://" + addresses.at(1) + "/trust.pem",
                                          "--root-fingerprint", trimmed(init.out)};
  enrol("set-gateway", "gateway", "gateway-1", base, flags);
  enrol("set-merchant", "merchant", "shop-1", base, flags);
  auto wallet = Process::start({"set-wallet", "serve", "--passphrase-file", World::passphrase_file(), "--ready-file",
                                base / "wallet.ready"},
                               {{"SET_WALLET_HOME", base / "wallet"}}, base / "wallet.out", base / "wallet.log");
  wait_ready(base / "wallet.ready", wallet, base / "wallet.log");
  for (const auto& card : kScenarioCards) {
    add_card({card.number, card.expiry, card.verification, 0}, base, flags);
  }
  wallet.stop();
  ca.stop();
  write_file(base / "made", "");
}

}  // namespace

fs::path World::passphrase_file() { return kBase / "passphrase"; }

const fs::path& enrolled_template() {
  static const fs::path base = [] {
    const auto lock_file = kBase.string() + ".lock";
    const int lock = ::open(lock_file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    ::flock(lock, LOCK_EX);
    const bool fresh = fs::exists(kBase / "made") && fs::last_write_time(kBase / "made") > newest_program() &&
                       fs::last_write_time(kBase / "made") > fs::file_time_type::clock::now() - std::chrono::hours(24);
    if (!fresh) make_template(kBase);
    ::close(lock);
    return kBase;
  }();
  return base;
}

std::vector<std::string> wait_ready(const fs::path& file, Process& process, const fs::path& log) {
  for (int i = 0; i < 2000; ++i) {
    const auto text = read_file(file);
    if (!text.empty()) {
      std::istringstream lines(text);
      std::vector<std::string> out;
      for (std::string line; std::getline(lines, line);) out.push_back(line);
      return out;
    }
    if (!process.running()) throw std::runtime_error("a daemon ended at once: " + read_file(log));
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  throw std::runtime_error("a daemon is not ready after 20 s: " + read_file(log));
}

bool log_says(const fs::path& log, const std::string& words) {
  for (int i = 0; i < 1000; ++i) {
    if (read_file(log).find(words) != std::string::npos) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return false;
}

const TestCard& World::card(const std::string& behaviour) {
  static const auto cards = [] {
    std::map<std::string, TestCard> out;
    int position = 0;
    for (const auto& card : kScenarioCards) {
      out[card.behaviour] = {card.number, card.expiry, card.verification, ++position};
    }
    return out;
  }();
  return cards.at(behaviour);
}

World::World() {
  const auto& base = enrolled_template();
  char folder[] = "/tmp/openset-world.XXXXXX";
  home_ = ::mkdtemp(folder);
  for (const auto* name : {"ca", "gateway", "merchant", "wallet"}) {
    fs::copy(base / name, home_ / name, fs::copy_options::recursive | fs::copy_options::skip_symlinks);
    fs::remove_all(home_ / name / "run");
  }
}

World::~World() {
  wallet_.reset();
  merchant_.reset();
  gateway_.reset();
  ca_.reset();
  bank_.reset();
  fs::remove_all(home_);
}

void World::start_all() {
  start_gateway();
  start_merchant();
  start_wallet();
}

std::string World::start_ca(const std::vector<std::string>& flags) {
  ca_.reset();
  fs::remove(home_ / "ca.ready");
  ca_ = Process::start(joined({"set-ca", "serve", "--dir", home_ / "ca", "--listen", "127.0.0.1:0", "--http-listen",
                               "127.0.0.1:0", "--cards", fs::path(SET_SOURCE_DIR) / "deploy/sandbox/cards.toml",
                               "--passphrase-file", passphrase_file(), "--ready-file", home_ / "ca.ready",
                               "--log-level", "trace"},
                              flags),
                       with_clock({}), home_ / "ca.out", home_ / "ca.log");
  return wait_ready(home_ / "ca.ready", *ca_, home_ / "ca.log").at(0);
}

void World::start_bank(const std::vector<std::string>& flags) {
  bank_.reset();
  fs::remove(home_ / "bank.ready");
  const auto listen = bank_address_.empty() ? "127.0.0.1:0" : bank_address_;
  bank_ = Process::start(joined({"set-bank", "serve", "--dir", home_ / "bank", "--listen", listen, "--cards", kCards,
                                 "--ready-file", home_ / "bank.ready", "--log-level", "trace"},
                                flags),
                         with_clock({}), home_ / "bank.out", home_ / "bank.log");
  bank_address_ = wait_ready(home_ / "bank.ready", *bank_, home_ / "bank.log").at(0);
}

void World::start_gateway(const Environment& extra, const std::vector<std::string>& flags) {
  gateway_.reset();
  fs::remove(home_ / "gateway.ready");
  const auto listen = gateway_address_.empty() ? "127.0.0.1:0" : gateway_address_;
  gateway_ = Process::start(joined({"set-gateway", "serve", "--dir", home_ / "gateway", "--listen", listen,
                                    bank_ ? "--acquirer" : "--cards", bank_ ? "tcp://" + bank_address_ : kCards.string(), "--passphrase-file",
                                    passphrase_file(), "--ready-file", home_ / "gateway.ready", "--log-level", "trace"},
                                   flags),
                            with_clock(extra), home_ / "gateway.out", home_ / "gateway.log");
  gateway_address_ = wait_ready(home_ / "gateway.ready", *gateway_, home_ / "gateway.log").at(0);
}

void World::start_merchant(const Environment& extra, const std::vector<std::string>& flags,
                           bool until_ready) {
  merchant_.reset();
  fs::remove(home_ / "merchant.ready");
  const auto listen = merchant_address_.empty() ? "127.0.0.1:0" : merchant_address_;
  merchant_ = Process::start(joined({"set-merchant", "serve", "--dir", home_ / "merchant", "--listen", listen, "--gateway",
                                     gateway_address_, "--passphrase-file", passphrase_file(), "--ready-file",
                                     home_ / "merchant.ready", "--log-level", "trace"},
                                    flags),
                             with_clock(extra), home_ / "merchant.out", home_ / "merchant.log");
  if (until_ready) merchant_address_ = wait_ready(home_ / "merchant.ready", *merchant_, home_ / "merchant.log").at(0);
}

void World::start_wallet(const Environment& extra, const std::vector<std::string>& flags) {
  wallet_.reset();
  fs::remove(home_ / "wallet.ready");
  auto environment = extra;
  environment["SET_WALLET_HOME"] = home_ / "wallet";
  wallet_ = Process::start(joined({"set-wallet", "serve", "--passphrase-file", passphrase_file(), "--ready-file",
                                   home_ / "wallet.ready", "--log-level", "trace"},
                                  flags),
                           with_clock(environment), home_ / "wallet.out", home_ / "wallet.log");
  wait_ready(home_ / "wallet.ready", *wallet_, home_ / "wallet.log");
}

void World::days_later(int days) {
  // Each is stopped by its own start, and must not meet one that lives in another time.
  wallet_.reset();
  merchant_.reset();
  gateway_.reset();
  ca_.reset();
  bank_.reset();
  days_later_ = days;
}

std::string World::day_from_now(int days) {
  return set::to_string(set::system_clock()() + std::chrono::hours(24 * days)).substr(0, 10);
}

Environment World::with_clock(Environment environment) const {
  if (days_later_ == 0) return environment;
  for (const auto& entry : fs::directory_iterator("/usr/lib")) {
    const auto library = entry.path() / "faketime/libfaketimeMT.so.1";
    if (fs::exists(library)) environment["LD_PRELOAD"] = library;
  }
  if (!environment.contains("LD_PRELOAD")) throw std::runtime_error("libfaketime is not installed");
  environment["FAKETIME"] = "+" + std::to_string(days_later_) + "d";
  environment["FAKETIME_DONT_FAKE_MONOTONIC"] = "1";
  return environment;
}

Finished World::set_ca(std::vector<std::string> arguments) {
  return run(joined({"set-ca"}, joined(arguments, {"--dir", home_ / "ca"})), with_clock({}));
}

std::string World::order(const std::string& amount, const std::string& description) {
  const auto made = set_merchant({"order", "create", "--amount", amount, "--description", description});
  require_ok(made, "set-merchant order create");
  return trimmed(made.out);
}

Finished World::set_merchant(std::vector<std::string> arguments) {
  return run(joined({"set-merchant"}, joined(arguments, {"--dir", home_ / "merchant"})), with_clock({}));
}

Finished World::set_gateway(std::vector<std::string> arguments) {
  return run(joined({"set-gateway"}, joined(arguments, {"--dir", home_ / "gateway"})), with_clock({}));
}

Finished World::set_bank(std::vector<std::string> arguments) {
  return run(joined({"set-bank"}, joined(arguments, {"--dir", home_ / "bank"})), with_clock({}));
}

Finished World::set_wallet(std::vector<std::string> arguments) {
  return run(joined({"set-wallet"}, arguments), with_clock({{"SET_WALLET_HOME", home_ / "wallet"}}));
}

Finished World::pay(const std::string& link, const std::string& behaviour) {
  return set_wallet({"pay", link, "--yes", "--json", "--card", std::to_string(card(behaviour).position)});
}

nlohmann::json World::json(const Finished& finished) { return nlohmann::json::parse(finished.out); }

}  // namespace set::test
