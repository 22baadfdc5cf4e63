// The shop's own software beside the four programs: it follows the feed, and gets webhooks, whatever
// happens to it or to the daemon meanwhile.
#include <thread>

#include <catch2/generators/catch_generators.hpp>

#include "common/crypto/hmac_sha256.h"
#include "tests/scenario/event_books.h"

using namespace set::test;

namespace {

struct EventWorld : ShopWorld {
  EventWorld() {
    start_gateway();
    start_merchant({}, kQuick);
    start_wallet();
  }

  nlohmann::json add(const std::string& url, std::vector<std::string> flags = {}) {
    flags.insert(flags.begin(), {"webhook", "add", "--url", url, "--passphrase-file",
                                 passphrase_file().string()});
    const auto added = shop(flags);
    INFO(added.err);
    REQUIRE(added.exit_code == 0);
    return json(added);
  }
  void restart(const Environment& extra = {}) { start_merchant(extra, kQuick); }
  nlohmann::json orders() { return json(shop({"order", "list"})); }
  std::int64_t newest() {
    const auto all = events_of(*this);
    return all.empty() ? 0 : all.back().at("sequence").get<std::int64_t>();
  }

  const std::vector<std::string> kQuick{"--webhook-retry", "200ms", "--webhook-timeout", "2s"};
};

/// As docs/events.md tells receivers to do it.
bool verifies(const WebhookReceiver::Got& got, const std::string& secret) {
  auto base64 = secret.substr(std::string("whsec_").size());
  std::ranges::replace(base64, '+', '-');
  std::ranges::replace(base64, '/', '_');
  while (base64.ends_with('=')) base64.pop_back();
  const auto key = set::from_base64url(base64);
  REQUIRE(key);
  const auto content = got.id + "." + got.timestamp + "." + got.body;
  auto mac = set::to_base64url(set::hmac_sha256(*key, set::view_of(content)));
  std::ranges::replace(mac, '-', '+');
  std::ranges::replace(mac, '_', '/');
  return (" " + got.signature + " ").find(" v1," + mac + "= ") != std::string::npos;
}

}  // namespace

TEST_CASE("a shop that fails, is slow and is away still hears all of its purchases, in order") {
  EventWorld world;
  auto receiver = std::make_unique<WebhookReceiver>();
  receiver->set_mood([](int n, httplib::Response& response) {
    if (n <= 2) response.status = 500;
    if (n == 3) std::this_thread::sleep_for(std::chrono::seconds(3));
  });
  const auto webhook = world.add(receiver->url());
  const std::string id = webhook.at("webhook");
  const std::string secret = webhook.at("secret");
  const auto first = world.paid({"--amount", "49.95 EUR"});
  const auto declined = world.made_order({"--amount", "10.00 EUR", "--description", "A table"});
  CHECK(world.pay(declined.at("link"), "decline").exit_code == 6);
  CHECK(world.shop({"refund", first, "--amount", "5.00 EUR", "--once", "return-1"}).exit_code == 0);
  const auto newest = world.newest();
  REQUIRE(receiver->wait([&] { return distinct_numbers_of(receiver->taken()).contains(newest); }));
  std::vector<std::int64_t> all(static_cast<std::size_t>(newest));
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<std::int64_t>(i) + 1;
  // What timed out was taken all the same, and came again.
  const auto taken = receiver->taken();
  CHECK(distinct_numbers_of(taken) == std::set<std::int64_t>(all.begin(), all.end()));
  CHECK(std::ranges::is_sorted(numbers_of(taken)));
  for (const auto& got : receiver->got()) CHECK(verifies(got, secret));
  const auto events = events_of(world);
  for (const auto& got : taken)
    CHECK(nlohmann::json::parse(got.body) == events.at(nlohmann::json::parse(got.body).at("sequence").get<std::size_t>() - 1));
  check_events_are_the_books(events, world.orders());

  // What was printed once stands nowhere else.
  for (const auto& entry : std::filesystem::recursive_directory_iterator(world.home() / "merchant")) {
    if (!entry.is_regular_file()) continue;
    INFO(entry.path());
    CHECK(read_file(entry.path()).find(secret.substr(6)) == std::string::npos);
  }
  CHECK(read_file(world.home() / "merchant.log").find(secret.substr(6)) == std::string::npos);
  CHECK(read_file(world.home() / "merchant.log").find(receiver->url()) == std::string::npos);

  // A new secret: both sign, and a receiver with either is content.
  const auto rotated = world.json(world.shop({"webhook", "rotate", id, "--passphrase-file",
                                              EventWorld::passphrase_file().string()}));
  const std::string next = rotated.at("secret");
  CHECK(next != secret);
  REQUIRE(world.shop({"webhook", "test", id}).exit_code == 0);
  CHECK(verifies(receiver->got().back(), secret));
  CHECK(verifies(receiver->got().back(), next));

  // Sent again by number, by id and by range, with the same webhook-id.
  const auto before = receiver->taken().size();
  const std::string third = events.at(2).at("id");
  CHECK(world.json(world.shop({"webhook", "resend", id, "--event", "1", "--event", third})).at("resent") == 2);
  REQUIRE(receiver->wait([&] { return receiver->taken().size() == before + 2; }));
  CHECK(receiver->got().back().id == third);
  CHECK(world.json(world.shop({"webhook", "resend", id, "--since", "1", "--until", "4"})).at("resent") == 3);
  REQUIRE(receiver->wait([&] { return receiver->taken().size() == before + 5; }));
  const auto deliveries = world.json(world.shop({"webhook", "deliveries", id}));
  for (const auto& delivery : deliveries) CHECK(delivery.at("state") == "delivered");
}

TEST_CASE("kill -9 of the daemon loses no event, and repeats it under the same id") {
  const std::string place =
      GENERATE(as<std::string>{}, "after-commit:merchant:decided", "after-commit:merchant:hand_over",
               "merchant:before-webhook", "merchant:webhook-answered", "before-commit:merchant:attempt",
               "after-commit:merchant:attempt");
  INFO(place);
  EventWorld world;
  WebhookReceiver receiver;
  const std::string id = world.add(receiver.url()).at("webhook");
  const auto order = world.made_order({"--amount", "49.95 EUR", "--description", "Three chairs"});
  REQUIRE(receiver.wait([&] {
    const auto sent = world.json(world.shop({"webhook", "deliveries", id}));
    return !sent.empty() && sent.at(0).at("state") == "delivered";
  }));
  world.restart({{"SET_CRASH_AT", place}});
  world.pay(order.at("link"));
  REQUIRE(world.merchant().wait(std::chrono::seconds(20)) == 137);
  world.restart();
  world.set_wallet({"resume"});
  world.set_wallet({"pay", order.at("link"), "--yes"});
  for (int i = 0; i < 400 && world.books(order.at("order")).at("state") != "paid"; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  const auto events = events_of(world);
  check_events_are_the_books(events, world.orders());
  const auto last = events.back().at("sequence").get<std::int64_t>();
  REQUIRE(receiver.wait([&] { return distinct_numbers_of(receiver.taken()).size() == static_cast<std::size_t>(last); }));
  const auto taken = receiver.taken();
  CHECK(std::ranges::is_sorted(numbers_of(taken)));
  for (const auto& got : taken) {
    const auto number = nlohmann::json::parse(got.body).at("sequence").get<std::size_t>();
    CHECK(got.id == events.at(number - 1).at("id"));
  }
}

TEST_CASE("who follows the feed sees every purchase, once, while several pay at a time") {
  EventWorld world;
  const auto out = world.home() / "followed";
  auto follower = Process::start({"set-merchant", "events", "--dir", world.home() / "merchant", "--follow", "--json"}, {},
                                 out, world.home() / "follower.log");
  constexpr int kOrders = 6;
  std::vector<std::string> links;
  for (int i = 0; i < kOrders; ++i) links.push_back(world.order("3.00 EUR"));
  std::vector<std::thread> payers;
  for (const auto& link : links) payers.emplace_back([&] { world.pay(link); });
  for (auto& payer : payers) payer.join();
  const auto newest = world.newest();
  const auto last = "\"sequence\":" + std::to_string(newest) + ",";
  CHECK(log_says(out, last));
  follower.signal(SIGINT);
  CHECK(follower.wait(std::chrono::seconds(5)) == 0);
  std::istringstream lines(read_file(out));
  std::int64_t sequence = 0, paid = 0;
  for (std::string line; std::getline(lines, line);) {
    const auto event = nlohmann::json::parse(line);
    CHECK(event.at("sequence") == ++sequence);
    if (event.at("type") == "order.paid") ++paid;
  }
  CHECK(sequence == newest);
  CHECK(paid == kOrders);
  check_events_are_the_books(events_of(world), world.orders());
  CHECK(events_of(world, {"--type", "order.paid", "--limit", "2"}).size() == 2);
  CHECK(events_of(world, {"--since", std::to_string(newest)}).empty());

  // A full disk is told; a reader who has had enough is not our failure.
  const auto shell = [&](const std::string& tail) {
    return run({"/bin/bash", "-c",
                "set -o pipefail; '" + (bin_dir() / "set-merchant").string() + "' events --dir '" +
                    (world.home() / "merchant").string() + "' --json " + tail});
  };
  const auto full = shell("> /dev/full");
  CHECK(full.exit_code == 3);
  CHECK(full.err.find("disk full") != std::string::npos);
  CHECK(shell("| true").exit_code == 0);
}

TEST_CASE("what cannot be is refused with a sentence and its exit code") {
  EventWorld world;
  world.order();
  const auto refused = [&](std::vector<std::string> arguments, int exit_code, const std::string& says) {
    const auto finished = world.set_merchant(arguments);
    INFO(finished.err);
    CHECK(finished.exit_code == exit_code);
    CHECK(finished.err.find(says) != std::string::npos);
    CHECK(finished.out.empty());
    CHECK(std::ranges::count(finished.err, '\n') == 1);
  };
  const auto secret = World::passphrase_file().string();
  refused({"events", "--since", "99"}, 7, "the newest is 1");
  refused({"events", "--since", "x"}, 2, "a cursor is the number");
  refused({"events", "--type", "order.eaten"}, 2, "no event of such a type");
  refused({"webhook", "add", "--url", "http://shop.example/", "--passphrase-file", secret}, 2, "use https");
  refused({"webhook", "add", "--url", "https://169.254.169.254/", "--passphrase-file", secret}, 2, "link-local");
  refused({"webhook", "add", "--url", "https://a:b@shop.example/", "--passphrase-file", secret}, 2, "no user");
  refused({"webhook", "add", "--url", "https://shop.example/", "--since", "7", "--passphrase-file", secret}, 7, "newest");
  refused({"webhook", "test", "wh_none"}, 7, "no such webhook");
  refused({"webhook", "remove", "wh_none"}, 7, "no such webhook");
  write_file(world.home() / "wrong", "another passphrase\n");
  std::filesystem::permissions(world.home() / "wrong", std::filesystem::perms(0600));
  refused({"webhook", "add", "--url", "https://shop.example/", "--passphrase-file", world.home() / "wrong"}, 3,
          "passphrase");
  const std::string id = world.add("http://127.0.0.1:1/hook").at("webhook");
  refused({"webhook", "enable", id}, 7, "enabled already");
  refused({"webhook", "resend", id}, 2, "say what");
  refused({"webhook", "resend", id, "--event", "99"}, 7, "newest");
  refused({"webhook", "test", id}, 4, "did not take it");
  const auto examined = [&] {
    const auto doctor = world.set_merchant({"doctor", "--passphrase-file", secret});
    return doctor.out + doctor.err;
  };
  CHECK(examined().find("webhook " + id) != std::string::npos);
  const auto other = world.add("http://127.0.0.1:1/other");
  world.order();
  const std::string failing = other.at("webhook");
  for (int i = 0; i < 200 && world.json(world.shop({"webhook", "list"})).at(1).at("failing_since").is_null(); ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  CHECK(examined().find("webhook deliveries " + failing) != std::string::npos);
  CHECK(world.shop({"webhook", "remove", failing}).exit_code == 0);
  CHECK(world.shop({"webhook", "disable", id}).exit_code == 0);
  CHECK(world.json(world.shop({"webhook", "list"})).at(0).at("enabled") == false);
  CHECK(world.shop({"webhook", "remove", id}).exit_code == 0);
  CHECK(world.json(world.shop({"webhook", "list"})).empty());
}
