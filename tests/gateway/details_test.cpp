// What is said beside a decision: AVS, card type, conversion and batch status in AuthRes, and
// payments as an operator sees them now.
#include "gateway/payments.h"
#include "tests/gateway/shop.h"

namespace set::gateway::test {
namespace {

struct Details {
  World world;
  Shop shop{world};

  AuthRes told(const std::function<void(AuthReq&)>& change, std::string_view pan = kApprovePan) {
    auto draft = world.draft(pan);
    draft.change_auth_req = change;
    return value_of(world.authorize(draft)).message;
  }
  nlohmann::json listed(const RRPID& auth_rrpid) {
    for (const auto& payment : value_of(world.store.list(100))) {
      if (terms_of(payment.decided).auth_rrpid == auth_rrpid) return payment_json(payment);
    }
    return {};
  }
};

AVSData address(const char* street, const char* postal_code) {
  return {.street_address = street,
          .country = "276",
          .city = "Berlin",
          .state_province = "",
          .postal_code = postal_code};
}

}  // namespace

TEST_CASE_METHOD(Details, "a merchant hears of address and card what it asked, also with a no") {
  const auto asked = [](const AVSData& data) {
    return [data](AuthReq& request) {
      request.details.avs_data = data;
      request.details.request_card_type = true;
    };
  };
  const auto full = told(asked(address("Tea Lane 1", "10115")));
  CHECK(full.auth_code == AuthCode::approved);
  CHECK(full.avs_result == AVSResult::full_match);
  CHECK(full.card_type == CardType::gold);
  CHECK(told(asked(address("Tea Lane 2", "10115"))).avs_result ==
        AVSResult::postal_code_match_only);
  CHECK(told(asked(address("1", "10116"))).avs_result == AVSResult::address_match_only);
  CHECK(told(asked(address("2", "10116"))).avs_result == AVSResult::no_match);
  // Nothing that a network compares.
  CHECK(told(asked(address("Tea Lane", ""))).avs_result == AVSResult::result_unavailable);
  const auto declined = told(asked(address("Tea Lane 1", "10115")), kDeclinePan);
  CHECK(declined.auth_code == AuthCode::declined);
  CHECK(declined.avs_result == AVSResult::full_match);
  CHECK_FALSE(declined.curr_conv);
  const auto nothing = told([](AuthReq&) {});
  CHECK_FALSE(nothing.avs_result);
  CHECK_FALSE(nothing.card_type);
}

TEST_CASE_METHOD(Details, "an approval on an account in another currency brings the rate") {
  const auto euros = told([](AuthReq&) {});
  REQUIRE(euros.curr_conv);
  CHECK(to_string(*euros.curr_conv, euros.auth_amt->currency()) == "1 EUR = 1.0842 USD");
  CHECK(euros.auth_amt == euro("49.95"));  // what is owed
  auto draft = world.draft();
  draft.purch_amt = draft.auth_req_amt = value_of(Amount::parse("500 JPY"));
  CHECK_FALSE(value_of(world.authorize(draft)).message.curr_conv);  // there is no rate
}

TEST_CASE_METHOD(Details, "a sale that names its batch hears the batch's status") {
  shop.operated(BatchOperation::open, "week-47");
  const auto named = [](AuthReq& request) {
    SaleDetail detail;
    detail.batch_id = "week-47";
    request.sale_detail = detail;
  };
  for (int i = 1; i <= 2; ++i) {
    const auto sale = told(named);
    REQUIRE(sale.batch_status);
    CHECK(sale.batch_status->batch_id == "week-47");
    CHECK_FALSE(sale.batch_status->closed_when);
    CHECK(sale.batch_status->totals.at(0).debit_count == static_cast<std::uint32_t>(i));
    CHECK(sale.cap_res->batch_id == "week-47");
  }
  CHECK_FALSE(told([](AuthReq&) {}).batch_status);
}

TEST_CASE_METHOD(Details, "all of it survives a crash between the decision and its answer") {
  auto draft = world.draft();
  draft.change_auth_req = [](AuthReq& request) {
    request.details.avs_data = address("Tea Lane 1", "10115");
    request.details.request_card_type = true;
  };
  const auto request = world.make_auth_req(draft);
  value_of(world.send(request.wire));
  value_of(world.store.database().in_transaction(
      "test", [](Transaction& t) { return t.execute("DELETE FROM replies"); }));
  world.now += std::chrono::hours(1);
  value_of(world.service->resume());
  const auto answered = value_of(world.open(request, value_of(world.send(request.wire))));
  CHECK(answered.message.avs_result == AVSResult::full_match);
  CHECK(answered.message.card_type == CardType::gold);
  CHECK(answered.message.curr_conv);
}

TEST_CASE_METHOD(Details, "what is owed is never answered with an Error, whatever has ended since") {
  const auto held = shop.authorized("100.00");
  const auto capture = shop.capture(held, "30.00");
  value_of(shop.send(capture, &Service::capture));
  value_of(world.store.database().in_transaction(
      "test", [](Transaction& t) { return t.execute("DELETE FROM replies"); }));
  // Long after the merchant's certificate.
  world.now = world.merchant.party->signature->leaf.not_after() + std::chrono::hours(1);
  const auto owed = shop.send(capture, &Service::capture);
  REQUIRE_FALSE(owed);
  CHECK(owed.error().detail == "in_progress");
  // Bytes that were never taken up hear what is wrong with them.
  CHECK(shop.send(shop.capture(held, "1.00"), &Service::capture));
  CHECK(count_of(world, "SELECT COUNT(*) FROM payment_items WHERE kind = 'capture'") == 1);
}

TEST_CASE_METHOD(Details, "a payment is listed as it stands now, with its decision beside it") {
  auto held = shop.authorized("100.00");
  CHECK(listed(held.auth_rrpid).at("state") == "approved");
  CHECK(shop.reversed(shop.reverse(held, "60.00"), held) == AuthRevCode::approved);
  CHECK(listed(held.auth_rrpid).at("authorized") == "60.00 EUR");
  shop.captured(shop.capture(held, "60.00"));
  CHECK(listed(held.auth_rrpid).at("state") == "captured");
  CHECK(listed(held.auth_rrpid).at("captured") == "60.00 EUR");
  shop.credited(shop.credit(held, "60.00"));
  const auto refunded = listed(held.auth_rrpid);
  CHECK(refunded.at("state") == "refunded");
  CHECK(refunded.at("decision") == "approved");
  CHECK(refunded.at("requested") == "100.00 EUR");

  auto cancelled = shop.authorized("10.00");
  CHECK(shop.reversed(shop.reverse(cancelled, nullptr), cancelled) == AuthRevCode::approved);
  const auto reversed = listed(cancelled.auth_rrpid);
  CHECK(reversed.at("state") == "reversed");
  CHECK(reversed.at("decision") == "approved");
  CHECK(reversed.at("auth_code") == "approved");
  CHECK(reversed.at("authorized").is_null());
}

}  // namespace set::gateway::test
