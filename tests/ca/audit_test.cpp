// The audit log: every request is in it, nothing in it can be changed unseen, and without it nothing
// is answered.
#include "tests/ca/ca_world.h"

namespace set::ca::test {

namespace {

std::vector<AuditRecord> records(Store& store) {
  std::vector<AuditRecord> all;
  must(set::audit::for_each_record(store.database(), 0, [&](const AuditRecord& record) -> Result<void> {
    all.push_back(record);
    return {};
  }));
  return all;
}

Result<void> verify(const std::vector<AuditRecord>& all) {
  AuditChain chain;
  for (const auto& record : all) TRY(chain.accept(record));
  return {};
}

int with(const std::vector<AuditRecord>& all, std::string_view text) {
  return static_cast<int>(std::ranges::count_if(all, [&](const auto& record) {
    return record.entry.find(text) != std::string::npos;
  }));
}

void execute(Store& store, std::string_view sql) {
  must(store.database().in_transaction("test", [&](Transaction& t) -> Result<void> {
    TRY(t.execute(sql));
    return {};
  }));
}

}  // namespace

TEST_CASE("each request is in the log, the refused ones too, and no card number") {
  CaWorld world;
  must(world.register_card(card()));
  CHECK(code_of(world.register_card(card(kApprovePan, kExpiry, "999"))) == ErrorCode::declined);
  CHECK(code_of(world.register_card(card(kMastercard))) == ErrorCode::not_found);
  TemporaryDirectory home;
  CHECK(code_of(world.enroll(CaWorld::party(), Secret<std::string>(std::string("set-guess")),
                             home.path / "daemon")) == ErrorCode::permission_denied);
  const auto all = records(world.store);
  CHECK(verify(all));
  CHECK(with(all, "\"event\":\"request\"") == 3 + 3 + 2 + 2);
  CHECK(with(all, "\"event\":\"issued\"") == 1);
  CHECK(with(all, "\"certificates\"") == 2);  // issued, and the request that brought it
  CHECK(with(all, "rejectedByIssuer") == 1);
  CHECK(with(all, "rejectedByCA") == 1);
  CHECK(with(all, "referral") == 1);
  CHECK(with(all, "\"bin\":\"400000\"") >= 3);
  CHECK(with(all, "\"peer\":\"127.0.0.1\"") == static_cast<int>(all.size()));
  for (const auto pan : {kApprovePan, kMastercard}) CHECK(with(all, pan) == 0);
  CHECK(with(all, std::string(set::test::kCardholderName)) == 0);
}

TEST_CASE("a message that cannot even be opened is in the log") {
  CaWorld world;
  wire::MessageWrapper in, out;
  in.set_header("nonsense");
  CHECK(world.service.Cert(nullptr, &in, &out).ok());  // SET's Error
  const auto all = records(world.store);
  REQUIRE(all.size() == 1);
  CHECK(with(all, "CertReq") == 1);
  CHECK(with(all, "decodingFailure") + with(all, "badMessageHeader") == 1);
}

TEST_CASE("an entry that is changed, moved, or taken away is found") {
  CaWorld world;
  must(world.register_card(card()));
  auto all = records(world.store);
  REQUIRE(all.size() >= 4);
  SECTION("changed") { all[1].entry += " "; }
  SECTION("changed with its digest") {
    all[1].entry += " ";
    all[1].digest = audit_digest(all[0].digest, all[1].entry);
  }
  SECTION("moved") { std::swap(all[1], all[2]); }
  SECTION("taken away") { all.erase(all.begin() + 1); }
  SECTION("the first one taken away") { all.erase(all.begin()); }
  const auto verified = verify(all);
  REQUIRE_FALSE(verified.has_value());
  CHECK(verified.error().code == ErrorCode::verification_failed);
}

TEST_CASE("without a log nothing is answered and nothing is issued") {
  CaWorld world;
  execute(world.store, "ALTER TABLE audit_inbox RENAME TO lost");
  CHECK_FALSE(world.register_card(card()).has_value());
  execute(world.store, "ALTER TABLE lost RENAME TO audit_inbox");
  must(world.register_card(card()));
}

TEST_CASE("a disk that is full while issuing leaves nothing half issued") {
  TemporaryDirectory home;
  const auto url = "sqlite:" + (home.path / "ca.db").string();
  auto rng = Rng::seeded(3);
  auto store = must(Store::open(url));
  const auto now = system_clock()();
  const auto counts = [&] {
    return must(store.database().in_transaction("test", [](Transaction& t) {
      return t.query_one("SELECT (SELECT count(*) FROM certificates), (SELECT count(*) FROM "
                         "certified_keys), (SELECT count(*) FROM audit_inbox), (SELECT count(*) FROM "
                         "sessions WHERE state = 'certified')");
    })).value();
  };
  const auto attempt = [&](int certificates) -> Result<std::optional<Refusal>> {
    CardInitiated session{{LIDCA{string_of(rng.bytes(20))}, LIDEE{"ee"}, rng.make<Digest>(),
                           now + kSessionLife, 0}};
    TRY(store.insert(session, now));
    Completion completion{{session.head, rng.make<Digest>(), rng.bytes(10), std::nullopt, {}, {}},
                          {}, {rng.make<Digest>()}, std::nullopt, std::nullopt, false, {}};
    completion.audit.event = "issued";
    for (int i = 0; i < certificates; ++i) {
      completion.issued.push_back({"set", "cardholder", "", rng.make<Thumbprint>(), "aa", "O=X, OU=, CN=",
                                   now, now, rng.make<Digest>(), rng.bytes(6000)});
    }
    return store.complete(completion, now);
  };
  must(attempt(1));
  must(store.database().in_transaction("test", [&](Transaction& t) -> Result<void> {
    const auto pages = TRY(t.query_one("PRAGMA page_count"));
    TRY(t.query("PRAGMA max_page_count = " + std::to_string(pages->integer(0) + 8)));
    return {};
  }));
  const auto before = counts();
  Result<std::optional<Refusal>> full = std::optional<Refusal>();
  for (int i = 0; i < 20 && full; ++i) full = attempt(3);
  REQUIRE_FALSE(full.has_value());
  CHECK(full.error().code == ErrorCode::storage_unavailable);
  const auto after = counts();
  const auto issued = after.integer(3) - before.integer(3);
  CHECK(after.integer(0) - before.integer(0) == 3 * issued);  // all of a registration's, or none
  CHECK(after.integer(1) - before.integer(1) == issued);
  CHECK(after.integer(2) - before.integer(2) == issued);
  must(store.database().in_transaction("test", [](Transaction& t) -> Result<void> {
    TRY(t.query("PRAGMA max_page_count = 1000000"));
    return {};
  }));
  must(attempt(3));  // and goes on when there is room again
}

TEST_CASE("an address that asks too often is refused, and one entry stands for all of a minute") {
  CaWorld world([](ServiceParts& parts) { parts.rate = {.per_second = 1e-6, .burst = 6}; });
  must(world.register_card(card()));
  must(world.register_card(card()));
  CHECK(code_of(world.register_card(card())) == ErrorCode::resource_exhausted);
  auto& counts = world.service.counts();
  const auto now = system_clock()();
  must(counts.write_due(world.store.database(), now));
  CHECK(with(records(world.store), "\"event\":\"limited\"") == 1);
  for (int i = 0; i < 5; ++i)
    CHECK(code_of(world.register_card(card())) == ErrorCode::resource_exhausted);
  const auto lists = world.client.fetch_revocations(*world.trust, system_clock()());
  CHECK(code_of(lists) == ErrorCode::resource_exhausted);
  must(counts.write_due(world.store.database(), now + std::chrono::seconds(59)));
  CHECK(with(records(world.store), "\"message\":\"CardCInitReq\",\"outcome\":\"resource_exhausted\"") == 1);
  must(counts.write_due(world.store.database(), now + std::chrono::seconds(60)));
  const auto all = records(world.store);
  CHECK(verify(all));
  CHECK(with(all, "\"message\":\"CardCInitReq\",\"outcome\":\"resource_exhausted\"") == 2);
  CHECK(with(all, "\"count\":5}") == 1);
  CHECK(with(all, "\"message\":\"BCIDistribution\",\"outcome\":\"resource_exhausted\",\"count\":1}") == 1);
}

TEST_CASE("an address has its share of open registrations, completed ones not counted") {
  CaWorld world([](ServiceParts& parts) { parts.sessions_per_address = 2; });
  must(world.register_card(card()));
  CHECK(code_of(world.register_card(card(kApprovePan, kExpiry, "999"))) == ErrorCode::declined);
  CHECK(code_of(world.register_card(card(kApprovePan, kExpiry, "999"))) == ErrorCode::declined);
  CHECK(code_of(world.register_card(card())) == ErrorCode::resource_exhausted);
  must(world.store.purge(system_clock()() + kSessionLife));
  must(world.register_card(card()));
}

TEST_CASE("one registration has its share of requests") {
  CaWorld world;
  const auto fill = [](const RegFormData&,
                       const std::vector<FailedItem>&) -> Result<std::vector<RegFormAnswer>> {
    return std::vector<RegFormAnswer>{{"cardholderName", "", "Alice"}};
  };
  CHECK(code_of(world.register_card(card(), fill)) == ErrorCode::declined);
  execute(world.store, "UPDATE sessions SET version = 64");
  Party self{world.trust, nullptr, std::nullopt, nullptr, std::nullopt};
  const auto session = must(world.store.database().in_transaction("test", [](Transaction& t) {
    return t.query_one("SELECT lid_ca, lid_ee FROM sessions");
  })).value();
  const Registration registration{std::string(kBrand), must(LIDEE::parse(string_of(session.blob(1)))),
                                  must(LIDCA::parse(string_of(session.blob(0)))),
                                  world.ca.party->key_exchange->leaf};
  const auto to_register = card();
  const auto sent = must(make_reg_form_req({registration}, self, to_register.pan, "en",
                                           system_clock()(), world.rng));
  CHECK(code_of(world.client.send(sent.request, system_clock())) == ErrorCode::resource_exhausted);
}

}  // namespace set::ca::test
