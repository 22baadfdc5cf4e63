// What an operator does wrong, and what the programs say: one sentence, the documented exit code.
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <fstream>

#include "tests/scenario/world.h"

using namespace set::test;

namespace {

void check_one_sentence(const Finished& finished, int exit_code) {
  INFO(finished.err);
  CHECK(finished.exit_code == exit_code);
  CHECK_FALSE(finished.err.empty());
  CHECK(finished.err.find("terminate") == std::string::npos);
  CHECK(finished.err.find("what():") == std::string::npos);
}

Finished serve_merchant(World& world, std::vector<std::string> changed) {
  std::vector<std::string> argv = {"set-merchant", "serve", "--gateway", "127.0.0.1:9"};
  argv.insert(argv.end(), changed.begin(), changed.end());
  (void)world;
  return run(argv);
}

}  // namespace

TEST_CASE("a wrong passphrase, a missing key file, an unknown flag: one sentence and its code") {
  World world;
  write_file(world.home() / "wrong", "not the passphrase\n");
  const auto dir = (world.home() / "merchant").string();
  const auto pass = World::passphrase_file().string();
  check_one_sentence(serve_merchant(world, {"--dir", dir, "--listen", "127.0.0.1:0", "--passphrase-file", world.home() / "wrong"}), 3);
  check_one_sentence(serve_merchant(world, {"--dir", dir, "--listen", "127.0.0.1:0", "--passphrase-file", "/nowhere"}), 3);
  check_one_sentence(serve_merchant(world, {"--dir", "/nowhere/at/all", "--listen", "127.0.0.1:0", "--passphrase-file", pass}), 3);
  check_one_sentence(serve_merchant(world, {"--dir", dir, "--listen", "nonsense", "--passphrase-file", pass}), 2);
  check_one_sentence(serve_merchant(world, {"--dir", dir, "--no-such-flag"}), 2);
  std::filesystem::remove(world.home() / "merchant" / "keys.set");
  check_one_sentence(serve_merchant(world, {"--dir", dir, "--listen", "127.0.0.1:0", "--passphrase-file", pass}), 3);
}

TEST_CASE("a port in use is said, and a second daemon on one database is refused") {
  World world;
  world.start_all();
  const auto address = read_file(world.home() / "merchant.ready");
  const auto taken = address.substr(0, address.find('\n'));
  const auto pass = World::passphrase_file().string();
  const auto gateway_dir = (world.home() / "gateway").string();
  const auto cards = std::string(SET_SOURCE_DIR) + "/deploy/sandbox/cards.toml";
  check_one_sentence(run({"set-gateway", "serve", "--dir", gateway_dir, "--listen", "127.0.0.1:0", "--cards", cards,
                          "--passphrase-file", pass}), 3);
  world.gateway().kill();
  check_one_sentence(run({"set-gateway", "serve", "--dir", gateway_dir, "--listen", taken, "--cards", cards,
                          "--passphrase-file", pass}), 3);
}

TEST_CASE("amounts that are no amounts are refused") {
  World world;
  const auto amount = GENERATE(as<std::string>{}, "0.00 EUR", "-1.00 EUR", "49.951 EUR", "49.95", "49.95 XYZ", "EUR", "",
                               "99999999999999999.00 EUR", "500.00 JPY", "1e3 EUR");
  INFO(amount);
  check_one_sentence(world.set_merchant({"order", "create", "--amount", amount, "--description", "x"}), 2);
}

TEST_CASE("the daemons answer healthcheck and end with 0 on SIGTERM") {
  World world;
  world.start_all();
  CHECK(world.set_merchant({"healthcheck"}).exit_code == 0);
  CHECK(world.set_gateway({"healthcheck"}).exit_code == 0);
  CHECK(world.set_wallet({"healthcheck"}).exit_code == 0);
  CHECK(world.wallet().stop() == 0);
  CHECK(world.merchant().stop() == 0);
  CHECK(world.gateway().stop() == 0);
  CHECK(world.set_merchant({"healthcheck"}).exit_code == 1);
}

TEST_CASE("a merchant that nobody listens at: network, not a stack trace") {
  World world;
  world.start_all();
  const auto link = world.order();
  world.merchant().kill();
  const auto paid = world.pay(link);
  INFO(paid.err);
  CHECK(paid.exit_code == 4);
}
