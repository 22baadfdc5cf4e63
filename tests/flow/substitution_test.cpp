// One good message in another's place: at another door, for another order, amount, merchant or
// gateway, in another session.
#include <catch2/catch_test_macros.hpp>

#include "tests/flow/dual.h"
#include "tests/flow/log_capture.h"
#include "tests/flow/stage.h"

using namespace set;
using namespace set::flow;

namespace {

constexpr MessageType kDoors[] = {
    wire::MESSAGE_TYPE_CARD_C_INIT_REQ, wire::MESSAGE_TYPE_ME_AQ_C_INIT_REQ,
    wire::MESSAGE_TYPE_REG_FORM_REQ,    wire::MESSAGE_TYPE_CERT_REQ,
    wire::MESSAGE_TYPE_CERT_INQ_REQ,    wire::MESSAGE_TYPE_PINIT_REQ,
    wire::MESSAGE_TYPE_P_REQ,           wire::MESSAGE_TYPE_INQ_REQ,
    wire::MESSAGE_TYPE_AUTH_REQ,        wire::MESSAGE_TYPE_PCERT_REQ,
    wire::MESSAGE_TYPE_AUTH_REV_REQ,
    wire::MESSAGE_TYPE_CAP_REQ,         wire::MESSAGE_TYPE_CAP_REV_REQ,
    wire::MESSAGE_TYPE_CRED_REQ,        wire::MESSAGE_TYPE_CRED_REV_REQ,
    wire::MESSAGE_TYPE_BATCH_ADMIN_REQ};

std::shared_ptr<const Party> owner_of(Stage& stage, MessageType door) {
  if (door >= wire::MESSAGE_TYPE_CARD_C_INIT_REQ) return stage.ca();
  const bool gateway = door > wire::MESSAGE_TYPE_INQ_RES;
  return gateway ? stage.gateway() : stage.merchant();
}

void check_wrong_door(Stage& stage, MessageType door, ByteView message) {
  const auto before = stage.digest_of_database(door);
  const auto delivered = stage.deliver(door, message);
  REQUIRE(delivered.status.ok());
  const auto word = error_word(delivered.answer, std::nullopt, *owner_of(stage, door));
  CHECK(word == "messageNotSupported");
  CHECK(stage.digest_of_database(door) == before);
}

}  // namespace

TEST_CASE("each message is refused at every door but its own") {
  Stage stage;
  int count = 0;
  for (const auto pair : kAllPairs) {
    const auto exchange = stage.begin(pair);
    for (const auto door : kDoors) {
      INFO(to_string(exchange.request.type) << " at the door of " << to_string(door));
      if (door == exchange.request.type) continue;
      check_wrong_door(stage, door, exchange.sent->wire);
      ++count;
    }
    const auto answer = stage.answer(exchange);
    for (const auto door : kDoors) {
      INFO(to_string(exchange.answer.type) << " at the door of " << to_string(door));
      check_wrong_door(stage, door, answer);
      ++count;
    }
  }
  // Its answer at every door, itself at every door but one.
  CHECK(count == static_cast<int>(std::size(kAllPairs) * (2 * std::size(kDoors) - 1)));
}

TEST_CASE("SET's Error at any door is refused and changes nothing") {
  Stage stage;
  auto bytes = stage.begin(Pair::card_c_init).sent->wire;
  bytes[3] ^= 1U;
  const auto error = stage.deliver(wire::MESSAGE_TYPE_CARD_C_INIT_REQ, bytes).answer;
  REQUIRE(error_word(error, std::nullopt, *stage.ca()));
  for (const auto door : kDoors) check_wrong_door(stage, door, error);
}

TEST_CASE("a request that is sealed to somebody else is refused before anything is opened") {
  Stage stage;
  Stage others({.merchant_id = "shop-2", .gateway_id = "gateway-2"});
  for (const auto pair : {Pair::pinit, Pair::preq, Pair::inq, Pair::auth, Pair::pcert}) {
    const auto exchange = others.begin(pair);
    const auto delivered = stage.deliver(exchange.request.type, exchange.sent->wire);
    INFO(to_string(exchange.request.type));
    CHECK(error_word(delivered.answer, std::nullopt, *owner_of(stage, exchange.request.type)) ==
          "invalidCertificate");
  }
}

TEST_CASE("an answer of another session is not taken") {
  Stage stage;
  for (const auto pair : kAllPairs) {
    const auto exchange = stage.begin(pair);
    const auto own = stage.answer(exchange);
    const auto other = stage.begin(pair);
    const auto theirs = stage.answer(other);
    INFO(to_string(exchange.answer.type));
    CHECK(word_of(exchange.accept(theirs)) == "unknownRRPID");
    // The answerer itself puts the other session's answer under this one's key and name.
    auto inside = open_answer(other, theirs);
    inside.header = open_answer(exchange, own).header;
    CHECK(word_of(exchange.accept(close_answer(exchange, inside).wire)) == "wrapperMsgMismatch");
    CHECK(word_of(exchange.accept(own)) == kAccepted);
  }
}

TEST_CASE("the CA's answer to another type of request is not taken") {
  Stage stage;
  const auto me_aq = stage.begin(Pair::me_aq_c_init);
  const auto for_gateway = change_answer<wire::MeAqCInitResTBS>(
      me_aq, stage.answer(me_aq), [](wire::MeAqCInitResTBS& content) {
        content.set_request_type(wire::REQUEST_TYPE_PGWY_INITIAL_BOTH);
      });
  CHECK(word_of(me_aq.accept(for_gateway.wire)) == "wrapperMsgMismatch");
  const auto form = stage.begin(Pair::reg_form);
  const auto for_renewal = change_answer<wire::RegFormResTBS>(
      form, stage.answer(form), [](wire::RegFormResTBS& content) {
        content.set_request_type(wire::REQUEST_TYPE_CARD_RENEWAL_SIG);
      });
  CHECK(word_of(form.accept(for_renewal.wire)) == "wrapperMsgMismatch");
}

TEST_CASE("a PReq for another order of the same merchant is refused") {
  Stage stage;
  const auto preq = stage.begin(Pair::preq);
  const auto theirs = dual_of(stage.begin(Pair::preq));
  SECTION("the other order's XID alone") {
    auto dual = dual_of(preq);
    dual.pi_tbs.mutable_header()->mutable_trans_ids()->set_xid(theirs.oi_data.trans_ids().xid());
    CHECK(stage.outcome(preq, with_dual(preq, dual)) == "unknownLID");
  }
  SECTION("all of its ids") {
    auto dual = dual_of(preq);
    *dual.pi_tbs.mutable_header()->mutable_trans_ids() = theirs.oi_data.trans_ids();
    *dual.oi_data.mutable_trans_ids() = theirs.oi_data.trans_ids();
    *dual.pi_head.mutable_trans_ids() = theirs.oi_data.trans_ids();
    bind(dual, true);
    CHECK(stage.outcome(preq, with_dual(preq, dual)) == "challengeMismatch");
  }
  SECTION("its ids and challenges, with this one's order and amount") {
    auto dual = dual_of(preq);
    *dual.pi_tbs.mutable_header()->mutable_trans_ids() = theirs.oi_data.trans_ids();
    *dual.oi_data.mutable_trans_ids() = theirs.oi_data.trans_ids();
    *dual.pi_head.mutable_trans_ids() = theirs.oi_data.trans_ids();
    dual.oi_data.set_chall_c(theirs.oi_data.chall_c());
    dual.oi_data.set_chall_m(theirs.oi_data.chall_m());
    const auto salt = must(ODSalt::parse(dual.oi_data.od_salt()));
    const auto hod = hod_of({"another order", must(Amount::parse("0.01 EUR")), salt}).str();
    dual.oi_data.set_hod(hod);
    dual.pi_head.set_hod(hod);
    dual.pi_head.mutable_purch_amt()->set_amount(1);
    dual.pi_tbs.mutable_purch_amt()->set_amount(1);
    bind(dual, true);
    CHECK(stage.outcome(preq, with_dual(preq, dual)) == "orderRejected");
  }
}

TEST_CASE("a PReq for another amount, gateway or moment is refused") {
  Stage stage;
  const auto preq = stage.begin(Pair::preq);
  auto dual = dual_of(preq);
  SECTION("one cent less, on every paper") {
    for (auto* amount : {dual.pi_tbs.mutable_purch_amt(), dual.pi_head.mutable_purch_amt()}) {
      amount->set_amount(amount->amount() - 1);
    }
    bind(dual, true);
    CHECK(stage.outcome(preq, with_dual(preq, dual)) == "orderRejected");
  }
  SECTION("the same number of another currency") {
    dual.pi_tbs.mutable_purch_amt()->set_currency(840);
    dual.pi_head.mutable_purch_amt()->set_currency(840);
    bind(dual, true);
    CHECK(stage.outcome(preq, with_dual(preq, dual)) == "orderRejected");
  }
  SECTION("another gateway, named and sealed to") {
    Stage others({.merchant_id = "shop-2", .gateway_id = "gateway-2"});
    dual.gateway = others.gateway()->key_exchange->leaf;
    dual.pi_tbs.set_gateway(dual.gateway.thumbprint().str());
    CHECK(stage.outcome(preq, with_dual(preq, dual)) == "thumbsMismatch");
  }
  SECTION("the cardholder's word is over") {
    dual.pi_tbs.set_valid_until_ms(to_millis(stage.now()) - 1);
    CHECK(stage.outcome(preq, with_dual(preq, dual)) == "orderRejected");
  }
}

TEST_CASE("a PReq with the PI of another PReq is refused by the gateway") {
  Stage stage;
  const auto preq = stage.begin(Pair::preq);
  const auto other = stage.begin(Pair::preq);
  const auto baggage_of = [](const Inside& inside) {
    return must(parse_as<wire::PReqBaggage>(view_of(inside.body.baggage())));
  };
  auto inside = open_request(preq);
  auto baggage = baggage_of(inside);
  *baggage.mutable_pi() = baggage_of(open_request(other)).pi();
  inside.body.set_baggage(string_of(serialize(baggage)));
  CHECK(stage.outcome(preq, close_request(preq, inside)) == "systemError");
}

TEST_CASE("an order is taken once, whoever comes and however often") {
  Stage stage;
  const auto preq = stage.begin(Pair::preq);
  CHECK(stage.outcome(preq, as_sent(preq)) == kAccepted);
  // The same cardholder signs the same purchase once more, under another RRPID.
  const auto rrpid = Rng::system().make<RRPID>().str();
  auto dual = dual_of(preq);
  dual.oi_data.set_rrpid(rrpid);
  dual.pi_tbs.mutable_header()->set_rrpid(rrpid);
  bind(dual, true);
  auto again = preq;
  auto inside = open_request(preq);
  inside.header.set_rrpid(rrpid);
  again.sent = std::make_shared<const Request>(Request{close_request(preq, inside).wire, {}});
  CHECK(stage.outcome(again, with_dual(again, dual)) == "orderRejected");
  CHECK(word_of(preq.accept(stage.answer(preq))) == kAccepted);  // it stays what it was
}

TEST_CASE("a PI pays once") {
  Stage stage;
  const auto auth = stage.begin(Pair::auth);
  CHECK(stage.outcome(auth, as_sent(auth)) == kAccepted);
  // The merchant asks again under another authRRPID, for one cent.
  auto inside = open_request(auth);
  auto content = must(parse_as<wire::AuthReqData>(view_of(content_of(inside.body))));
  const auto rrpid = Rng::system().make<RRPID>().str();
  inside.header.set_rrpid(rrpid);
  content.mutable_header()->set_rrpid(rrpid);
  content.mutable_payload()->mutable_auth_req_amt()->set_amount(1);
  put_content(inside.body, auth.request, serialize(content), *auth.sender);
  CHECK(stage.outcome(auth, close_request(auth, inside)) == "piPreviouslyUsed");
}

TEST_CASE("the gateway pays no other amount, gateway or moment than the cardholder signed") {
  Stage stage;
  const auto auth = stage.begin(Pair::auth);
  SECTION("in another currency") {
    const auto forged = change_request<wire::AuthReqData>(auth, [](wire::AuthReqData& content) {
      content.mutable_payload()->mutable_auth_req_amt()->set_currency(840);
    });
    CHECK(stage.outcome(auth, forged) == "amountError");
  }
  SECTION("a PI for another gateway") {
    Stage others({.merchant_id = "shop-2", .gateway_id = "gateway-2"});
    auto dual = dual_of(auth);
    dual.gateway = others.gateway()->key_exchange->leaf;
    dual.pi_tbs.set_gateway(dual.gateway.thumbprint().str());
    CHECK(stage.outcome(auth, with_dual(auth, dual)) == "invalidCertificate");
  }
  SECTION("a PI that names another gateway and is sealed to this one") {
    Stage others({.merchant_id = "shop-2", .gateway_id = "gateway-2"});
    auto dual = dual_of(auth);
    dual.pi_tbs.set_gateway(others.gateway()->key_exchange->leaf.thumbprint().str());
    CHECK(stage.outcome(auth, with_dual(auth, dual)) == "piAuthMismatch");
  }
  SECTION("after the cardholder's word is over") {
    auto dual = dual_of(auth);
    dual.pi_tbs.set_valid_until_ms(to_millis(stage.now()) - 1);
    CHECK(stage.outcome(auth, with_dual(auth, dual)) == "invalidTransaction");
  }
}
