// A certificate of the wrong role, brand or validity, of another root, or of another person: each
// signed message is refused with the code for it, and nothing is changed.
#include <catch2/catch_test_macros.hpp>

#include <iostream>

#include "tests/flow/impostors.h"
#include "tests/flow/log_capture.h"

using namespace set;
using namespace set::flow;

namespace {

constexpr const char* kInvalid = "invalidCertificate";

/// Every impostor in the place of the request's signer.
void check_requests(Stage& stage, Pair pair, Role role, const Word& of_other_brand,
                    Forged (*sign)(const Exchange&, const Party&) = signed_by) {
  auto exchange = stage.begin(pair);
  const auto door = exchange.request.type;
  const auto honest = role == Role::cardholder ? stage.cardholder().party : exchange.sender;
  const auto all = impostors_of(role, honest->signature->leaf, stage.now(), of_other_brand);
  LogCapture log;
  for (const auto& impostor : all) {
    INFO(to_string(door) << " by a certificate " << impostor.name);
    const auto before = stage.digest_of_database(door);
    log.take();
    const auto word = stage.outcome(exchange, sign(exchange, *impostor.party));
    CHECK(word == impostor.expected);
    const auto written = log.take();
    if (word.ends_with("Certificate") || word == "signatureFailure" || word == "unknownXID") {
      CHECK(stage.digest_of_database(door) == before);
      CHECK(lines_in(written) == 1);
      CHECK(lines_with(written, "message refused") == 1);
    } else {
      exchange = stage.begin(pair);  // this one has its answer
    }
  }
  std::cout << to_string(door) << ": " << all.size() << " impostors\n";
}

/// Every impostor in the place of the answer's signer. An answer brings certificates beside the
/// signer's, so that "without its issuers" is no fault there.
void check_answers(Stage& stage, Pair pair, Role role) {
  const auto exchange = stage.begin(pair);
  const auto answer = stage.answer(exchange);
  const auto& honest = exchange.receiver->signature->leaf;
  int count = 0;
  for (const auto& impostor : impostors_of(role, honest, stage.now(), kInvalid)) {
    if (impostor.name == "without its issuers") continue;
    INFO(to_string(exchange.answer.type) << " by a certificate " << impostor.name);
    const auto forged = answer_signed_by(exchange, answer, *impostor.party);
    CHECK(word_of(exchange.accept(forged.wire)) == impostor.expected);
    ++count;
  }
  std::cout << to_string(exchange.answer.type) << ": " << count << " impostors\n";
}

}  // namespace

TEST_CASE("a cardholder's messages are refused under any certificate but a cardholder's") {
  Stage stage;
  check_requests(stage, Pair::preq, Role::cardholder, "signatureFailure");
  check_requests(stage, Pair::inq, Role::cardholder, "unknownXID");
}

TEST_CASE("the gateway refuses a PI that is signed under any certificate but a cardholder's") {
  Stage stage;
  check_requests(stage, Pair::auth, Role::cardholder, "cardMerchBrandMismatch", pi_signed_by);
}

TEST_CASE("a merchant's messages are refused under any certificate but a merchant's") {
  Stage stage;
  check_requests(stage, Pair::auth, Role::merchant, kInvalid);
  check_requests(stage, Pair::pcert, Role::merchant, kInvalid);
  for (const auto pair : {Pair::pinit, Pair::preq, Pair::inq}) {
    check_answers(stage, pair, Role::merchant);
  }
}

TEST_CASE("a gateway's answers are refused under any certificate but a gateway's") {
  Stage stage;
  for (const auto pair : {Pair::auth, Pair::pcert}) check_answers(stage, pair, Role::gateway);
}

TEST_CASE("a CA's answers are refused under any certificate but a CA's") {
  Stage stage;
  for (const auto pair : kAllPairs) {
    if (at_ca(pair)) check_answers(stage, pair, Role::cca);
  }
}

TEST_CASE("a CA answers only for its own kind of end entity") {
  Stage stage;
  for (const auto pair : kAllPairs) {
    if (!at_ca(pair)) continue;
    const auto exchange = stage.begin(pair);
    const auto answer = stage.answer(exchange);
    const bool merchant = pair == Pair::me_aq_c_init || pair == Pair::party_cert;
    INFO(name_of(pair));
    const auto by = [&](Role role) {
      return word_of(
          exchange.accept(answer_signed_by(exchange, answer, *authority_for(role)).wire));
    };
    CHECK(by(merchant ? Role::mca : Role::cca) == kAccepted);
    CHECK(by(merchant ? Role::cca : Role::mca) == kInvalid);
    CHECK(by(Role::pca) == kInvalid);
  }
}

TEST_CASE("a good certificate of another person is no help") {
  Stage stage;
  Stage others({.merchant_id = "shop-2", .gateway_id = "gateway-2"});
  const auto other_card = stage.register_cardholder();

  SECTION("another cardholder asks about a purchase") {
    const auto inq = stage.begin(Pair::inq);
    CHECK(stage.outcome(inq, signed_by(inq, *other_card.party)) == "unknownXID");
  }
  SECTION("another cardholder signs for this card") {
    const auto preq = stage.begin(Pair::preq);
    CHECK(stage.outcome(preq, signed_by(preq, *other_card.party)) == "systemError");
    const auto auth = stage.begin(Pair::auth);
    CHECK(stage.outcome(auth, pi_signed_by(auth, *other_card.party)) == "signatureFailure");
  }
  SECTION("another merchant hands on the PI") {
    const auto auth = stage.begin(Pair::auth);
    CHECK(stage.outcome(auth, signed_by(auth, *others.merchant())) == "piAuthMismatch");
  }
  SECTION("another merchant answers the wallet") {
    for (const auto pair : {Pair::pinit, Pair::preq, Pair::inq}) {
      const auto exchange = stage.begin(pair);
      const auto forged = answer_signed_by(exchange, stage.answer(exchange), *others.merchant());
      CHECK(word_of(exchange.accept(forged.wire)) == kInvalid);
    }
  }
  SECTION("another gateway answers the merchant") {
    for (const auto pair : {Pair::auth, Pair::pcert}) {
      const auto exchange = stage.begin(pair);
      const auto forged = answer_signed_by(exchange, stage.answer(exchange), *others.gateway());
      CHECK(word_of(exchange.accept(forged.wire)) == kInvalid);
    }
  }
}
