// The event feed in the database: what the life of an order writes, that a reader misses nothing
// whatever the writers do, and what a cursor may be.
#include <atomic>
#include <thread>

#include <nlohmann/json.hpp>

#include "common/store/leases.h"
#include "merchant/event_store.h"
#include "merchant/webhook_store.h"
#include "tests/merchant/house.h"
#include "tests/support/databases.h"

using namespace set;
using namespace set::merchant;
using namespace set::merchant::test;

namespace {

using Json = nlohmann::ordered_json;
using Names = std::vector<std::string>;

std::vector<ShopEvent> all_events(Database& database) {
  EventFeed feed(database);
  return value_of(feed.after(value_of(feed.oldest()), 10000)).events;
}

Names names_after(Database& database, std::int64_t cursor) {
  Names out;
  for (const auto& event : value_of(EventFeed(database).after(cursor, 1000)).events)
    out.emplace_back(to_string(event.type));
  return out;
}

Json data_of(const ShopEvent& event) { return Json::parse(event.body).at("data"); }

/// A house with a running resolver, that remembers how far it has read.
struct ToldHouse : House {
  ToldHouse() { value_of(resolver->start()); }
  ~ToldHouse() { resolver->stop(); }

  /// What came since the last time.
  Names told() {
    auto out = names_after(database, cursor);
    cursor = value_of(EventFeed(database).newest());
    return out;
  }
  ShopEvent newest() { return all_events(database).back(); }
  void done(const NewOrder& made, ItemKind kind, std::string_view sum = "",
            const std::string& once = "") {
    ItemWish wish{kind};
    if (!sum.empty()) wish.amount = amount(sum);
    const auto rrpid =
        value_of(store.want({made.order.id}, wish, once, shop.rng.make<RRPID>(), system_clock()()));
    wait(rrpid);
  }
  void wait(const RRPID& rrpid) {
    for (int i = 0; i < 1000; ++i) {
      if (value_of(store.outcome(rrpid)).state != RequestOutcome::State::open) return;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    FAIL("no answer");
  }

  std::int64_t cursor = 0;
};

}  // namespace

TEST_CASE("the feed tells the life of a sale") {
  ToldHouse house;
  const auto made = house.order();
  CHECK(house.told() == Names{"order.created"});
  house.pay(house.initiate(made));
  CHECK(house.told() ==
        Names{"order.pending", "authorization.approved", "capture.done", "order.paid"});
  const auto paid = data_of(house.newest());
  CHECK(paid.at("order") == made.order.id.value);
  CHECK(paid.at("state") == "paid");
  CHECK(paid.at("captured") == Json{{"minor", 4995}, {"currency", "EUR"}, {"text", "49.95 EUR"}});
  house.done(made, ItemKind::credit, "9.95 EUR", "return-1");
  // Some is refunded: still paid.
  const auto refund = data_of(house.newest());
  CHECK(house.told() == Names{"refund.done"});
  CHECK(refund.at("once") == "return-1");
  CHECK(refund.at("amount").at("minor") == 995);
  CHECK(refund.at("credited").at("minor") == 995);
  house.done(made, ItemKind::credit);
  CHECK(house.told() == Names{"refund.done", "order.refunded"});
  house.done(made, ItemKind::credit_reversal);
  CHECK(house.told() == Names{"refund.voided", "order.paid"});
}

TEST_CASE("the feed tells of what is captured later, in part, undone, and refused") {
  ToldHouse house;
  OrderTerms later;
  later.capture_now = false;
  const auto made = house.order(std::chrono::hours(1), later);
  house.pay(house.initiate(made));
  CHECK(house.told() ==
        Names{"order.created", "order.pending", "authorization.approved", "order.authorized"});
  house.gateway.cap_code = CapCode::auth_expired;
  house.done(made, ItemKind::capture);
  CHECK(data_of(house.newest()).at("code") == "authExpired");
  CHECK(house.told() == Names{"capture.refused"});
  house.done(made, ItemKind::reversal, "1.00 EUR");
  CHECK(house.told() == Names{"authorization.reversal_refused"});
  house.gateway.cap_code = CapCode::success;
  house.done(made, ItemKind::capture, "20.00 EUR");
  CHECK(house.told() == Names{"capture.done", "order.paid"});
  house.done(made, ItemKind::capture_reversal);
  CHECK(house.told() == Names{"capture.voided", "order.authorized"});
  house.gateway.mood = Mood::error;
  house.done(made, ItemKind::capture);
  CHECK(house.told() == Names{"capture.refused"});
  house.gateway.mood = Mood::approve;
  house.done(made, ItemKind::reversal);
  CHECK(house.told() == Names{"authorization.reversed", "order.cancelled"});
}

TEST_CASE("the feed tells of declines, of orders that can be paid again, and of those that ended") {
  ToldHouse house;
  const auto made = house.order();
  house.gateway.mood = Mood::decline;
  house.pay(house.initiate(made));
  CHECK(house.told() ==
        Names{"order.created", "order.pending", "authorization.declined", "order.declined"});
  house.gateway.mood = Mood::approve;
  house.pay(house.initiate(made));
  CHECK(house.told() ==
        Names{"order.pending", "authorization.approved", "capture.done", "order.paid"});

  const auto other = house.order();
  house.told();
  EventFeed feed(house.database);
  value_of(feed.tell_expired(other.order.expires_at));
  CHECK(house.told().empty());
  value_of(feed.tell_expired(other.order.expires_at + Duration(1)));
  CHECK(house.told() == Names{"order.expired"});
  value_of(feed.tell_expired(other.order.expires_at + std::chrono::hours(1)));
  CHECK(house.told().empty());
}

TEST_CASE("the feed tells of a mandate's charges and of its end") {
  ToldHouse house;
  OrderTerms terms;
  terms.mandate = InstallRecurData{InstallTotalTrans{2}, amount("30.00 EUR")};
  terms.first_charge = amount("30.00 EUR");
  const auto made = house.order(std::chrono::hours(1), terms);
  house.gateway.auth_token = Bytes{42};
  house.pay(house.initiate(made));
  CHECK(house.told() == Names{"order.created", "order.pending", "mandate.accepted",
                              "authorization.approved", "capture.done", "order.paid"});
  house.gateway.auth_token.clear();
  house.wait(value_of(house.store.want_charge(made.order.id, {amount("19.95 EUR")}, "second",
                                              house.shop.rng.make<RRPID>(), system_clock()())));
  CHECK(data_of(house.newest()).at("charge") == 2);
  CHECK(data_of(house.newest()).at("once") == "second");
  CHECK(house.told() == Names{"authorization.approved", "capture.done", "mandate.ended"});
}

TEST_CASE("the feed tells once that a batch was opened and closed, and that sums differ") {
  ToldHouse house;
  const auto ask = [&](BatchOperation operation) {
    const BatchAsked asked{.batch_id = "20261122", .operation = operation};
    house.wait(value_of(house.store.want(asked, house.shop.rng.make<RRPID>(), system_clock()())));
  };
  ask(BatchOperation::open);
  CHECK(house.told() == Names{"batch.opened"});
  ask(BatchOperation::close);
  CHECK(house.told() == Names{"batch.closed"});
  ask(BatchOperation::close);
  CHECK(house.told().empty());

  const auto rrpid = house.shop.rng.make<RRPID>();
  const BatchAsked asked{.batch_id = "20261123", .operation = BatchOperation::close};
  house.resolver->stop();
  value_of(house.store.want(asked, rrpid, system_clock()()));
  value_of(house.store.save_bytes(rrpid, house.shop.make_pinit_req(house.order()), {},
                                  system_clock()()));
  house.told();
  BatchAdminRes answer;
  answer.batch_id = "20261123";
  answer.ba_status = BAStatus::totals_out_of_balance;
  value_of(house.store.settle(rrpid, answer, Bytes{1}, system_clock()(),
                                house.shop.rng.make<RRPID>()));
  CHECK(data_of(house.newest()).at("gateway_totals").is_null());
  CHECK(house.told() == Names{"batch.out_of_balance"});
}

TEST_CASE("the feed tells of another certificate, but not of the first") {
  auto database = value_of(Database::open(set::test::database_url()));
  auto store = value_of(Store::open(database));
  const auto now = system_clock()();
  value_of(store.put_link_certificate("aa", now));
  CHECK(all_events(database).empty());
  value_of(store.put_link_certificate("bb", now));
  value_of(store.put_link_certificate("bb", now));
  const auto events = all_events(database);
  REQUIRE(events.size() == 1);
  CHECK(data_of(events[0]) == Json{{"certificate", "bb"}, {"former", "aa"}});
}

TEST_CASE("what is rolled back is not told, and leaves no gap") {
  auto database = value_of(Database::open(set::test::database_url()));
  value_of(Store::open(database));
  EventFeed feed(database);
  const EventDraft draft{EventType::webhook_test, from_millis(1), "{}"};
  CHECK(value_of(feed.append(draft)) == 1);
  const auto undone = database.in_transaction("test", [&](Transaction& t) -> Result<void> {
    TRY(append(t, draft));
    return failure(ErrorCode::conflict, "not this time");
  });
  CHECK_FALSE(undone);
  CHECK(value_of(feed.append(draft)) == 2);
  CHECK(all_events(database).size() == 2);
}

TEST_CASE("a reader who goes on from its cursor misses nothing while many write at once") {
  const auto url = set::test::database_url();
  auto database = value_of(Database::open(url));
  value_of(Store::open(database));
  constexpr int kWriters = 6, kEach = 40;
  std::atomic<int> writing = kWriters, lost = 0;
  std::vector<std::thread> writers;
  for (int writer = 0; writer < kWriters; ++writer) {
    writers.emplace_back([&, writer] {
      for (int i = 0; i < kEach; ++i) {
        // Some give up after they have got their number.
        const bool gives_up = i % 5 == 0;
        const auto done = database.in_transaction("test", [&](Transaction& t) -> Result<void> {
          TRY(append(t, {EventType::webhook_test, from_millis(writer * 1000 + i), "{}"}));
          if (gives_up) return failure(ErrorCode::invalid_argument, "");
          return {};
        });
        if (!done && done.error().code != ErrorCode::invalid_argument) ++lost;
      }
      --writing;
    });
  }
  EventFeed feed(database);
  std::int64_t cursor = 0;
  bool last = false;
  while (true) {
    last = writing == 0;
    const auto page = value_of(feed.after(cursor, 7));
    for (const auto& event : page.events) {
      CHECK(event.sequence == cursor + 1);
      cursor = event.sequence;
    }
    if (last && page.events.empty()) break;
  }
  for (auto& writer : writers) writer.join();
  CHECK(lost == 0);
  CHECK(cursor == kWriters * kEach * 4 / 5);
}

TEST_CASE("a cursor that is forgotten or never was is refused") {
  auto database = value_of(Database::open(set::test::database_url()));
  value_of(Store::open(database));
  EventFeed feed(database);
  for (int i = 1; i <= 10; ++i)
    value_of(feed.append({EventType::webhook_test, from_millis(i), "{}"}));
  CHECK(value_of(feed.after(0, 100)).events.size() == 10);
  CHECK(value_of(feed.after(10, 100)).events.empty());
  CHECK(feed.after(11, 100).error().code == ErrorCode::not_found);
  CHECK(value_of(feed.prune(from_millis(4))) == 3);
  CHECK(value_of(feed.prune(from_millis(4))) == 0);
  const auto forgotten = feed.after(2, 100);
  REQUIRE_FALSE(forgotten);
  CHECK(forgotten.error().code == ErrorCode::not_found);
  CHECK(forgotten.error().detail.find("--since 3") != std::string::npos);
  CHECK(value_of(feed.oldest()) == 3);
  CHECK(value_of(feed.after(3, 100)).events.size() == 7);
  // All of them are old: the numbers go on where they were.
  CHECK(value_of(feed.prune(from_millis(1000))) == 7);
  CHECK(value_of(feed.append({EventType::webhook_test, from_millis(1), "{}"})) == 11);
  CHECK(value_of(feed.find(all_events(database).at(0).id)).sequence == 11);
  CHECK(feed.find("evt_00").error().code == ErrorCode::not_found);
}

TEST_CASE("what a webhook still waits for is not forgotten") {
  auto database = value_of(Database::open(set::test::database_url()));
  value_of(Store::open(database));
  EventFeed feed(database);
  WebhookStore webhooks(database);
  const auto now = system_clock()();
  for (int i = 1; i <= 6; ++i) value_of(feed.append({EventType::order_paid, from_millis(i), "{}"}));
  Webhook webhook{"wh_a", "https://shop.example/", value_of(EventFilter::parse({})), now};
  webhook.key_name = "0011223344556677";
  webhook.handed = 2;
  value_of(webhooks.insert(webhook));
  CHECK(value_of(feed.prune(now)) == 2);
  value_of(webhooks.hand_over(now));
  CHECK(value_of(feed.prune(now)) == 0);  // the third waits to be delivered
  const auto due = value_of(webhooks.due(now, 10));
  REQUIRE(due.size() == 1);
  CHECK(due.at(0).event.sequence == 3);
  value_of(webhooks.save(due.at(0), {.delivered = true, .status = 200}, now));
  CHECK(value_of(feed.prune(now)) == 1);
  // Whoever is disabled holds nothing up, and goes on after what was forgotten.
  value_of(webhooks.disable("wh_a", "test", now));
  CHECK(value_of(feed.prune(now)) == 3);
  value_of(webhooks.enable("wh_a", now));
  CHECK(value_of(webhooks.find("wh_a")).handed == 6);
}

TEST_CASE("of two daemons one has the lease, the other when it ends or is given back") {
  auto database = value_of(Database::open(set::test::database_url()));
  value_of(Store::open(database));
  const auto take = [&](const char* holder, int now, int until) {
    return value_of(leases::take(database, "events", holder, from_millis(1000 * now),
                                 from_millis(1000 * until)));
  };
  CHECK(take("a", 0, 5));
  CHECK_FALSE(take("b", 4, 9));
  CHECK(take("a", 4, 9));
  CHECK_FALSE(take("b", 9, 14));
  CHECK(take("b", 10, 15));
  CHECK_FALSE(take("a", 11, 16));
  value_of(leases::release(database, "events", "a"));  // not its own any more
  CHECK_FALSE(take("a", 12, 16));
  value_of(leases::release(database, "events", "b"));
  CHECK(take("a", 12, 16));
}
