// Two-step approval, in one process over gRPC: requestPended, CertInqReq, and what an operator says.
#include <thread>

#include "common/message/account.h"
#include "tests/ca/ca_world.h"

namespace set::ca::test {

namespace {

constexpr Duration kAskAgain = std::chrono::milliseconds(200);

void with_operator(ServiceParts& parts) {
  parts.approval =
      must(ApprovalRules::parse({"cardholder=operator", "merchant=operator", "gateway=operator"}));
  parts.ask_again = kAskAgain;
}

const Secret<std::string>& no_token() {
  static const Secret<std::string> none{std::string(kNoToken)};
  return none;
}

StoredRequest only_request(CaWorld& world) {
  const auto requests = must(world.store.requests("none"));
  REQUIRE(requests.size() == 1);
  return requests.front();
}

Result<void> decide(CaWorld& world, const std::string& id, Decision decision,
                    CertStatusCode status = CertStatusCode::rejected_by_ca,
                    const std::string& reason = "") {
  return world.store.decide(id, {decision, status, reason, {"Corner Shop", "Berlin", 276}}, {},
                            system_clock()());
}

/// Also an id that is somebody's.
Result<void> approve_knowingly(CaWorld& world, const std::string& id) {
  RequestDecision yes{Decision::approved, CertStatusCode::rejected_by_ca, "", {"Corner Shop", "Berlin", 276}};
  yes.replaces = true;
  return world.store.decide(id, yes, {}, system_clock()());
}

std::int64_t count(CaWorld& world, std::string_view sql) {
  return must(world.store.database().in_transaction("test", [&](Transaction& t) {
    return t.query_one(sql);
  }))->integer(0);
}

std::int64_t certificates(CaWorld& world) {
  return count(world, "SELECT count(*) FROM certificates");
}

/// A wallet's memory of one registration.
struct Wallet {
  CaWorld& world;
  std::optional<PendedCard> kept = {};
  int forgotten = 0;
  std::optional<Duration> told = {};

  CardRegistration registration() {
    CardRegistration out;
    out.fill_form = answers();
    out.keep = [this](const SoftwareSigner& key, const AwaitingCardCertRes& state) -> Result<void> {
      kept = PendedCard{must(SoftwareSigner::from_pkcs8(key.pkcs8().reveal())),
                        {state.registration, state.chall_ee3, state.nonce_cca_commitment,
                         state.card_secret.clone(), state.public_key}};
      return {};
    };
    out.forget = [this]() -> Result<void> {
      ++forgotten;
      return {};
    };
    out.on_pended = [this](Duration pause) { told = pause; };
    if (kept) {
      out.pended = std::move(kept);
      kept.reset();
    }
    return out;
  }
  /// As a wallet does that was started again: what is kept is asked about.
  Result<RegisteredCard> add(const CardToRegister& to_register) {
    auto out = registration();
    std::optional<PendedCard> copy;
    if (out.pended) {
      const auto& state = out.pended->state;
      copy = PendedCard{must(SoftwareSigner::from_pkcs8(out.pended->key.pkcs8().reveal())),
                        {state.registration, state.chall_ee3, state.nonce_cca_commitment,
                         state.card_secret.clone(), state.public_key}};
    }
    auto result = register_cardholder(world.client, world.trust, to_register, std::move(out),
                                      system_clock(), world.rng);
    if (!kept) kept = std::move(copy);
    return result;
  }
};

}  // namespace

TEST_CASE("a merchant waits for the operator and is certified once") {
  CaWorld world(with_operator);
  TemporaryDirectory home;
  const auto directory = home.path / "daemon";
  const auto before = certificates(world);
  std::optional<Duration> told;
  EnrollmentOptions options;
  options.on_pended = [&](Duration pause) { told = pause; };
  const auto ask = [&] { return world.enroll(CaWorld::party(), no_token(), directory, options); };

  CHECK(code_of(ask()) == ErrorCode::in_progress);
  CHECK(told == kAskAgain);  // the suggested time
  const auto request = only_request(world);
  CHECK(request.party_id == "shop-1");
  CHECK(request.hosts == std::vector<std::string>{"localhost"});
  CHECK(code_of(ask()) == ErrorCode::in_progress);  // asks, does not begin anew
  CHECK(must(world.store.requests("")).size() == 1);
  CHECK(certificates(world) == before);  // nothing is signed before the yes

  must(decide(world, request.id, Decision::approved));
  CHECK(code_of(decide(world, request.id, Decision::approved)) == ErrorCode::conflict);
  CHECK(certificates(world) == before);
  const auto certified = must(ask());
  CHECK(certified.signature.leaf.merchant_data()->name == "Corner Shop");
  CHECK(certificates(world) == before + 3);
  CHECK(must(world.store.find_request(request.id)).decision == "issued");
  CHECK(code_of(decide(world, request.id, Decision::rejected)) == ErrorCode::conflict);
  CHECK_FALSE(std::filesystem::exists(directory / "enrolling.set"));
}

TEST_CASE("an id that is somebody's, or promised, is approved for another only knowingly") {
  CaWorld world(with_operator);
  TemporaryDirectory home;
  const auto ask = [&](const char* who) {
    return world.enroll(CaWorld::party(), no_token(), home.path / who);
  };
  CHECK(code_of(ask("first")) == ErrorCode::in_progress);
  const auto first = only_request(world).id;
  CHECK(code_of(ask("second")) == ErrorCode::in_progress);
  auto waiting = must(world.store.requests("none"));
  REQUIRE(waiting.size() == 2);
  const auto second = waiting[0].id == first ? waiting[1].id : waiting[0].id;
  must(decide(world, first, Decision::approved));
  CHECK(code_of(decide(world, second, Decision::approved)) == ErrorCode::conflict);  // promised
  must(ask("first"));
  const auto refused = decide(world, second, Decision::approved);
  REQUIRE(code_of(refused) == ErrorCode::conflict);
  CHECK(refused.error().detail.find("--replace") != std::string::npos);
  CHECK(must(world.store.find_request(second)).decision == "none");
  must(approve_knowingly(world, second));
  must(ask("second"));
}

TEST_CASE("what waits for an operator has limits of its own, and leaves room for the others") {
  CaWorld world([](ServiceParts& parts) {
    with_operator(parts);
    parts.sessions_per_address = 3;
    parts.pended_per_address = 2;
  });
  TemporaryDirectory home;
  const auto ask = [&](int number) {
    return world.enroll(CaWorld::party(), no_token(), home.path / std::to_string(number));
  };
  CHECK(code_of(ask(1)) == ErrorCode::in_progress);
  CHECK(code_of(ask(2)) == ErrorCode::in_progress);
  CHECK(code_of(ask(3)) == ErrorCode::resource_exhausted);
  CHECK(must(world.store.requests("none")).size() == 2);
  // Two wait for a month and one registration is under way: the address may begin two more.
  CHECK(code_of(ask(4)) == ErrorCode::resource_exhausted);
  CHECK(code_of(ask(1)) == ErrorCode::in_progress);  // who waits may still ask
  must(decide(world, must(world.store.requests("none")).front().id, Decision::rejected));
  CHECK(code_of(ask(5)) == ErrorCode::in_progress);
}

TEST_CASE("whoever waits is told as soon as the operator has decided") {
  CaWorld world(with_operator);
  TemporaryDirectory home;
  EnrollmentOptions options;
  options.wait = true;
  int asked = 0;
  options.on_pended = [&](Duration) {
    if (++asked == 2) must(decide(world, only_request(world).id, Decision::approved));
  };
  must(world.enroll(CaWorld::party(Role::gateway), no_token(), home.path / "daemon", options));
  CHECK(asked == 2);
}

TEST_CASE("a rejected party is told who said no and why, and may begin anew") {
  CaWorld world(with_operator);
  TemporaryDirectory home;
  const auto ask = [&] { return world.enroll(CaWorld::party(), no_token(), home.path / "daemon"); };
  CHECK(code_of(ask()) == ErrorCode::in_progress);
  must(decide(world, only_request(world).id, Decision::rejected,
              CertStatusCode::rejected_by_acquirer, "We do not know this shop."));
  const auto refused = ask();
  CHECK(code_of(refused) == ErrorCode::permission_denied);
  CHECK(refused.error().detail.find("We do not know this shop.") != std::string::npos);
  CHECK(code_of(ask()) == ErrorCode::in_progress);  // anew
  CHECK(must(world.store.requests("")).size() == 2);
}

TEST_CASE("where an operator decides, a token is still checked, used up and speaks for the party") {
  CaWorld world(with_operator);
  TemporaryDirectory home;
  auto record = world.token_record();
  record.name = "Token Shop";
  const auto token = world.token(record);
  CHECK(code_of(world.enroll(CaWorld::party(), token, home.path / "a")) == ErrorCode::in_progress);
  CHECK(only_request(world).facts.name == "Token Shop");
  const auto again = world.enroll(CaWorld::party(), token, home.path / "b");
  CHECK(code_of(again) == ErrorCode::permission_denied);
  CHECK(code_of(world.enroll(CaWorld::party(), Secret<std::string>(std::string("set-guess")),
                             home.path / "c")) == ErrorCode::permission_denied);
}

TEST_CASE("where no operator decides, nobody comes in without a token") {
  CaWorld world;
  TemporaryDirectory home;
  CHECK(code_of(world.enroll(CaWorld::party(), no_token(), home.path / "daemon")) ==
        ErrorCode::permission_denied);
  CHECK(must(world.store.requests("")).empty());
}

TEST_CASE("a pended party has proved its KEM key, and a key that was certified is not pended") {
  CaWorld world(with_operator);
  TemporaryDirectory home;
  Party self{world.trust, nullptr, std::nullopt, nullptr, std::nullopt};
  const auto now = system_clock()();
  std::vector<Registration> registrations;
  const auto ask = [&](const PartyKeys& keys, bool spoil) {
    auto init = must(make_me_aq_c_init_req(CaWorld::party(), keys.key_exchange, self, now, world.rng));
    const auto envelope = must(world.client.send(init.request, system_clock()));
    const auto answer =
        must(Opener::answer<MeAqCInitRes>(envelope, init.request.pending, self, {}, now));
    auto initiated = std::get<set::PartyInitiated>(must(
        accept_me_aq_c_init_res(std::move(init.next), keys.key_exchange, answer, *world.trust, now)));
    if (spoil) initiated.kem_answer = world.rng.secret(32);
    registrations.push_back(initiated.registration);
    const auto sent =
        must(make_party_cert_req(std::move(initiated), keys, self, no_token(), now, world.rng));
    const auto opened = must(world.client.send(sent.request, system_clock()));
    return must(Opener::answer<CertRes>(opened, sent.request.pending, self, {}, system_clock()()))
        .message->status;
  };
  const auto keys = PartyKeys::generate(world.rng);
  CHECK(ask(keys, true) == CertStatusCode::rejected_by_ca);
  CHECK(must(world.store.requests("")).empty());
  registrations.clear();
  // The same keys in two registrations: both may wait, one is certified.
  CHECK(ask(keys, false) == CertStatusCode::request_pended);
  CHECK(ask(keys, false) == CertStatusCode::request_pended);
  for (const auto& request : must(world.store.requests("none")))
    must(approve_knowingly(world, request.id));
  self.signer = std::shared_ptr<const Signer>(std::shared_ptr<const Signer>(), &keys.signature);
  const auto inquire = [&](const Registration& registration) {
    const auto inquiry = must(make_cert_inq_req(registration, self, system_clock()(), world.rng));
    const auto envelope = must(world.client.send(inquiry.request, system_clock()));
    return must(Opener::answer<CertInqRes>(envelope, inquiry.request.pending, self, {},
                                           system_clock()()))
        .message->state.status;
  };
  CHECK(inquire(registrations.at(0)) == CertStatusCode::request_complete);
  CHECK(inquire(registrations.at(1)) == CertStatusCode::rejected_by_ca);
  CHECK(inquire(registrations.at(0)) == CertStatusCode::request_complete);
  // And once they are certified, a third registration is refused at once.
  CHECK(ask(keys, false) == CertStatusCode::rejected_by_ca);
}

TEST_CASE("a cardholder waits, the wallet is started again, and collects the certificate") {
  CaWorld world(with_operator);
  Wallet wallet{world};
  CHECK(code_of(wallet.add(card())) == ErrorCode::in_progress);
  REQUIRE(wallet.kept);
  CHECK(wallet.told == kAskAgain);
  const auto request = only_request(world);
  CHECK(request.bin == kBin);
  CHECK(request.answers.front().field_value == set::test::kCardholderName);
  // The CA keeps a pseudonym, never the number.
  CHECK(count(world, "SELECT count(*) FROM pended_requests WHERE pseudonym IS NOT NULL AND "
                     "length(pseudonym) = 64") == 1);
  CHECK(code_of(wallet.add(card())) == ErrorCode::in_progress);
  CHECK(must(world.store.requests("")).size() == 1);

  must(decide(world, request.id, Decision::approved));
  const auto registered = must(wallet.add(card()));
  const auto to_register = card();
  // NonceCCA was committed to, and revealed now: accept_card_cert_res checks both.
  CHECK(registered.certificate.leaf.common_name() ==
        cardholder_pseudonym(to_register.pan, to_register.expiry, registered.pan_secret.reveal()));
}

TEST_CASE("a rejected cardholder is told, and what was kept is forgotten") {
  CaWorld world(with_operator);
  Wallet wallet{world};
  CHECK(code_of(wallet.add(card())) == ErrorCode::in_progress);
  must(decide(world, only_request(world).id, Decision::rejected,
              CertStatusCode::rejected_by_issuer));
  CHECK(code_of(wallet.add(card())) == ErrorCode::declined);
  CHECK(wallet.forgotten == 1);
}

TEST_CASE("the CA's words to its no reach the cardholder, and the policy the merchant before anything") {
  CaWorld world;
  CardRegistration registration;
  registration.fill_form = answers();
  std::string words;
  registration.on_refused = [&](const std::string& message) { words = message; };
  CHECK(code_of(register_cardholder(world.client, world.trust, card(kApprovePan, kExpiry, "999"),
                                    std::move(registration), system_clock(), world.rng)) ==
        ErrorCode::declined);
  CHECK(words == "The issuer did not confirm the card's data.");

  TemporaryDirectory home;
  EnrollmentOptions options;
  std::string policy;
  options.accept_policy = [&](const std::string& text) -> Result<void> {
    policy = text;
    return failure(ErrorCode::invalid_argument, "not accepted");
  };
  CHECK(code_of(world.enroll(CaWorld::party(), no_token(), home.path / "daemon", options)) ==
        ErrorCode::invalid_argument);
  CHECK_FALSE(policy.empty());
  CHECK_FALSE(std::filesystem::exists(home.path / "daemon" / "enrolling.set"));
}

TEST_CASE("card data that the issuer refuses is never put before an operator") {
  CaWorld world(with_operator);
  CHECK(code_of(world.register_card(card(kApprovePan, kExpiry, "999"))) == ErrorCode::declined);
  CHECK(must(world.store.requests("")).empty());
}

TEST_CASE("a request that nobody decides is forgotten after its time") {
  CaWorld world(with_operator);
  Wallet wallet{world};
  CHECK(code_of(wallet.add(card())) == ErrorCode::in_progress);
  const auto request = only_request(world);
  must(world.store.purge(request.expires_at - std::chrono::seconds(1)));
  CHECK(must(world.store.requests("")).size() == 1);
  must(world.store.purge(request.expires_at));
  CHECK(must(world.store.requests("")).empty());
  CHECK(code_of(wallet.add(card())) == ErrorCode::in_progress);  // begins anew
  CHECK(wallet.forgotten == 1);
}

TEST_CASE("of many inquiries about an approved request, one is answered with certificates once made") {
  CaWorld world(with_operator);
  Wallet wallet{world};
  CHECK(code_of(wallet.add(card())) == ErrorCode::in_progress);
  must(decide(world, only_request(world).id, Decision::approved));
  const auto before = certificates(world);
  const auto& state = wallet.kept->state;
  Party self{world.trust, std::shared_ptr<const Signer>(std::shared_ptr<const Signer>(), &wallet.kept->key),
             std::nullopt, nullptr, std::nullopt};
  std::atomic<int> complete = 0, other = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      const auto inquiry =
          make_cert_inq_req(state.registration, self, system_clock()(), Rng::system());
      const auto envelope = world.client.send(inquiry->request, system_clock());
      if (!envelope) return;
      const auto answer = Opener::answer<CertInqRes>(*envelope, inquiry->request.pending, self, {},
                                                     system_clock()());
      if (!answer) return;
      const auto status = answer->message->state.status;
      ++(status == CertStatusCode::request_complete ? complete : other);
      if (status != CertStatusCode::request_complete)
        CHECK(status == CertStatusCode::request_in_progress);
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(complete >= 1);
  CHECK(certificates(world) == before + 1);
}

}  // namespace set::ca::test
