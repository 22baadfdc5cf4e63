// The flows against a merchant in the same process, over gRPC's in-process channel.
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <catch2/catch_test_macros.hpp>

#include "set/v1/services.grpc.pb.h"
#include "tests/wallet/stage.h"
#include "wallet/service.h"
#include "wallet/view.h"

namespace set::wallet::test {
namespace {

/// A merchant whose behaviour a test chooses.
class Shop final : public wire::MerchantService::Service {
 public:
  enum class Mood { answers, answers_and_is_not_heard, receives, refuses, is_silent };

  Mood mood = Mood::answers;
  ErrorCode refusal = ErrorCode::message_too_old;
  int preqs = 0;
  Duration ahead{};                             ///< of the system's clock
  std::optional<Bytes> stored_answer;           ///< what was answered to the PReq
  std::optional<PRes> state;                    ///< for inquiries; none = orderNotReceived
  Bend<PInitRes> bend_pinit;

  grpc::Status FetchCertificates(grpc::ServerContext*, const wire::FetchCertificatesRequest*,
                                 wire::FetchCertificatesResponse* out) override {
    for (const auto& c : stage_.merchant_certificates()) out->add_certificates(string_of(c.der()));
    return grpc::Status::OK;
  }
  grpc::Status PurchaseInit(grpc::ServerContext*, const wire::MessageWrapper* in,
                            wire::MessageWrapper* out) override {
    return put(stage_.answer_pinit(serialize(*in), now(), bend_pinit), out);
  }
  grpc::Status Purchase(grpc::ServerContext*, const wire::MessageWrapper* in,
                        wire::MessageWrapper* out) override {
    ++preqs;
    if (mood == Mood::is_silent) return unavailable();
    if (mood == Mood::refuses) return put(error(*in), out);
    if (!stored_answer) stored_answer = answer(serialize(*in));
    if (mood == Mood::answers_and_is_not_heard) return unavailable();
    return put(*stored_answer, out);
  }
  grpc::Status PurchaseInquiry(grpc::ServerContext*, const wire::MessageWrapper* in,
                               wire::MessageWrapper* out) override {
    if (mood == Mood::is_silent) return unavailable();
    const PRes nothing{.chall_c = {}, .completion_code = CompletionCode::order_not_received,
                       .hoi_data = {}, .hpi_data = {}, .gateway = {}, .purch_amt = {}, .payloads = {}};
    return put(stage_.answer_inq(serialize(*in), now(), state.value_or(nothing)), out);
  }

 private:
  Instant now() const { return system_clock()() + ahead; }
  static grpc::Status unavailable() { return {grpc::StatusCode::UNAVAILABLE, "gone"}; }
  static grpc::Status put(const Bytes& bytes, wire::MessageWrapper* out) {
    *out = must(parse_wrapper(bytes));
    return grpc::Status::OK;
  }
  Bytes answer(const Bytes& preq) {
    return stage_.answer_preq(preq, now(), [&](Draft<PRes>& d) {
      if (mood != Mood::receives) return;
      d.message.completion_code = CompletionCode::order_received;
      d.message.payloads.clear();
    });
  }
  Bytes error(const wire::MessageWrapper& in) {
    wire::MessageHeader header;
    header.ParseFromString(in.header());
    return must(seal_error(refusal, view_of(in.header()), must(RRPID::parse(header.rrpid())), nullptr,
                           *stage_.merchant.party, now(), Rng::system()));
  }

  Stage& stage_ = Stage::get();
};

/// A wallet with one card in front of a Shop.
struct World {
  World() : store(must(Store::open("sqlite::memory:", AtRest(Rng::system().secret(32)), Rng::system()))),
            service({.store = store,
                     .connect_merchant = [this](const std::string& address, const Trust&) {
                       return MerchantClient(address, server->InProcessChannel({}));
                     },
                     .register_card = [](const std::string&, std::shared_ptr<const Trust>,
                                         const CardToRegister&, CardRegistration) -> Result<RegisteredCard> {
                       return failure(ErrorCode::declined, "no registration here");
                     },
                     .clock = system_clock(),
                     .rng = Rng::system()}) {
    grpc::ServerBuilder builder;
    builder.RegisterService(&shop);
    server = builder.BuildAndStart();
    const auto& stage = Stage::get();
    must(store.insert(stage.card_secrets(), stage.cardholder_chain, stage.trust(), stage.now));
  }
  ~World() { server->Shutdown(); }

  LIDC offer() {
    Stage::get().next_xid = Rng::system().make<XID>();
    return must(service.offer(Stage::get().link().str(), 0)).offered.offer.trans_ids.lid_c;
  }
  PurchaseState pay() { return must(service.confirm(offer(), std::nullopt)); }

  Shop shop;
  std::unique_ptr<grpc::Server> server;
  Store store;
  Service service;
};

std::string word(const PurchaseState& state) { return std::string(outcome_word(state)); }
XID xid(const PurchaseState& state) { return offer_of(state).trans_ids.xid; }

}  // namespace

TEST_CASE("a purchase is offered, confirmed, approved, and its receipt verifies") {
  World world;
  const auto shown = must(world.service.offer(Stage::get().link().str(), 0));
  CHECK(shown.card.masked == "•••• 0002");
  CHECK(to_local(shown.offered, shown.card).merchant_city() == "Berlin");
  const auto state = must(world.service.confirm(shown.offered.offer.trans_ids.lid_c, std::nullopt));
  CHECK(word(state) == "approved");
  CHECK(must(world.service.receipt(xid(state))).receipt.proofs.size() == 5);
  CHECK(world.shop.preqs == 1);
  CHECK(must(world.service.resume()).empty());
}

TEST_CASE("an order is paid once, an offer confirmed once") {
  World world;
  const auto lid_c = world.offer();
  CHECK(word(must(world.service.confirm(lid_c, std::nullopt))) == "approved");
  CHECK(world.service.confirm(lid_c, std::nullopt).error().code == ErrorCode::conflict);
  CHECK(world.service.offer(Stage::get().link().str(), 0).error().code == ErrorCode::conflict);
  CHECK(world.shop.preqs == 1);
}

TEST_CASE("a lost answer is an unknown outcome, and resume gets the answer to the same bytes") {
  World world;
  world.shop.mood = Shop::Mood::answers_and_is_not_heard;
  const auto state = world.pay();
  CHECK(word(state) == "unknown");
  CHECK(world.service.offer(Stage::get().link().str(), 0).error().code == ErrorCode::conflict);
  CHECK(world.service.receipt(xid(state)).error().code == ErrorCode::conflict);
  world.shop.mood = Shop::Mood::answers;
  const auto resumed = must(world.service.resume());
  REQUIRE(resumed.size() == 1);
  CHECK(word(resumed[0]) == "approved");
  CHECK(world.shop.preqs == 2);
}

TEST_CASE("an order that never arrived is sent again by resume") {
  World world;
  world.shop.mood = Shop::Mood::is_silent;
  CHECK(word(world.pay()) == "unknown");
  CHECK(word(must(world.service.resume())[0]) == "unknown");
  world.shop.mood = Shop::Mood::answers;
  CHECK(word(must(world.service.resume())[0]) == "approved");
}

TEST_CASE("orderReceived is asked after until there is an outcome") {
  World world;
  world.shop.mood = Shop::Mood::receives;
  const auto state = world.pay();
  CHECK(std::holds_alternative<Ordered>(state));
  world.shop.state = Stage::get().approved(*order_of(state));
  world.shop.state->completion_code = CompletionCode::order_received;
  world.shop.state->payloads.clear();
  CHECK(std::holds_alternative<Ordered>(must(world.service.inquire(xid(state)))));
  world.shop.state = Stage::get().approved(*order_of(state));
  CHECK(word(must(world.service.inquire(xid(state)))) == "approved");
  CHECK(must(world.service.receipt(xid(state))).purchase.outcome.by_inquiry);
  CHECK(world.shop.preqs == 1);
}

namespace {

/// The same wallet after the freshness window, its clock and the transport's margin have passed.
Service later_service(World& world) {
  return Service({.store = world.store,
                  .connect_merchant =
                      [&world](const std::string& address, const Trust&) {
                        return MerchantClient(address, world.server->InProcessChannel({}));
                      },
                  .register_card = {},
                  .clock = [] { return system_clock()() + std::chrono::minutes(11); },
                  .rng = Rng::system()});
}

}  // namespace

TEST_CASE("a refusal in the clear ends nothing while a copy of the order may still be delivered") {
  World world;
  world.shop.mood = Shop::Mood::refuses;
  const auto state = world.pay();
  CHECK(std::holds_alternative<AwaitingPRes>(state));
  CHECK(std::holds_alternative<AwaitingPRes>(must(world.service.resume())[0]));
}

TEST_CASE("a refusal of a later sending is believed only if the merchant has no such order") {
  World world;
  world.shop.mood = Shop::Mood::is_silent;
  const auto state = world.pay();
  world.shop.mood = Shop::Mood::refuses;

  SECTION("it has the order: the inquiry's outcome counts") {
    world.shop.state = Stage::get().approved(*order_of(state));
    CHECK(word(must(world.service.resume())[0]) == "approved");
  }
  SECTION("it has no such order, and no copy can be fresh any more: rejected, and tried again") {
    CHECK(std::holds_alternative<AwaitingPRes>(must(world.service.resume())[0]));
    auto later = later_service(world);
    world.shop.ahead = std::chrono::minutes(11);
    CHECK(std::get<Rejected>(must(later.resume())[0]).code == ErrorCode::message_too_old);
    world.shop.ahead = {};
    world.shop.mood = Shop::Mood::answers;
    CHECK(word(world.pay()) == "approved");
  }
}

TEST_CASE("an answer that was stored long ago is accepted") {
  World world;
  auto now = std::make_shared<Instant>(system_clock()());
  Service later({.store = world.store,
                 .connect_merchant = [&](const std::string& address, const Trust&) {
                   return MerchantClient(address, world.server->InProcessChannel({}));
                 },
                 .register_card = {},
                 .clock = [now] { return *now; },
                 .rng = Rng::system()});
  world.shop.mood = Shop::Mood::answers_and_is_not_heard;
  CHECK(word(world.pay()) == "unknown");
  world.shop.mood = Shop::Mood::answers;
  *now += std::chrono::hours(2);
  CHECK(word(must(later.resume())[0]) == "approved");
}

TEST_CASE("a dishonest offer is not shown") {
  World world;
  world.shop.bend_pinit = [](Draft<PInitRes>& d) { d.answer.trans_ids->lid_m->value = "order-2"; };
  const auto offer = world.service.offer(Stage::get().link().str(), 0);
  REQUIRE_FALSE(offer);
  CHECK(offer.error().code == ErrorCode::unknown_lid);
}

TEST_CASE("without a fitting card there is no offer") {
  World world;
  CHECK(world.service.offer("http://example.org", 0).error().code == ErrorCode::invalid_argument);
  CHECK(world.service.offer(Stage::get().link().str(), 9).error().code == ErrorCode::not_found);
  auto link = Stage::get().link();
  link.merchant.value[0] ^= 1;
  CHECK(world.service.offer(link.str(), 0).error().code == ErrorCode::missing_certificate);
  Store empty = must(Store::open("sqlite::memory:", AtRest(Rng::system().secret(32)), Rng::system()));
  Service service({.store = empty, .connect_merchant = {}, .register_card = {}, .clock = system_clock(),
                   .rng = Rng::system()});
  CHECK(service.offer(Stage::get().link().str(), 0).error().code == ErrorCode::not_found);
}

TEST_CASE("a card is registered once and then pays") {
  auto store = must(Store::open("sqlite::memory:", AtRest(Rng::system().secret(32)), Rng::system()));
  const auto& stage = Stage::get();
  int registrations = 0;
  Service service({.store = store,
                   .connect_merchant = {},
                   .register_card = [&](const std::string&, std::shared_ptr<const Trust>, const CardToRegister&,
                                        CardRegistration) -> Result<RegisteredCard> {
                     ++registrations;
                     auto secrets = stage.card_secrets();
                     auto key = TRY(SoftwareSigner::from_pkcs8(secrets.key.reveal()));
                     return RegisteredCard{std::move(key), stage.cardholder_chain,
                                           std::move(secrets.card_secret), std::move(secrets.pan_secret)};
                   },
                   .clock = system_clock(),
                   .rng = Rng::system()});
  const auto card = [] {
    return EnteredCard{must(Pan::parse(set::test::kApprovePan)), must(CardExpiry::parse("2030-12")), std::nullopt};
  };
  const CardIssuer issuer{"localhost:1", stage.pki.trust_pem(), stage.pki.root_fingerprint()};
  CHECK(must(service.add_card(card(), issuer, {})).number == 1);
  CHECK(service.add_card(card(), issuer, {}).error().code == ErrorCode::conflict);
  const CardIssuer liar{"localhost:1", stage.pki.trust_pem(), std::string(64, '0')};
  CHECK(service.add_card(card(), liar, {}).error().code == ErrorCode::verification_failed);
  CHECK(registrations == 1);
  CHECK(must(service.cards()).size() == 1);
}

}  // namespace set::wallet::test
