// The bank's answers, message by message; no sockets.
#include <catch2/generators/catch_generators.hpp>

#include "tests/bank/bank_world.h"

namespace set::bank::test {

TEST_CASE_METHOD(BankWorld, "an authorisation is answered as the account allows") {
  const auto answer = ask(authorization("600.00 EUR"));
  CHECK(answer.mti == "0110");
  CHECK(answer.at(kResponseCode) == kApproved);
  CHECK(answer.at(kApprovalCode).size() == 6);
  CHECK(to_string(must(amount_of(answer))) == "600.00 EUR");
  CHECK(must(parse_full_time(answer.more(kHoldExpires))) == now + std::chrono::hours(24));
  CHECK(code(authorization("400.01 EUR")) == "51");
  CHECK(code(authorization("400.00 EUR")) == kApproved);
  CHECK(code(authorization("1.00 USD")) == "51");
  CHECK(code(authorization("1.00 EUR", kDeclinePan)) == "05");
  CHECK(code(authorization("1.00 EUR", kReferralPan)) == "01");
  CHECK(code(authorization("1.00 EUR", set::test::kMastercard)) == "14");
  auto wrong = authorization("1.00 EUR");
  wrong.verification = must(CardVerificationValue::parse("999"));
  CHECK(code(wrong) == "05");
  wrong = authorization("1.00 EUR");
  wrong.elements[kExpiry] = "2610";
  CHECK(code(wrong) == "54");
  wrong.elements[kExpiry] = "3013";
  wrong.elements[kStan] = "999999";
  CHECK(code(wrong) == "30");
  wrong = authorization("1.00 EUR");
  wrong.elements[kProcessingCode] = "010000";
  CHECK(code(wrong) == "12");
  wrong = authorization("1.00 EUR");
  wrong.elements[kAmount] = std::string(12, '0');
  CHECK(code(wrong) == "13");
}

TEST_CASE_METHOD(BankWorld,
                 "an authorisation without a card names an approved one of its merchant") {
  const auto first = authorization("600.00 EUR");
  CHECK(code(first) == kApproved);
  const auto by_reference = [&](const Message& original, std::string_view amount) {
    auto out = headed("0100", amount);
    out.elements[kOriginal] = original_of(original);
    out.additional.emplace(kOriginalRrn, original.at(kRrn));
    return out;
  };
  const auto second = by_reference(first, "400.00 EUR");
  CHECK(code(second) == kApproved);
  CHECK(code(second) == kApproved);
  CHECK(code(by_reference(second, "0.01 EUR")) == "51");
  CHECK(code(capture(second, "400.00 EUR")) == kApproved);
  CHECK(code(by_reference(authorization("1.00 EUR"), "1.00 EUR")) == "25");
  auto stranger = by_reference(first, "1.00 EUR");
  stranger.elements[kMerchant] = "shop-2         ";
  CHECK(code(stranger) == "25");
  CHECK(code(headed("0100", "1.00 EUR")) == "30");
}

TEST_CASE_METHOD(BankWorld, "a card is used so often and no more, and then again") {
  CHECK(code(authorization("1.00 EUR", set::test::kVisa)) == kApproved);
  CHECK(code(authorization("1.00 EUR", set::test::kVisa)) == kApproved);
  CHECK(code(authorization("1.00 EUR", set::test::kVisa)) == "65");
  now += std::chrono::hours(1);
  CHECK(code(authorization("1.00 EUR", set::test::kVisa)) == kApproved);
}

TEST_CASE_METHOD(BankWorld, "a repeat gets the same bytes and moves nothing; a stranger gets 94") {
  const auto first = authorization("600.00 EUR");
  const auto answer = handled(first).answer;
  auto repeat = authorization("600.00 EUR");
  repeat.mti = "0101";
  repeat.elements = first.elements;
  CHECK(handled(repeat).answer == answer);
  CHECK(handled(first).answer == answer);
  auto stranger = authorization("0.01 EUR");
  for (const int element : {kStan, kRrn}) stranger.elements[element] = first.at(element);
  CHECK(code(stranger) == "94");
  CHECK(code(authorization("400.00 EUR")) == kApproved);
}

TEST_CASE_METHOD(BankWorld, "a hold is lowered, captured in parts, and what is captured credited") {
  const auto hold = authorization("100.00 EUR");
  CHECK(code(hold) == kApproved);
  auto lowered = about("0420", hold, "100.00 EUR");
  lowered.elements[kReplacement] = "000000008000" + std::string(30, '0');
  CHECK(code(lowered) == kApproved);
  CHECK(code(capture(hold, "80.01 EUR", false)) == "13");
  const auto first = capture(hold, "30.00 EUR", false);
  CHECK(code(first) == kApproved);
  CHECK(code(first) == kApproved);
  const auto second = capture(hold, "50.00 EUR");
  CHECK(code(second) == kApproved);
  CHECK(code(capture(hold, "0.01 EUR")) == "25");
  CHECK(code(about("0420", second, "50.00 EUR")) == kApproved);
  CHECK(code(about("0420", second, "50.00 EUR")) == "94");
  const auto credit = about("0220", hold, "10.00 EUR", kRefund);
  CHECK(code(credit) == kApproved);
  CHECK(code(about("0220", hold, "20.01 EUR", kRefund)) == "13");
  CHECK(code(about("0420", credit, "10.00 EUR", kRefund)) == kApproved);

  const auto report = must(batches_json(database, 100));
  REQUIRE(report.size() == 1);
  CHECK(report[0].at("debits") == nlohmann::json{{"number", 2}, {"minor", 8000}});
  CHECK(report[0].at("debit_reversals") == nlohmann::json{{"number", 1}, {"minor", 5000}});
  CHECK(report[0].at("credits") == nlohmann::json{{"number", 1}, {"minor", 1000}});
  CHECK(report[0].at("credit_reversals") == nlohmann::json{{"number", 1}, {"minor", 1000}});
  CHECK(report[0].at("net_minor") == 3000);
  const auto entries = must(entries_json(database, 100));
  CHECK(entries.size() == 6);
  CHECK(must(entries_json(database, 2)).size() == 2);
  CHECK(must(entries_json(database, 2))[0] == entries[0]);
  CHECK(entries[4].at("amount") == "30.00 EUR");
  CHECK(entries[4].at("rrn") == hold.at(kRrn));
}

TEST_CASE_METHOD(BankWorld, "a reversal frees its authorisation, also before that comes") {
  const auto hold = authorization("1000.00 EUR");
  CHECK(code(hold) == kApproved);
  CHECK(code(about("0400", hold, "1000.00 EUR")) == kApproved);
  CHECK(code(capture(hold, "1.00 EUR")) == "25");
  CHECK(code(authorization("1000.00 EUR", kSlowPan)) == kApproved);
  const auto late = authorization("1000.00 EUR");
  CHECK(code(about("0420", late, "1000.00 EUR")) == kApproved);
  CHECK(code(late) == "12");
  CHECK(code(authorization("1000.00 EUR")) == kApproved);
}

TEST_CASE_METHOD(BankWorld, "what refers to nothing, or to another purchase, is refused") {
  const auto hold = authorization("10.00 EUR");
  CHECK(code(capture(hold, "1.00 EUR")) == "25");
  CHECK(code(hold) == kApproved);
  auto other = capture(hold, "1.00 EUR");
  other.elements[kRrn] = "999999999999";
  CHECK(code(other) == "25");
  CHECK(code(capture(hold, "1 JPY")) == "13");
  CHECK(code(about("0220", capture(hold, "1.00 EUR"), "1.00 EUR")) == "12");
}

TEST_CASE_METHOD(BankWorld, "a hold that nobody captured in time is over") {
  const auto hold = authorization("1000.00 EUR");
  CHECK(code(hold) == kApproved);
  now += std::chrono::hours(24);
  CHECK(code(capture(hold, "1.00 EUR")) == "54");
  CHECK(code(authorization("1000.00 EUR")) == kApproved);
}

TEST_CASE_METHOD(BankWorld, "an advice of a stand-in approval is booked, whatever the limit") {
  auto advice = authorization("5000.00 EUR");
  advice.mti = "0120";
  CHECK(ask(advice).mti == "0130");
  CHECK(code(advice) == kApproved);
  CHECK(code(authorization("0.01 EUR")) == "51");
  CHECK(code(capture(advice, "5000.00 EUR")) == kApproved);
}

TEST_CASE_METHOD(BankWorld, "an account check wants everything right, and gives one answer") {
  const auto check = [&](std::string_view pan) {
    auto out = authorization("1.00 EUR", pan);
    out.elements[kProcessingCode] = kAccountCheck;
    out.elements[kAmount] = std::string(12, '0');
    out.elements[kCurrency] = "000";
    out.additional.emplace(kCardholderName, "alice  EXAMPLE");
    return out;
  };
  CHECK(code(check(kApprovePan)) == kApproved);
  CHECK(code(check(set::test::kMastercard)) == "05");
  auto wrong = check(kApprovePan);
  SECTION("the name") { wrong.additional["01"] = "Bob Example"; }
  SECTION("no name") { wrong.additional.clear(); }
  SECTION("the expiry") { wrong.elements[kExpiry] = "3011"; }
  SECTION("the verification value") {
    wrong.verification = must(CardVerificationValue::parse("124"));
  }
  SECTION("no verification value") { wrong.verification.reset(); }
  CHECK(code(wrong) == "05");
  const auto holds = must(database.in_transaction(
      "test", [](Transaction& t) { return t.query("SELECT name FROM ledger_holds"); }));
  CHECK(holds.empty());
}

TEST_CASE_METHOD(BankWorld, "a reconciliation compares to the cent") {
  const auto hold = authorization("49.95 EUR");
  CHECK(code(hold) == kApproved);
  CHECK(code(capture(hold, "49.95 EUR")) == kApproved);
  const auto asked = [&](std::int64_t minor) {
    auto out = headed("0500");
    out.elements[kBatch] = kBatchID;
    out.elements[kSettlementCurrency] = "978";
    set_totals(out, {.debits = {1, minor}});
    return out;
  };
  const auto agreed = ask(asked(4995));
  CHECK(agreed.at(kResponseCode) == kApproved);
  CHECK(agreed.at(kSettlementCode) == "1");
  const auto out_of_balance = ask(asked(4994));
  CHECK(out_of_balance.at(kResponseCode) == "95");
  CHECK(out_of_balance.at(kSettlementCode) == "2");
  CHECK(must(totals_of(out_of_balance)).debits == CountAndSum{1, 4995});
}

TEST_CASE_METHOD(BankWorld, "a script decides in the account's place") {
  const auto rule = [](Action action, ResponseCode code = ResponseCode::approved) {
    Rule out;
    out.action = action;
    out.code = code;
    return out;
  };
  CHECK(code(authorization("5000.00 EUR"), rule(Action::approve)) == kApproved);
  CHECK(code(authorization("1.00 EUR"), rule(Action::decline, ResponseCode::too_often)) == "65");
  auto partial = rule(Action::partial);
  partial.partial = must(Amount::parse("5.00 EUR"));
  const auto answer = ask(authorization("10.00 EUR", kSlowPan), partial);
  CHECK(answer.at(kResponseCode) == "10");
  CHECK(to_string(must(amount_of(answer))) == "5.00 EUR");
}

TEST_CASE_METHOD(BankWorld, "the books show accounts without numbers, and are forgotten by reset") {
  must(bank.open_accounts());
  const auto hold = authorization("100.00 EUR");
  CHECK(code(hold) == kApproved);
  const auto first = capture(hold, "40.00 EUR", false);
  CHECK(code(first) == kApproved);
  CHECK(code(about("0420", first, "40.00 EUR")) == kApproved);
  const auto account_of = [&] {
    for (const auto& account : must(accounts_json(database, now))) {
      const bool same = account.at("card") == kApprovePan.substr(12);
      if (same && account.at("currency") == "EUR") return account;
    }
    FAIL("no such account");
    return nlohmann::json();
  };
  CHECK(account_of().at("held_minor") == 10'000);
  CHECK(account_of().at("available_minor") == 90'000);
  must(reset(database));
  CHECK(account_of().at("available_minor") == 100'000);
  CHECK(must(entries_json(database, 100)).empty());
  CHECK(code(hold) == kApproved);
}

TEST_CASE_METHOD(BankWorld, "no table holds a card number") {
  must(bank.open_accounts());
  CHECK(code(authorization("1.00 EUR")) == kApproved);
  const auto digits = std::string(kApprovePan);
  must(database.in_transaction("test", [&](Transaction& t) -> Result<void> {
    for (const auto& table : TRY(t.query("SELECT name FROM sqlite_master WHERE type = 'table'"))) {
      std::string columns = "''";
      for (const auto& column :
           TRY(t.query("SELECT name FROM pragma_table_info('" + table.text(0) + "')"))) {
        columns += " || quote(" + column.text(0) + ")";
      }
      for (const auto& row : TRY(t.query("SELECT " + columns + " FROM " + table.text(0)))) {
        CHECK(row.text(0).find(digits) == std::string::npos);
        CHECK(row.text(0).find(to_hex(view_of(digits))) == std::string::npos);
      }
    }
    return {};
  }));
}

}  // namespace set::bank::test
