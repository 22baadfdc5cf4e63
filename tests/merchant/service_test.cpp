// The shop front as wallets see it, with a gateway in the same process that does as it is told.
#include <atomic>
#include <mutex>
#include <thread>

#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <catch2/generators/catch_generators.hpp>

#include "merchant/service.h"
#include "tests/merchant/shop.h"

using namespace set;
using namespace set::merchant;
using namespace set::merchant::test;

namespace {

enum class Mood { approve, decline, error, away, too_old, lies };

/// A gateway that opens every AuthReq as the real one would, and answers the same bytes the same.
class Gateway final : public wire::GatewayService::Service {
 public:
  explicit Gateway(merchant::test::Shop& shop) : shop_(shop) {}

  grpc::Status FetchCertificates(grpc::ServerContext*, const wire::FetchCertificatesRequest*,
                                 wire::FetchCertificatesResponse* out) override {
    if (mood == Mood::away) return {grpc::StatusCode::UNAVAILABLE, ""};
    for (const auto* chain : {&*party().signature, &*party().key_exchange}) {
      out->add_certificates(string_of(chain->leaf.der()));
      for (const auto& issuer : chain->issuers) out->add_certificates(string_of(issuer.der()));
    }
    return grpc::Status::OK;
  }

  grpc::Status GatewayCertificates(grpc::ServerContext*, const wire::MessageWrapper* in,
                                   wire::MessageWrapper* out) override {
    const auto now = system_clock()();
    auto envelope = read_envelope(*in, now);
    const auto opened = Opener::request<PCertReq>(*envelope, party(), now);
    if (!opened) return {grpc::StatusCode::INTERNAL, ""};
    const auto& leaf = party().key_exchange->leaf;
    return send(seal_answer(PCertRes{{{PCertCode::success, leaf.thumbprint()}}},
                            {.trans_ids = std::nullopt, .baggage = {}, .enclosed = {leaf}},
                            opened->reply, party(), now, Rng::system()),
                out);
  }

  grpc::Status Authorize(grpc::ServerContext*, const wire::MessageWrapper* in,
                         wire::MessageWrapper* out) override {
    ++asked;
    if (mood == Mood::away) return {grpc::StatusCode::UNAVAILABLE, ""};
    const std::lock_guard lock(mutex_);
    const auto bytes = serialize(*in);
    seen.push_back(bytes);
    const auto now = system_clock()();
    auto envelope = read_envelope(*in, now);
    auto opened = Opener::request<AuthReq>(*envelope, party(), now);
    if (!opened || !open_pi(opened->baggage, party(), now)) return {grpc::StatusCode::INTERNAL, ""};
    if (mood == Mood::error || mood == Mood::too_old) {
      const auto code =
          mood == Mood::error ? ErrorCode::invalid_certificate : ErrorCode::message_too_old;
      if (mood == Mood::too_old) mood = Mood::approve;
      return send(seal_error(code, view_of(in->header()), envelope->rrpid, &opened->reply, party(),
                             now, Rng::system()),
                  out);
    }
    auto message = approval(*opened, party(), now);
    if (mood == Mood::decline) {
      message.auth_code = AuthCode::declined;
      message.auth_amt.reset();
      message.cap_res.reset();
      message.approval_code.clear();
    }
    if (mood == Mood::lies) message.hoi_data.value[0] ^= 1;
    return send(seal_answer(message,
                            {.trans_ids = opened->message.head().trans_ids,
                             .baggage = serialize(to_wire(AuthResBaggage{})),
                             .enclosed = {}},
                            opened->reply, party(), now, Rng::system()),
                out);
  }

  std::atomic<Mood> mood = Mood::approve;
  std::atomic<int> asked = 0;
  std::vector<Bytes> seen;

 private:
  const Party& party() const { return *shop_.gateway.party; }
  static grpc::Status send(const Result<Bytes>& bytes, wire::MessageWrapper* out) {
    if (!bytes || !out->ParseFromArray(bytes->data(), static_cast<int>(bytes->size()))) {
      return {grpc::StatusCode::INTERNAL, ""};
    }
    return grpc::Status::OK;
  }

  merchant::test::Shop& shop_;
  std::mutex mutex_;
};

struct House {
  House() {
    shop.now = system_clock()();
    grpc::ServerBuilder builder;
    builder.RegisterService(&gateway);
    server = builder.BuildAndStart();
    client = std::make_unique<GatewayClient>(GatewayClient::Parts{shop.merchant.party, "gateway",
                                                                  server->InProcessChannel({}),
                                                                  system_clock(), Rng::system()});
    value_of(client->refresh());
    start();
  }
  ~House() { server->Shutdown(); }

  /// As after a crash: everything anew but the database.
  void start() {
    resolver = std::make_unique<Resolver>(Resolver::Parts{
        shop.merchant.party, store, *client, system_clock(), Rng::system(), Duration(10)});
    service = std::make_unique<merchant::Service>(merchant::Service::Parts{
        shop.merchant.party, store, *client, *resolver, system_clock(), Rng::system()});
  }

  NewOrder order(Duration life = std::chrono::hours(1)) {
    auto made = shop.make_order("49.95 EUR", life);
    value_of(store.insert(made.order));
    return made;
  }

  template <class Method>
  wire::MessageWrapper call(Method method, const Request& request, grpc::Status* status = nullptr) {
    const auto in = value_of(parse_wrapper(request.wire));
    wire::MessageWrapper out;
    const auto got = ((*service).*method)(nullptr, &in, &out);
    if (status != nullptr) {
      *status = got;
    } else {
      REQUIRE(got.ok());
    }
    return out;
  }
  template <class T>
  Result<OpenedAnswer<T>> open(const wire::MessageWrapper& answer, const PendingReply& pending,
                               const Party& self) {
    const auto now = system_clock()();
    const auto envelope = value_of(read_envelope(answer, now));
    return Opener::answer<T>(envelope, pending, self, {.brand = std::string(kBrand)}, now);
  }

  /// PInitReq → PInitRes → a PReq that fits it.
  struct Paying {
    Draft draft;
    set::Purchase preq;
  };
  Paying initiate(const NewOrder& made) {
    Challenge chall_c;
    const auto request =
        shop.make_pinit_req(made, [&](PInitReq& message) { chall_c = message.chall_c; });
    const auto answer = call(&merchant::Service::PurchaseInit, request);
    const auto opened =
        value_of(open<PInitRes>(answer, request.pending, Party{shop.pki.trust(), {}, {}, {}, {}}));
    CHECK(opened.message->chall_c == chall_c);
    CHECK(std::ranges::find(opened.bag, opened.message->pe_thumb, &Certificate::thumbprint) !=
          opened.bag.end());
    Draft draft{*opened.message.head().trans_ids,
                chall_c,
                opened.message->chall_m,
                opened.message->order_description,
                opened.message->purch_amt,
                opened.message->brand,
                opened.message->offer_ends,
                &shop.merchant.party->signature->leaf,
                &shop.gateway.party->key_exchange->leaf};
    auto preq = shop.make_preq(draft);
    return {std::move(draft), std::move(preq)};
  }
  PRes pay(const Paying& paying) {
    const auto answer = call(&merchant::Service::Purchase, paying.preq.request);
    const auto opened =
        value_of(open<PRes>(answer, paying.preq.request.pending, shop.cardholder.party));
    CHECK(opened.message.head().trans_ids == paying.draft.ids);
    return *opened.message;
  }
  Result<PRes> inquire(const TransIDs& ids, const Party& who) {
    const auto request = shop.make_inq_req(ids, shop.rng.make<Challenge>(), who);
    const auto opened =
        open<InqRes>(call(&merchant::Service::PurchaseInquiry, request), request.pending, who);
    if (!opened) return failure(opened.error());
    return opened->message->state;
  }
  OrderStatus status(const NewOrder& made) {
    return value_of(store.summarize(made.order.id, system_clock()())).status;
  }

  merchant::test::Shop shop;
  Database database = value_of(Database::open("sqlite::memory:"));
  Store store = value_of(Store::open(database));
  Gateway gateway{shop};
  std::unique_ptr<grpc::Server> server;
  std::unique_ptr<GatewayClient> client;
  std::unique_ptr<Resolver> resolver;
  std::unique_ptr<merchant::Service> service;
};

}  // namespace

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
  const auto sent =
      std::get<AwaitingAuthRes>(*value_of(house.store.find(paying.draft.ids.xid))->authorization)
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
  house.gateway.mood = Mood::too_old;
  CHECK(house.pay(house.initiate(house.order())).completion_code ==
        CompletionCode::capture_performed);
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
