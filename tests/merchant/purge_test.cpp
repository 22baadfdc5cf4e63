// What a purge leaves and takes in the merchant's books.
#include <algorithm>

#include "merchant/event_store.h"
#include "tests/merchant/paid_house.h"

using namespace set;
using namespace set::merchant;
using namespace set::merchant::test;

namespace {

/// 20.00 captured as number 2 of its batch, 5.00 of it credited as number 3.
struct PurgeHouse : PaidHouse {
  PurgeHouse() {
    done(ItemKind::capture, "20.00 EUR");
    done(ItemKind::credit, "5.00 EUR");
  }
  RRPID purge() {
    const BatchAsked asked{.batch_id = "20261122", .operation = BatchOperation::purge};
    return value_of(store.want(asked, shop.rng.make<RRPID>(), system_clock()()));
  }
  TransactionDetail line(std::uint32_t number) {
    return {paying->draft.ids,   payment().items.at(0).item.auth_rrpid, std::string(kBrand), number,
            amount("20.00 EUR"), AmountType::debit,                     std::nullopt};
  }
  /// As after a crash; what is under way stays there until a test says how it went on.
  void stop_resolving() {
    resolver->stop();
    start();
  }
  /// Bytes that nobody reads.
  void asked(const RRPID& rrpid) {
    value_of(store.save_bytes(rrpid, shop.make_pinit_req(made), {}, system_clock()()));
  }
  /// The gateway purged at `now`; the name of the question what it left.
  RRPID purged(const RRPID& rrpid, Instant now) {
    asked(rrpid);
    const auto list = shop.rng.make<RRPID>();
    BatchAdminRes answer;
    answer.batch_id = "20261122";
    answer.ba_status = BAStatus::success;
    value_of(store.settle(rrpid, answer, Bytes{1}, now, list));
    return list;
  }
  /// An order whose sale waits for its answer.
  NewOrder waiting_sale() {
    gateway.mood = Mood::away;
    auto sale = order();
    pay(initiate(sale));
    return sale;
  }
  auto told(EventType type) {
    EventFeed feed(database);
    const auto events = value_of(feed.after(value_of(feed.oldest()), 1000)).events;
    return std::ranges::count(events, type, &ShopEvent::type);
  }
};

}  // namespace

TEST_CASE("the daemon books a purge: what the gateway no longer lists is undone") {
  PurgeHouse house;
  SECTION("nothing is left") {
    CHECK(house.decided(house.purge()).state == RequestOutcome::State::answered);
    CHECK(house.payment().captured == 0);
    CHECK(house.payment().credited == 0);
    for (const auto& line : house.payment().items) {
      CHECK(line.state == ItemState::reversed);
      CHECK(line.batch_id.empty());
    }
    CHECK(value_of(house.store.find_batch("20261122")).lines.empty());
    // Once more: there is nothing to undo.
    CHECK(house.decided(house.purge()).state == RequestOutcome::State::answered);
    CHECK(house.payment().captured == 0);
  }
  SECTION("what stands on any of its pages is left") {
    house.gateway.pages = {{2, {}}, {0, {house.line(2)}}};
    CHECK(house.decided(house.purge()).state == RequestOutcome::State::answered);
    CHECK(house.payment().captured == 2000);
    CHECK(house.payment().credited == 0);
    CHECK(house.gateway.listed == 2);
  }
  SECTION("a list without an end undoes nothing, and the operator hears of it") {
    house.gateway.pages = {{2, {}}};
    const auto outcome = house.decided(house.purge());
    CHECK(outcome.state == RequestOutcome::State::refused);
    CHECK(outcome.batch);
    CHECK(house.payment().captured == 2000);
    CHECK(house.payment().credited == 500);
    house.gateway.pages = {{0, {}}};
    CHECK(house.decided(house.purge()).state == RequestOutcome::State::answered);
    CHECK(house.payment().captured == 0);
  }
}

TEST_CASE("a purge that the gateway refused is booked by nobody") {
  PurgeHouse house;
  house.gateway.mood = Mood::error;
  const auto outcome = house.decided(house.purge());
  CHECK(outcome.state == RequestOutcome::State::refused);
  CHECK_FALSE(outcome.batch);
  CHECK(house.payment().captured == 2000);
  CHECK(house.gateway.listed == 0);
}

TEST_CASE("a sale that was under way during a purge is known before the purge is booked") {
  PurgeHouse house;
  const auto sale = house.waiting_sale();
  house.stop_resolving();
  // The gateway purged; its answer is known, the sale's is not.
  const auto rrpid = house.purge();
  house.purged(rrpid, system_clock()());
  CHECK(value_of(house.store.outcome(rrpid)).state == RequestOutcome::State::open);
  CHECK_FALSE(value_of(house.store.mark_purgeable(rrpid, "20261122")));
  CHECK(house.payment().captured == 2000);

  house.gateway.mood = Mood::approve;
  value_of(house.resolver->start());
  CHECK(house.decided(rrpid).state == RequestOutcome::State::answered);
  CHECK(house.payment().captured == 0);
  // It had been captured into that batch, and is not in the list.
  const auto books = value_of(house.store.summarize(sale.order.id, system_clock()()));
  REQUIRE(books.payments.size() == 1);
  CHECK(books.payments.at(0).captured == 0);
  CHECK(books.status == OrderStatus::authorized);
}

TEST_CASE("what was under way during a purge is told by another clock than the purge's") {
  PurgeHouse house;
  house.waiting_sale();
  house.stop_resolving();
  const auto rrpid = house.purge();
  SECTION("three seconds ahead, it was under way") {
    house.purged(rrpid, system_clock()() - std::chrono::seconds(3));
    CHECK_FALSE(value_of(house.store.mark_purgeable(rrpid, "20261122")));
  }
  SECTION("two minutes ahead, it came later") {
    house.purged(rrpid, system_clock()() - std::chrono::minutes(2));
    CHECK(value_of(house.store.mark_purgeable(rrpid, "20261122")));
  }
}

TEST_CASE("a sale that could not be cancelled is as old as it was, and its purge waits for it") {
  PurgeHouse house;
  const auto sale = house.waiting_sale();
  house.stop_resolving();
  const auto rrpid = house.purge();
  const auto now = system_clock()();
  house.purged(rrpid, now);
  const auto sold = value_of(house.store.summarize(sale.order.id, now)).payments.at(0).auth_rrpid;
  const auto reversal = house.shop.rng.make<RRPID>();
  value_of(house.store.give_up(sold, reversal, now));
  house.asked(reversal);
  value_of(house.store.refuse(reversal, "messageNotSupported", now + std::chrono::minutes(10)));
  REQUIRE(value_of(house.store.find_open(sold)));
  CHECK_FALSE(value_of(house.store.mark_purgeable(rrpid, "20261122")));
}

TEST_CASE("a void whose answer comes after the purge was booked is counted once") {
  PurgeHouse house;
  bool capture = false;
  SECTION("of a refund") {}
  SECTION("of a capture") {
    capture = true;
    house.done(ItemKind::credit_reversal);
  }
  house.stop_resolving();
  const auto purge = house.purge();
  const auto list = house.purged(purge, system_clock()());
  REQUIRE(value_of(house.store.mark_purgeable(purge, "20261122")));
  house.asked(list);
  const auto undoing =
      value_of(house.want(capture ? ItemKind::capture_reversal : ItemKind::credit_reversal));
  house.asked(undoing);
  // The gateway undid it; its list, without it, is here first.
  BatchAdminRes left;
  left.batch_id = "20261122";
  left.ba_status = BAStatus::success;
  left.trans_details = TransDetails{};
  value_of(house.store.settle(list, left, Bytes{1}, system_clock()(), house.shop.rng.make<RRPID>()));
  REQUIRE(house.payment().captured == 0);
  REQUIRE(house.payment().credited == 0);

  const ItemOutcome done{house.payment().auth_rrpid, true, "success", "20261122", 4};
  value_of(house.store.settle(undoing, {done}, {}, Bytes{1}, system_clock()()));
  CHECK(value_of(house.store.outcome(undoing)).state == RequestOutcome::State::answered);
  CHECK(house.payment().captured == 0);
  CHECK(house.payment().credited == 0);
  CHECK(house.payment().open_item() == nullptr);
  CHECK(house.told(EventType::capture_voided) == 1);
  CHECK(house.told(EventType::refund_voided) == 1);
  // The void is in the batch, so what it undid is too: nothing is left of both.
  const auto lines = value_of(house.store.find_batch("20261122")).lines;
  CHECK_FALSE(lines.empty());
  CHECK(totals_of(lines).empty());
}
