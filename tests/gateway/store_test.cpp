#include "gateway/store.h"

#include "gateway/schema.h"
#include "gateway/store_batches.h"

#include "tests/gateway/world.h"
#include "tests/support/databases.h"

namespace set::gateway::test {
namespace {

struct StoreFixture {
  Rng& rng = Rng::system();
  Store store = value_of(Store::open(test::database_url(), DatabaseUse::daemon));
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
  Claim claim(AwaitingAcquirer from) { return value_of(store.claim(from, owed())); }
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

TEST_CASE_METHOD(StoreFixture, "every state comes back as it was saved") {
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

TEST_CASE_METHOD(StoreFixture, "a PI is claimed once, and an authRRPID is known after it") {
  const auto first = claimed();
  CHECK(claim(first) == Claim::known);
  CHECK(claim(waiting()) == Claim::pi_in_use);
  value_of(store.advance(captured(first)));
  CHECK(claim(waiting()) == Claim::pi_in_use);
}

TEST_CASE_METHOD(StoreFixture, "an authorisation is decided once") {
  const auto first = claimed();
  value_of(store.advance(captured(first)));
  const auto again = store.advance(Declined{first.terms, AuthCode::declined, now, {}, ""});
  REQUIRE_FALSE(again);
  CHECK(again.error().code == ErrorCode::conflict);
  CHECK(std::holds_alternative<Captured>(*value_of(store.find(first.terms.auth_rrpid))));
}

TEST_CASE_METHOD(StoreFixture, "the database itself holds the rules of money") {
  value_of(store.advance(captured(claimed())));
  breaks("UPDATE authorizations SET captured_minor = authorized_minor + 1");
  breaks("UPDATE authorizations SET authorized_minor = requested_minor + 1");
  breaks("UPDATE authorizations SET requested_minor = purch_minor + 1");
  breaks("UPDATE authorizations SET capturing_minor = 1");
  breaks("UPDATE authorizations SET credited_minor = captured_minor + 1");
  breaks("UPDATE authorizations SET standing = 'reversed'");
  breaks("UPDATE payment_items SET batch_sequence_num = NULL");
  breaks("UPDATE payment_items SET batch_id = 'no such batch'");
  breaks("UPDATE payment_items SET state = 'pending'");
  breaks("UPDATE authorizations SET state = 'awaiting_acquirer'");
  breaks("UPDATE pis SET authorized_minor = purch_minor + 1");
  breaks("UPDATE pis SET state = 'free_again'");
  breaks(
      "INSERT INTO pis (hpi_data, state, auth_rrpid, hoi_data, trans_ids, merchant_id, currency, "
      "purch_minor) SELECT hpi_data, 'in_progress', auth_rrpid, hoi_data, trans_ids, merchant_id, "
      "currency, purch_minor FROM pis");
  // Two live authorisations of one PI, whatever the code believes.
  breaks(
      "INSERT INTO authorizations (auth_rrpid, state, hpi_data, hoi_data, content_digest, xid, "
      "trans_ids, merchant, merchant_id, currency, purch_minor, requested_minor, capture_now, "
      "subsequent_auth_ind, auth_ret_num, received_at, request_digest) SELECT xid, "
      "'awaiting_acquirer', "
      "hpi_data, hoi_data, content_digest, xid, trans_ids, merchant, merchant_id, currency, "
      "purch_minor, requested_minor, capture_now, 0, auth_ret_num, received_at, request_digest "
      "FROM authorizations");
  // What was captured is undone once, whatever the code believes.
  const auto undo = [&](int position) {
    return "INSERT INTO payment_items (merchant, message, rrpid, position, kind, state, name, "
           "auth_rrpid, trans_ids, undoes, merchant_id, currency, amount_minor, final) SELECT "
           "merchant, 'CapRevReq', rrpid, " +
           std::to_string(position) + ", 'capture_reversal', 'pending', (SELECT substr(hpi_data, " +
           std::to_string(position) +
           ", 20) FROM authorizations), auth_rrpid, trans_ids, name, merchant_id, currency, "
           "amount_minor, 0 FROM payment_items "
           "WHERE kind = 'capture'";
  };
  value_of(
      store.database().in_transaction("test", [&](Transaction& t) { return t.execute(undo(1)); }));
  breaks(undo(2));
}

TEST_CASE_METHOD(StoreFixture, "two captured items never share a place in a batch") {
  value_of(store.advance(captured(claimed())));
  hpi_data = rng.make<Digest>();
  const auto second = claimed();
  CHECK(std::get<Captured>(value_of(store.advance(captured(second)))).batch_sequence_num == 2);
  breaks("UPDATE payment_items SET batch_sequence_num = 1");
}

TEST_CASE_METHOD(StoreFixture,
                 "nothing is added to a closed batch, but what was accepted before ends in it") {
  const auto first = claimed();
  BatchStore batches(store.database());
  CHECK(value_of(batches.close("shop-1", "20261122", ClosedBy::merchant, std::nullopt, now)) ==
        BAStatus::success);
  CHECK(value_of(batches.unsettled()).empty());  // one item is pending
  CHECK(std::get<Captured>(value_of(store.advance(captured(first)))).batch_id == "20261122");
  CHECK(value_of(batches.unsettled()).size() == 1);
  hpi_data = rng.make<Digest>();
  CHECK(claimed().terms.batch_id == "20261122-2");
  hpi_data = rng.make<Digest>();
  auto wishing = waiting();
  wishing.terms.batch_id = "20261122";
  CHECK(claim(wishing) == Claim::no_batch);
  CHECK(std::holds_alternative<UnusedPI>(value_of(store.find_pi(hpi_data))));
}

TEST_CASE("authorisations of before move into the tables of what follows them") {
  auto database = value_of(Database::open(test::database_url()));
  value_of(database.migrate(std::span(kMigrations).first(5)));
  value_of(database.in_transaction("test", [](Transaction& t) -> Result<void> {
    TRY(
        t.execute("INSERT INTO batches VALUES ('20261121', 'open', 5, 1), ('20261122', 'open', 9, "
                  "2)"));
    for (int i = 1; i <= 4; ++i) {
      const Bytes name(20, static_cast<std::uint8_t>(i));
      const Bytes digest(48, static_cast<std::uint8_t>(i));
      const bool captured = i <= 2;
      const bool waits = i == 3;
      TRY(t.execute("INSERT INTO pis VALUES ($1, $2, $3, 978, 500, $4)",
                    {digest, waits ? "in_progress" : "consumed", name, waits ? 0 : 500}));
      TRY(t.execute(
          "INSERT INTO authorizations (auth_rrpid, state, hpi_data, hoi_data, content_digest, xid, "
          "trans_ids, merchant, merchant_id, currency, purch_minor, requested_minor, "
          "authorized_minor, captured_minor, capture_now, auth_ret_num, received_at, auth_code, "
          "auth_date, cap_token, batch_id, batch_sequence_num, request_digest) VALUES ($1, $2, $3, "
          "$3, $3, $1, $4, $5, 'shop-1', 978, 500, 500, $6, $7, 1, '', 1, $8, 2, $9, $10, $11, $3)",
          {name,
           captured ? "captured"
           : waits  ? "awaiting_acquirer"
                    : "approved",
           digest, Bytes{}, Bytes(32, 7), waits ? 0 : 500, captured ? 500 : 0,
           waits ? SqlValue() : SqlValue(0), waits ? SqlValue() : SqlValue(Bytes{1}),
           captured ? SqlValue(i == 1 ? "20261121" : "20261122") : SqlValue(),
           captured ? SqlValue(1) : SqlValue()}));
    }
    return {};
  }));
  value_of(database.migrate(kMigrations));
  const auto text = [&](std::string_view sql) {
    std::string out;
    for (const auto& row :
         value_of(database.in_transaction("test", [&](Transaction& t) { return t.query(sql); }))) {
      out += row.text(0) + " ";
    }
    return out;
  };
  CHECK(text("SELECT batch_id || ' ' || state FROM batches ORDER BY batch_id") ==
        "20261121 closed 20261122 open ");
  CHECK(text("SELECT standing FROM authorizations ORDER BY auth_rrpid") ==
        "closed closed none open ");
  CHECK(text("SELECT batch_id FROM payment_items WHERE state = 'done' ORDER BY name") ==
        "20261121 20261122 ");
  CHECK(text("SELECT CAST(authorized_minor AS TEXT) FROM pis") == "500 500 500 500 ");
}

TEST_CASE_METHOD(StoreFixture, "a setting is saved and replaced") {
  CHECK_FALSE(value_of(store.find_setting(kAcquirerBinSetting)));
  value_of(store.save_setting(kAcquirerBinSetting, "400000"));
  value_of(store.save_setting(kAcquirerBinSetting, "400001"));
  CHECK(value_of(store.find_setting(kAcquirerBinSetting)) == "400001");
}

TEST_CASE("the old acquirer's book moves into the ledger, holds and captures and all") {
  auto database = value_of(Database::open(test::database_url()));
  value_of(database.migrate(std::span(kMigrations).first(2)));
  value_of(database.in_transaction("test", [](Transaction& t) -> Result<void> {
    const std::pair<std::string_view, int> holds[] = {
        {"held", 1}, {"captured", 2}, {"refused", 3}, {"expired", 4}, {"reversed", 5}};
    for (const auto& [state, name] : holds) {
      TRY(
          t.execute("INSERT INTO acquirer_holds (auth_rrpid, state, card_index, merchant_id, "
                    "currency, amount_minor, captured_minor, auth_code, approval_code, log_ref_id, "
                    "hold_expires, created_at) VALUES ($1, $2, $3, 'shop-1', 978, 100, $4, $5, "
                    "'123456', 'ref', 2000, $6)",
                    {Bytes(20, static_cast<std::uint8_t>(name)), state, Bytes(48, 7),
                     state == "captured" ? 100 : 0, state == "refused" ? 4 : 0, name}));
    }
    // Reversed before it was asked.
    TRY(
        t.execute("INSERT INTO acquirer_holds (auth_rrpid, state, created_at) VALUES ($1, "
                  "'reversed', 6)",
                  {Bytes(20, 6)}));
    return {};
  }));
  value_of(database.migrate(kMigrations));
  const auto rows = value_of(database.in_transaction("test", [](Transaction& t) {
    return t.query(
        "SELECT state, held_minor, captured_minor, response_code FROM ledger_holds "
        "ORDER BY created_at");
  }));
  REQUIRE(rows.size() == 6);
  const auto row = [&](std::size_t i) {
    return rows[i].text(0) + " " + std::to_string(rows[i].integer(1)) + " " +
           std::to_string(rows[i].integer(2));
  };
  CHECK(row(0) == "held 100 0");
  CHECK(row(1) == "closed 100 100");
  CHECK(row(2) == "refused 0 0");
  CHECK(rows[2].text(3) == "01");
  CHECK(row(3) == "held 100 0");  // its time is over, which its hold_expires says
  CHECK(row(4) == "reversed 0 0");
  CHECK(row(5) == "reversed 0 0");
  const auto entries = value_of(database.in_transaction(
      "test", [](Transaction& t) { return t.query("SELECT name FROM ledger_entries"); }));
  REQUIRE(entries.size() == 1);
  CHECK(entries[0].blob(0) == Bytes(20, 2));
}

}  // namespace set::gateway::test
