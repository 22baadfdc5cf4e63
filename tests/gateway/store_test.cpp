#include "gateway/store.h"

#include "tests/gateway/world.h"

namespace set::gateway::test {
namespace {

struct Fixture {
  Rng& rng = Rng::system();
  Store store = value_of(Store::open("sqlite::memory:", DatabaseUse::daemon));
  Instant now = value_of(parse_instant("2026-11-22T10:00:00Z"));
  Digest hpi_data = rng.make<Digest>();

  AwaitingAcquirer waiting() {
    return {.terms = {.auth_rrpid = rng.make<RRPID>(),
                      .content_digest = rng.make<Digest>(),
                      .trans_ids = {.lid_c = LIDC{"wallet"},
                                    .lid_m = LIDM{"order"},
                                    .xid = rng.make<XID>(),
                                    .preq_date = now,
                                    .pay_sys_id = "",
                                    .language = "en"},
                      .hoi_data = rng.make<Digest>(),
                      .hpi_data = hpi_data,
                      .merchant = rng.make<Thumbprint>(),
                      .merchant_id = "shop-1",
                      .purch_amt = euro("49.95"),
                      .auth_req_amt = euro("49.95"),
                      .capture_now = true,
                      .auth_ret_num = ""},
            .received_at = now};
  }
  OwedReply owed() { return {rng.make<Digest>(), Bytes{1, 2, 3}}; }
  Approval approval() {
    return {.auth_date = now,
            .approval_code = "123456",
            .resp_reason = RespReason::issuer,
            .log_ref_id = "ref",
            .cap_token = Bytes{9}};
  }
  Captured captured(const AwaitingAcquirer& from) {
    return {from.terms, approval(), from.terms.auth_req_amt, "20261122", 0};
  }
  AwaitingAcquirer claimed() {
    auto out = waiting();
    REQUIRE(value_of(store.claim(out, owed())) == Claim::claimed);
    return out;
  }
  /// An UPDATE that the schema must refuse.
  void breaks(std::string_view sql) {
    INFO(sql);
    const auto changed =
        store.database().in_transaction("test", [&](Transaction& t) { return t.execute(sql); });
    REQUIRE_FALSE(changed);
    CHECK(changed.error().code == ErrorCode::conflict);
  }
};

}  // namespace

TEST_CASE_METHOD(Fixture, "every state comes back as it was saved") {
  const auto first = claimed();
  auto found = value_of(store.find(first.terms.auth_rrpid));
  REQUIRE(found);
  const auto& back = std::get<AwaitingAcquirer>(*found);
  CHECK(back.received_at == first.received_at);
  CHECK(back.terms.trans_ids == first.terms.trans_ids);
  CHECK(back.terms.purch_amt == first.terms.purch_amt);
  CHECK(back.terms.content_digest == first.terms.content_digest);
  CHECK(std::holds_alternative<InProgressPI>(value_of(store.find_pi(hpi_data))));

  const auto decided = value_of(store.advance(captured(first)));
  CHECK(std::get<Captured>(decided).batch_sequence_num == 1);
  found = value_of(store.find(first.terms.auth_rrpid));
  const auto& sale = std::get<Captured>(*found);
  CHECK(sale.batch_id == "20261122");
  CHECK(sale.batch_sequence_num == 1);
  CHECK(sale.approval.approval_code == "123456");
  CHECK(sale.approval.resp_reason == RespReason::issuer);
  CHECK(sale.approval.cap_token == Bytes{9});
  CHECK(sale.captured == euro("49.95"));
  CHECK(std::get<ConsumedPI>(value_of(store.find_pi(hpi_data))).authorized == euro("49.95"));

  hpi_data = rng.make<Digest>();
  const auto second = claimed();
  value_of(store.advance(Approved{second.terms, approval(), now + std::chrono::hours(1)}));
  found = value_of(store.find(second.terms.auth_rrpid));
  CHECK(std::get<Approved>(*found).hold_expires == now + std::chrono::hours(1));

  hpi_data = rng.make<Digest>();
  const auto third = claimed();
  value_of(store.advance(Declined{third.terms, AuthCode::call_issuer, now, std::nullopt, "ref"}));
  found = value_of(store.find(third.terms.auth_rrpid));
  CHECK(std::get<Declined>(*found).code == AuthCode::call_issuer);
  CHECK(std::holds_alternative<FreeAgainPI>(value_of(store.find_pi(hpi_data))));

  const auto fourth = claimed();  // the same PI again
  value_of(store.advance(Void{fourth.terms, now}));
  found = value_of(store.find(fourth.terms.auth_rrpid));
  CHECK(std::get<Void>(*found).auth_date == now);
  CHECK(value_of(store.list(10)).size() == 4);
  CHECK(value_of(store.find_by_xid(fourth.terms.trans_ids.xid)).size() == 1);
}

TEST_CASE_METHOD(Fixture, "a PI is claimed once, and an authRRPID is known after it") {
  const auto first = claimed();
  CHECK(value_of(store.claim(first, owed())) == Claim::known);
  CHECK(value_of(store.claim(waiting(), owed())) == Claim::pi_in_use);
  value_of(store.advance(captured(first)));
  CHECK(value_of(store.claim(waiting(), owed())) == Claim::pi_in_use);
}

TEST_CASE_METHOD(Fixture, "an authorisation is decided once") {
  const auto first = claimed();
  value_of(store.advance(captured(first)));
  const auto again = store.advance(Declined{first.terms, AuthCode::declined, now, {}, ""});
  REQUIRE_FALSE(again);
  CHECK(again.error().code == ErrorCode::conflict);
  CHECK(std::holds_alternative<Captured>(*value_of(store.find(first.terms.auth_rrpid))));
}

TEST_CASE_METHOD(Fixture, "the database itself holds the rules of money") {
  value_of(store.advance(captured(claimed())));
  breaks("UPDATE authorizations SET captured_minor = authorized_minor + 1");
  breaks("UPDATE authorizations SET authorized_minor = requested_minor + 1");
  breaks("UPDATE authorizations SET requested_minor = purch_minor + 1");
  breaks("UPDATE authorizations SET captured_minor = 0");
  breaks("UPDATE authorizations SET batch_id = NULL, batch_sequence_num = NULL");
  breaks("UPDATE authorizations SET state = 'awaiting_acquirer'");
  breaks("UPDATE pis SET authorized_minor = purch_minor + 1");
  breaks("UPDATE pis SET state = 'free_again'");
  breaks(
      "INSERT INTO pis (hpi_data, state, auth_rrpid, currency, purch_minor) "
      "SELECT hpi_data, 'in_progress', auth_rrpid, currency, purch_minor FROM pis");
  // Two live authorisations of one PI, whatever the code believes.
  breaks(
      "INSERT INTO authorizations (auth_rrpid, state, hpi_data, hoi_data, content_digest, xid, "
      "trans_ids, merchant, merchant_id, currency, purch_minor, requested_minor, capture_now, "
      "auth_ret_num, received_at, request_digest) SELECT zeroblob(20), 'awaiting_acquirer', "
      "hpi_data, hoi_data, content_digest, xid, trans_ids, merchant, merchant_id, currency, "
      "purch_minor, requested_minor, capture_now, auth_ret_num, received_at, request_digest "
      "FROM authorizations");
}

TEST_CASE_METHOD(Fixture, "two captured items never share a place in a batch") {
  value_of(store.advance(captured(claimed())));
  hpi_data = rng.make<Digest>();
  const auto second = claimed();
  CHECK(std::get<Captured>(value_of(store.advance(captured(second)))).batch_sequence_num == 2);
  breaks("UPDATE authorizations SET batch_sequence_num = 1");
}

TEST_CASE_METHOD(Fixture, "nothing is added to a closed batch") {
  value_of(store.advance(captured(claimed())));
  value_of(store.database().in_transaction(
      "test", [](Transaction& t) { return t.execute("UPDATE batches SET state = 'closed'"); }));
  hpi_data = rng.make<Digest>();
  CHECK_FALSE(store.advance(captured(claimed())));
}

TEST_CASE_METHOD(Fixture, "a setting is saved and replaced") {
  CHECK_FALSE(value_of(store.find_setting(kAcquirerBinSetting)));
  value_of(store.save_setting(kAcquirerBinSetting, "400000"));
  value_of(store.save_setting(kAcquirerBinSetting, "400001"));
  CHECK(value_of(store.find_setting(kAcquirerBinSetting)) == "400001");
}

}  // namespace set::gateway::test
