// What a shop tells the issuer and hears of it, on the real programs with set-bank behind ISO 8583:
// AVS, card type, another currency, market data, named batches; and messages that the bank garbles.
#include <catch2/catch_test_macros.hpp>

#include <thread>

#include "tests/scenario/shop_world.h"

using namespace set::test;

namespace {

struct BankShop : ShopWorld {
  explicit BankShop(const std::vector<std::string>& bank_flags = {}) {
    start_bank(bank_flags);
    start_gateway();
    start_merchant();
    start_wallet();
  }
  nlohmann::json payment(const std::string& order) { return books(order).at("payments").at(0); }
};

// The bank's answers to one capture are garbage, until it is started anew.
constexpr const char* kGarbled = R"(
[[rule]]
message = "0220"
amount = "13.00 EUR"
do = "garbled"
)";

}  // namespace

TEST_CASE("the issuer compares the billing address and says what card it is") {
  BankShop world;
  // As deploy/sandbox/cards.toml has it.
  const std::vector<std::string> home{"--avs-street",  "Example Street 12", "--avs-postal-code",
                                      "10115",         "--avs-country",     "276",
                                      "--request-card-type"};
  auto terms = home;
  terms.insert(terms.end(), {"--amount", "20.00 EUR", "--market", "hotel", "--market-days", "3",
                             "--market-prestige", "500", "--merch-group", "lodging",
                             "--merch-cat-code", "7011"});
  const auto stay = world.paid(terms);
  const auto books = world.books(stay);
  const auto& payment = books.at("payments").at(0);
  CHECK(payment.at("avs_result") == "fullMatch");
  CHECK(payment.at("card_type") == "gold");
  CHECK(payment.at("conversion").is_null());
  CHECK(books.at("market") == "hotel, 3 days, prestige 500");
  CHECK(books.at("merch_group") == "lodging");
  CHECK(books.at("billing_address").at("postal_code") == "10115");
  const auto theirs = world.gateways_books(stay).at("authorizations").at(0);
  CHECK(theirs.at("avs_result") == "fullMatch");
  CHECK(theirs.at("card_type") == "gold");
  const auto shown = world.set_merchant({"order", "show", stay});
  CHECK(shown.out.find("fullMatch") != std::string::npos);

  const auto result = [&](const char* street, const char* postal_code) {
    return world
        .payment(world.paid({"--amount", "1.00 EUR", "--avs-street", street, "--avs-postal-code",
                             postal_code, "--avs-country", "276"}))
        .at("avs_result")
        .get<std::string>();
  };
  CHECK(result("Example Street 13", "10115") == "postalCodeMatchOnly");
  CHECK(result("12 Example Street", "10119") == "addressMatchOnly");
  CHECK(result("Other Street 1", "80331") == "noMatch");
  // Nothing asked, nothing told.
  CHECK(world.payment(world.paid({"--amount", "1.00 EUR"})).at("avs_result").is_null());

  // An account in another currency: the rate is told to merchant and cardholder.
  const auto order = world.made_order({"--amount", "10.00 EUR", "--description", "A room"});
  REQUIRE(world.pay(order.at("link"), "slow").exit_code == 0);
  CHECK(world.payment(order.at("order")).at("conversion") == "1 EUR = 1.0842 USD");
  CHECK(world.payment(order.at("order")).at("captured") == "10.00 EUR");
  const auto status =
      world.json(world.set_wallet({"status", world.xid(order.at("order")), "--json"}));
  CHECK(status.at("payments").at(0).at("conversion") == "1 EUR = 1.0842 USD");

  // What does not fit is refused before there is an order.
  for (const auto& wrong : std::vector<std::vector<std::string>>{
           {"--avs-street", "Example Street 12"},
           {"--avs-postal-code", "10115", "--avs-country", "DE"},
           {"--market", "hotel"},
           {"--market", "ship", "--market-days", "3"},
           {"--market-days", "3"},
           {"--merch-group", "motel"},
           {"--merch-cat-code", "70"}}) {
    std::vector<std::string> arguments{"order", "create", "--amount", "1.00 EUR", "--description",
                                       "A room"};
    arguments.insert(arguments.end(), wrong.begin(), wrong.end());
    const auto refused = world.set_merchant(arguments);
    INFO(wrong.front() << ": " << refused.err);
    CHECK(refused.exit_code == 2);
  }
}

TEST_CASE("a cart brings the billing address, and the embedded bank compares it as well") {
  ShopWorld world;
  world.start_all();
  write_file(world.home() / "cart.json", R"({
    "items": [{"name": "Room", "quantity": 3, "unit_price": "80.00 EUR"}],
    "billing_address": {"street": "Example Street 12", "city": "Berlin", "postal_code": "10115",
                        "country": "276"},
    "market": {"name": "hotel", "days": 3}, "total": "240.00 EUR"})");
  const auto made = world.set_merchant(
      {"order", "create", "--cart", world.home() / "cart.json", "--request-card-type", "--json"});
  INFO(made.err);
  REQUIRE(made.exit_code == 0);
  const auto order = world.json(made);
  REQUIRE(world.pay(order.at("link")).exit_code == 0);
  const auto books = world.books(order.at("order"));
  CHECK(books.at("payments").at(0).at("avs_result") == "fullMatch");
  CHECK(books.at("payments").at(0).at("card_type") == "gold");
  CHECK(world.set_merchant({"order", "create", "--cart", world.home() / "cart.json",
                            "--avs-postal-code", "1", "--avs-country", "276"})
            .exit_code == 2);
}

TEST_CASE("items are counted in the batch that is named, and in ours if their own is closed") {
  BankShop world;
  const auto done = [&](std::vector<std::string> arguments) {
    const auto finished = world.shop(std::move(arguments));
    INFO(finished.err << finished.out);
    REQUIRE(finished.exit_code == 0);
    return world.json(finished);
  };
  const auto batch_of = [](const nlohmann::json& finished) {
    return finished.at("items").at(0).at("item").at("batch_id").get<std::string>();
  };
  done({"batch", "open", "week-47"});
  const auto order = world.paid({"--amount", "90.00 EUR", "--first", "30.00 EUR"});
  // A sale that names its batch hears how it stands.
  done({"authorize", order, "--amount", "20.00 EUR", "--batch", "week-47"});
  const auto told = done({"batch", "report", "week-47"});
  CHECK(told.at("gateway_totals").at(0).at("captures") == 2);
  const auto later = world.paid({"--amount", "40.00 EUR", "--capture", "later"});
  CHECK(batch_of(done({"capture", later, "--amount", "10.00 EUR", "--batch", "week-47"})) ==
        "week-47");
  CHECK(world.shop({"capture", later, "--amount", "1.00 EUR", "--batch", "week-48"}).exit_code ==
        6);  // batchUnknown
  done({"batch", "close", "week-47"});
  CHECK(world.shop({"capture", later, "--amount", "1.00 EUR", "--batch", "week-47"}).exit_code ==
        6);  // batchClosed
  done({"batch", "open", "week-48"});
  CHECK(batch_of(done({"refund", later, "--amount", "2.00 EUR"})) == "week-48");
  // A name stands for the whole request.
  done({"refund", later, "--amount", "1.00 EUR", "--once", "return-1"});
  done({"refund", later, "--amount", "1.00 EUR", "--once", "return-1"});
  CHECK(world.shop({"refund", later, "--amount", "2.00 EUR", "--once", "return-1"}).exit_code == 7);
  CHECK(world.books(later).at("credited") == "3.00 EUR");
  CHECK(done({"batch", "close", "week-48"}).at("reconciled") == true);
  const auto payments = world.json(world.set_gateway({"payments", "list", "--json"}));
  CHECK(payments.at(0).at("credited") == "3.00 EUR");
}

TEST_CASE("a purge takes back what is in the open batch, and the books still agree") {
  BankShop world;
  const auto done = [&](std::vector<std::string> arguments) {
    const auto finished = world.shop(std::move(arguments));
    INFO(finished.err << finished.out);
    REQUIRE(finished.exit_code == 0);
    return world.json(finished);
  };
  const auto sale = world.paid({"--amount", "49.95 EUR"});
  const auto later = world.paid({"--amount", "40.00 EUR", "--capture", "later"});
  done({"capture", later, "--amount", "10.00 EUR"});
  done({"capture", later, "--amount", "5.00 EUR"});
  done({"refund", later, "--amount", "3.00 EUR"});
  const auto purged = done({"batch", "purge"});
  CHECK(purged.at("reconciled") == true);
  CHECK(purged.at("gateway_totals").empty());
  CHECK(world.books(sale).at("captured").is_null());
  CHECK(world.books(later).at("captured").is_null());
  CHECK(world.books(later).at("credited") == "0.00 EUR");
  CHECK(world.gateways_books(later).at("captured").is_null());
  CHECK(done({"batch", "purge"}).at("reconciled") == true);  // once more: nothing is left
  // What was undone may be captured again.
  done({"capture", later, "--amount", "40.00 EUR"});
  const auto closed = done({"batch", "close"});
  CHECK(closed.at("reconciled") == true);
  CHECK(closed.at("transmission") == "completedSuccessfully");
  CHECK(closed.at("own_totals").at(0).at("captured") == "40.00 EUR");
  CHECK(world.shop({"batch", "purge", closed.at("batch_id")}).exit_code == 6);  // it is closed
  const auto accounts = world.json(world.set_bank({"account", "list", "--json"}));
  std::int64_t captured = 0;
  for (const auto& account : accounts) captured += account.at("captured_minor").get<std::int64_t>();
  CHECK(captured == 4000);
}

namespace {

/// Nobody asks again: the daemon books what it was told, or what it is told after its restart.
void purge_survives(const std::string& place) {
  BankShop world;
  // Not a sale: without a CapToken what was undone could not be captured again.
  const auto order = world.paid({"--amount", "49.95 EUR", "--capture", "later"});
  REQUIRE(world.shop({"capture", order}).exit_code == 0);
  world.start_merchant({{"SET_CRASH_AT", place}});
  const auto asked = world.shop({"batch", "purge", "--wait", "1s"});
  INFO(place << ": " << asked.err << asked.out);
  CHECK(asked.exit_code == 8);
  REQUIRE(world.merchant().wait(std::chrono::seconds(10)) == 137);
  CHECK(minor_of(world.books(order).at("captured")) == 4995);
  world.start_merchant();
  for (int i = 0; i < 300 && minor_of(world.books(order).at("captured")) != 0; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  CHECK(world.books(order).at("captured").is_null());
  CHECK(world.gateways_books(order).at("captured").is_null());
  // The books agree, and what was undone may be captured again.
  const auto again = world.shop({"capture", order});
  INFO(again.err);
  CHECK(again.exit_code == 0);
  const auto closed = world.shop({"batch", "close"});
  INFO(closed.err << closed.out);
  CHECK(closed.exit_code == 0);
  CHECK(world.json(closed).at("own_totals").at(0).at("captured") == "49.95 EUR");
}

}  // namespace

TEST_CASE("the merchant dies before the answer to a purge is kept, and books it by itself") {
  purge_survives("before-commit:merchant:batch_told");
}
TEST_CASE("the merchant dies when the answer to a purge is kept, and books it by itself") {
  purge_survives("after-commit:merchant:batch_told");
}
TEST_CASE("the merchant dies before it lists what a purge left, and books it by itself") {
  purge_survives("after-commit:merchant:purge_marked");
}

TEST_CASE("a message that the bank garbles is parked, and a person sends it again") {
  BankShop world;
  const auto stuck = world.paid({"--amount", "20.00 EUR", "--capture", "later"});
  const auto other = world.paid({"--amount", "20.00 EUR", "--capture", "later"});
  write_file(world.home() / "garbled.toml", kGarbled);
  world.start_bank({"--scenario", world.home() / "garbled.toml"});
  CHECK(world.shop({"capture", stuck, "--amount", "13.00 EUR", "--timeout", "1s"}).exit_code == 8);
  const auto capture = world.shop({"capture", other, "--timeout", "60s"});
  INFO(capture.err);
  CHECK(capture.exit_code == 0);
  CHECK(log_says(world.home() / "gateway.log", "parked"));
  const auto queue = world.json(world.set_gateway({"queue", "list", "--json"}));
  REQUIRE(queue.size() == 1);
  CHECK(queue.at(0).at("state") == "parked");
  CHECK(queue.at(0).at("kind") == "capture");
  CHECK(queue.at(0).at("amount") == "13.00 EUR");
  CHECK(world.set_gateway({"queue", "retry", "999999"}).exit_code == 7);
  // The bank is mended.
  world.start_bank();
  CHECK(world.set_gateway({"queue", "retry"}).exit_code == 0);
  for (int i = 0; i < 300 && world.books(stuck).at("captured").is_null(); ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  CHECK(world.books(stuck).at("captured") == "13.00 EUR");
  CHECK(world.json(world.set_gateway({"queue", "list", "--json"})).empty());
  const auto closed = world.shop({"batch", "close"});
  INFO(closed.err << closed.out);
  CHECK(closed.exit_code == 0);
}
