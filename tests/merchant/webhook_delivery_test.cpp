// Webhooks as the daemon delivers them, to a receiver that misbehaves: each event at least once, in
// order, with a fresh signature, until patience ends.
#include <nlohmann/json.hpp>

#include "merchant/event_dispatcher.h"
#include "merchant/store.h"
#include "tests/merchant/shop.h"
#include "tests/store/temporary_directory.h"
#include "tests/support/databases.h"
#include "tests/support/webhook_receiver.h"

using namespace set;
using namespace set::merchant;
using namespace set::merchant::test;

namespace {

constexpr Argon2Cost kCheap{.memory_kib = 64, .passes = 1, .lanes = 1};

struct Feed {
  Feed() {
    auto keys =
        value_of(KeyFile::create(directory.path() / "keys.set", passphrase, kCheap, Rng::system()));
    value_of(keys.put("signature", view_of("not used here"), Rng::system()));
    value_of(Store::open(database));
    options.retry = Duration(40);
    options.timeout = std::chrono::milliseconds(500);
  }
  ~Feed() {
    for (auto& each : dispatchers) each->stop();
  }

  WebhookKeys keys() {
    return value_of(WebhookKeys::open_or_make(directory.path(), passphrase, Rng::system()));
  }
  /// A webhook there, whose secret is made.
  std::string add(const std::string& url, const std::vector<std::string>& types = {}) {
    Webhook webhook{make_webhook_id(Rng::system()), url, value_of(EventFilter::parse(types)),
                    clock()};
    webhook.handed = value_of(events.newest());
    webhook.key_name = keys().name();
    value_of(webhooks.insert(webhook));
    return webhook.id;
  }
  EventDispatcher& start() {
    dispatchers.push_back(std::make_unique<EventDispatcher>(EventDispatcher::Parts{
        database, options, directory.path(), passphrase, clock, Rng::system(), Duration(5)}));
    value_of(dispatchers.back()->start());
    return *dispatchers.back();
  }
  std::int64_t tell(EventType type = EventType::order_paid) {
    return value_of(events.append({type, clock(), R"({"n":)" + std::to_string(++told) + "}"}));
  }
  Webhook webhook(const std::string& id) { return value_of(webhooks.find(id)); }
  Delivery delivery(const std::string& id, std::int64_t event) {
    return value_of(webhooks.delivery(id, event));
  }
  /// Whether the state comes within half a minute.
  bool comes(const std::string& id, std::int64_t event, std::string_view state) {
    for (int i = 0; i < 3000; ++i) {
      const auto found = webhooks.delivery(id, event);
      if (found && found->state == state) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return false;
  }
  /// What the header must hold for this generation of the secret.
  std::string signature(const WebhookReceiver::Got& got, const std::string& id,
                        std::int64_t generation) {
    std::vector<SecretBytes> secret;
    secret.push_back(keys().secret(id, generation));
    const auto at = from_millis(1000 * std::stoll(got.timestamp));
    return sign_webhook(secret, got.id, at, got.body);
  }

  set::test::TemporaryDirectory directory;
  const Passphrase passphrase{"a passphrase for tests"};
  Database database = value_of(Database::open(set::test::database_url()));
  EventFeed events{database};
  WebhookStore webhooks{database};
  std::atomic<std::int64_t> ahead = 0;  ///< milliseconds
  Clock clock = [this] { return system_clock()() + Duration(ahead.load()); };
  EventOptions options;
  int told = 0;
  std::vector<std::unique_ptr<EventDispatcher>> dispatchers;
};

std::vector<std::int64_t> sequences(const std::vector<WebhookReceiver::Got>& all) {
  std::vector<std::int64_t> out;
  for (const auto& got : all) out.push_back(nlohmann::json::parse(got.body).at("sequence"));
  return out;
}

}  // namespace

TEST_CASE("events arrive in order, signed, and only those that are wanted") {
  Feed feed;
  WebhookReceiver receiver, other;
  const auto all = feed.add(receiver.url());
  const auto some = feed.add(other.url(), {"refund.*"});
  feed.start();
  for (int i = 0; i < 8; ++i)
    feed.tell(i % 4 == 3 ? EventType::refund_done : EventType::order_paid);
  REQUIRE(receiver.wait([&] { return receiver.got().size() == 8; }));
  REQUIRE(other.wait([&] { return other.got().size() == 2; }));
  CHECK(sequences(receiver.got()) == std::vector<std::int64_t>{1, 2, 3, 4, 5, 6, 7, 8});
  CHECK(sequences(other.got()) == std::vector<std::int64_t>{4, 8});
  for (const auto& got : receiver.got()) {
    CHECK(got.signature == feed.signature(got, all, 1));
    CHECK(nlohmann::json::parse(got.body).at("id") == got.id);
    const auto event = value_of(feed.events.find(got.id));
    CHECK(event.body == got.body);
  }
  CHECK(other.got().at(0).signature == feed.signature(other.got().at(0), some, 1));
  CHECK(other.got().at(0).signature != feed.signature(other.got().at(0), all, 1));
  CHECK(feed.comes(all, 8, "delivered"));
  CHECK(feed.delivery(all, 8).status == 204);
}

TEST_CASE("a receiver that fails first gets the same event again, signed anew, and then the next") {
  Feed feed;
  WebhookReceiver receiver;
  receiver.set_mood([&](int n, httplib::Response& response) {
    if (n <= 3) {
      response.status = n == 1 ? 500 : n == 2 ? 404 : 302;
      response.set_header("Location", receiver.url());
      feed.ahead += 1000;  // a signature of another second
    }
  });
  const auto id = feed.add(receiver.url());
  feed.start();
  feed.tell();
  feed.tell();
  REQUIRE(receiver.wait([&] { return receiver.taken().size() == 2; }));
  const auto got = receiver.got();
  REQUIRE(got.size() == 5);  // a redirect is not followed
  CHECK(sequences(got) == std::vector<std::int64_t>{1, 1, 1, 1, 2});
  for (std::size_t i = 0; i < 4; ++i) {
    CHECK(got[i].id == got[0].id);
    CHECK(got[i].signature == feed.signature(got[i], id, 1));
  }
  CHECK(got[0].timestamp != got[3].timestamp);
  CHECK(got[0].signature != got[3].signature);
  REQUIRE(feed.comes(id, 2, "delivered"));
  CHECK(feed.delivery(id, 1).attempts == 4);
  CHECK_FALSE(feed.webhook(id).failing_since);
}

TEST_CASE("a slow, a chatty and a dead receiver hold nobody else up") {
  Feed feed;
  WebhookReceiver slow, chatty, good;
  slow.set_mood([](int n, httplib::Response&) {
    if (n == 1) std::this_thread::sleep_for(std::chrono::milliseconds(1500));
  });
  chatty.set_mood([](int, httplib::Response& response) {
    response.status = 200;
    response.set_content(std::string(4 << 20, 'x'), "text/plain");
  });
  const auto slow_id = feed.add(slow.url());
  const auto chatty_id = feed.add(chatty.url());
  const auto dead_id = feed.add("http://127.0.0.1:1/hook");
  const auto good_id = feed.add(good.url());
  feed.start();
  const auto event = feed.tell();
  REQUIRE(feed.comes(good_id, event, "delivered"));
  CHECK(feed.delivery(slow_id, event).state == "waiting");
  REQUIRE(feed.comes(chatty_id, event, "delivered"));
  CHECK(feed.delivery(chatty_id, event).status == 200);
  REQUIRE(feed.comes(slow_id, event, "delivered"));
  CHECK(feed.delivery(slow_id, event).attempts >= 2);
  const auto dead = feed.delivery(dead_id, event);
  CHECK(dead.state == "waiting");
  CHECK(dead.attempts >= 1);
  CHECK(dead.status == 0);
  CHECK_FALSE(dead.error.empty());
  CHECK(feed.webhook(dead_id).failing_since);
}

TEST_CASE("one event is given up when it is too old, and the next is tried") {
  Feed feed;
  feed.options.max_age = std::chrono::seconds(1);
  WebhookReceiver receiver;
  receiver.set_mood([&](int, httplib::Response& response) { response.status = 400; });
  const auto id = feed.add(receiver.url());
  feed.start();
  const auto first = feed.tell();
  const auto second = feed.tell();
  REQUIRE(feed.comes(id, first, "given up"));
  CHECK(feed.delivery(id, first).error == "HTTP status 400");
  receiver.set_mood({});
  REQUIRE(feed.comes(id, second, "delivered"));
  // A person sends it again; so does who has lost its books.
  CHECK(value_of(feed.webhooks.deliveries(id, "given up", 10)).size() == 1);
  CHECK(value_of(feed.webhooks.resend(id, {first}, feed.clock())) == 1);
  REQUIRE(feed.comes(id, first, "delivered"));
  CHECK(value_of(feed.webhooks.resend(id, {first, second}, feed.clock())) == 2);
  REQUIRE(receiver.wait([&] { return receiver.taken().size() == 4; }));
}

TEST_CASE("a webhook that fails for days is disabled, tells so, and goes on where it stopped") {
  Feed feed;
  feed.options.disable_after = std::chrono::hours(24 * 5);
  feed.options.max_age = std::chrono::hours(24 * 30);
  WebhookReceiver receiver;
  receiver.set_mood([](int, httplib::Response& response) { response.status = 503; });
  const auto id = feed.add(receiver.url(), {"order.*"});
  feed.start();
  const auto event = feed.tell();
  REQUIRE(receiver.wait([&] { return feed.webhook(id).failing_since.has_value(); }));
  feed.ahead += 1000LL * 3600 * 24 * 6;
  REQUIRE(receiver.wait([&] { return !feed.webhook(id).enabled; }));
  const auto told = value_of(feed.events.after(event, 10)).events;
  REQUIRE(told.size() == 1);
  CHECK(told[0].type == EventType::webhook_disabled);
  const auto asked = receiver.got().size();
  feed.tell();
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  CHECK(receiver.got().size() == asked);
  CHECK(feed.delivery(id, event).state == "waiting");
  CHECK(feed.webhooks.disable(id, "again", feed.clock()).error().code == ErrorCode::conflict);

  receiver.set_mood({});
  value_of(feed.webhooks.enable(id, feed.clock()));
  CHECK(feed.webhooks.enable(id, feed.clock()).error().code == ErrorCode::conflict);
  REQUIRE(receiver.wait([&] { return receiver.taken().size() == 2; }));
  CHECK(sequences(receiver.taken()) == std::vector<std::int64_t>{1, 3});
}

TEST_CASE("who answers 410 wants no more; who asks for patience gets it") {
  Feed feed;
  WebhookReceiver gone, busy;
  gone.set_mood([](int, httplib::Response& response) { response.status = 410; });
  busy.set_mood([](int n, httplib::Response& response) {
    if (n > 1) return;
    response.status = 429;
    response.set_header("Retry-After", "3600");
  });
  const auto gone_id = feed.add(gone.url());
  const auto busy_id = feed.add(busy.url(), {"order.paid"});
  feed.start();
  const auto event = feed.tell();
  REQUIRE(gone.wait([&] { return !feed.webhook(gone_id).enabled; }));
  REQUIRE(busy.wait([&] { return feed.webhook(busy_id).failing_since.has_value(); }));
  const auto next = feed.delivery(busy_id, event).next_attempt_at;
  REQUIRE(next);
  CHECK(*next > feed.clock() + std::chrono::minutes(59));
  feed.ahead += 1000LL * 3601;
  REQUIRE(feed.comes(busy_id, event, "delivered"));
}

TEST_CASE("while a secret is replaced both sign, then the new one alone") {
  Feed feed;
  WebhookReceiver receiver;
  const auto id = feed.add(receiver.url());
  feed.start();
  CHECK(value_of(feed.webhooks.rotate(id, feed.keys().name(),
                                      feed.clock() + std::chrono::hours(1))) == 2);
  feed.tell();
  REQUIRE(receiver.wait([&] { return receiver.got().size() == 1; }));
  const auto both = receiver.got().at(0);
  CHECK(both.signature == feed.signature(both, id, 2) + " " + feed.signature(both, id, 1));
  feed.ahead += 1000LL * 3601;
  feed.tell();
  REQUIRE(receiver.wait([&] { return receiver.got().size() == 2; }));
  const auto one = receiver.got().at(1);
  CHECK(one.signature == feed.signature(one, id, 2));
}

TEST_CASE("a test goes to the webhook that is tested, once") {
  Feed feed;
  WebhookReceiver receiver, other;
  const auto id = feed.add(receiver.url(), {"order.*"});
  feed.add(other.url());
  value_of(feed.webhooks.disable(id, "not yet", feed.clock()));
  feed.start();
  const auto event = value_of(feed.webhooks.test(id, feed.clock()));
  REQUIRE(feed.comes(id, event, "delivered"));
  CHECK(nlohmann::json::parse(receiver.got().at(0).body).at("type") == "webhook.test");
  receiver.set_mood([](int, httplib::Response& response) { response.status = 500; });
  const auto refused = value_of(feed.webhooks.test(id, feed.clock()));
  REQUIRE(feed.comes(id, refused, "given up"));
  CHECK(feed.delivery(id, refused).attempts == 1);
  const auto last = feed.tell();
  REQUIRE(
      other.wait([&] { return !other.got().empty() && sequences(other.got()).back() == last; }));
  for (const auto& got : other.got())
    CHECK(nlohmann::json::parse(got.body).at("type") != "webhook.test");
}

TEST_CASE("a removed webhook hears no more, also of what was under way") {
  Feed feed;
  WebhookReceiver receiver;
  receiver.set_mood([](int, httplib::Response& response) { response.status = 500; });
  const auto id = feed.add(receiver.url());
  feed.start();
  feed.tell();
  REQUIRE(receiver.wait([&] { return !receiver.got().empty(); }));
  value_of(feed.webhooks.remove(id));
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  const auto asked = receiver.got().size();
  feed.tell();
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  CHECK(receiver.got().size() == asked);
  CHECK(feed.webhooks.find(id).error().code == ErrorCode::not_found);
}

TEST_CASE("without its keys nothing is sent; when they come, all of it") {
  Feed feed;
  WebhookReceiver receiver;
  const auto id = feed.add(receiver.url());
  const auto file = feed.directory.path() / "webhooks.set";
  const auto aside = feed.directory.path() / "aside";
  std::filesystem::rename(file, aside);
  feed.start();
  const auto event = feed.tell();
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  CHECK(receiver.got().empty());
  CHECK(feed.delivery(id, event).attempts == 0);
  std::filesystem::rename(aside, file);
  REQUIRE(feed.comes(id, event, "delivered"));
}

TEST_CASE("another key file signs nothing until the secret is replaced") {
  Feed feed;
  WebhookReceiver receiver;
  const auto id = feed.add(receiver.url());
  std::filesystem::remove(feed.directory.path() / "webhooks.set");
  const auto name = feed.keys().name();
  CHECK(name != feed.webhook(id).key_name);
  feed.start();
  const auto event = feed.tell();
  REQUIRE(receiver.wait([&] { return feed.webhook(id).failing_since.has_value(); }));
  CHECK(feed.delivery(id, event).error.find("webhooks.set") != std::string::npos);
  CHECK(receiver.got().empty());
  value_of(feed.webhooks.rotate(id, name, feed.clock() + std::chrono::hours(1)));
  REQUIRE(feed.comes(id, event, "delivered"));
  const auto got = receiver.got().at(0);
  CHECK(got.signature == feed.signature(got, id, 2));  // the former one cannot be made any more
}

TEST_CASE("options that will not do are refused before anything is sent") {
  Feed feed;
  const auto start = [&] {
    EventDispatcher dispatcher({feed.database, feed.options, feed.directory.path(), feed.passphrase,
                                feed.clock, Rng::system()});
    return dispatcher.start();
  };
  feed.options.retry = Duration(0);
  CHECK(start().error().code == ErrorCode::invalid_argument);
  feed.options.retry = std::chrono::seconds(1);
  feed.options.ca_file = feed.directory.path() / "none.pem";
  CHECK(start().error().code == ErrorCode::bad_config);
}

TEST_CASE("of two dispatchers one sends; when it stops the other goes on") {
  Feed feed;
  if (!feed.database.is_shared()) SKIP("one daemon at a time works on SQLite");
  WebhookReceiver receiver;
  const auto id = feed.add(receiver.url());
  auto& first = feed.start();
  feed.tell();
  REQUIRE(receiver.wait([&] { return receiver.got().size() == 1; }));
  feed.start();
  for (int i = 0; i < 10; ++i) feed.tell();
  REQUIRE(receiver.wait([&] { return receiver.got().size() == 11; }));
  first.stop();
  const auto last = feed.tell();
  REQUIRE(feed.comes(id, last, "delivered"));
  CHECK(sequences(receiver.got()) ==
        std::vector<std::int64_t>{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12});
}

TEST_CASE("https is verified, by the CA that is given and by the name") {
  Feed feed;
  const auto file = [&](const char* name) { return (feed.directory.path() / name).string(); };
  const auto make =
      "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2"
      " -subj /CN=localhost -addext subjectAltName=DNS:localhost -keyout " +
      file("key") + " -out " + file("certificate") + " 2>/dev/null";
  REQUIRE(std::system(make.c_str()) == 0);
  WebhookReceiver receiver(file("certificate").c_str(), file("key").c_str());
  SECTION("of our CA") {
    feed.options.ca_file = file("certificate");
    const auto id = feed.add(receiver.url("https", "localhost"));
    const auto other_name = feed.add(receiver.url("https", "127.0.0.1"));
    feed.start();
    const auto event = feed.tell();
    REQUIRE(feed.comes(id, event, "delivered"));
    REQUIRE(receiver.wait([&] { return feed.delivery(other_name, event).attempts > 0; }));
    CHECK(feed.delivery(other_name, event).status == 0);
    CHECK(receiver.got().size() == 1);
  }
  SECTION("of a CA that the system does not know") {
    const auto id = feed.add(receiver.url("https", "localhost"));
    feed.start();
    const auto event = feed.tell();
    REQUIRE(receiver.wait([&] { return feed.webhook(id).failing_since.has_value(); }));
    CHECK(feed.delivery(id, event).status == 0);
    CHECK(receiver.got().empty());
  }
}

TEST_CASE("an address that is not allowed is not connected to, whatever its name is") {
  Feed feed;
  WebhookReceiver receiver;
  feed.start();
  // As if the name had changed its mind after `webhook add`: 0.0.0.0 leads to this machine.
  const auto id = feed.add(receiver.url("http", "0.0.0.0"));
  const auto event = feed.tell();
  REQUIRE(receiver.wait([&] { return feed.webhook(id).failing_since.has_value(); }));
  CHECK(feed.delivery(id, event).error.find("link-local") != std::string::npos);
  CHECK(receiver.got().empty());
}
