// TLS by role and `doctor`, with the real programs.
#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <thread>

#include "common/crypto/key_file.h"
#include "tests/scenario/world.h"

using namespace set::test;

namespace {

std::string first_line(const std::filesystem::path& file) {
  const auto text = read_file(file);
  return text.substr(0, text.find('\n'));
}

Finished doctor(World& world, const std::string& program, std::vector<std::string> arguments,
                const std::filesystem::path& passphrase = World::passphrase_file()) {
  arguments.insert(arguments.begin(), {"doctor", "--json", "--passphrase-file", passphrase});
  return program == "set-merchant"  ? world.set_merchant(std::move(arguments))
         : program == "set-gateway" ? world.set_gateway(std::move(arguments))
                                    : world.set_wallet(std::move(arguments));
}

void check_bad(const Finished& finished, int exit_code, const std::string& words) {
  INFO(finished.out << finished.err);
  CHECK(finished.exit_code == exit_code);
  const auto report = nlohmann::json::parse(finished.out);
  CHECK(report.at("ok") == false);
  bool said = false;
  for (const auto& finding : report.at("findings")) {
    if (finding.at("result") != "bad") continue;
    CHECK_FALSE(finding.at("fix").get<std::string>().empty());
    said = said || finding.at("says").get<std::string>().find(words) != std::string::npos;
  }
  CHECK(said);
}

/// All is well, with something good said of each of these.
void check_good(const Finished& finished, const std::vector<std::string>& about) {
  INFO(finished.out << finished.err);
  CHECK(finished.exit_code == 0);
  const auto report = nlohmann::json::parse(finished.out);
  CHECK(report.at("ok") == true);
  for (const auto& each : about) {
    CAPTURE(each);
    CHECK(std::ranges::any_of(report.at("findings"), [&](const auto& finding) {
      return finding.at("about") == each && finding.at("result") == "ok";
    }));
  }
}

/// Gives the merchant the TLS certificate and key of the gateway.
void swap_tls(const std::filesystem::path& home) {
  const set::Passphrase passphrase(std::string("a passphrase for tests"));
  auto own = set::KeyFile::open(home / "merchant" / "keys.set", passphrase);
  const auto other = set::KeyFile::open(home / "gateway" / "keys.set", passphrase);
  REQUIRE((own && other));
  const auto key = other->get("tls");
  REQUIRE(key);
  REQUIRE(own->put("tls", key->reveal(), set::Rng::system()));
  std::filesystem::copy_file(home / "gateway" / "tls.pem", home / "merchant" / "tls.pem",
                             std::filesystem::copy_options::overwrite_existing);
}

}  // namespace

TEST_CASE("doctor is content with what works, and says what does not") {
  World world;
  const auto ca = world.start_ca();
  world.start_gateway({}, {"--ca", ca});
  world.start_merchant({}, {"--ca", ca});
  world.start_wallet();
  const auto gateway = first_line(world.home() / "gateway.ready");
  const auto shop = first_line(world.home() / "merchant.ready");
  write_file(world.home() / "gateway" / "ca.address", ca + "\n");
  // Whom nobody names is found where `enroll` and `serve` wrote it down.
  check_good(doctor(world, "set-merchant", {"--ca", ca}),
             {"gateway " + gateway, "ca " + ca, "merchant " + shop, "revocations"});
  check_good(doctor(world, "set-gateway", {}), {"ca " + ca, "revocations"});
  check_good(doctor(world, "set-wallet", {"--merchant", shop, "--ca", ca}),
             {"merchant " + shop, "ca " + ca, "revocations"});
  check_good(world.set_ca({"doctor", "--json", "--passphrase-file", World::passphrase_file(),
                           "--address", ca}),
             {"ca " + ca, "revocations"});

  check_bad(doctor(world, "set-wallet", {"--merchant", gateway}), 5, "no merchant but a gateway");
  check_bad(doctor(world, "set-merchant", {"--gateway", shop}), 5, "no gateway but a merchant");
  write_file(world.home() / "wrong", "not the passphrase\n");
  std::filesystem::permissions(world.home() / "wrong", std::filesystem::perms::owner_read);
  check_bad(doctor(world, "set-gateway", {}, world.home() / "wrong"), 3, "passphrase");
  world.gateway().kill();
  check_bad(doctor(world, "set-merchant", {"--ca", ca}), 4, "nothing listens");
}

// What a gateway does with such a caller: tests/daemon/access_test.cpp. Ours does not become one.
TEST_CASE("a merchant with the TLS certificate of a gateway does not serve, nor is it renewed") {
  World world;
  world.start_gateway();
  const auto ca = world.start_ca();
  swap_tls(world.home());
  const auto before = read_file(world.home() / "merchant" / "signature.pem");
  const std::vector<std::string> passphrase{"--passphrase-file", World::passphrase_file()};
  for (std::vector<std::string> command :
       {std::vector<std::string>{"serve", "--listen", "127.0.0.1:0", "--gateway",
                                 first_line(world.home() / "gateway.ready")},
        std::vector<std::string>{"renew", "--force", "--ca", ca}}) {
    command.insert(command.end(), passphrase.begin(), passphrase.end());
    const auto refused = world.set_merchant(command);
    INFO(refused.err);
    CHECK(refused.exit_code == 3);
    CHECK(refused.err.find("tls.pem: names another party") != std::string::npos);
  }
  CHECK(read_file(world.home() / "gateway.log").find("message handled") == std::string::npos);
  CHECK(world.set_gateway({"payment", "list"}).out.empty());
  CHECK(read_file(world.home() / "merchant" / "signature.pem") == before);
}

TEST_CASE("of a balancer that is named, no connection is taken that does not say whose it is") {
  World world;
  world.start_gateway();
  world.start_merchant({}, {"--balancer", "127.0.0.1"});  // as which the wallet comes
  world.start_wallet();
  const auto link = world.order();
  const auto refused = world.pay(link);
  INFO(refused.err);
  CHECK(refused.exit_code == 4);
  CHECK(log_says(world.home() / "merchant.log", "does not speak PROXY protocol version 2"));
  world.start_merchant({}, {"--balancer", "127.0.0.7"});
  const auto paid = world.pay(link);
  INFO(paid.err);
  CHECK(paid.exit_code == 0);
}
