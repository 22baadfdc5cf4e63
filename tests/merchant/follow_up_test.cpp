// What follows an authorisation, through store, resolver and a gateway in the same process:
// captures, reversals, credits, charges by AuthToken, batches, and what happens when nobody
// answers.
#include <catch2/generators/catch_generators.hpp>

#include "merchant/authorization_reversal.h"
#include "merchant/capture.h"
#include "merchant/credit.h"
#include "tests/merchant/paid_house.h"

using namespace set;
using namespace set::merchant;
using namespace set::merchant::test;

TEST_CASE("an order is captured in parts, refunded, and everything is undone again") {
  PaidHouse house;
  CHECK(house.books().status == OrderStatus::authorized);
  CHECK(house.inquiry().completion_code == CompletionCode::authorization_performed);
  house.done(ItemKind::capture, "20.00 EUR");
  house.done(ItemKind::capture, "10.00 EUR", true);
  auto payment = house.payment();
  CHECK(payment.captured == 3000);
  CHECK(payment.released == 1995);
  CHECK(payment.left_to_capture() == 0);
  CHECK(payment.items.size() == 2);
  CHECK(payment.items.at(0).batch_id == "20261122");
  auto pres = house.inquiry();
  CHECK(pres.completion_code == CompletionCode::capture_performed);
  CHECK(pres.payloads.at(0).cap_status->cap_amt == amount("30.00 EUR"));
  CHECK(house.want(ItemKind::capture).error().code == ErrorCode::conflict);

  house.done(ItemKind::credit, "25.00 EUR");
  CHECK(house.payment().credited == 2500);
  pres = house.inquiry();
  CHECK(pres.completion_code == CompletionCode::credit_performed);
  CHECK(pres.payloads.at(0).cred_status_seq.at(0).credit_amt == amount("25.00 EUR"));
  CHECK(house.want(ItemKind::credit, "5.01 EUR").error().code == ErrorCode::invalid_argument);

  house.done(ItemKind::credit_reversal);
  CHECK(house.payment().credited == 0);
  CHECK(house.inquiry().completion_code == CompletionCode::capture_performed);
  house.done(ItemKind::capture_reversal);
  house.done(ItemKind::capture_reversal);
  payment = house.payment();
  CHECK(payment.captured == 0);
  CHECK(payment.left_to_capture() == 3000);  // what the final capture released stays released
  CHECK(house.inquiry().completion_code == CompletionCode::authorization_performed);
  CHECK(house.gateway.followed == 6);
}

TEST_CASE("a reversal lowers an authorisation, then cancels it; its tokens are replaced") {
  PaidHouse house;
  house.done(ItemKind::reversal, "9.95 EUR");
  CHECK(house.payment().authorized == 4000);
  const auto found = value_of(house.store.find(house.paying->draft.ids.xid));
  CHECK(std::get<Authorized>(found->authorizations.at(0)).cap_token == Bytes{9});
  house.done(ItemKind::reversal);
  CHECK(house.books().status == OrderStatus::cancelled);
  const auto pres = house.inquiry();
  CHECK(pres.completion_code == CompletionCode::authorization_performed);
  CHECK(pres.payloads.at(0).auth_status.auth_code == AuthCode::declined);
  CHECK(house.want(ItemKind::capture).error().code == ErrorCode::conflict);
  CHECK(value_of(house.store.find_order(house.made.order.id))->taken);
}

TEST_CASE("what the gateway does not do, or refuses by an Error, leaves the books as they were") {
  PaidHouse house;
  house.gateway.cap_code = CapCode::auth_expired;
  house.done(ItemKind::capture);
  CHECK(house.payment().captured == 0);
  CHECK(house.payment().items.back().state == ItemState::refused);
  CHECK(house.payment().items.back().code == "authExpired");
  house.done(ItemKind::reversal);
  CHECK(house.payment().authorized == 4995);
  house.gateway.mood = Mood::error;
  const auto outcome = house.done(ItemKind::capture);
  CHECK(outcome.state == RequestOutcome::State::refused);
  CHECK(outcome.code == "messageNotSupported");
  CHECK(house.payment().open_item() == nullptr);
}

TEST_CASE("while a capture is unknown nothing else is asked, and the same bytes are sent again") {
  PaidHouse house;
  house.gateway.mood = Mood::away;
  const auto rrpid = value_of(house.want(ItemKind::capture));
  REQUIRE(comes_true([&] { return house.gateway.followed >= 1; }));
  const auto sent = value_of(house.store.find_open(rrpid))->request->wire;
  for (const auto kind : {ItemKind::capture, ItemKind::credit, ItemKind::reversal})
    CHECK(house.want(kind).error().code == ErrorCode::conflict);
  CHECK(house.inquiry().completion_code == CompletionCode::authorization_performed);
  // A crash: everything anew but the database.
  house.resolver->stop();
  house.start();
  house.gateway.mood = Mood::approve;
  value_of(house.resolver->start());
  house.decided(rrpid);
  CHECK(house.gateway.seen.back() == sent);
  CHECK(house.payment().captured == 4995);
}

TEST_CASE("a request with a name of the operator's is made once") {
  PaidHouse house;
  const auto first = value_of(house.want(ItemKind::capture, "10.00 EUR", false, "ship-1"));
  CHECK(value_of(house.want(ItemKind::capture, "10.00 EUR", false, "ship-1")) == first);
  house.decided(first);
  CHECK(value_of(house.want(ItemKind::capture, "10.00 EUR", false, "ship-1")) == first);
  CHECK(house.payment().captured == 1000);
  CHECK(house.gateway.followed == 1);
  // The same name for something else is a slip, not that thing done.
  CHECK(house.want(ItemKind::credit, "10.00 EUR", false, "ship-1").error().code ==
        ErrorCode::conflict);
}

TEST_CASE(
    "of fifty captures, refunds or reversals at once the sums hold, and each loser hears why") {
  PaidHouse house;
  const auto kind = GENERATE(ItemKind::capture, ItemKind::credit, ItemKind::reversal);
  if (kind == ItemKind::credit) house.done(ItemKind::capture);
  std::atomic<int> won = 0, lost = 0, other = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 50; ++i) {
    threads.emplace_back([&] {
      const auto wanted = house.want(kind, "10.00 EUR");
      if (wanted) {
        house.decided(*wanted);
        ++won;
      } else {
        const auto code = wanted.error().code;
        ++(code == ErrorCode::conflict || code == ErrorCode::invalid_argument ? lost : other);
      }
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(won + lost == 50);
  CHECK(won >= 1);
  CHECK(won <= 4);
  CHECK(other == 0);
  const auto payment = house.payment();
  if (kind == ItemKind::capture) CHECK(payment.captured == won * 1000);
  if (kind == ItemKind::credit) CHECK(payment.credited == won * 1000);
  if (kind == ItemKind::reversal) CHECK(payment.authorized == 4995 - won * 1000);
}

TEST_CASE("a mandate is charged by AuthToken until all that was agreed is authorised") {
  const InstallRecurData mandate{InstallTotalTrans{3}, amount("20.00 EUR")};
  PaidHouse house({.capture_now = true, .first_charge = amount("20.00 EUR"), .mandate = mandate});
  const auto charge = [&](std::optional<Amount> sum = {}) {
    return house.store.want_charge(house.made.order.id, {sum}, "", house.shop.rng.make<RRPID>(),
                                   system_clock()());
  };
  CHECK(house.books().sums().captured == 2000);
  CHECK(charge(amount("20.01 EUR")).error().code == ErrorCode::invalid_argument);
  house.decided(value_of(charge()));
  CHECK(house.books().sums().captured == 4000);
  // A decline leaves the token; the period is tried again.
  house.gateway.mood = Mood::decline;
  house.decided(value_of(charge()));
  CHECK(house.books().payments.back().status == OrderStatus::declined);
  CHECK(house.books().status == OrderStatus::paid);
  house.gateway.mood = Mood::approve;
  house.decided(value_of(charge()));
  CHECK(house.books().sums().captured == 4995);  // the last is what is left
  CHECK(charge().error().code == ErrorCode::conflict);
  const auto pres = house.inquiry();
  CHECK(pres.payloads.size() == 4);
  CHECK(pres.completion_code == CompletionCode::capture_performed);
}

TEST_CASE("a charge that nobody answered leaves the AuthToken that its reversal brought") {
  const InstallRecurData mandate{InstallTotalTrans{3}, amount("10.00 EUR")};
  PaidHouse house({.capture_now = true, .first_charge = amount("10.00 EUR"), .mandate = mandate});
  house.resolver->stop();
  house.start(Duration(0));
  house.gateway.mood = Mood::away;
  value_of(house.resolver->start());
  const auto charge = value_of(house.store.want_charge(
      house.made.order.id, {}, "", house.shop.rng.make<RRPID>(), system_clock()()));
  REQUIRE(comes_true([&] { return house.gateway.followed >= 1; }));  // the AuthRevReq is out
  house.resolver->stop();
  house.start();
  // The lost AuthRes had replaced the token.
  house.gateway.reversal_token = Bytes{77};
  house.gateway.mood = Mood::approve;
  value_of(house.resolver->start());
  house.decided(charge);
  const auto row = value_of(house.database.in_transaction(
      "test", [](Transaction& t) { return t.query_one("SELECT auth_token FROM purchases"); }));
  CHECK(row.value().blob(0) == Bytes{77});
}

TEST_CASE("an authorisation that nobody answers is cancelled, and the order can be paid again") {
  House house;
  house.start(Duration(0));
  const auto made = house.order();
  house.gateway.mood = Mood::away;
  const auto paying = house.initiate(made);
  CHECK(house.pay(paying).completion_code == CompletionCode::order_received);
  value_of(house.resolver->start());
  const auto status = [&] { return house.status(made); };
  REQUIRE(comes_true([&] { return house.gateway.followed >= 1; }));  // the AuthRevReq is out
  const auto found = value_of(house.store.find(paying.draft.ids.xid));
  CHECK(std::holds_alternative<GivenUp>(found->authorizations.at(0)));
  house.resolver->stop();
  house.start();
  house.gateway.mood = Mood::approve;
  value_of(house.resolver->start());
  REQUIRE(comes_true([&] { return status() == OrderStatus::unanswered; }));
  CHECK(value_of(house.inquire(paying.draft.ids, house.shop.cardholder.party))
            .payloads.at(0)
            .auth_status.auth_code == AuthCode::no_reply);
  CHECK(house.pay(house.initiate(made)).completion_code == CompletionCode::capture_performed);
  house.resolver->stop();
}

TEST_CASE("where the gateway will not cancel, it is asked again what it decided") {
  House house;
  house.start(Duration(0));
  const auto made = house.order();
  house.gateway.mood = Mood::away;
  house.pay(house.initiate(made));
  value_of(house.resolver->start());
  REQUIRE(comes_true([&] { return house.gateway.followed >= 1; }));
  house.resolver->stop();
  house.start();
  house.gateway.cap_code = CapCode::duplicate_request;  // captured: no reversal
  house.gateway.mood = Mood::approve;
  value_of(house.resolver->start());
  CHECK(comes_true([&] { return house.status(made) == OrderStatus::paid; }));
  house.resolver->stop();
}

TEST_CASE("a batch is closed with our sums, and the report has each item of it") {
  PaidHouse house;
  house.done(ItemKind::capture, "20.00 EUR");
  house.done(ItemKind::credit, "5.00 EUR");
  const BatchAsked close{.batch_id = "20261122", .operation = BatchOperation::close};
  const auto rrpid =
      value_of(house.store.want(close, house.shop.rng.make<RRPID>(), system_clock()()));
  const auto told = house.decided(rrpid).batch;
  REQUIRE(told);
  CHECK(told->ba_status == BAStatus::success);
  const auto batch = value_of(house.store.find_batch("20261122"));
  CHECK(batch.told->closed_when);
  CHECK(batch.told->totals == totals_of(batch.lines));
  CHECK(batch.told->totals.at(0).debit_total == amount("20.00 EUR"));
  CHECK(batch.told->totals.at(0).credit_total == amount("5.00 EUR"));
  CHECK(batch.lines.size() == 2);
  CHECK(value_of(house.store.list_batches()).size() == 1);
  CHECK(house.store.find_batch("none").error().code == ErrorCode::not_found);
}

TEST_CASE("open batches are closed at the hour, each once") {
  House house;
  house.pay(house.initiate(house.order()));
  const auto hour = system_clock()() + Duration(1);
  house.resolver = std::make_unique<Resolver>(Resolver::Parts{
      house.shop.merchant.party, house.store, *house.client, system_clock(), Rng::system(),
      Duration(10), kPatience, hour - std::chrono::floor<std::chrono::days>(hour)});
  value_of(house.resolver->start());
  CHECK(comes_true([&] {
    const auto batch = value_of(house.store.find_batch("20261122"));
    return batch.told && batch.told->closed_when;
  }));
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  house.resolver->stop();
  CHECK(house.gateway.followed == 1);
}

namespace {

/// A capture that was asked, and the gateway's answers to it.
struct AskedCapture {
  Shop shop;
  Initiated purchase = shop.initiate(shop.make_order());
  std::vector<AskedItem> items{{{shop.rng.make<RRPID>(), shop.rng.make<RRPID>(), ItemKind::capture,
                                 amount("10.00 EUR"), std::nullopt, false, shop.now},
                                purchase.ids,
                                amount("49.95 EUR"),
                                Bytes{1}}};
  Asking asking{*shop.merchant.party, shop.gateway_certificates, shop.now, shop.rng};

  template <class Req, class Res>
  OpenedAnswer<Res> answer(const Request& request,
                           const std::function<Res(const Opened<Req>&)>& make, Bytes baggage = {},
                           const Party* signer = nullptr) {
    const auto& party = *shop.gateway.party;
    const auto envelope = value_of(read_envelope(value_of(parse_wrapper(request.wire)), shop.now));
    const auto opened = value_of(Opener::request<Req>(envelope, party, shop.now));
    const auto bytes = value_of(
        seal_answer(make(opened), {opened.message.head().trans_ids, std::move(baggage), {}},
                    opened.reply, signer != nullptr ? *signer : party, shop.now, shop.rng));
    const auto answered = value_of(read_envelope(value_of(parse_wrapper(bytes)), shop.now));
    return value_of(Opener::answer<Res>(answered, request.pending, *shop.merchant.party,
                                        {.brand = {}}, shop.now));
  }
};

CapRes cap_res(const Opened<CapReq>& asked) {
  CapRes out;
  for (const auto& item : asked.message->items)
    out.items.push_back(
        {item.trans_ids, item.auth_rrpid, {CapCode::success, item.cap_req_amt, "b1", 1}});
  return out;
}

}  // namespace

TEST_CASE("a CapRes about anything else than was asked decides nothing") {
  AskedCapture asked;
  const auto request =
      value_of(make_cap_req(asked.items.at(0).item.rrpid, asked.items, asked.asking));
  struct Row {
    const char* why;
    std::function<void(CapRes&)> change;
  };
  const auto row = GENERATE_REF(
      Row{"another authorisation", [](CapRes& res) { res.items[0].auth_rrpid.value[0] ^= 1; }},
      Row{"another purchase", [](CapRes& res) { res.items[0].trans_ids.xid.value[0] ^= 1; }},
      Row{"less", [](CapRes& res) { res.items[0].payload.cap_amt = amount("9.99 EUR"); }},
      Row{"another currency",
          [](CapRes& res) { res.items[0].payload.cap_amt = amount("10.00 USD"); }},
      Row{"one more", [](CapRes& res) {
            res.items.push_back(res.items[0]);
            res.items[1].auth_rrpid.value[0] ^= 1;
          }});
  INFO(row.why);
  const auto answer = asked.answer<CapReq, CapRes>(request, [&](const Opened<CapReq>& req) {
    auto res = cap_res(req);
    row.change(res);
    return res;
  });
  const auto outcomes = accept_cap_res(asked.items, answer, asked.shop.gateway_certificates);
  REQUIRE_FALSE(outcomes);
  CHECK(outcomes.error().code == ErrorCode::wrapper_msg_mismatch);
}

TEST_CASE("a CapRes of another gateway decides nothing, of ours each item by its code") {
  AskedCapture asked;
  const auto request =
      value_of(make_cap_req(asked.items.at(0).item.rrpid, asked.items, asked.asking));
  const auto other =
      asked.answer<CapReq, CapRes>(request, cap_res, {}, asked.shop.other_gateway.party.get());
  CHECK(accept_cap_res(asked.items, other, asked.shop.gateway_certificates).error().code ==
        ErrorCode::invalid_certificate);
  const auto done =
      value_of(accept_cap_res(asked.items, asked.answer<CapReq, CapRes>(request, cap_res),
                              asked.shop.gateway_certificates));
  REQUIRE(done.size() == 1);
  CHECK(done.at(0).done);
  CHECK(done.at(0).batch_id == "b1");
}

TEST_CASE("a CredRevRes must name the credit that was to be undone") {
  AskedCapture asked;
  asked.items.at(0).item.kind = ItemKind::credit_reversal;
  asked.items.at(0).item.reversed = asked.shop.rng.make<RRPID>();
  const auto request =
      value_of(make_cred_rev_req(asked.items.at(0).item.rrpid, asked.items, asked.asking));
  const bool same = GENERATE(true, false);
  const auto answer =
      asked.answer<CredRevReq, CredRevRes>(request, [&](const Opened<CredRevReq>& req) {
        const auto& item = req.message->items.at(0);
        CapRevOrCredResItem out{.trans_ids = item.trans_ids,
                                .auth_rrpid = item.auth_rrpid,
                                .reversed = item.reversed,
                                .code = CapRevOrCredCode::original_not_found,
                                .actual_amt = std::nullopt,
                                .batch_id = ""};
        if (!same) out.reversed->value[0] ^= 1;
        CredRevRes res;
        res.items.push_back(out);
        return res;
      });
  const auto outcomes = accept_cred_rev_res(asked.items, answer, asked.shop.gateway_certificates);
  REQUIRE(outcomes.has_value() == same);
  if (same) CHECK(outcomes->at(0).code == "originalNotFound");
}

TEST_CASE("an AuthRevRes must leave what was asked to stay") {
  AskedCapture asked;
  asked.items.at(0).item.kind = ItemKind::reversal;
  const auto request =
      value_of(make_auth_rev_req(asked.items.at(0).item.rrpid, asked.items, asked.asking));
  const std::string left = GENERATE("39.95 EUR", "39.94 EUR", "");
  const auto answer = asked.answer<AuthRevReq, AuthRevRes>(
      request,
      [&](const Opened<AuthRevReq>& req) {
        CHECK(req.message->auth_new_amt == amount("39.95 EUR"));
        AuthRevRes res;
        res.auth_rev_code = AuthRevCode::approved;
        res.auth_rrpid = req.message->auth_rrpid;
        if (!left.empty()) res.auth_new_amt = amount(left);
        res.auth_rev_date = asked.shop.now;
        return res;
      },
      serialize(to_wire(AuthRevResBaggage{Bytes{7}, Bytes{8}})));
  const auto outcomes = accept_auth_rev_res(asked.items, answer, asked.shop.gateway_certificates);
  REQUIRE(outcomes.has_value() == (left == "39.95 EUR"));
  if (!outcomes) return;
  CHECK(outcomes->at(0).cap_token_new == Bytes{7});
  CHECK(outcomes->at(0).auth_token_new == Bytes{8});
}

TEST_CASE("a name stands for all that a request asks, and for nothing else") {
  PaidHouse house;
  const auto wanted = [&](const ItemWish& wish) {
    return house.store.want({house.made.order.id}, wish, "parcel-1", house.shop.rng.make<RRPID>(),
                            system_clock()());
  };
  const ItemWish wish{.kind = ItemKind::capture, .amount = amount("10.00 EUR")};
  const auto first = value_of(wanted(wish));
  house.decided(first);
  CHECK(value_of(wanted(wish)) == first);
  auto other = wish;
  other.amount = amount("11.00 EUR");
  CHECK(wanted(other).error().code == ErrorCode::conflict);
  other = wish;
  other.final_capture = true;
  CHECK(wanted(other).error().code == ErrorCode::conflict);
  other = wish;
  other.batch = "week-47";
  CHECK(wanted(other).error().code == ErrorCode::conflict);
  other = wish;
  other.kind = ItemKind::credit;
  CHECK(wanted(other).error().code == ErrorCode::conflict);
  CHECK(house.payment().captured == 1000);
}

TEST_CASE("an item is counted in the batch that is named, or in ours if its own is closed") {
  PaidHouse house;
  const auto ask = [&](BatchOperation operation, const std::string& id) {
    house.decided(value_of(house.store.want(BatchAsked{.batch_id = id, .operation = operation},
                                            house.shop.rng.make<RRPID>(), system_clock()())));
  };
  ItemWish wish{.kind = ItemKind::capture, .amount = amount("10.00 EUR")};
  wish.batch = "week-47";
  house.decided(value_of(house.store.want({house.made.order.id}, wish, "",
                                          house.shop.rng.make<RRPID>(), system_clock()())));
  house.done(ItemKind::capture, "10.00 EUR");
  house.done(ItemKind::credit, "1.00 EUR");  // all in 20261122, which is open as far as we know
  ask(BatchOperation::close, "20261122");
  house.done(ItemKind::credit, "1.00 EUR");  // we have opened none
  ask(BatchOperation::open, "next");
  house.done(ItemKind::credit, "1.00 EUR");
  house.done(ItemKind::capture_reversal);
  ask(BatchOperation::close, "next");
  house.done(ItemKind::credit, "1.00 EUR");
  CHECK(house.gateway.batch_wishes ==
        std::vector<std::string>{"week-47", "", "", "", "next", "next", ""});
}

TEST_CASE("a request that failed at once is asked again within seconds") {
  PaidHouse house;
  house.gateway.mood = Mood::away;
  const auto rrpid = value_of(house.want(ItemKind::capture, "10.00 EUR"));
  REQUIRE(comes_true([&] { return house.gateway.followed >= 1; }));
  house.gateway.mood = Mood::approve;
  const auto begun = std::chrono::steady_clock::now();
  house.decided(rrpid);
  CHECK(std::chrono::steady_clock::now() - begun < std::chrono::seconds(5));
}
