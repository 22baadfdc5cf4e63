// How long commands wait for others: --timeout ends the waiting, never the purchase.
#include <chrono>
#include <csignal>
#include <thread>

#include "tests/scenario/words.h"
#include "tests/scenario/world.h"

using namespace set::test;

namespace {

/// Of a program that stands still in this time.
struct Frozen {
  explicit Frozen(Process& process) : process(process) { process.signal(SIGSTOP); }
  ~Frozen() { process.signal(SIGCONT); }
  Process& process;
};

Words pay_in(const std::string& link, const std::string& time) {
  return {"pay", link, "--yes", "--json", "--quiet", "--no-input", "--timeout", time};
}

}  // namespace

TEST_CASE("a payment whose time is up is unknown, and resume knows its end; nothing is lost or paid twice") {
  World world;
  world.start_all();
  const auto link = world.order();
  {
    const Frozen merchant(world.merchant());
    refused(world.set_wallet(pay_in(link, "1s")), 4, "did not answer in time");
    CHECK(world.json(world.set_wallet({"order", "list", "--json"})).empty());  // nothing was signed
  }
  {
    const Frozen gateway(world.gateway());
    const auto begun = std::chrono::steady_clock::now();
    const auto paid = world.set_wallet(pay_in(link, "4s"));
    CHECK(std::chrono::steady_clock::now() - begun < std::chrono::seconds(8));
    refused(paid, 8, "set-wallet resume");
    CHECK(nlohmann::json::parse(paid.err).at("error").at("code") == "outcome_unknown");
    CHECK(paid.out.empty());
    refused(world.set_wallet({"resume", "--timeout", "1s"}), 8, "set-wallet resume");
  }
  Finished resumed;
  for (int i = 0; i < 100 && (resumed = world.set_wallet({"resume"})).exit_code != 0; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
  INFO(resumed.err);
  CHECK(resumed.exit_code == 0);
  const auto orders = world.json(world.set_wallet({"order", "list", "--json"}));
  REQUIRE(orders.size() == 1);
  CHECK(orders.at(0).at("outcome") == "approved");
  CHECK(world.json(world.set_gateway({"payment", "list", "--json"})).size() == 1);
}

TEST_CASE("lists of books are cut at their limit, with a word about it") {
  World world;
  world.start_all();
  for (int i = 0; i < 3; ++i) CHECK(world.pay(world.order()).exit_code == 0);
  const auto check = [&](auto program, const Words& list) {
    INFO(list.front());
    const auto json = [&](const Words& flags) {
      return world.json((world.*program)(list + Words{"--json"} + flags));
    };
    const auto all = json({"--limit", "0"});
    REQUIRE(all.size() >= 3);
    const auto some = json({"--limit", "2"});
    REQUIRE(some.size() == 2);
    CHECK(some.at(0) == all.at(0));
    const auto shown = (world.*program)(list + Words{"--limit", "2"});
    CHECK(shown.err.find("only 2 rows are shown") != std::string::npos);
    CHECK((world.*program)(list).err.empty());
  };
  check(&World::set_wallet, {"order", "list"});
  check(&World::set_merchant, {"order", "list"});
  check(&World::set_gateway, {"payment", "list"});

  const auto lines = [](const std::string& text) { return std::ranges::count(text, '\n'); };
  for (const Words& list : std::vector<Words>{{"audit", "list"}, {"event", "list"}}) {
    INFO(list.front());
    const auto all = world.set_merchant(list + Words{"--limit", "0", "--json"});
    REQUIRE(lines(all.out) > 3);
    const auto some = world.set_merchant(list + Words{"--limit", "3", "--json"});
    CHECK(lines(some.out) == 3);
    // The log's end; of the events those that come next.
    const bool is_log = list.front() == "audit";
    CHECK((is_log ? all.out.ends_with(some.out) : all.out.starts_with(some.out)));
    CHECK(some.err.find("only 3 rows are shown") != std::string::npos);
  }
  const auto after = world.set_merchant({"audit", "list", "--after", "3", "--limit", "1", "--json"});
  CHECK(nlohmann::json::parse(after.out).at("number") == 4);
}
