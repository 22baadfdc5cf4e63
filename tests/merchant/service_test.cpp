// The shop front as wallets see it, with a gateway in the same process that does as it is told.
#include <thread>

#include <catch2/generators/catch_generators.hpp>

#include "tests/merchant/house.h"

using namespace set;
using namespace set::merchant;
using namespace set::merchant::test;

TEST_CASE("a purchase from PInitReq to a captured PRes") {
  House house;
  const auto made = house.order();
  const auto paying = house.initiate(made);
  const auto before = value_of(house.inquire(paying.draft.ids, house.shop.cardholder.party));
  CHECK(before.completion_code == CompletionCode::order_not_received);
  const auto pres = house.pay(paying);
  CHECK(pres.completion_code == CompletionCode::capture_performed);
  CHECK(pres.hoi_data == paying.preq.hoi_data);
  CHECK(pres.hpi_data == paying.preq.hpi_data);
  CHECK(pres.chall_c == paying.draft.chall_c);
  CHECK(house.status(made) == OrderStatus::paid);
  const auto after = value_of(house.inquire(paying.draft.ids, house.shop.cardholder.party));
  CHECK(after.completion_code == CompletionCode::capture_performed);
  const auto stranger = house.inquire(paying.draft.ids, house.shop.other_cardholder.party);
  REQUIRE_FALSE(stranger);
  CHECK(stranger.error().code == ErrorCode::unknown_xid);
}

TEST_CASE("the same PReq gets the same PRes byte for byte, and the gateway is asked once") {
  House house;
  const auto paying = house.initiate(house.order());
  const auto first = serialize(house.call(&merchant::Service::Purchase, paying.preq.request));
  const auto second = serialize(house.call(&merchant::Service::Purchase, paying.preq.request));
  CHECK(first == second);
  CHECK(house.gateway.asked == 1);
}

TEST_CASE("a second PReq for a paid order is rejected, whether of its own purchase or another") {
  House house;
  const auto made = house.order();
  const auto first = house.initiate(made);
  const auto second = house.initiate(made);
  CHECK(house.pay(first).completion_code == CompletionCode::capture_performed);
  CHECK(house.pay(second).completion_code == CompletionCode::order_rejected);
  const auto again = house.shop.make_preq(first.draft);
  const auto opened =
      value_of(house.open<PRes>(house.call(&merchant::Service::Purchase, again.request),
                                again.request.pending, house.shop.cardholder.party));
  CHECK(opened.message->completion_code == CompletionCode::order_rejected);
  CHECK(value_of(house.inquire(first.draft.ids, house.shop.cardholder.party)).completion_code ==
        CompletionCode::capture_performed);
  CHECK(house.gateway.asked == 1);
  const auto late = house.shop.make_pinit_req(made);
  const auto answer =
      house.open<PInitRes>(house.call(&merchant::Service::PurchaseInit, late), late.pending,
                           Party{house.shop.pki.trust(), {}, {}, {}, {}});
  REQUIRE_FALSE(answer);
  CHECK(answer.error().code == ErrorCode::unknown_lid);
}

TEST_CASE("a declined order can be paid with another purchase") {
  House house;
  const auto made = house.order();
  house.gateway.mood = Mood::decline;
  const auto declined = house.pay(house.initiate(made));
  CHECK(declined.completion_code == CompletionCode::authorization_performed);
  CHECK(declined.payloads.at(0).auth_status.auth_code == AuthCode::declined);
  CHECK(house.status(made) == OrderStatus::declined);
  house.gateway.mood = Mood::approve;
  CHECK(house.pay(house.initiate(made)).completion_code == CompletionCode::capture_performed);
  CHECK(house.status(made) == OrderStatus::paid);
}

TEST_CASE("the gateway's Error is a systemError") {
  House house;
  house.gateway.mood = Mood::error;
  const auto pres = house.pay(house.initiate(house.order()));
  CHECK(pres.completion_code == CompletionCode::authorization_performed);
  CHECK(pres.payloads.at(0).auth_status.auth_code == AuthCode::system_error);
}

TEST_CASE(
    "without an answer the order is received, and the resolver asks with the same bytes until "
    "there is one") {
  House house;
  const auto mood = GENERATE(Mood::away, Mood::lies);
  house.gateway.mood = mood;
  const auto made = house.order();
  const auto paying = house.initiate(made);
  CHECK(house.pay(paying).completion_code == CompletionCode::order_received);
  CHECK(house.status(made) == OrderStatus::pending);
  const auto sent = std::get<AwaitingAuthRes>(
                        value_of(house.store.find(paying.draft.ids.xid))->authorizations.at(0))
                        .request.wire;
  house.gateway.mood = Mood::approve;
  value_of(house.resolver->start());
  for (int i = 0; i < 500 && house.status(made) != OrderStatus::paid; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  house.resolver->stop();
  CHECK(house.status(made) == OrderStatus::paid);
  CHECK(house.gateway.seen.back() == sent);
  CHECK(value_of(house.inquire(paying.draft.ids, house.shop.cardholder.party)).completion_code ==
        CompletionCode::capture_performed);
  CHECK(house.pay(paying).completion_code == CompletionCode::order_received);  // the stored answer
}

TEST_CASE("an AuthReq that has become too old is made anew under the same name") {
  House house;
  const auto made = house.order();
  house.gateway.mood = Mood::away;
  CHECK(house.pay(house.initiate(made)).completion_code == CompletionCode::order_received);
  // Time passes; bytes that are young cannot be too old.
  value_of(house.database.in_transaction("test", [](Transaction& t) {
    return t.execute("UPDATE requests SET asked_at = asked_at - 360000");
  }));
  house.gateway.mood = Mood::too_old;
  value_of(house.resolver->start());
  for (int i = 0; i < 500 && house.status(made) != OrderStatus::paid; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  house.resolver->stop();
  CHECK(house.status(made) == OrderStatus::paid);
  REQUIRE(house.gateway.seen.size() == 2);
  CHECK(house.gateway.seen.at(0) != house.gateway.seen.at(1));
}

TEST_CASE("a PReq repeated after a crash finds its order and goes on") {
  House house;
  const auto made = house.order();
  const auto paying = house.initiate(made);
  house.gateway.mood = Mood::away;
  house.pay(paying);
  // The answer was never stored and never sent.
  value_of(house.database.in_transaction(
      "test", [](Transaction& t) { return t.execute("DELETE FROM replies"); }));
  house.start();
  house.gateway.mood = Mood::approve;
  CHECK(house.pay(paying).completion_code == CompletionCode::capture_performed);
  value_of(house.database.in_transaction(
      "test", [](Transaction& t) { return t.execute("DELETE FROM replies"); }));
  CHECK(house.pay(paying).completion_code == CompletionCode::capture_performed);  // from the state
  CHECK(house.gateway.seen.size() == 1);
}

TEST_CASE("a PInitReq repeated after a crash finds its purchase") {
  House house;
  const auto request = house.shop.make_pinit_req(house.order());
  const auto xid = [&] {
    const auto answer = house.call(&merchant::Service::PurchaseInit, request);
    return value_of(house.open<PInitRes>(answer, request.pending,
                                         Party{house.shop.pki.trust(), {}, {}, {}, {}}))
        .message.head()
        .trans_ids->xid;
  };
  const auto first = xid();
  value_of(house.database.in_transaction(
      "test", [](Transaction& t) { return t.execute("DELETE FROM replies"); }));
  CHECK(xid() == first);
}

TEST_CASE("of many wallets that pay one order at once, one is served and the others are rejected") {
  House house;
  const auto made = house.order();
  std::vector<House::Paying> payers;
  for (int i = 0; i < 8; ++i) payers.push_back(house.initiate(made));
  std::vector<wire::MessageWrapper> answers(payers.size());
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < payers.size(); ++i) {
    threads.emplace_back([&, i] {
      const auto in = parse_wrapper(payers[i].preq.request.wire);
      house.service->Purchase(nullptr, &*in, &answers[i]);
    });
  }
  for (auto& thread : threads) thread.join();
  int captured = 0, rejected = 0;
  for (std::size_t i = 0; i < payers.size(); ++i) {
    const auto pres = value_of(
        house.open<PRes>(answers[i], payers[i].preq.request.pending, house.shop.cardholder.party));
    if (pres.message->completion_code == CompletionCode::capture_performed) ++captured;
    if (pres.message->completion_code == CompletionCode::order_rejected) ++rejected;
  }
  CHECK(captured == 1);
  CHECK(rejected == 7);
  CHECK(house.gateway.asked == 1);
}

TEST_CASE("the shop shows its own certificates, all or by thumbprint") {
  House house;
  wire::FetchCertificatesRequest in;
  wire::FetchCertificatesResponse out;
  CHECK(house.service->FetchCertificates(nullptr, &in, &out).ok());
  CHECK(out.certificates_size() == 4);  // two leaves, MCA, brand
  in.add_thumbprints(house.shop.merchant.party->signature->leaf.thumbprint().str());
  in.add_thumbprints("no thumbprint");
  out.Clear();
  CHECK(house.service->FetchCertificates(nullptr, &in, &out).ok());
  CHECK(out.certificates_size() == 1);
  for (int i = 0; i < 40; ++i) in.add_thumbprints("x");
  CHECK_FALSE(house.service->FetchCertificates(nullptr, &in, &out).ok());
}

TEST_CASE("without the gateway's certificates no purchase begins") {
  House house;
  house.client = std::make_unique<GatewayClient>(
      GatewayClient::Parts{house.shop.merchant.party, "gateway", house.server->InProcessChannel({}),
                           system_clock(), Rng::system()});
  house.gateway.mood = Mood::away;
  CHECK_FALSE(house.client->refresh());
  house.start();
  grpc::Status status;
  house.call(&merchant::Service::PurchaseInit, house.shop.make_pinit_req(house.order()), &status);
  CHECK(status.error_code() == grpc::StatusCode::UNAVAILABLE);
}
