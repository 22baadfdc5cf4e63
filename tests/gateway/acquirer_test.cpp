#include "gateway/acquirer_client.h"

#include "tests/gateway/world.h"
#include "tests/support/databases.h"
#include "tests/support/test_pans.h"

namespace set::gateway::test {
namespace {

/// Cards, a book and a clock, without a gateway around them.
struct Bank {
  Rng& rng = Rng::system();
  Instant now = value_of(parse_instant("2026-11-22T10:00:00Z"));
  CardFile cards = test_cards();
  Store store = value_of(Store::open(test::database_url(), DatabaseUse::daemon));
  std::vector<Duration> slept;
  AcquirerClient acquirer = with({});

  AcquirerClient with(AcquirerOptions options) {
    return AcquirerClient(
        store.database(), cards, SecretBytes::copy_of(Bytes(48, 7)), options,
        [this] { return now; }, [this](Duration time) { slept.push_back(time); });
  }

  PANData account(std::string_view pan, std::string_view expiry = kExpiry) {
    return {.pan = value_of(Pan::parse(pan)),
            .expiry = value_of(CardExpiry::parse(expiry)),
            .pan_secret = rng.secret(32),
            .ex_nonce = rng.secret(32),
            .cvv = value_of(CardVerificationValue::parse(kVerification))};
  }

  struct Asked {
    RRPID auth_rrpid;
    Result<AcquirerAnswer> answer;
  };
  Asked ask(std::string_view pan, std::string_view amount, bool capture_now = false,
            std::string_view expiry = kExpiry) {
    const auto auth_rrpid = rng.make<RRPID>();
    return {auth_rrpid, ask_as(auth_rrpid, pan, amount, capture_now, expiry)};
  }
  Result<AcquirerAnswer> ask_as(const RRPID& auth_rrpid, std::string_view pan,
                                std::string_view amount, bool capture_now = false,
                                std::string_view expiry = kExpiry) {
    const auto with_account = account(pan, expiry);
    return acquirer.authorize({.auth_rrpid = auth_rrpid,
                               .account = with_account,
                               .amount = value_of(Amount::parse(amount)),
                               .capture_now = capture_now,
                               .merchant_id = "shop-1",
                               .batch_id = "20261122"});
  }
  AcquirerMovement movement(const RRPID& auth_rrpid, std::string_view amount,
                            std::string batch_id = "20261122") {
    return {.name = rng.make<AcquirerName>(),
            .auth_rrpid = auth_rrpid,
            .amount = value_of(Amount::parse(amount)),
            .batch_id = std::move(batch_id)};
  }
  Result<void> capture(const RRPID& auth_rrpid, std::string_view amount, bool final = true) {
    return acquirer.capture(movement(auth_rrpid, amount), final);
  }
  SettlementTotals totals(std::string_view batch_id = "20261122") {
    return value_of(acquirer.reconcile({.merchant_id = "shop-1",
                                        .batch_id = std::string(batch_id),
                                        .currency = value_of(Currency::from_code("EUR")),
                                        .totals = {}}))
        .totals;
  }
  AuthCode code(std::string_view pan, std::string_view amount, bool capture_now = false,
                std::string_view expiry = kExpiry) {
    return value_of(ask(pan, amount, capture_now, expiry).answer).code;
  }
};

}  // namespace

TEST_CASE_METHOD(Bank, "each card behaves as the card file says") {
  CHECK(code(kApprovePan, "10.00 EUR") == AuthCode::approved);
  CHECK(code(kDeclinePan, "10.00 EUR") == AuthCode::declined);
  CHECK(code(kReferralPan, "10.00 EUR") == AuthCode::call_issuer);
  CHECK(code(kExpiredPan, "10.00 EUR") == AuthCode::expired_card);
  CHECK(slept.empty());
  CHECK(code(kSlowPan, "10.00 EUR") == AuthCode::approved);
  CHECK(slept == std::vector<Duration>{std::chrono::seconds(2)});
  const auto silent = ask(kNoReplyPan, "10.00 EUR").answer;
  REQUIRE_FALSE(silent);
  CHECK(silent.error().code == ErrorCode::outcome_unknown);
}

TEST_CASE_METHOD(Bank, "a gateway with less patience than a slow card takes gets no answer") {
  const auto impatient = ask(kSlowPan, "1.00 EUR");
  CHECK(impatient.answer);
  auto quick = with({.timeout = std::chrono::seconds(1)});
  const auto with_account = account(kSlowPan);
  const auto answer = quick.authorize({.auth_rrpid = rng.make<RRPID>(),
                                       .account = with_account,
                                       .amount = euro("1.00"),
                                       .capture_now = false,
                                       .merchant_id = "shop-1"});
  REQUIRE_FALSE(answer);
  CHECK(answer.error().code == ErrorCode::outcome_unknown);
}

TEST_CASE_METHOD(Bank,
                 "an unknown card, a wrong expiry and a card past its date are not approved") {
  CHECK(code(kVisa, "10.00 EUR") == AuthCode::declined);
  CHECK(code(kApprovePan, "10.00 EUR", false, "203111") == AuthCode::declined);
  CHECK(code(kApprovePan, "10.00 EUR", false, "202610") == AuthCode::expired_card);
  now = value_of(parse_instant("2030-12-31T23:59:59Z"));
  CHECK(code(kApprovePan, "10.00 EUR") == AuthCode::approved);
  now = value_of(parse_instant("2031-01-01T00:00:00Z"));
  CHECK(code(kApprovePan, "10.00 EUR") == AuthCode::expired_card);
}

TEST_CASE_METHOD(Bank, "holds and captured sums count against the limit of their currency") {
  CHECK(code(kApprovePan, "600.00 EUR", true) == AuthCode::approved);
  CHECK(code(kApprovePan, "400.01 EUR") == AuthCode::declined);
  CHECK(code(kApprovePan, "400.00 EUR") == AuthCode::approved);
  CHECK(code(kApprovePan, "0.01 EUR") == AuthCode::declined);
  CHECK(code(kApprovePan, "50000 JPY") == AuthCode::approved);
  CHECK(code(kApprovePan, "1 JPY") == AuthCode::declined);
  CHECK(code(kApprovePan, "1.00 USD") == AuthCode::declined);
}

TEST_CASE_METHOD(Bank, "a hold ends with its time, a capture does not") {
  CHECK(code(kApprovePan, "300.00 EUR", true) == AuthCode::approved);
  const auto held = ask(kApprovePan, "700.00 EUR");
  CHECK(code(kApprovePan, "0.01 EUR") == AuthCode::declined);
  now = value_of(held.answer).hold_expires;
  CHECK(code(kApprovePan, "700.00 EUR") == AuthCode::approved);
  CHECK(code(kApprovePan, "0.01 EUR") == AuthCode::declined);
  CHECK_FALSE(capture(held.auth_rrpid, "700.00 EUR"));
}

TEST_CASE_METHOD(Bank, "a final capture, in part or whole, frees what is left") {
  const auto held = ask(kApprovePan, "1000.00 EUR");
  CHECK_FALSE(capture(held.auth_rrpid, "1000.01 EUR"));
  CHECK_FALSE(capture(held.auth_rrpid, "100 JPY"));
  const auto part = movement(held.auth_rrpid, "900.00 EUR");
  CHECK(acquirer.capture(part, true));
  CHECK(acquirer.capture(part, true));
  CHECK_FALSE(capture(held.auth_rrpid, "100.00 EUR"));
  CHECK(code(kApprovePan, "100.00 EUR") == AuthCode::approved);
  CHECK(code(kApprovePan, "0.01 EUR") == AuthCode::declined);
  CHECK_FALSE(capture(rng.make<RRPID>(), "1.00 EUR"));
}

TEST_CASE_METHOD(Bank, "a hold is captured in parts until nothing is left of it") {
  const auto held = ask(kApprovePan, "1000.00 EUR");
  CHECK(capture(held.auth_rrpid, "300.00 EUR", false));
  CHECK(code(kApprovePan, "0.01 EUR") == AuthCode::declined);  // the rest is still held
  CHECK_FALSE(capture(held.auth_rrpid, "700.01 EUR", false));
  CHECK(capture(held.auth_rrpid, "700.00 EUR", false));
  CHECK_FALSE(capture(held.auth_rrpid, "0.01 EUR", false));
  CHECK(totals().debits == CountAndSum{2, 100'000});
}

TEST_CASE_METHOD(Bank, "a hold can be lowered, but not below what was captured") {
  const auto held = ask(kApprovePan, "1000.00 EUR");
  CHECK(capture(held.auth_rrpid, "300.00 EUR", false));
  CHECK_FALSE(acquirer.lower(movement(held.auth_rrpid, "299.99 EUR")));
  CHECK_FALSE(acquirer.lower(movement(held.auth_rrpid, "1000.01 EUR")));
  const auto lowered = movement(held.auth_rrpid, "400.00 EUR");
  CHECK(acquirer.lower(lowered));
  CHECK(acquirer.lower(lowered));
  CHECK(code(kApprovePan, "600.00 EUR") == AuthCode::approved);
  CHECK_FALSE(capture(held.auth_rrpid, "100.01 EUR"));
  CHECK(capture(held.auth_rrpid, "100.00 EUR"));
}

TEST_CASE_METHOD(Bank, "a capture is undone once, and may then be made again") {
  const auto held = ask(kApprovePan, "500.00 EUR");
  const auto captured = movement(held.auth_rrpid, "500.00 EUR");
  const auto undone = rng.make<AcquirerName>();
  CHECK(acquirer.capture(captured, true));
  CHECK(acquirer.reverse_capture(undone, captured.name, "20261123"));
  CHECK(acquirer.reverse_capture(undone, captured.name, "20261123"));
  CHECK_FALSE(acquirer.reverse_capture(rng.make<AcquirerName>(), captured.name, "20261123"));
  CHECK(capture(held.auth_rrpid, "500.00 EUR"));
  CHECK(totals().debits == CountAndSum{2, 100'000});
  CHECK(totals("20261123").debit_reversals == CountAndSum{1, 50'000});
  CHECK(totals("20261123").net_minor() == -50'000);
}

TEST_CASE_METHOD(Bank, "a movement that is reversed before it comes will be refused") {
  const auto held = ask(kApprovePan, "500.00 EUR");
  const auto captured = movement(held.auth_rrpid, "500.00 EUR");
  CHECK(acquirer.reverse_capture(rng.make<AcquirerName>(), captured.name, "20261122"));
  CHECK_FALSE(acquirer.capture(captured, true));
  CHECK(capture(held.auth_rrpid, "500.00 EUR"));
}

TEST_CASE_METHOD(Bank, "credits go up to what was captured, and can be undone") {
  const auto sale = ask(kApprovePan, "1000.00 EUR", true);
  CHECK_FALSE(acquirer.credit(movement(sale.auth_rrpid, "1000.01 EUR")));
  const auto credited = movement(sale.auth_rrpid, "600.00 EUR");
  CHECK(acquirer.credit(credited));
  CHECK(acquirer.credit(credited));
  CHECK_FALSE(acquirer.credit(movement(sale.auth_rrpid, "400.01 EUR")));
  CHECK(code(kApprovePan, "600.01 EUR") == AuthCode::declined);
  // Money that went back cannot be taken off by undoing the sale as well.
  const auto sale_capture = sale_capture_name(sale.auth_rrpid);
  CHECK_FALSE(acquirer.reverse_capture(rng.make<AcquirerName>(), sale_capture, "20261122"));
  CHECK(acquirer.reverse_credit(rng.make<AcquirerName>(), credited.name, "20261122"));
  CHECK(acquirer.credit(movement(sale.auth_rrpid, "1000.00 EUR")));
  CHECK(totals() == SettlementTotals{.debits = {1, 100'000},
                                     .debit_reversals = {},
                                     .credits = {2, 160'000},
                                     .credit_reversals = {1, 60'000}});
  CHECK(totals().net_minor() == 0);
}

TEST_CASE_METHOD(Bank, "a name used for one thing is refused for another") {
  const auto held = ask(kApprovePan, "500.00 EUR");
  auto used = movement(held.auth_rrpid, "100.00 EUR");
  CHECK(acquirer.capture(used, false));
  CHECK_FALSE(acquirer.credit(used));
  used.amount = euro("100.01");
  CHECK_FALSE(acquirer.capture(used, false));
}

TEST_CASE_METHOD(Bank, "a reconciliation says whether the batch's totals agree") {
  CHECK(ask(kApprovePan, "10.00 EUR", true).answer);
  AcquirerReconciliation batch{.merchant_id = "shop-1",
                               .batch_id = "20261122",
                               .currency = value_of(Currency::from_code("EUR")),
                               .totals = {.debits = {1, 1000}}};
  CHECK(value_of(acquirer.reconcile(batch)).in_balance);
  batch.totals.debits.minor = 999;
  CHECK_FALSE(value_of(acquirer.reconcile(batch)).in_balance);
}

TEST_CASE_METHOD(Bank, "an authorisation may use the card of an approved one, and counts on it") {
  const auto first = ask(kApprovePan, "600.00 EUR", true);
  const auto subsequent = [&](const RRPID& name, const RRPID& original, std::string_view amount,
                              std::string merchant_id = "shop-1") {
    return acquirer.authorize_subsequent({.auth_rrpid = name,
                                          .original = original,
                                          .amount = value_of(Amount::parse(amount)),
                                          .capture_now = true,
                                          .merchant_id = std::move(merchant_id),
                                          .batch_id = "20261122"});
  };
  const auto name = rng.make<RRPID>();
  const auto approved = value_of(subsequent(name, first.auth_rrpid, "400.00 EUR"));
  CHECK(approved.code == AuthCode::approved);
  CHECK(value_of(subsequent(name, first.auth_rrpid, "400.00 EUR")).approval_code ==
        approved.approval_code);
  CHECK(value_of(subsequent(rng.make<RRPID>(), name, "0.01 EUR")).code == AuthCode::declined);
  CHECK(totals().debits == CountAndSum{2, 100'000});
  const auto refused = ask(kDeclinePan, "1.00 EUR");
  for (const auto& original : {rng.make<RRPID>(), refused.auth_rrpid}) {
    CHECK_FALSE(subsequent(rng.make<RRPID>(), original, "1.00 EUR"));
  }
  CHECK_FALSE(subsequent(rng.make<RRPID>(), first.auth_rrpid, "1.00 EUR", "shop-2"));
  now = value_of(parse_instant("2031-01-01T00:00:00Z"));
  CHECK(value_of(subsequent(rng.make<RRPID>(), first.auth_rrpid, "1.00 EUR")).code ==
        AuthCode::expired_card);
}

TEST_CASE_METHOD(Bank, "a whole authorisation can be undone with all that came of it") {
  const auto held = ask(kApprovePan, "1000.00 EUR");
  CHECK(capture(held.auth_rrpid, "600.00 EUR", false));
  CHECK(acquirer.credit(movement(held.auth_rrpid, "100.00 EUR")));
  CHECK(acquirer.reverse(held.auth_rrpid));
  CHECK(totals().net_minor() == 0);
  CHECK(code(kApprovePan, "1000.00 EUR") == AuthCode::approved);
}

TEST_CASE_METHOD(Bank,
                 "a repeat under one authRRPID gets the first answer and holds nothing twice") {
  const auto first = ask(kApprovePan, "600.00 EUR");
  for (int i = 0; i < 3; ++i) {
    const auto again = value_of(ask_as(first.auth_rrpid, kApprovePan, "600.00 EUR"));
    CHECK(again.approval_code == value_of(first.answer).approval_code);
    CHECK(again.log_ref_id == value_of(first.answer).log_ref_id);
  }
  CHECK(code(kApprovePan, "400.00 EUR") == AuthCode::approved);
  const auto other = ask_as(first.auth_rrpid, kApprovePan, "600.01 EUR");
  REQUIRE_FALSE(other);
  CHECK(other.error().code == ErrorCode::conflict);
  CHECK_FALSE(ask_as(first.auth_rrpid, kSlowPan, "600.00 EUR"));
}

TEST_CASE_METHOD(Bank, "what was answered can be asked for again, without the card") {
  const auto first = ask(kApprovePan, "600.00 EUR");
  const auto known = value_of(acquirer.inquire(first.auth_rrpid));
  REQUIRE(known);
  CHECK(known->approval_code == value_of(first.answer).approval_code);
  CHECK_FALSE(value_of(acquirer.inquire(rng.make<RRPID>())));
}

TEST_CASE_METHOD(Bank, "a reversal frees what was held and ends its name") {
  const auto held = ask(kApprovePan, "1000.00 EUR");
  const auto sale = ask(kSlowPan, "1000.00 EUR", true);
  for (const auto& name : {held.auth_rrpid, held.auth_rrpid, sale.auth_rrpid}) {
    CHECK(acquirer.reverse(name));
  }
  CHECK(code(kApprovePan, "1000.00 EUR") == AuthCode::approved);
  CHECK(code(kSlowPan, "1000.00 EUR") == AuthCode::approved);
  CHECK_FALSE(capture(held.auth_rrpid, "1.00 EUR"));
  CHECK_FALSE(ask_as(held.auth_rrpid, kApprovePan, "1000.00 EUR"));
  CHECK_FALSE(acquirer.inquire(held.auth_rrpid));
}

TEST_CASE_METHOD(Bank, "a reversal that comes before its question keeps it from being approved") {
  const auto name = rng.make<RRPID>();
  CHECK(acquirer.reverse(name));
  CHECK_FALSE(ask_as(name, kApprovePan, "1.00 EUR"));
  CHECK(code(kApprovePan, "1000.00 EUR") == AuthCode::approved);
}

TEST_CASE_METHOD(Bank, "the book holds no card number") {
  CHECK(code(kApprovePan, "1.00 EUR") == AuthCode::approved);
  const auto rows = value_of(store.database().in_transaction(
      "test", [](Transaction& t) { return t.query("SELECT * FROM ledger_holds"); }));
  REQUIRE(rows.size() == 1);
  CHECK(rows[0].blob(3).size() == 48);
}

}  // namespace set::gateway::test
