// What an order tells the issuer beside the amount: from what a person or a cart writes to AuthReq,
// and what is told back.
#include <catch2/generators/catch_generators.hpp>

#include "merchant/cart.h"
#include "merchant/details.h"
#include "tests/merchant/house.h"

using namespace set;
using namespace set::merchant;
using namespace set::merchant::test;

namespace {

WrittenDetails hotel() {
  WrittenDetails out;
  out.address = {.street = "Example Street 12", .postal_code = "10115", .country = "276"};
  out.market = {.name = "hotel", .days = 3, .prestige = 500};
  out.merch_group = "lodging";
  out.merch_cat_code = "7011";
  out.special_processing = "preferredCustomer";
  out.card_suspect = true;
  out.request_card_type = true;
  return out;
}

}  // namespace

TEST_CASE("what a person writes becomes SET's fields") {
  const auto details = value_of(make_details(hotel()));
  CHECK(details.avs_data->street_address == "Example Street 12");
  CHECK(details.avs_data->country == "276");
  CHECK(details.market_data == MarketSpecAuthData(MarketHotelAuth{3, 500}));
  CHECK(details.merch_group == MerchGroup::lodging);
  CHECK(details.merch_cat_code == "7011");
  CHECK(details.special_processing == SpecialProcessing::preferred_customer);
  CHECK(details.card_suspect == CardSuspect::unspecified_reason);
  CHECK(details.request_card_type);
  CHECK(describe(*details.market_data) == "hotel, 3 days, prestige 500");
  CHECK(value_of(make_details({})) == AuthReqDetails{});
}

TEST_CASE("what does not fit is refused with one sentence") {
  using Change = void (*)(WrittenDetails&);
  const auto [change, word] = GENERATE(Catch::Generators::table<Change, std::string>({
      {[](WrittenDetails& d) { d.address.country.clear(); }, "country"},
      {[](WrittenDetails& d) { d.address.country = "DE"; }, "CountryCode"},
      {[](WrittenDetails& d) { d.address.street = d.address.postal_code = ""; }, "compared"},
      {[](WrittenDetails& d) { d.address.postal_code = "1234567890123456"; }, "PostalCode"},
      {[](WrittenDetails& d) { d.market.name = "ship"; }, "hotel, auto or transport"},
      {[](WrittenDetails& d) { d.market.name.clear(); }, "hotel, auto or transport"},
      {[](WrittenDetails& d) { d.market.days = 0; }, "1 to 99"},
      {[](WrittenDetails& d) { d.market.days = 100; }, "1 to 99"},
      {[](WrittenDetails& d) { d.market.prestige = 7; }, "Prestige"},
      {[](WrittenDetails& d) { d.market.name = "auto"; }, "only a hotel"},
      {[](WrittenDetails& d) { d.market = {.name = "transport", .days = 1}; }, "journey"},
      {[](WrittenDetails& d) { d.merch_group = "motel"; }, "lodging"},
      {[](WrittenDetails& d) { d.special_processing = "quick"; }, "directMarketing"},
      {[](WrittenDetails& d) { d.merch_cat_code = "70"; }, "MerchCatCode"},
  }));
  auto written = hotel();
  change(written);
  const auto details = make_details(written);
  REQUIRE_FALSE(details);
  CHECK(details.error().code == ErrorCode::invalid_argument);
  INFO(details.error().detail);
  CHECK(details.error().detail.find(word) != std::string::npos);
}

TEST_CASE("a cart has the billing address and the market, which its description does not tell") {
  const auto cart_with = [](const std::string& more) {
    return parse_cart(R"({"items": [{"name": "Room", "quantity": 3, "unit_price": "80.00 EUR"}],
                          "total": "240.00 EUR")" +
                      more + "}");
  };
  const auto cart = value_of(cart_with(
      R"(, "billing_address": {"street": "Example Street 12", "postal_code": "10115",
           "country": "276"}, "market": {"name": "hotel", "days": 3})"));
  CHECK(cart.details.address.street == "Example Street 12");
  CHECK(cart.details.market.days == 3);
  CHECK(describe(cart) == describe(value_of(cart_with(""))));
  CHECK_FALSE(cart_with(R"(, "billing_address": {"street": "1"})"));
  CHECK_FALSE(cart_with(R"(, "billing_address": {"colour": "red"})"));
  CHECK_FALSE(cart_with(R"(, "market": {"name": "hotel", "days": -3})"));
  CHECK_FALSE(cart_with(R"(, "market": "hotel")"));
}

TEST_CASE("an order's details are in its first AuthReq, and in later ones all but the address") {
  Shop shop;
  auto made = shop.make_order();
  made.order.terms.details = value_of(make_details(hotel()));
  const auto order = shop.take(shop.initiate(made));
  const auto opened = [&](const AuthAsked& asked) {
    const auto awaiting = value_of(make_auth_req(order, asked, *shop.merchant.party,
                                                 shop.gateway_certificates, shop.now, shop.rng));
    const auto envelope =
        value_of(read_envelope(value_of(parse_wrapper(awaiting.request.wire)), shop.now));
    return *value_of(Opener::request<AuthReq>(envelope, *shop.gateway.party, shop.now)).message;
  };
  auto asked = first_authorization(order.initiated.order, shop.rng.make<RRPID>());
  CHECK(opened(asked).details == made.order.terms.details);
  asked.auth_token = Bytes{1};
  asked.batch_id = "week-47";
  const auto later = opened(asked);
  CHECK_FALSE(later.details.avs_data);
  CHECK(later.details.market_data == made.order.terms.details.market_data);
  CHECK(later.sale_detail.value().batch_id == "week-47");
}

TEST_CASE("details of an order, and what the issuer said, come back from the database") {
  House house;
  OrderTerms terms;
  terms.details = value_of(make_details(hotel()));
  const auto made = house.order(std::chrono::hours(1), terms);
  CHECK(value_of(house.store.find_order(made.order.id))->order.terms.details == terms.details);
  house.gateway.notes = {AVSResult::postal_code_match_only, CardType::business,
                         CurrConv{10842, 4, value_of(Currency::from_code("USD"))}};
  house.pay(house.initiate(made));
  const auto books = value_of(house.store.summarize(made.order.id, system_clock()()));
  const auto& payment = books.payments.at(0);
  CHECK(payment.notes.avs_result == AVSResult::postal_code_match_only);
  CHECK(payment.notes.card_type == CardType::business);
  CHECK(to_string(payment.curr_conv.value(), payment.currency) == "1 EUR = 1.0842 USD");
}
