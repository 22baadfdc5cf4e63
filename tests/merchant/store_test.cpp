// The merchant's tables: what the database itself refuses, and who wins a race.
#include <atomic>
#include <thread>

#include <catch2/generators/catch_generators.hpp>

#include "merchant/schema.h"
#include "merchant/store.h"
#include "tests/merchant/shop.h"
#include "tests/support/databases.h"

using namespace set;
using namespace set::merchant;
using namespace set::merchant::test;

namespace {

struct Books {
  Shop shop;
  Database database = value_of(Database::open(set::test::database_url()));
  Store store = value_of(Store::open(database));

  NewOrder order(std::string_view price = "49.95 EUR", Duration life = std::chrono::hours(1)) {
    auto made = shop.make_order(price, life);
    value_of(store.insert(made.order));
    return made;
  }
  Initiated initiate(const NewOrder& made) {
    auto purchase = shop.initiate(made);
    value_of(store.insert(purchase));
    return purchase;
  }
  AwaitingAuthRes ask(const Ordered& order) {
    return value_of(
        make_auth_req(order, first_authorization(order.initiated.order, shop.rng.make<RRPID>()),
                      *shop.merchant.party, shop.gateway_certificates, shop.now, shop.rng));
  }
  Result<void> advance(const Ordered& order, const AwaitingAuthRes& awaiting) {
    return store.advance(order, awaiting, shop.now, shop.now + std::chrono::seconds(25));
  }
  FoundPurchase find(const XID& xid) { return std::move(*value_of(store.find(xid))); }
  Captured captured(const AwaitingAuthRes& awaiting) {
    return {{awaiting.auth_rrpid, awaiting.amount, shop.now, "A1B2C3", Bytes{1}, Bytes{2}, Bytes{3},
             Bytes{4}},
            awaiting.amount,
            shop.now};
  }
  Result<std::int64_t> sql(std::string_view statement) {
    return database.in_transaction("test", [&](Transaction& t) { return t.execute(statement); });
  }
};

}  // namespace

TEST_CASE("a purchase comes back from the database as it went in, in every state") {
  Books books;
  const auto made = books.order();
  const auto purchase = books.initiate(made);
  const auto& xid = purchase.ids.xid;
  const auto found = books.find(xid);
  REQUIRE(std::holds_alternative<Initiated>(found.state));
  const auto& initiated = std::get<Initiated>(found.state);
  CHECK(initiated.ids == purchase.ids);
  CHECK(initiated.chall_m == purchase.chall_m);
  CHECK(initiated.gateway == purchase.gateway);
  CHECK(initiated.order.description == made.order.description);
  CHECK(value_of(books.store.find_initiated(purchase.request_digest))->ids.xid == xid);
  CHECK_FALSE(value_of(books.store.find_order(made.order.id))->taken);

  const auto order = books.shop.take(purchase);
  const auto awaiting = books.ask(order);
  value_of(books.advance(order, awaiting));
  auto ordered = books.find(xid);
  REQUIRE(std::holds_alternative<Ordered>(ordered.state));
  CHECK(std::get<Ordered>(ordered.state).pi == order.pi);
  CHECK(std::get<Ordered>(ordered.state).preq.pi_tbs == order.preq.pi_tbs);
  const auto& stored = std::get<AwaitingAuthRes>(ordered.authorizations.at(0));
  CHECK(stored.request.wire == awaiting.request.wire);
  CHECK(equal(stored.request.pending.to_bytes().reveal(),
              awaiting.request.pending.to_bytes().reveal()));
  CHECK(value_of(books.store.find_order(made.order.id))->taken);
  CHECK(value_of(books.store.summarize(made.order.id, books.shop.now)).status ==
        OrderStatus::pending);

  value_of(books.store.advance(order, books.captured(awaiting)));
  const auto decided = books.find(xid);
  CHECK(std::get<Ordered>(decided.state).pi.empty());
  const auto& captured = std::get<Captured>(decided.authorizations.at(0));
  CHECK(captured.amount == awaiting.amount);
  CHECK(captured.authorized.approval_code == "A1B2C3");
  const auto summary = value_of(books.store.summarize(made.order.id, books.shop.now));
  CHECK(summary.status == OrderStatus::paid);
  CHECK(summary.payments.at(0).captured == awaiting.amount.minor());
  CHECK(value_of(books.store.list_orders(books.shop.now, 10)).size() == 1);
}

TEST_CASE("bytes that an AuthReq was made anew from are kept until it is decided") {
  Books books;
  const auto order = books.shop.take(books.initiate(books.order()));
  const auto first = books.ask(order);
  value_of(books.advance(order, first));
  const auto asked_at = books.shop.now;
  const auto make_anew = [&] {
    auto younger =
        value_of(make_auth_req(order, first, *books.shop.merchant.party,
                               books.shop.gateway_certificates, books.shop.now, books.shop.rng));
    auto replaced = books.store.replace_bytes(first.auth_rrpid, younger.request, books.shop.now,
                                              books.shop.now - kFreshnessWindow);
    return std::pair(std::move(younger), std::move(replaced));
  };
  // Too young to be too old: the clocks differ, and more bytes would not help.
  CHECK(make_anew().second.error().code == ErrorCode::conflict);
  CHECK(value_of(books.store.earlier_bytes(first.auth_rrpid)).empty());

  books.shop.now = asked_at + std::chrono::minutes(6);
  const auto second = make_anew();
  value_of(second.second);
  books.shop.now = asked_at + std::chrono::minutes(12);
  const auto third = make_anew();
  value_of(third.second);
  const auto kept = value_of(books.store.earlier_bytes(first.auth_rrpid));
  REQUIRE(kept.size() == 2);
  CHECK(kept[0].wire == second.first.request.wire);
  CHECK(kept[1].wire == first.request.wire);
  CHECK(kept[1].pending.request_digest == first.request.pending.request_digest);

  value_of(books.store.advance(order, books.captured(third.first)));
  CHECK(value_of(books.store.earlier_bytes(first.auth_rrpid)).empty());
}

TEST_CASE("what was decided stays decided, and its PI and AuthReq are gone") {
  Books books;
  const auto order = books.shop.take(books.initiate(books.order()));
  const auto awaiting = books.ask(order);
  value_of(books.advance(order, awaiting));
  value_of(books.store.advance(order, books.captured(awaiting)));
  const auto again = books.store.advance(order, accept_error(awaiting, books.shop.now));
  REQUIRE_FALSE(again);
  CHECK(again.error().code == ErrorCode::conflict);
  CHECK(books.store
            .replace_bytes(awaiting.auth_rrpid, awaiting.request, books.shop.now, books.shop.now)
            .error()
            .code == ErrorCode::conflict);
  const auto left = value_of(books.database.in_transaction("test", [](Transaction& t) {
    return t.query_one(
        "SELECT COUNT(*) FROM purchases p JOIN authorizations a ON a.xid = p.xid"
        " JOIN requests r ON r.rrpid = a.auth_rrpid"
        " WHERE p.pi IS NOT NULL OR r.wire IS NOT NULL OR r.pending_reply IS NOT NULL");
  }));
  CHECK(left->integer(0) == 0);
}

TEST_CASE("an order is paid by one purchase, and by another only after a decline") {
  Books books;
  const auto made = books.order();
  const auto first = books.shop.take(books.initiate(made));
  const auto second = books.shop.take(books.initiate(made));
  const auto first_asked = books.ask(first);
  value_of(books.advance(first, first_asked));
  const auto refused = books.advance(second, books.ask(second));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == ErrorCode::conflict);
  CHECK(std::holds_alternative<Initiated>(books.find(second.initiated.ids.xid).state));
  CHECK(books.advance(first, books.ask(first)).error().code == ErrorCode::conflict);

  value_of(books.store.advance(
      first,
      Decided(Declined{first_asked.auth_rrpid, AuthCode::declined, books.shop.now, {}, {}})));
  CHECK(value_of(books.store.summarize(made.order.id, books.shop.now)).status ==
        OrderStatus::declined);
  CHECK_FALSE(value_of(books.store.find_order(made.order.id))->taken);
  CHECK(books.advance(second, books.ask(second)));
}

TEST_CASE("of fifty who pay one order at once, one does") {
  Books books;
  const auto made = books.order();
  struct Payer {
    Ordered order;
    AwaitingAuthRes awaiting;
  };
  std::vector<Payer> payers;
  for (int i = 0; i < 50; ++i) {
    auto order = books.shop.take(books.initiate(made));
    auto awaiting = books.ask(order);
    payers.push_back({std::move(order), std::move(awaiting)});
  }
  std::atomic<int> won = 0, lost = 0, other = 0;
  std::vector<std::thread> threads;
  for (const auto& payer : payers) {
    threads.emplace_back([&] {
      const auto advanced = books.advance(payer.order, payer.awaiting);
      if (advanced) {
        ++won;
      } else if (advanced.error().code == ErrorCode::conflict) {
        ++lost;
      } else {
        ++other;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(won == 1);
  CHECK(lost == 49);
  CHECK(other == 0);
}

TEST_CASE("a rejected purchase takes no second PReq") {
  Books books;
  const auto purchase = books.initiate(books.order());
  auto order = books.shop.take(purchase);
  const Rejected rejected{purchase, order.preq};
  value_of(books.store.advance(rejected));
  CHECK(std::holds_alternative<Rejected>(books.find(purchase.ids.xid).state));
  CHECK(books.store.advance(rejected).error().code == ErrorCode::conflict);
  CHECK(books.advance(order, books.ask(order)).error().code == ErrorCode::conflict);
}

TEST_CASE("what is awaited comes up when it is due, the same bytes each time") {
  Books books;
  const auto order = books.shop.take(books.initiate(books.order()));
  const auto awaiting = books.ask(order);
  value_of(books.advance(order, awaiting));
  CHECK(value_of(books.store.due(books.shop.now, 10)).empty());
  value_of(books.store.make_all_due(books.shop.now));
  const auto due = value_of(books.store.due(books.shop.now, 10));
  REQUIRE(due.size() == 1);
  CHECK(due.at(0).rrpid == awaiting.auth_rrpid);
  CHECK(due.at(0).attempts == 0);
  value_of(books.store.postpone(awaiting.auth_rrpid, books.shop.now + std::chrono::seconds(2)));
  CHECK(value_of(books.store.due(books.shop.now, 10)).empty());
  CHECK(value_of(books.store.due(books.shop.now + std::chrono::seconds(2), 10)).at(0).attempts ==
        1);
  value_of(books.store.advance(order, books.captured(awaiting)));
  CHECK(value_of(books.store.due(books.shop.now + std::chrono::hours(1), 10)).empty());
}

TEST_CASE("the database refuses what must never be, whatever the program thinks") {
  Books books;
  const auto order = books.shop.take(books.initiate(books.order()));
  const auto awaiting = books.ask(order);
  value_of(books.advance(order, awaiting));
  value_of(books.store.advance(order, books.captured(awaiting)));
  const auto statement = GENERATE(
      as<std::string>{}, "UPDATE authorizations SET captured = authorized + 1",
      "UPDATE authorizations SET authorized = requested + 1",
      "UPDATE authorizations SET captured = -1", "UPDATE authorizations SET state = 'declined'",
      "UPDATE authorizations SET auth_code = 2", "UPDATE authorizations SET approval_code = NULL",
      "UPDATE authorizations SET credited = captured + 1", "UPDATE authorizations SET released = 1",
      "UPDATE requests SET wire = rrpid", "UPDATE items SET amount = 0",
      "UPDATE items SET state = 'asked'", "UPDATE items SET reversed = rrpid",
      "UPDATE orders SET amount = 0", "UPDATE orders SET amount = -1",
      "UPDATE orders SET amount = 1000000000000001", "UPDATE orders SET expires_at = created_at",
      "UPDATE purchases SET bin = '" + std::string(kApprovePan) + "'",
      "UPDATE purchases SET paying = 2", "UPDATE purchases SET rrpid = NULL",
      "UPDATE purchases SET state = 'rejected'", "UPDATE purchases SET hod = NULL",
      "DELETE FROM orders", "DELETE FROM purchases",
      "UPDATE authorizations SET approval_code = '" + std::string(kApprovePan) + "'");
  INFO(statement);
  const auto done = books.sql(statement);
  REQUIRE_FALSE(done);
  CHECK(done.error().code == ErrorCode::conflict);
}

TEST_CASE("a database of before captures had requests of their own comes along with what is open") {
  Shop shop;
  auto database = value_of(Database::open(set::test::database_url()));
  value_of(database.migrate(std::span(kMigrations).first(4)));
  const auto order = shop.take(shop.initiate(shop.make_order()));
  const auto awaiting =
      value_of(make_auth_req(order, first_authorization(order.initiated.order, RRPID{{1}}),
                             *shop.merchant.party, shop.gateway_certificates, shop.now, shop.rng));
  const auto pending = bytes_of(awaiting.request.pending.to_bytes().reveal());
  const auto zeros = [](std::size_t size) { return SqlValue(Bytes(size)); };
  const auto insert = [&](Transaction& t, std::uint8_t id, const char* state) -> Result<void> {
    const XID xid{{id}};
    const LIDM number{std::string("o") + static_cast<char>('0' + id)};
    TRY(t.execute(
        "INSERT INTO orders (id, secret_digest, description, currency, amount, created_at,"
        " expires_at) VALUES ($1, $2, 'x', 978, 4995, 1, 2)",
        {number, zeros(48)}));
    TRY(
        t.execute("INSERT INTO purchases (xid, order_id, state, paying, request_digest, lid_c,"
                  " language, chall_c, chall_m, brand, bin, gateway, initiated_at, rrpid,"
                  " content_digest, cardholder, hoi_data, hpi_data, hod, valid_until, oi_data,"
                  " pi_tbs, certificates) VALUES ($1, $2, 'ordered', 1, $3, $4, 'en',"
                  " $5, $5, 'B', '400000', $6, 1, $5, $7, $6, $7, $7, $7, 2, $4, $4, $4)",
                  {xid, number, Digest{{id}}, zeros(1), zeros(20), zeros(32), zeros(48)}));
    const bool open = std::string_view(state) == "awaiting";
    TRY(t.execute(
        "INSERT INTO authorizations (auth_rrpid, xid, state, currency, requested,"
        " authorized, captured, asked_at, auth_req, pending_reply, next_attempt_at,"
        " decided_at, auth_code, approval_code)"
        " VALUES ($1, $2, $3, 978, 4995, $4, $4, 1, $5, $6, $7, $8, $9, $10)",
        {RRPID{{id}}, xid, state, open ? 0 : 4995,
         open ? SqlValue(awaiting.request.wire) : SqlValue(), open ? SqlValue(pending) : SqlValue(),
         open ? SqlValue(1) : SqlValue(), open ? SqlValue() : SqlValue(7),
         open ? SqlValue() : SqlValue(0), open ? SqlValue() : SqlValue("A1B2C3")}));
    return {};
  };
  value_of(database.in_transaction("test", [&](Transaction& t) -> Result<void> {
    TRY(insert(t, 1, "awaiting"));
    TRY(insert(t, 2, "captured"));
    TRY(t.execute("INSERT INTO earlier_requests VALUES ($1, 0, $2, $3)",
                  {RRPID{{1}}, zeros(1), pending}));
    return {};
  }));

  auto store = value_of(Store::open(database));
  auto open = value_of(store.find(XID{{1}})).value();
  REQUIRE(open.awaiting() != nullptr);
  CHECK(open.awaiting()->request.wire == awaiting.request.wire);
  CHECK(value_of(store.earlier_bytes(RRPID{{1}})).size() == 1);
  CHECK(value_of(store.due(from_millis(1), 10)).size() == 1);
  const auto done = value_of(store.find(XID{{2}})).value();
  CHECK(std::get<Captured>(done.authorizations.at(0)).amount == amount("49.95 EUR"));
  CHECK(value_of(store.summarize(LIDM{"o2"}, shop.now)).payments.at(0).items.size() == 1);
}

TEST_CASE("settings are kept and replaced, expired orders are told") {
  Books books;
  CHECK_FALSE(value_of(books.store.find_setting(kPublicAddress)));
  value_of(books.store.put_setting(kPublicAddress, "localhost:1"));
  value_of(books.store.put_setting(kPublicAddress, "localhost:2"));
  CHECK(value_of(books.store.find_setting(kPublicAddress)) == "localhost:2");
  const auto made = books.order("1 JPY");
  CHECK(value_of(books.store.summarize(made.order.id, made.order.expires_at)).status ==
        OrderStatus::open);
  CHECK(
      value_of(books.store.summarize(made.order.id, made.order.expires_at + Duration(1))).status ==
      OrderStatus::expired);
  CHECK(books.store.summarize(LIDM{"none"}, books.shop.now).error().code == ErrorCode::not_found);
}
