// The merchant's half of authorisation, check by check (set-1997 §3.6; protocol §4).
#include <catch2/generators/catch_generators.hpp>

#include "tests/merchant/shop.h"

using namespace set;
using namespace set::merchant;
using namespace set::merchant::test;

namespace {

struct Asked {
  Shop shop;
  Ordered order = shop.take(shop.initiate(shop.make_order()));
  AwaitingAuthRes awaiting = value_of(
      make_auth_req(order, first_authorization(order.initiated.order, shop.rng.make<RRPID>()),
                    *shop.merchant.party, shop.gateway_certificates, shop.now, shop.rng));

  Result<Decided> accept(const std::function<void(AuthRes&)>& change,
                         const Party* gateway = nullptr) {
    return accept_auth_res(order, awaiting, shop.answer(awaiting, change, gateway),
                           *shop.merchant.party, shop.gateway_certificates);
  }
};

}  // namespace

TEST_CASE("an AuthReq asks the gateway for a sale of the order, with the cardholder's PI") {
  Asked asked;
  const auto envelope =
      value_of(read_envelope(value_of(parse_wrapper(asked.awaiting.request.wire)), asked.shop.now));
  const auto auth_req =
      value_of(Opener::request<AuthReq>(envelope, *asked.shop.gateway.party, asked.shop.now));
  CHECK(auth_req.message->capture_now);
  CHECK(auth_req.message->auth_req_amt == asked.order.initiated.order.amount);
  CHECK(auth_req.message->check_digests->hod2 == asked.order.hod);
  CHECK(auth_req.message.head().rrpid == asked.awaiting.auth_rrpid);
  CHECK(auth_req.message.head().trans_ids == asked.order.initiated.ids);
  CHECK(value_of(open_pi(auth_req.baggage, *asked.shop.gateway.party, asked.shop.now)).hoi_data ==
        asked.order.preq.hoi_data);
}

TEST_CASE("the gateway's AuthCode decides") {
  Asked asked;
  const auto captured = value_of(asked.accept({}));
  REQUIRE(std::holds_alternative<Captured>(captured));
  CHECK(std::get<Captured>(captured).amount == asked.order.initiated.order.amount);
  CHECK(std::get<Captured>(captured).authorized.cap_token == Bytes{1, 2, 3});
  CHECK_FALSE(std::get<Captured>(captured).authorized.evidence.empty());

  const auto authorized = value_of(asked.accept([](AuthRes& message) { message.cap_res.reset(); }));
  CHECK(std::holds_alternative<Authorized>(authorized));
  const auto not_captured = value_of(asked.accept([](AuthRes& message) {
    message.cap_res = CapResPayload{CapCode::batch_closed, std::nullopt, "", 0};
  }));
  CHECK(std::holds_alternative<Authorized>(not_captured));

  const auto code =
      GENERATE(AuthCode::declined, AuthCode::call_issuer, AuthCode::expired_card,
               AuthCode::no_reply, AuthCode::pi_auth_mismatch, AuthCode::pi_previously_used);
  const auto declined = value_of(asked.accept([code](AuthRes& message) {
    message.auth_code = code;
    message.auth_amt.reset();
    message.cap_res.reset();
    message.approval_code.clear();
    message.purch_amt.reset();
  }));
  REQUIRE(std::holds_alternative<Declined>(declined));
  CHECK(std::get<Declined>(declined).code == code);
}

TEST_CASE("an AuthRes for something else decides nothing") {
  Asked asked;
  struct Row {
    const char* why;
    std::function<void(AuthRes&)> change;
  };
  const auto row = GENERATE_REF(
      Row{"another order", [](AuthRes& message) { message.hoi_data.value[0] ^= 1; }},
      Row{"another payment", [](AuthRes& message) { message.hpi_data.value[0] ^= 1; }},
      Row{"another merchant", [](AuthRes& message) { message.merchant.value[0] ^= 1; }},
      Row{"another amount", [](AuthRes& message) { message.purch_amt = amount("49.94 EUR"); }},
      Row{"less approved", [](AuthRes& message) { message.auth_amt = amount("49.94 EUR"); }},
      Row{"more approved", [](AuthRes& message) { message.auth_amt = amount("49.96 EUR"); }},
      Row{"another currency", [](AuthRes& message) { message.auth_amt = amount("49.95 USD"); }},
      Row{"more captured",
          [](AuthRes& message) { message.cap_res->cap_amt = amount("49.96 EUR"); }});
  INFO(row.why);
  const auto decided = asked.accept(row.change);
  REQUIRE_FALSE(decided);
  CHECK(decided.error().code == ErrorCode::wrapper_msg_mismatch);
}

TEST_CASE("an AuthRes of another gateway decides nothing") {
  Asked asked;
  const auto decided = asked.accept({}, asked.shop.other_gateway.party.get());
  REQUIRE_FALSE(decided);
  CHECK(decided.error().code == ErrorCode::invalid_certificate);
}

TEST_CASE("the gateway's Error ends an authorisation as systemError") {
  Asked asked;
  const auto decided = accept_error(asked.awaiting, asked.shop.now);
  REQUIRE(std::holds_alternative<Declined>(decided));
  CHECK(std::get<Declined>(decided).code == AuthCode::system_error);
}
