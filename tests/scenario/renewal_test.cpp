// Certificates that change while the programs run: nobody restarts, nothing is lost.
#include <catch2/catch_test_macros.hpp>

#include <csignal>
#include <iostream>
#include <set>
#include <thread>

#include "tests/scenario/words.h"
#include "tests/scenario/world.h"

using namespace set::test;

namespace {

/// How often a file has become another one.
class Changes {
 public:
  explicit Changes(std::filesystem::path file) : file_(std::move(file)), last_(read_file(file_)) {}
  int count() {
    const auto now = read_file(file_);
    if (!now.empty() && now != last_) ++count_;
    if (!now.empty()) last_ = now;
    return count_;
  }

 private:
  std::filesystem::path file_;
  std::string last_;
  int count_ = 0;
};

}  // namespace

TEST_CASE("certificates of merchant and gateway change during purchases, and none fails") {
  World world;
  const auto ca = world.start_ca({"--tls-validity", "15s", "--party-validity", "45s"});
  // The enrolled certificates are good for a year: the first short ones are asked for by hand.
  for (const auto& renewed : {world.set_gateway({"renew", "--force", "--ca", ca, "--passphrase-file", World::passphrase_file()}),
                              world.set_merchant({"renew", "--force", "--ca", ca, "--passphrase-file", World::passphrase_file()})}) {
    INFO(renewed.err);
    REQUIRE(renewed.exit_code == 0);
  }
  world.start_gateway({}, {"--ca", ca});
  world.start_merchant({}, {"--ca", ca});
  world.start_wallet();

  Changes changes[] = {Changes(world.home() / "gateway/signature.pem"), Changes(world.home() / "merchant/signature.pem"),
                       Changes(world.home() / "gateway/tls.pem"), Changes(world.home() / "merchant/tls.pem")};
  const auto enough = [&] {
    const int party = std::min(changes[0].count(), changes[1].count());
    return std::min(changes[2].count(), changes[3].count()) >= 2 && party >= 1;
  };
  int paid = 0, failed = 0;
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(90);
  // One more after the last change.
  for (bool last = false; !last && std::chrono::steady_clock::now() < end;) {
    last = enough();
    // An order may not outlive the certificate that its link names; nor may there be more of them than
    // the card's limit allows, however quick the machine.
    auto made = world.set_merchant({"order", "create", "--amount", "0.95 EUR", "--description", "Beans", "--valid", "5s"});
    while (made.out.ends_with('\n')) made.out.pop_back();
    const auto payment = world.pay(made.out);
    INFO(made.err << payment.err << payment.out);
    CHECK(payment.exit_code == 0);
    ++(payment.exit_code == 0 ? paid : failed);
  }
  std::cout << paid << " purchases paid, " << failed << " failed; gateway: " << changes[0].count() << " SET and "
            << changes[2].count() << " TLS rotations, merchant: " << changes[1].count() << " and " << changes[3].count()
            << "\n";
  CHECK(failed == 0);
  CHECK(enough());
  // Restarts are no rotation: the same processes served all of it.
  CHECK(world.merchant().running());
  CHECK(world.gateway().running());
}

TEST_CASE("a renewal beside the daemon is taken in, and an older payment link is paid") {
  World world;
  const auto ca = world.start_ca();
  world.start_all();
  const auto link = world.order();
  CHECK(world.set_merchant({"needs-renewal"}).exit_code == 1);
  const auto renewed = world.set_merchant({"renew", "--force", "--ca", ca, "--passphrase-file", World::passphrase_file()});
  INFO(renewed.err);
  REQUIRE(renewed.exit_code == 0);
  world.merchant().signal(SIGHUP);
  REQUIRE(log_says(world.home() / "merchant.log", "new certificates in use"));
  const auto old = world.pay(link);
  INFO(old.err);
  CHECK(old.exit_code == 0);
  CHECK(world.json(world.set_wallet({"receipt", world.json(old).at("xid"), "--json"})).at("verified") == true);
  CHECK(world.pay(world.order()).exit_code == 0);

  const auto nothing_due = world.set_gateway({"renew", "--ca", ca, "--passphrase-file", World::passphrase_file()});
  CHECK(nothing_due.exit_code == 0);
  CHECK(nothing_due.err.find("nothing is due") != std::string::npos);
}

TEST_CASE("a renewed card has a new certificate, and the old one's purchases are still asked about") {
  World world;
  const auto ca = world.start_ca();
  world.start_all();
  const auto approved = static_cast<std::size_t>(world.card("approve").position);
  const auto certificate = [&] {
    return world.json(world.set_wallet({"card", "list", "--json"})).at(static_cast<std::size_t>(approved - 1)).at("certificate").get<std::string>();
  };
  const auto before = certificate();
  CHECK(world.set_wallet({"needs-renewal"}).exit_code == 1);
  const auto done = world.pay(world.order());
  REQUIRE(done.exit_code == 0);
  // The gateway is away: the merchant has the order, and nobody knows its outcome.
  world.gateway().kill();
  const auto open = world.pay(world.order());
  INFO(open.out << open.err);
  REQUIRE(open.exit_code == 8);

  const auto renewed = world.set_wallet({"card", "renew", std::to_string(approved), "--ca", ca, "--json"});
  INFO(renewed.err);
  REQUIRE(renewed.exit_code == 0);
  CHECK(certificate() != before);

  world.start_gateway();
  const std::string xid = world.json(open).at("xid");
  nlohmann::json status;
  for (int i = 0; i < 60; ++i) {
    status = world.json(world.set_wallet({"status", xid, "--json"}));
    if (status.at("state") == "completed") break;
    std::this_thread::sleep_for(std::chrono::milliseconds(250));
  }
  CHECK(status.at("outcome") == "approved");
  const std::string earlier = world.json(done).at("xid");
  for (const auto& of : {xid, earlier}) {
    const auto receipt = world.set_wallet({"receipt", of, "--json"});
    INFO(receipt.err);
    REQUIRE(receipt.exit_code == 0);
    CHECK(world.json(receipt).at("card_certificate") == before);
  }
  CHECK(world.pay(world.order()).exit_code == 0);
}

TEST_CASE("a renewal whose answer was lost ends with the certificates that the CA granted") {
  World world;
  const auto ca = world.start_ca();
  const auto renew = [&](const std::string& role, const Environment& extra) {
    return run({"set-" + role, "renew", "--force", "--ca", ca, "--dir", world.home() / role, "--passphrase-file",
                World::passphrase_file()}, extra);
  };
  const auto issued = [&](const std::string& party) {
    std::set<std::string> out;
    for (const auto& one : world.json(world.set_ca({"cert", "list", "--json", "--party", party})))
      out.insert(one.at("thumbprint").get<std::string>());
    return out;
  };
  for (const auto& [role, party] : {std::pair{"merchant", "400000/shop-1"}, std::pair{"gateway", "400000/gateway-1"}}) {
    INFO(role);
    const auto home = world.home() / role;
    const auto before = issued(party);
    REQUIRE(before.size() == 3);
    const auto old = read_file(home / "signature.pem");
    // Dead before the CertReq left: the CA knows of nothing, and the next run asks for new ones.
    CHECK(renew(role, {{"SET_CRASH_AT", "renewal:kept"}}).exit_code == 137);
    CHECK(std::filesystem::exists(home / "renewing.set"));
    CHECK(issued(party) == before);
    // Dead after the CA has granted: its certificates' keys are in the file.
    CHECK(renew(role, {{"SET_CRASH_AT", "renewal:answered"}}).exit_code == 137);
    const auto granted = issued(party);
    CHECK(granted.size() == 6);
    CHECK(read_file(home / "signature.pem") == old);
    const auto renewed = renew(role, {});
    INFO(renewed.err);
    REQUIRE(renewed.exit_code == 0);
    CHECK(read_file(home / "signature.pem") != old);
    CHECK(issued(party) == granted);  // nothing was certified a second time
    CHECK_FALSE(std::filesystem::exists(home / "renewing.set"));
  }
  world.start_all();
  CHECK(world.pay(world.order()).exit_code == 0);
}

TEST_CASE("a card's renewal whose answer was lost ends with the certificate that the CA granted") {
  World world;
  const auto ca = world.start_ca();
  const auto count = [&] {
    return world.json(world.set_ca({"cert", "list", "--json", "--role", "cardholder"})).size();
  };
  const auto before = count();
  const Words renew{"card", "renew", std::to_string(World::card("approve").position), "--ca", ca, "--json"};
  world.start_wallet({{"SET_CRASH_AT", "wallet:renewed"}});
  CHECK(world.set_wallet(renew).exit_code != 0);
  CHECK(count() == before + 1);
  world.wallet().kill();
  world.start_all();
  const auto renewed = world.set_wallet(renew);
  INFO(renewed.err);
  REQUIRE(renewed.exit_code == 0);
  CHECK(count() == before + 1);
  CHECK(world.pay(world.order()).exit_code == 0);
}
