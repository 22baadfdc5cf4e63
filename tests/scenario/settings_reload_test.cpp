// SIGHUP between purchases: the gateway and the merchant go on serving, by what their files say now.
#include <catch2/catch_test_macros.hpp>

#include <csignal>
#include <thread>

#include "tests/scenario/words.h"
#include "tests/scenario/world.h"

using namespace set::test;

namespace {

/// Writes the settings, lets the daemon read them again, and waits for what its log says then.
void reload(Process& daemon, const std::filesystem::path& file, const std::string& settings,
            const std::filesystem::path& log, const std::string& words) {
  const auto before = read_file(log).size();
  write_secret(file, settings);
  daemon.signal(SIGHUP);
  for (int i = 0; i < 200; ++i) {
    if (read_file(log).find(words, before) != std::string::npos) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  FAIL("the log does not say: " << words << "\n" << read_file(log).substr(before));
}

}  // namespace

TEST_CASE("the gateway takes no sales after SIGHUP, and takes them again after the next") {
  World world;
  const auto file = world.home() / "gateway.toml", log = world.home() / "gateway.log";
  write_secret(file, "[serve]\nno-capture-now = false\n");
  world.start_gateway({}, {"--config", file});
  world.start_merchant();
  world.start_wallet();
  CHECK(world.pay(world.order()).exit_code == 0);

  reload(world.gateway(), file, "[serve]\nno-capture-now = true\nmessage-of-day = \"Thank you\"\n", log,
         R"("taken":"serve.no-capture-now, serve.message-of-day")");
  const auto refused = world.pay(world.order());
  CHECK(refused.exit_code == 6);
  CHECK(refused.out.find("captureNotSupported") != std::string::npos);

  // What is wrong changes nothing: sales are still refused.
  reload(world.gateway(), file, "[serve]\nno-capture-now = \"no\"\n", log, "the old ones stay");
  CHECK(world.pay(world.order()).exit_code == 6);

  reload(world.gateway(), file, "[serve]\nauth-token-life = \"90d\"\n", log,
         R"("taken":"serve.no-capture-now, serve.auth-token-life, serve.message-of-day")");
  CHECK(world.pay(world.order()).exit_code == 0);
}

TEST_CASE("a merchant names what needs a restart and takes in the rest") {
  World world;
  const auto file = world.home() / "merchant.toml", log = world.home() / "merchant.log";
  write_secret(file, "[serve]\npatience = \"15m\"\n");
  world.start_gateway();
  world.start_merchant({}, {"--config", file});
  world.start_wallet();
  reload(world.merchant(), file,
         "[serve]\npatience = \"5m\"\nclose-batch-daily = \"22:00\"\nevents-keep = \"30d\"\n"
         "public-address = \"shop.example:7700\"\n",
         log, R"("keys":"serve.public-address")");
  const auto said = read_file(log);
  CHECK(said.find(R"("taken":"serve.patience, serve.close-batch-daily, serve.events-keep")") !=
        std::string::npos);
  CHECK(world.pay(world.order()).exit_code == 0);
}
