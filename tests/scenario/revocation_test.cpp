// Revocation on the five programs: how long it takes from `set-ca revoke` to the first refusal, at
// each who must refuse. With the default times in the environment variable SET_DEFAULT_TIMES.
#include <catch2/catch_test_macros.hpp>

#include <chrono>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <thread>

#include "tests/scenario/world.h"

using namespace set::test;
using Seconds = std::chrono::duration<double>;

namespace {

bool says(const std::filesystem::path& log, const std::string& words) {
  return read_file(log).find(words) != std::string::npos;
}

/// Seconds until it holds; the promise of the house is a minute.
void within_a_minute(const std::string& what, std::chrono::steady_clock::time_point since,
                     const std::function<bool()>& holds) {
  while (!holds() && std::chrono::steady_clock::now() - since < std::chrono::seconds(60)) {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  const Seconds took = std::chrono::steady_clock::now() - since;
  std::cout << what << " after " << took.count() << " s\n";
  INFO(what);
  CHECK(holds());
}

struct RevocationStory : World {
  bool defaults = std::getenv("SET_DEFAULT_TIMES") != nullptr;
  std::string ca = start_ca();

  std::vector<std::string> flags() const {
    std::vector<std::string> out{"--ca", ca};
    if (!defaults) out.insert(out.end(), {"--revocation-every", "500ms"});
    return out;
  }
  /// The wallet asks at each purchase, or no more after its first one.
  void start(const std::string& wallet_age) {
    start_gateway({}, flags());
    start_merchant({}, flags());
    std::vector<std::string> wallet{"--ca", ca};
    if (!defaults || wallet_age != "0s") wallet.insert(wallet.end(), {"--revocation-age", wallet_age});
    start_wallet({}, wallet);
  }
  std::chrono::steady_clock::time_point revoke(const std::vector<std::string>& which) {
    auto arguments = std::vector<std::string>{"revoke", "--json", "--reason", "keyCompromise"};
    arguments.insert(arguments.end(), which.begin(), which.end());
    const auto at = std::chrono::steady_clock::now();
    const auto revoked = set_ca(arguments);
    INFO(revoked.err);
    REQUIRE(revoked.exit_code == 0);
    return at;
  }
};

}  // namespace

TEST_CASE("a revoked merchant is refused by wallet and gateway, a revoked gateway by wallet and merchant") {
  RevocationStory story;
  story.start("0s");
  REQUIRE(story.pay(story.order()).exit_code == 0);
  const auto link = story.order();

  const auto merchant_at = story.revoke({"--party", "400000/shop-1"});
  within_a_minute("the wallet refuses the merchant", merchant_at, [&] {
    const auto paid = story.pay(story.order());
    return paid.exit_code == 5 && paid.err.find("revoked") != std::string::npos;
  });
  // Its daemon asks the gateway for certificates when it starts, and hears no.
  story.start_merchant({}, story.flags(), false);
  within_a_minute("the gateway refuses the merchant", merchant_at, [&] {
    return says(story.home() / "gateway.log", "revokedCertificate");
  });
  CHECK(says(story.home() / "merchant.log", "our own certificate is not good any more"));
}

TEST_CASE("a revoked gateway is refused by merchant and wallet") {
  RevocationStory story;
  story.start("0s");
  REQUIRE(story.pay(story.order()).exit_code == 0);
  const auto link = story.order();
  const auto at = story.revoke({"--party", "400000/gateway-1", "--role", "gateway"});
  within_a_minute("the merchant refuses the gateway", at, [&] {
    return story.pay(link).exit_code != 0 &&
           says(story.home() / "merchant.log", "the gateway's certificates are not good any more");
  });
  CHECK(story.pay(link).exit_code != 0);
}

TEST_CASE("a revoked cardholder is refused by the merchant, and by the own wallet once it knows") {
  RevocationStory story;
  story.start("50s");
  REQUIRE(story.pay(story.order()).exit_code == 0);
  const auto cards = story.json(story.set_wallet({"card", "list", "--json"}));
  const auto position = static_cast<std::size_t>(World::card("approve").position);
  const std::string thumbprint = cards.at(position - 1).at("certificate");
  const auto at = story.revoke({"--thumbprint", thumbprint});
  within_a_minute("the merchant refuses the cardholder", at, [&] {
    // The wallet has asked lately, so it does not know before the merchant's answer tells it.
    story.pay(story.order());
    return says(story.home() / "merchant.log", "revokedCertificate");
  });
  const auto again = story.pay(story.order());
  CHECK(again.exit_code != 0);
  // Once more is no failure, and says that it was done.
  const auto twice = story.set_ca({"revoke", "--json", "--thumbprint", thumbprint});
  CHECK(twice.exit_code == 0);
  CHECK(story.json(twice).at(0).at("revoked_before") == true);
  CHECK(story.set_ca({"revoke", "--party", "400000/nobody"}).exit_code == 7);
  CHECK(story.set_ca({"revoke"}).exit_code == 2);
  const auto shown = story.json(story.set_ca({"crl", "show", "--json"}));
  CHECK(shown.at("crls").size() == 5);
}
