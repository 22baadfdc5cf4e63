// A system that starts from nothing without hands, as in deploy/compose.yaml: who waits for whom, what
// the second start finds, and what is said where directories of two systems are mixed.
#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <catch2/catch_test_macros.hpp>

#include <csignal>
#include <thread>

#include "tests/scenario/world.h"

namespace fs = std::filesystem;
using namespace set::test;

namespace {

const fs::path kCards = fs::path(SET_SOURCE_DIR) / "deploy/sandbox/cards.toml";

/// A port of this machine that nobody listens on; daemons that wait for each other must know it
/// before.
std::string free_address() {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  REQUIRE(::bind(socket, reinterpret_cast<sockaddr*>(&address), length) == 0);
  REQUIRE(::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &length) == 0);
  ::close(socket);
  return "127.0.0.1:" + std::to_string(ntohs(address.sin_port));
}

/// Nothing but a passphrase and addresses that nobody listens on yet.
class Beginning {
 public:
  Beginning() {
    char folder[] = "/tmp/openset-beginning.XXXXXX";
    home_ = ::mkdtemp(folder);
    write_file(home_ / "passphrase", "a passphrase for tests\n");
    write_file(home_ / "card.toml", read_file(fs::path(SET_SOURCE_DIR) / "deploy/sandbox/card.toml"));
    for (const auto* file : {"passphrase", "card.toml"}) {
      fs::permissions(home_ / file, fs::perms::owner_read | fs::perms::owner_write);
    }
  }
  ~Beginning() {
    daemons_.clear();
    fs::remove_all(home_);
  }

  const fs::path& home() const { return home_; }

  Finished init(const std::string& brand = "Demo") {
    return run({"set-ca", "init", "--if-new", "--brand", brand, "--dir", home_ / "ca", "--host",
                "127.0.0.1", "--passphrase-file", home_ / "passphrase"});
  }
  Finished token(const std::string& role, const std::string& id) {
    return run({"set-ca", "token", "create", "--dir", home_ / "ca", "--role", role, "--name", id,
                "--bin", "400000", "--id", id, "--city", "Berlin", "--country", "276", "--host",
                "127.0.0.1", "--token-file", home_ / (role + ".token")});
  }

  void start_ca() {
    start("set-ca", "ca", {"--http-listen", ca_http_, "--cards", kCards, "--listen", ca_});
  }
  void start_gateway() {
    start("set-gateway", "gateway", with_ca({"--listen", gateway_, "--cards", kCards, "--enroll", "--accept-policy",
                                             "--token-file", home_ / "gateway.token", "--bin",
                                             "400000", "--id", "gateway-1", "--host", "127.0.0.1"}));
  }
  void start_merchant() {
    start("set-merchant", "merchant",
          with_ca({"--listen", merchant_, "--gateway", gateway_, "--enroll", "--accept-policy", "--token-file",
                   home_ / "merchant.token", "--bin", "400000", "--id", "shop-1", "--host",
                   "127.0.0.1"}));
  }
  void start_wallet() {
    start("set-wallet", "wallet", with_ca({"--accept-policy", "--card-file", home_ / "card.toml"}));
  }
  void stop_all() {
    for (auto& [name, daemon] : daemons_) CHECK(daemon.stop() == 0);
    daemons_.clear();
  }
  Process& daemon(const std::string& name) { return daemons_.at(name); }
  bool says(const std::string& name, const std::string& words) {
    return log_says(home_ / (name + ".log"), words);
  }
  void wait_until_ready(const std::string& name) {
    wait_ready(home_ / (name + ".ready"), daemons_.at(name), home_ / (name + ".log"));
  }
  int health(const std::string& name) {
    return run({"set-" + name, "healthcheck", "--dir", home_ / name}).exit_code;
  }

  void buy() {
    const auto order = run({"set-merchant", "order", "create", "--dir", home_ / "merchant",
                            "--amount", "49.95 EUR", "--description", "One espresso machine"});
    REQUIRE(order.exit_code == 0);
    const auto link = order.out.substr(0, order.out.find_last_not_of('\n') + 1);
    const auto paid = run({"set-wallet", "--dir", home_ / "wallet", "pay", link, "--yes"});
    INFO(paid.err);
    CHECK(paid.exit_code == 0);
  }

 private:
  std::vector<std::string> with_ca(std::vector<std::string> flags) const {
    flags.insert(flags.end(), {"--ca", ca_, "--trust", "http://" + ca_http_ + "/trust.pem",
                               "--root-fingerprint-file", home_ / "fingerprint", "--accept-policy"});
    return flags;
  }
  void start(const std::string& program, const std::string& name, std::vector<std::string> flags) {
    fs::remove(home_ / (name + ".ready"));
    fs::remove(home_ / (name + ".log"));
    std::vector<std::string> argv = {program, "serve", "--dir", home_ / name, "--passphrase-file",
                                     home_ / "passphrase", "--ready-file", home_ / (name + ".ready")};
    argv.insert(argv.end(), flags.begin(), flags.end());
    daemons_.erase(name);
    daemons_.emplace(name, Process::start(argv, {}, home_ / (name + ".out"), home_ / (name + ".log")));
  }

  fs::path home_;
  std::string ca_ = free_address(), ca_http_ = free_address(), gateway_ = free_address(),
              merchant_ = free_address();
  std::map<std::string, Process> daemons_;
};

const std::vector<std::string> kParties = {"gateway", "merchant", "wallet"};

}  // namespace

TEST_CASE("from nothing, in any order: all enrol themselves, buy, and find everything the next time") {
  Beginning world;
  const auto made = world.init();
  REQUIRE(made.exit_code == 0);
  write_file(world.home() / "fingerprint", made.out);
  CHECK(world.init().out == made.out);  // the same CA, and no passphrase asked for
  CHECK(world.init("Other").exit_code == 7);
  REQUIRE(world.token("gateway", "gateway-1").exit_code == 0);
  REQUIRE(world.token("merchant", "shop-1").exit_code == 0);
  const auto token = read_file(world.home() / "merchant.token");
  REQUIRE(world.token("merchant", "shop-1").exit_code == 0);
  CHECK(read_file(world.home() / "merchant.token") == token);

  world.start_wallet();
  world.start_merchant();
  world.start_gateway();
  CHECK(world.says("gateway", "waiting to be enrolled"));
  CHECK(world.says("merchant", "waiting to be enrolled"));
  CHECK(world.says("wallet", "waiting to register the first card"));
  for (const auto& name : kParties) CHECK(world.health(name) == 1);
  world.daemon("gateway").kill();  // while it waits
  world.start_gateway();
  world.start_ca();
  for (const auto& name : kParties) {
    world.wait_until_ready(name);
    CHECK(world.health(name) == 0);
  }
  world.buy();

  world.stop_all();  // the CA, too: nobody needs it for a while
  world.start_gateway();
  world.start_merchant();
  world.start_wallet();
  for (const auto& name : kParties) world.wait_until_ready(name);
  world.buy();
  const auto cards = run({"set-wallet", "--dir", world.home() / "wallet", "card", "list", "--json"});
  CHECK(nlohmann::json::parse(cards.out).size() == 1);
  world.stop_all();

  // Another CA in the place of the first: each party says so, and nothing is changed.
  fs::rename(world.home() / "ca", world.home() / "first-ca");
  const auto another = world.init();
  REQUIRE(another.exit_code == 0);
  REQUIRE(another.out != made.out);
  write_file(world.home() / "fingerprint", another.out);
  world.start_ca();
  world.wait_until_ready("ca");
  world.start_gateway();
  world.start_merchant();
  world.start_wallet();
  for (const auto& name : kParties) {
    INFO(name << ": " << read_file(world.home() / (name + ".log")));
    CHECK(world.daemon(name).wait(std::chrono::seconds(20)) == 3);
    CHECK(world.says(name, "another root than the fingerprint says: bring back the CA"));
  }
}

TEST_CASE("an `init` that was killed begins anew, and what others made is left alone") {
  Beginning world;
  for (const int milliseconds : {40, 80, 160, 240, 320, 480}) {
    auto init = Process::start({"set-ca", "init", "--brand", "Demo", "--dir", world.home() / "ca",
                                "--passphrase-file", world.home() / "passphrase"},
                               {}, world.home() / "init.out", world.home() / "init.log");
    std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds));
    init.kill();
    if (fs::exists(world.home() / "ca" / "ca.json")) break;
  }
  const auto made = world.init();
  INFO(made.err);
  REQUIRE(made.exit_code == 0);
  CHECK(made.out.size() == 65);
  CHECK(world.init().out == made.out);

  fs::rename(world.home() / "ca", world.home() / "first-ca");
  fs::create_directory(world.home() / "ca");
  fs::permissions(world.home() / "ca", fs::perms::owner_all);
  write_file(world.home() / "ca" / "somebody's.file", "kept");
  const auto refused = world.init();
  CHECK(refused.exit_code == 7);
  CHECK(refused.err.find("is not empty") != std::string::npos);
  CHECK(read_file(world.home() / "ca" / "somebody's.file") == "kept");
}

TEST_CASE("serve --enroll says what it lacks, and does not wait for what waiting does not mend") {
  Beginning world;
  const auto shop = [&](const std::vector<std::string>& flags) {
    std::vector<std::string> argv = {"set-merchant", "serve", "--dir", world.home() / "merchant",
                                     "--passphrase-file", world.home() / "passphrase", "--gateway",
                                     "127.0.0.1:1", "--enroll"};
    argv.insert(argv.end(), flags.begin(), flags.end());
    return run(argv);
  };
  const auto bare = shop({});
  CHECK(bare.exit_code == 2);
  CHECK(bare.err.find("--enroll needs --ca, --trust, --bin and --id") != std::string::npos);
  const std::vector<std::string> whole = {"--ca", "127.0.0.1:1", "--trust",
                                          "http://127.0.0.1:1/trust.pem", "--bin", "400000", "--id",
                                          "shop-1", "--root-fingerprint-file"};
  auto missing = whole;
  missing.push_back(world.home() / "no-such-file");
  CHECK(shop(missing).exit_code == 3);
  write_file(world.home() / "empty", "\n");
  auto empty = whole;
  empty.push_back(world.home() / "empty");
  const auto said = shop(empty);
  CHECK(said.exit_code == 3);
  CHECK(said.err.find("must hold the root fingerprint") != std::string::npos);
}

TEST_CASE("systemd is told that a daemon serves, and that it is about to end") {
  Beginning world;
  const auto path = (world.home() / "notify").string();
  const int socket = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  REQUIRE(::bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  const timeval patience = {.tv_sec = 20, .tv_usec = 0};
  ::setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  const auto told = [&] {
    char text[256] = {};
    const auto size = ::recv(socket, text, sizeof text, 0);
    return std::string(text, size > 0 ? static_cast<std::size_t>(size) : 0);
  };
  auto bank = Process::start({"set-bank", "serve", "--dir", world.home() / "bank", "--listen",
                              "127.0.0.1:0", "--cards", kCards},
                             {{"NOTIFY_SOCKET", path}}, world.home() / "bank.out",
                             world.home() / "bank.log");
  CHECK(told() == "READY=1");
  CHECK(run({"set-bank", "healthcheck", "--dir", world.home() / "bank"}).exit_code == 0);
  CHECK(bank.stop() == 0);
  CHECK(told() == "STOPPING=1");
  CHECK(run({"set-bank", "healthcheck", "--dir", world.home() / "bank"}).exit_code == 1);
  ::close(socket);
}
