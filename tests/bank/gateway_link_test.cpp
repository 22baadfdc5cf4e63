// The gateway's and the CA's clients against a real bank over loopback: what is lost, late, doubled
// or garbled on the way ends as it must, and the books agree.
#include <chrono>
#include <thread>

#include "ca/bank_client.h"
#include "common/crypto/random.h"
#include "deploy/sandbox/service.h"
#include "gateway/iso8583_client.h"
#include "gateway/schema.h"
#include "tests/bank/bank_world.h"
#include "tests/support/databases.h"

namespace set::bank::test {
namespace {

using gateway::AcquirerMovement;
using gateway::AcquirerName;

/// A bank that serves and can be restarted at one address, and a gateway's database.
struct LinkWorld : BankWorld {
  Script script;
  std::vector<Rule> rules;
  std::vector<std::unique_ptr<Script>> script_storage;
  std::unique_ptr<Service> service;
  std::string address = "127.0.0.1:0";
  Database gateway_database = open_gateway();
  std::unique_ptr<gateway::Iso8583Client> client;
  Rng& rng = Rng::system();
  std::int64_t park_after = 8;

  LinkWorld() {
    now = system_clock()();
    start_bank();
    start_client();
  }

  static Database open_gateway() {
    auto database = must(Database::open(set::test::database_url()));
    must(database.migrate(gateway::kMigrations));
    return database;
  }
  void start_bank() {
    service = must(Service::start(must(ListenAddress::parse(address)), bank, script,
                                  std::chrono::milliseconds(50)));
    address = service->address();
  }
  void stop_bank() { service.reset(); }
  iso8583::BankAddress bank_address() const {
    return must(iso8583::BankAddress::parse("tcp://" + address));
  }
  void start_client(Duration timeout = std::chrono::milliseconds(400)) {
    client.reset();
    client = std::make_unique<gateway::Iso8583Client>(
        gateway_database,
        gateway::Iso8583Options{.address = bank_address(),
                                .acquirer_bin = "400000",
                                .timeout = timeout,
                                .retry_after = std::chrono::milliseconds(50),
                                .echo_every = std::chrono::milliseconds(100),
                                .look_again = std::chrono::milliseconds(50),
                                .park_after = park_after},
        system_clock(), rng);
  }

  void rule(Action action, std::string_view type, std::int64_t times = 1,
            Duration delay = std::chrono::milliseconds(700)) {
    Rule out;
    out.type = type;
    out.action = action;
    out.times = times;
    out.delay = delay;
    rules.push_back(out);
  }
  /// The rules so far, with a fresh count.
  void use_rules() {
    stop_bank();
    script_storage.push_back(std::make_unique<Script>(rules));
    service = must(Service::start(must(ListenAddress::parse(address)), bank, *script_storage.back(),
                                  std::chrono::milliseconds(50)));
    start_client();  // whose line is a new one
  }

  Result<gateway::AcquirerAnswer> authorize(
      const RRPID& name, std::string_view amount, bool sale = false,
      std::string_view pan = kApprovePan,
      const std::optional<iso8583::Address>& address = std::nullopt) {
    const PANData account{.pan = must(Pan::parse(pan)),
                          .expiry = must(CardExpiry::parse("203012")),
                          .pan_secret = rng.secret(32),
                          .ex_nonce = rng.secret(32),
                          .cvv = must(CardVerificationValue::parse("123"))};
    return client->authorize({.auth_rrpid = name,
                              .account = account,
                              .amount = must(Amount::parse(amount)),
                              .capture_now = sale,
                              .merchant_id = "a-shop-with-a-long-name",
                              .batch_id = std::string(kBatchID),
                              .address = address});
  }
  AcquirerMovement movement(const RRPID& name, std::string_view amount) {
    return {.name = rng.make<AcquirerName>(),
            .auth_rrpid = name,
            .amount = must(Amount::parse(amount)),
            .batch_id = std::string(kBatchID)};
  }
  gateway::AcquirerReconciled reconcile(const SettlementTotals& totals) {
    Result<gateway::AcquirerReconciled> out = failure(ErrorCode::internal, "");
    eventually([&] {
      out = client->reconcile({.merchant_id = "a-shop-with-a-long-name",
                               .batch_id = std::string(kBatchID),
                               .currency = must(Currency::from_code("EUR")),
                               .totals = totals});
      return out.has_value();
    });
    return must(std::move(out));
  }
  template <class Done>
  void eventually(const Done& done) {
    for (int i = 0; i < 500 && !done(); ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    CHECK(done());
  }
  std::int64_t held() {
    return must(database.in_transaction(
                    "test",
                    [](Transaction& t) {
                      return t.query_one("SELECT COALESCE(SUM(held_minor), 0) FROM ledger_holds");
                    }))
        ->integer(0);
  }
  std::int64_t reversed() {
    return must(database.in_transaction(
                    "test",
                    [](Transaction& t) {
                      return t.query_one(
                          "SELECT COUNT(*) FROM ledger_holds WHERE state = 'reversed'");
                    }))
        ->integer(0);
  }
};

template <class T>
void check_unknown(const Result<T>& result) {
  REQUIRE_FALSE(result);
  CHECK(result.error().code == ErrorCode::outcome_unknown);
}

}  // namespace

TEST_CASE_METHOD(LinkWorld, "a purchase's whole life over the line, and both books agree") {
  const auto name = rng.make<RRPID>();
  const auto answer = must(authorize(name, "100.00 EUR"));
  CHECK(answer.code == AuthCode::approved);
  CHECK(answer.approval_code.size() == 6);
  CHECK(answer.hold_expires > now);
  CHECK(must(authorize(name, "100.00 EUR")).approval_code == answer.approval_code);
  CHECK(must(client->inquire(name))->approval_code == answer.approval_code);
  CHECK_FALSE(must(client->inquire(rng.make<RRPID>())));

  CHECK(client->lower(movement(name, "80.00 EUR")));
  const auto first = movement(name, "30.00 EUR");
  CHECK(client->capture(first, false));
  CHECK(client->capture(first, false));
  const auto second = movement(name, "50.00 EUR");
  CHECK(client->capture(second, true));
  CHECK(client->reverse_capture(rng.make<AcquirerName>(), second.name, std::string(kBatchID)));
  const auto credited = movement(name, "10.00 EUR");
  CHECK(client->credit(credited));
  CHECK(client->reverse_credit(rng.make<AcquirerName>(), credited.name, std::string(kBatchID)));
  const SettlementTotals totals{.debits = {2, 8000},
                                .debit_reversals = {1, 5000},
                                .credits = {1, 1000},
                                .credit_reversals = {1, 1000}};
  CHECK(reconcile(totals).in_balance);
  const auto other = reconcile({});
  CHECK_FALSE(other.in_balance);
  CHECK(other.totals == totals);
}

TEST_CASE_METHOD(LinkWorld, "the bank's refusals are conflicts, and its declines decide") {
  CHECK(must(authorize(rng.make<RRPID>(), "1.00 EUR", false, kDeclinePan)).code ==
        AuthCode::declined);
  CHECK(must(authorize(rng.make<RRPID>(), "1.00 EUR", false, kReferralPan)).code ==
        AuthCode::call_issuer);
  const auto huge = Amount::make(must(Currency::from_code("EUR")), 1'000'000'000'000);
  CHECK(must(authorize(rng.make<RRPID>(), to_string(*huge))).code == AuthCode::amount_error);
  const auto name = rng.make<RRPID>();
  CHECK(must(authorize(name, "10.00 EUR")).code == AuthCode::approved);
  const auto conflict = [](const Result<void>& result) {
    return !result && result.error().code == ErrorCode::conflict;
  };
  CHECK(conflict(client->capture(movement(name, "10.01 EUR"), true)));
  CHECK(conflict(client->credit(movement(name, "0.01 EUR"))));
  CHECK(conflict(client->capture(movement(rng.make<RRPID>(), "1.00 EUR"), true)));
  auto used = movement(name, "1.00 EUR");
  CHECK(client->capture(used, false));
  used.amount = must(Amount::parse("2.00 EUR"));
  CHECK(conflict(client->capture(used, false)));
  CHECK(conflict(client->credit(used)));
}

TEST_CASE_METHOD(LinkWorld, "a sale's capture follows by itself, under the authorisation's name") {
  const auto name = rng.make<RRPID>();
  CHECK(must(authorize(name, "49.95 EUR", true)).code == AuthCode::approved);
  CHECK(reconcile({.debits = {1, 4995}}).in_balance);
  CHECK(client->reverse_capture(rng.make<AcquirerName>(), gateway::sale_capture_name(name),
                                std::string(kBatchID)));
  CHECK(reconcile({.debits = {1, 4995}, .debit_reversals = {1, 4995}}).in_balance);
}

TEST_CASE_METHOD(LinkWorld,
                 "an authorisation by reference needs no card, and is a purchase of its own") {
  const auto first = rng.make<RRPID>();
  CHECK(must(authorize(first, "600.00 EUR", true)).code == AuthCode::approved);
  const auto by_reference = [&](const RRPID& name, const RRPID& original, std::string_view amount) {
    return client->authorize_subsequent({.auth_rrpid = name,
                                         .original = original,
                                         .amount = must(Amount::parse(amount)),
                                         .capture_now = false,
                                         .merchant_id = "a-shop-with-a-long-name",
                                         .batch_id = std::string(kBatchID)});
  };
  const auto second = rng.make<RRPID>();
  CHECK(must(by_reference(second, first, "300.00 EUR")).code == AuthCode::approved);
  CHECK(must(by_reference(rng.make<RRPID>(), second, "100.01 EUR")).code == AuthCode::declined);
  CHECK_FALSE(by_reference(rng.make<RRPID>(), rng.make<RRPID>(), "1.00 EUR"));
  CHECK(client->capture(movement(second, "250.00 EUR"), true));
  CHECK(client->credit(movement(second, "50.00 EUR")));
  CHECK(reconcile({.debits = {2, 85000}, .credits = {1, 5000}}).in_balance);
  CHECK(client->reverse(second));
  eventually([&] { return reversed() == 1; });
}

TEST_CASE_METHOD(LinkWorld, "no answer, or one that comes too late, ends in a reversal") {
  rule(Action::silent, "0100");
  rule(Action::late, "0100");
  use_rules();
  for (int i = 0; i < 2; ++i) {
    const auto name = rng.make<RRPID>();
    check_unknown(authorize(name, "1000.00 EUR"));
    check_unknown(client->inquire(name));
    CHECK(client->reverse(name));
    CHECK(client->reverse(name));
    eventually([&] { return reversed() == i + 1; });
    CHECK(held() == 0);
    check_unknown(authorize(name, "1000.00 EUR"));
  }
  // Long after the late answer: nothing is held, the line still works.
  std::this_thread::sleep_for(std::chrono::milliseconds(400));
  CHECK(must(authorize(rng.make<RRPID>(), "1000.00 EUR")).code == AuthCode::approved);
}

TEST_CASE_METHOD(LinkWorld, "an answer that comes twice counts once") {
  rule(Action::duplicate, "0100", 1);
  rule(Action::duplicate, "0220", 1);
  use_rules();
  const auto name = rng.make<RRPID>();
  CHECK(must(authorize(name, "10.00 EUR")).code == AuthCode::approved);
  CHECK(client->capture(movement(name, "10.00 EUR"), true));
  CHECK(must(authorize(rng.make<RRPID>(), "10.00 EUR")).code == AuthCode::approved);
  CHECK(reconcile({.debits = {1, 1000}}).in_balance);
}

TEST_CASE_METHOD(LinkWorld, "a garbled answer ends the connection; the outcome is unknown") {
  rule(Action::garbled, "0100", 1);
  rule(Action::close, "0100", 1);
  rule(Action::partial_bytes, "0100", 1);
  use_rules();
  for (int i = 0; i < 3; ++i) {
    const auto name = rng.make<RRPID>();
    check_unknown(authorize(name, "10.00 EUR"));
    CHECK(client->reverse(name));
    eventually([&] { return reversed() == i + 1; });
  }
  eventually([&] { return authorize(rng.make<RRPID>(), "1.00 EUR").has_value(); });
}

TEST_CASE_METHOD(LinkWorld, "a partial approval, which SET has no word for, is a decline undone") {
  rule(Action::partial, "0100", 1);
  rules.back().partial = must(Amount::parse("5.00 EUR"));
  use_rules();
  const auto name = rng.make<RRPID>();
  CHECK(must(authorize(name, "10.00 EUR")).code == AuthCode::declined);
  eventually([&] { return reversed() == 1; });
  CHECK(held() == 0);
  CHECK(must(authorize(name, "10.00 EUR")).code == AuthCode::declined);
}

TEST_CASE_METHOD(LinkWorld, "what follows is kept while the bank is away, and forwarded in order") {
  const auto name = rng.make<RRPID>();
  CHECK(must(authorize(name, "100.00 EUR")).code == AuthCode::approved);
  stop_bank();
  const auto captured = movement(name, "40.00 EUR");
  check_unknown(client->capture(captured, false));
  const auto undone = rng.make<AcquirerName>();
  check_unknown(client->reverse_capture(undone, captured.name, std::string(kBatchID)));
  SECTION("by the same gateway") {}
  SECTION("by one that was started anew") { start_client(); }
  SECTION("although the first attempts get no answer") {
    rule(Action::silent, "0220", 2);
    script_storage.push_back(std::make_unique<Script>(rules));
  }
  auto& with = script_storage.empty() ? script : *script_storage.back();
  service = must(Service::start(must(ListenAddress::parse(address)), bank, with, {}));
  eventually([&] {
    return client->reverse_capture(undone, captured.name, std::string(kBatchID)).has_value();
  });
  CHECK(client->capture(captured, false));
  CHECK(reconcile({.debits = {1, 4000}, .debit_reversals = {1, 4000}}).in_balance);
}

TEST_CASE_METHOD(LinkWorld,
                 "the issuer compares the address, and says what card it is and what is billed") {
  const auto asked = [&](const char* street, const char* postal_code) {
    AVSData data;
    data.street_address = street;
    data.postal_code = postal_code;
    return iso8583::address_of(data);
  };
  const auto name = rng.make<RRPID>();
  const auto notes =
      must(authorize(name, "1.00 EUR", false, set::test::kVisa, asked("12 Tea Lane", "AB1-2CD")))
          .notes;
  CHECK(notes.avs_result == AVSResult::full_match);
  CHECK(notes.card_type == CardType::platinum);
  REQUIRE(notes.curr_conv);
  CHECK(to_string(*notes.curr_conv, must(Currency::from_code("EUR"))) == "1 EUR = 1.084 USD");
  // The answer that is kept is the answer that was given.
  const auto again = must(client->inquire(name));
  REQUIRE(again);
  CHECK(again->notes.avs_result == AVSResult::full_match);
  CHECK(again->notes.curr_conv == notes.curr_conv);
  // What does not match is told, and is no reason to decline.
  const auto other = must(
      authorize(rng.make<RRPID>(), "1.00 EUR", false, set::test::kVisa, asked("Tea Lane 12", "1")));
  CHECK(other.code == AuthCode::approved);
  CHECK(other.notes.avs_result == AVSResult::address_match_only);
  // A card whose issuer has no address, and a purchase without one.
  const auto none =
      must(authorize(rng.make<RRPID>(), "1.00 EUR", false, kApprovePan, asked("1", "1")));
  CHECK(none.notes.avs_result == AVSResult::result_unavailable);
  CHECK_FALSE(none.notes.curr_conv);
  CHECK_FALSE(must(authorize(rng.make<RRPID>(), "1.00 EUR")).notes.avs_result);
}

TEST_CASE_METHOD(LinkWorld,
                 "what the bank answers with garbage again and again is parked with what follows "
                 "it, and holds up nothing else") {
  park_after = 3;
  const auto first = rng.make<RRPID>();
  const auto second = rng.make<RRPID>();
  CHECK(must(authorize(first, "100.00 EUR")).code == AuthCode::approved);
  CHECK(must(authorize(second, "100.00 EUR")).code == AuthCode::approved);
  rule(Action::garbled, "0220");
  rules.back().times.reset();
  rules.back().amount = must(Amount::parse("13.00 EUR"));
  use_rules();
  const auto stuck = movement(first, "13.00 EUR");
  check_unknown(client->capture(stuck, false));
  const auto behind = movement(first, "2.00 EUR");
  check_unknown(client->capture(behind, false));
  // Another purchase is not held up by it.
  const auto other = movement(second, "50.00 EUR");
  eventually([&] { return client->capture(other, true).has_value(); });
  const auto length = [&] {
    return must(gateway_database.in_transaction("test", [](Transaction& t) {
      return gateway::questions::queue_length(t, std::string("a-shop-with-a-long-name"));
    }));
  };
  eventually([&] { return length().queued == 0; });
  CHECK(length().parked == 2);
  CHECK(must(client->is_waiting(stuck.name)));
  CHECK(must(client->is_waiting(behind.name)));
  CHECK_FALSE(must(client->is_waiting(other.name)));
  // The batch is not compared without it, and nobody waits for that.
  const auto begun = std::chrono::steady_clock::now();
  const auto compared = client->reconcile({.merchant_id = "a-shop-with-a-long-name",
                                           .batch_id = std::string(kBatchID),
                                           .currency = must(Currency::from_code("EUR")),
                                           .totals = {}});
  REQUIRE_FALSE(compared);
  CHECK(compared.error().code == ErrorCode::in_progress);
  CHECK(std::chrono::steady_clock::now() - begun < std::chrono::milliseconds(200));
  // The bank is mended, and an operator sends it again: by another process, so nobody is told.
  rules.clear();
  use_rules();
  CHECK(must(gateway_database.in_transaction("test", [](Transaction& t) {
          return gateway::questions::retry(t, std::nullopt);
        })) == 1);
  eventually([&] { return client->capture(behind, false).has_value(); });
  CHECK(client->capture(stuck, false));
  CHECK(reconcile({.debits = {3, 6500}}).in_balance);
}

TEST_CASE_METHOD(LinkWorld, "many at once share the line, and each gets its own answer") {
  start_client(std::chrono::seconds(10));
  std::vector<std::jthread> threads;
  std::atomic<int> approved = 0;
  for (int i = 0; i < 20; ++i) {
    threads.emplace_back([&, i] {
      // Every second card is slow, so that answers overtake each other.
      const auto pan = i % 2 == 0 ? kApprovePan : kSlowPan;
      const auto name = rng.make<RRPID>();
      const auto answer = authorize(name, fmt::format("{}.00 EUR", i + 1), false, pan);
      if (!answer || answer->code != AuthCode::approved) return;
      if (client->capture(movement(name, fmt::format("{}.00 EUR", i + 1)), true)) ++approved;
    });
  }
  threads.clear();
  CHECK(approved == 20);
  CHECK(reconcile({.debits = {20, 21000}}).in_balance);
}

TEST_CASE_METHOD(LinkWorld, "the CA asks the bank about a card") {
  ca::BankClient bank_client(bank_address(), std::chrono::seconds(5), system_clock(), rng);
  const auto card = [&](std::string_view verification) {
    return PANData0{.pan = must(Pan::parse(kApprovePan)),
                    .expiry = must(CardExpiry::parse("203012")),
                    .card_secret = rng.secret(32),
                    .ex_nonce = rng.secret(32),
                    .cvv = must(CardVerificationValue::parse(verification))};
  };
  CHECK(must(bank_client.vouches_for(card("123"), "Alice Example")));
  CHECK_FALSE(must(bank_client.vouches_for(card("124"), "Alice Example")));
  CHECK_FALSE(must(bank_client.vouches_for(card("123"), "Bob Example")));
  CHECK_FALSE(must(bank_client.vouches_for(card("123"),
                                           "Al\xC3\xAD"
                                           "ce Example")));
  CHECK(held() == 0);
}

}  // namespace set::bank::test
