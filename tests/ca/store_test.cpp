#include "ca/store.h"

#include "common/crypto/digest.h"
#include "tests/ca/ca_world.h"
#include "tests/support/databases.h"

namespace set::ca::test {

namespace {

const Instant kNow = from_millis(1'900'000'000'000);

SessionHead head(Rng& rng) {
  return {LIDCA{string_of(rng.bytes(20))}, LIDEE{"ee"}, rng.make<Digest>(), kNow + kSessionLife, 0};
}
PartyInitiated party(Rng& rng) {
  return {head(rng),
          RequestType::mer_initial_both,
          MerchantIDData{"400000", "shop-1"},
          rng.make<Challenge>(),
          rng.bytes(10),
          rng.make<Digest>(),
          "en",
          std::nullopt};
}
Certified certified(const SessionHead& of, Rng& rng) {
  auto out = of;
  out.expires_at = kNow + kCompletedLife;
  return {out, rng.make<Digest>(), rng.bytes(10), std::nullopt, {}, {}};
}
Completion completion(const SessionHead& of, Rng& rng) {
  return {certified(of, rng), {}, {rng.make<Digest>()}, std::nullopt, std::nullopt};
}
TokenRecord token(Rng& rng) {
  TokenRecord out;
  out.digest = rng.make<Digest>();
  out.name = "Shop";
  out.bin = "400000";
  out.id = "shop-1";
  out.city = "Berlin";
  out.country = 276;
  out.hosts = {"localhost", "127.0.0.1"};
  out.created_at = kNow;
  out.expires_at = kNow + std::chrono::hours(1);
  return out;
}

struct Fixture {
  Store store = must(Store::open(test::database_url()));
  Rng rng = Rng::seeded(7);
};

}  // namespace

TEST_CASE_METHOD(Fixture, "a registration is found until it expires") {
  const CardInitiated session{head(rng)};
  must(store.insert(session, kNow));
  CHECK(std::holds_alternative<CardInitiated>(must(store.find_session(session.head.lid_ca, kNow))));
  CHECK(code_of(store.find_session(session.head.lid_ca, session.head.expires_at)) ==
        ErrorCode::unknown_lid);
  CHECK(code_of(store.find_session(LIDCA{"x"}, kNow)) == ErrorCode::unknown_lid);
}

TEST_CASE_METHOD(Fixture, "the same init request finds the registration that it opened") {
  CardInitiated first{head(rng)};
  must(store.insert(first, kNow));
  CardInitiated again{head(rng)};
  again.head.opened_by = first.head.opened_by;
  CHECK(must(store.insert(again, kNow)).head.lid_ca == first.head.lid_ca);
}

TEST_CASE_METHOD(Fixture, "the states of a registration come back as they went in") {
  CardInitiated session{head(rng)};
  must(store.insert(session, kNow));
  const CardFormSent sent{session.head,         rng.make<Digest>(), rng.make<Challenge>(),
                          rng.make<NonceCCA>(), "400000",           "en",
                          std::nullopt};
  must(store.advance(sent));
  const auto read = std::get<CardFormSent>(must(store.find_session(session.head.lid_ca, kNow)));
  CHECK(read.chall_ca == sent.chall_ca);
  CHECK(read.nonce_cca == sent.nonce_cca);
  CHECK(read.form_request == sent.form_request);
  CHECK(read.head.version == 1);
  CHECK_FALSE(read.refused);

  must(store.refuse(read.head, {Bytes{1, 2}, CertStatusCode::rejected_by_issuer}));
  const auto refused = std::get<CardFormSent>(must(store.find_session(session.head.lid_ca, kNow)));
  REQUIRE(refused.refused);
  CHECK(refused.refused->status == CertStatusCode::rejected_by_issuer);

  const auto p = party(rng);
  must(store.insert(p, kNow));
  const auto read_party = std::get<PartyInitiated>(must(store.find_session(p.head.lid_ca, kNow)));
  CHECK(std::get<MerchantIDData>(read_party.id_data).merchant_id == "shop-1");
  CHECK(read_party.kem_answer == p.kem_answer);
}

TEST_CASE_METHOD(Fixture, "of two requests that move one registration, the second is a conflict") {
  CardInitiated session{head(rng)};
  must(store.insert(session, kNow));
  const CardFormSent sent{session.head,         rng.make<Digest>(), rng.make<Challenge>(),
                          rng.make<NonceCCA>(), "400000",           "en",
                          std::nullopt};
  must(store.advance(sent));
  CHECK(code_of(store.advance(sent)) == ErrorCode::conflict);
  CHECK(code_of(store.complete(completion(session.head, rng), kNow)) == ErrorCode::conflict);
}

TEST_CASE_METHOD(Fixture, "a key is certified once") {
  const auto p = party(rng), q = party(rng);
  must(store.insert(p, kNow));
  must(store.insert(q, kNow));
  auto first = completion(p.head, rng);
  auto second = completion(q.head, rng);
  second.new_keys = first.new_keys;
  CHECK_FALSE(must(store.complete(first, kNow)));
  const auto refused = must(store.complete(second, kNow));
  REQUIRE(refused);
  CHECK(refused->status == CertStatusCode::rejected_by_ca);
  CHECK(std::holds_alternative<PartyInitiated>(must(store.find_session(q.head.lid_ca, kNow))));
}

TEST_CASE_METHOD(Fixture, "a token is used up together with the certificates, or not at all") {
  const auto t = token(rng);
  must(store.insert(t));
  const auto p = party(rng), q = party(rng);
  must(store.insert(p, kNow));
  must(store.insert(q, kNow));

  auto stale = completion(p.head, rng);
  stale.token = t;
  stale.next.head.version = 7;  // somebody moved the registration
  CHECK(code_of(store.complete(stale, kNow)) == ErrorCode::conflict);
  CHECK_FALSE(must(store.find_token(t.digest))->used_at);

  auto first = completion(p.head, rng);
  first.token = t;
  CHECK_FALSE(must(store.complete(first, kNow)));
  const auto used = must(store.find_token(t.digest));
  REQUIRE(used);
  CHECK(used->used_at == kNow);
  CHECK(used->hosts == t.hosts);
  auto second = completion(q.head, rng);
  second.token = t;
  CHECK(must(store.complete(second, kNow)));
}

TEST_CASE_METHOD(Fixture, "a token that expires while we issue is not used") {
  const auto t = token(rng);
  must(store.insert(t));
  const auto p = party(rng);
  must(store.insert(p, kNow));
  auto late = completion(p.head, rng);
  late.token = t;
  CHECK(must(store.complete(late, t.expires_at)));
}

TEST_CASE_METHOD(Fixture,
                 "attempts on a card are counted once per request and forgotten after a day") {
  const auto card = rng.make<Digest>();
  std::vector<Digest> requests;
  for (int i = 0; i < kMaxCardAttempts; ++i) {
    requests.push_back(rng.make<Digest>());
    CHECK(must(store.count_card_attempt(card, requests.back(), kNow)));
  }
  CHECK_FALSE(must(store.count_card_attempt(card, rng.make<Digest>(), kNow)));
  CHECK(must(store.count_card_attempt(card, requests.front(), kNow)));  // a repeat
  CHECK(must(store.count_card_attempt(rng.make<Digest>(), rng.make<Digest>(), kNow)));
  CHECK(must(store.count_card_attempt(card, rng.make<Digest>(), kNow + kCardAttemptMemory)));
}

TEST_CASE_METHOD(Fixture, "a purge takes what has expired and leaves the rest") {
  const auto p = party(rng);
  must(store.insert(p, kNow));
  must(store.purge(kNow));
  must(store.find_session(p.head.lid_ca, kNow));
  must(store.purge(p.head.expires_at));
  CHECK(code_of(store.find_session(p.head.lid_ca, kNow)) == ErrorCode::unknown_lid);
}

}  // namespace set::ca::test
