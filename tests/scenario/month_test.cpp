// A month of a shop on the real programs, with the bank behind ISO 8583. After each step the
// merchant, the gateway and the inquiring cardholder say the same; at the end the books of
// merchant, gateway and bank agree to the cent, batch by batch.
#include <sqlite3.h>

#include <catch2/catch_test_macros.hpp>

#include <map>
#include <thread>

#include "tests/scenario/event_books.h"

using namespace set::test;

namespace {

/// The bank says no to one instalment.
constexpr const char* kMonthScenario = R"(
[[rule]]
message = "0100"
amount = "9.99 EUR"
do = "decline"
code = "51"
)";

/// Captured and credited minor units.
using Sums = std::pair<std::int64_t, std::int64_t>;
/// By merchant, batch and currency.
using BatchBook = std::map<std::string, Sums>;

struct Month : ShopWorld {
  Month() {
    write_file(home() / "scenario.toml", kMonthScenario);
    start_bank({"--scenario", home() / "scenario.toml"});
    ca = start_ca();
    start_gateway({}, {"--ca", ca});
    start_merchant({}, {"--ca", ca});
    start_wallet({}, {"--ca", ca});
  }

  /// What the cardholder hears who asks how the purchase stands.
  Sums told(const std::string& xid) {
    Sums out{0, 0};
    const auto purchase = json(set_wallet({"status", xid, "--json"}));
    for (const auto& payment : purchase.at("payments")) {
      out.first += minor_of(payment.value("captured", nlohmann::json()));
      for (const auto& credit : payment.value("credited", nlohmann::json::array()))
        out.second += minor_of(credit);
    }
    return out;
  }
  /// Whether the merchant has asked so often for a capture that nobody answers, within a minute.
  bool attempts_reach(int wanted) {
    sqlite3* database = nullptr;
    REQUIRE(sqlite3_open_v2((home() / "merchant/merchant.db").c_str(), &database, SQLITE_OPEN_READONLY,
                            nullptr) == SQLITE_OK);
    sqlite3_busy_timeout(database, 2000);
    int attempts = 0;
    for (int i = 0; i < 600 && attempts < wanted; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
      sqlite3_exec(
          database, "SELECT COALESCE(MAX(attempts), 0) FROM requests WHERE state = 'asked' AND message = 'CapReq'",
          [](void* out, int, char** columns, char**) {
            *static_cast<int*>(out) = std::stoi(columns[0]);
            return 0;
          },
          &attempts, nullptr);
    }
    sqlite3_close(database);
    return attempts >= wanted;
  }
  /// All three say the same of this order.
  void check(const std::string& order, std::int64_t authorized, const Sums& sums) {
    const auto books = this->books(order);
    INFO(books.dump(2));
    CHECK(minor_of(books.at("authorized")) == authorized);
    CHECK(Sums{minor_of(books.at("captured")), minor_of(books.at("credited"))} == sums);
    const std::string xid = books.at("xid");
    const auto theirs = gateways_books_of(xid);
    INFO(theirs.dump(2));
    CHECK(Sums{minor_of(theirs.at("captured")), minor_of(theirs.at("credited"))} == sums);
    const auto [captured, credited] = told(xid);
    CHECK(captured == sums.first);
    CHECK(credited == sums.second);
  }
  nlohmann::json done(std::vector<std::string> arguments) {
    const auto finished = shop(std::move(arguments));
    INFO(finished.err << finished.out);
    REQUIRE(finished.exit_code == 0);
    return json(finished);
  }
  /// A charge that the gateway answers with this AuthCode.
  void check_charge_refused(std::vector<std::string> arguments, const std::string& auth_code) {
    const auto refused = shop(std::move(arguments));
    INFO(refused.err << refused.out);
    REQUIRE(refused.exit_code == 6);
    CHECK(json(refused).at("items").at(0).at("payment").at("auth_code") == auth_code);
  }

  BatchBook merchants_batches(const std::vector<std::string>& ids) {
    BatchBook out;
    for (const auto& id : ids) {
      const auto report = done({"batch", "report", id});
      for (const auto& of : report.at("own_totals")) {
        out["shop-1 " + id + " " + of.at("currency").get<std::string>()] = {
            minor_of(of.at("captured")), minor_of(of.at("refunded"))};
      }
    }
    return out;
  }
  BatchBook gateways_batches(std::vector<std::string>& ids) {
    BatchBook out;
    for (const auto& batch : json(set_gateway({"batch", "list", "--json"}))) {
      ids.push_back(batch.at("batch_id"));
      const std::string merchant_id = batch.at("merchant_id");
      const auto shown = json(set_gateway({"batch", "show", merchant_id, ids.back(), "--json"}));
      CHECK(shown.at("transmission_status") == "completedSuccessfully");
      for (const auto& of : shown.at("totals")) {
        out[merchant_id + " " + ids.back() + " " + of.at("currency").get<std::string>()] = {
            minor_of(of.at("debit_total")), minor_of(of.at("credit_total"))};
      }
    }
    return out;
  }
  BatchBook banks_batches() {
    BatchBook out;
    for (const auto& batch : json(set_bank({"batch", "list", "--json"}))) {
      const auto minor = [&](const char* kind) -> std::int64_t {
        return batch.at(kind).at("minor");
      };
      const std::string name = batch.at("merchant_id").get<std::string>() + " " +
                               batch.at("batch_id").get<std::string>() + " " +
                               batch.at("currency").get<std::string>();
      // Each reversal of this month is in the batch of what it undoes.
      out[name] = {minor("debits") - minor("debit_reversals"),
                   minor("credits") - minor("credit_reversals")};
      CHECK(out[name].first - out[name].second == batch.at("net_minor"));
    }
    return out;
  }

  std::string ca;
};

}  // namespace

TEST_CASE("a month of a shop, and the books of merchant, gateway and bank agree to the cent") {
  Month month;

  // A sale, refunded in part by mistake, which is undone, and then rightly.
  const auto sale = month.paid({"--amount", "49.95 EUR"});
  month.check(sale, 4995, {4995, 0});
  month.done({"refund", sale, "--amount", "10.00 EUR"});
  month.check(sale, 4995, {4995, 1000});
  month.done({"void-refund", sale});
  month.check(sale, 4995, {4995, 0});
  month.done({"refund", sale, "--amount", "5.00 EUR"});
  month.check(sale, 4995, {4995, 500});

  // Authorised only, shipped in two parts: the second one is captured in part, its rest released.
  const auto split =
      month.paid({"--amount", "90.00 EUR", "--capture", "later", "--first", "30.00 EUR"});
  month.check(split, 3000, {0, 0});
  month.done({"capture", split});
  month.check(split, 3000, {3000, 0});
  month.done({"authorize", split, "--amount", "60.00 EUR"});
  month.check(split, 9000, {3000, 0});
  month.done({"capture", split, "--amount", "25.00 EUR"});
  month.check(split, 9000, {5500, 0});
  month.done({"reverse", split});
  month.check(split, 5500, {5500, 0});
  CHECK(month.books(split).at("remaining") == "0.00 EUR");

  // The last capture releases the rest by itself; one is in another currency.
  const auto last = month.paid({"--amount", "40.00 EUR", "--capture", "later"});
  month.done({"capture", last, "--amount", "15.00 EUR", "--final"});
  CHECK(month.shop({"capture", last}).exit_code == 7);
  month.check(last, 4000, {1500, 0});
  const auto yen = month.paid({"--amount", "1200 JPY"});
  month.check(yen, 1200, {1200, 0});

  // Instalments: the cardholder sees and signs the mandate; the bank declines one charge.
  const auto chair =
      month.made_order({"--amount", "30.00 EUR", "--description", "A chair", "--instalments", "3"});
  const auto shown = month.set_wallet({"pay", chair.at("link"), "--yes", "--card", "1"});
  INFO(shown.err);
  REQUIRE(shown.exit_code == 0);
  CHECK(shown.err.find("up to 3 instalments, at most 10.00 EUR each") != std::string::npos);
  const std::string instalments = chair.at("order");
  month.check(instalments, 1000, {1000, 0});
  month.done({"authorize", instalments});
  month.check_charge_refused({"authorize", instalments, "--amount", "9.99 EUR"}, "declined");
  month.check(instalments, 2000, {2000, 0});
  month.done({"charge", instalments});
  month.check(instalments, 3000, {3000, 0});
  CHECK(month.shop({"authorize", instalments}).exit_code == 7);  // no fourth one
  const auto mandates = month.json(month.set_wallet({"mandate", "list", "--json"}));
  REQUIRE(mandates.size() == 1);
  CHECK(mandates.at(0).at("mandate").at("instalments") == 3);
  CHECK(mandates.at(0).at("mandate").at("amount_per_charge") == "10.00 EUR");
  CHECK(month.set_wallet({"receipt", month.xid(instalments)}).exit_code == 0);

  // A monthly mandate: the second charge comes too soon, and the gateway says so.
  const auto paper = month.paid(
      {"--recurring", "every 30 days", "--until", "2035-12-31", "--amount-per-charge", "8.50 EUR"});
  month.check(paper, 850, {850, 0});
  month.check_charge_refused({"authorize", paper}, "recurringTooSoon");
  month.check(paper, 850, {850, 0});

  // A referral: the issuer wants to be called; nothing is held.
  const auto referred = month.made_order({"--amount", "12.00 EUR", "--description", "A table"});
  const auto referral = month.pay(referred.at("link"), "referral");
  CHECK(referral.exit_code == 6);
  CHECK(month.json(referral).at("auth_code") == "callIssuer");
  const std::string table = referred.at("order");
  CHECK(month.set_wallet({"status", month.xid(table)}).exit_code == 6);
  month.check(table, 0, {0, 0});

  // The day's batch is closed, and merchant, gateway and bank agree about it.
  const auto lost = month.paid({"--amount", "20.00 EUR", "--capture", "later"});
  const auto closed = month.done({"batch", "close"});
  CHECK(closed.at("status") == "success");
  CHECK(closed.at("reconciled") == true);
  CHECK(closed.at("transmission") == "completedSuccessfully");
  CHECK(closed.at("settlement").size() == 2);  // EUR and JPY

  // What is closed is refunded in the next batch. In that one a capture's answer is lost, so that
  // the two sums differ when it is closed, and agree when the answer is there.
  month.done({"refund", sale, "--amount", "1.00 EUR"});
  month.check(sale, 4995, {4995, 600});
  month.start_gateway({{"SET_CRASH_AT", "after-commit:gateway:item-settled"}}, {"--ca", month.ca});
  const auto unknown = month.shop({"capture", lost, "--timeout", "2s"});
  INFO(unknown.err);
  REQUIRE(unknown.exit_code == 8);
  REQUIRE(month.gateway().wait(std::chrono::seconds(5)) == 137);
  // Each attempt that fails doubles the pause before the next one: after the fourth, 16 seconds are
  // left for the line to come back and the batch to be closed.
  REQUIRE(month.attempts_reach(4));
  month.start_gateway({}, {"--ca", month.ca});
  std::this_thread::sleep_for(std::chrono::milliseconds(2500));
  const auto differs = month.shop({"batch", "close"});
  INFO(differs.err << differs.out);
  REQUIRE(differs.exit_code == 9);
  const auto second = month.json(differs);
  CHECK(second.at("status") == "totalsOutOfBalance");
  CHECK(second.at("batch_id") != closed.at("batch_id"));
  month.start_merchant({}, {"--ca", month.ca});  // asks at once for what is open
  for (int i = 0; i < 200 && month.books(lost).at("captured").is_null(); ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  month.check(lost, 2000, {2000, 0});
  CHECK(month.done({"batch", "show", second.at("batch_id")}).at("reconciled") == true);

  // The books.
  std::vector<std::string> ids;
  const auto gateways = month.gateways_batches(ids);
  CHECK(gateways.size() == 3);
  CHECK(month.merchants_batches(ids) == gateways);
  CHECK(month.banks_batches() == gateways);
  Sums all{0, 0};
  for (const auto& [name, sums] : gateways) {
    if (!name.ends_with("EUR")) continue;
    all.first += sums.first;
    all.second += sums.second;
  }
  CHECK(all == Sums{4995 + 5500 + 1500 + 3000 + 850 + 2000, 600});
  Sums posted{0, 0};
  for (const auto& account : month.json(month.set_bank({"account", "list", "--json"}))) {
    CHECK(account.at("held_minor") == 0);
    if (account.at("currency") != "EUR") continue;
    posted.first += account.at("captured_minor").get<std::int64_t>();
    posted.second += account.at("credited_minor").get<std::int64_t>();
  }
  CHECK(posted == all);
  check_events_are_the_books(events_of(month), month.json(month.shop({"order", "list"})));
}
