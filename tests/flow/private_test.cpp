// As if TLS were not there: whoever records every wrapper of a registration and a purchase learns
// no card number, no order and no amount. Nor do those who may open them learn more than is theirs.
#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <iostream>

#include "tests/flow/dual.h"
#include "tests/flow/stage.h"
#include "tests/support/pki.h"

using namespace set;
using namespace set::flow;

namespace {

std::string hex(std::string_view text, bool upper) {
  auto out = to_hex(view_of(text));
  if (upper) std::ranges::transform(out, out.begin(), [](char c) { return std::toupper(c); });
  return out;
}

std::string base64(std::string_view text) {
  auto out = to_base64url(view_of(text));
  std::ranges::replace(out, '-', '+');
  std::ranges::replace(out, '_', '/');
  return out;
}

/// A text in every dress: as it is, in hex, in UTF-16, in base64 wherever in it the text begins.
std::vector<std::string> dresses(const std::string& text) {
  std::vector<std::string> out{text, hex(text, false), hex(text, true)};
  std::string utf16;
  for (const char c : text) utf16 += std::string{c, '\0'};
  out.push_back(utf16);
  for (std::size_t shift = 0; shift < 3 && text.size() > 10; ++shift) {
    for (const auto& coded : {base64(std::string(shift, 'x') + text),
                              to_base64url(view_of(std::string(shift, 'x') + text))}) {
      out.push_back(coded.substr(4, (coded.size() / 4 - 2) * 4));
    }
  }
  return out;
}

/// A card number moreover in BCD.
std::vector<std::string> number_dresses(const std::string& digits) {
  auto out = dresses(digits);
  const auto bcd = string_of(*from_hex(digits));
  out.push_back(bcd);
  out.push_back(hex(bcd, true));
  return out;
}

bool holds(const std::string& text, const std::vector<std::string>& needles) {
  return std::ranges::any_of(
      needles, [&](const auto& needle) { return text.find(needle) != std::string::npos; });
}

const std::string kPan(test::kApprovePan);
const std::string kOrder = "ZEBRA-STRIPED-CANARY";  // in Setting::description
const std::string kAmountText = "49.95";

std::string amount_on_the_wire() {
  return string_of(serialize(to_wire(*Amount::parse("49.95 EUR"))));
}

/// Every wrapper of everything that the stage can do, Errors among it.
std::vector<std::string> record(Stage& stage) {
  std::vector<std::string> tape;
  stage.listen(
      [&](const wire::MessageWrapper& wrapper) { tape.push_back(string_of(serialize(wrapper))); });
  for (const auto pair : kAllPairs) {
    const auto exchange = stage.begin(pair);
    stage.answer(exchange);
    auto broken = as_sent(exchange);
    broken.wire[broken.wire.size() - 40] ^= 1U;
    stage.deliver(exchange.request.type, broken.wire);
  }
  stage.listen({});
  return tape;
}

}  // namespace

TEST_CASE("who records every message of a registration and a purchase learns nothing private") {
  Stage stage;
  const auto tape = record(stage);
  CHECK(tape.size() > 60);
  std::size_t octets = 0;
  for (const auto& wrapper : tape) {
    octets += wrapper.size();
    const auto type =
        must(parse_as<wire::MessageHeader>(view_of(must(parse_wrapper(view_of(wrapper))).header())))
            .message_type();
    INFO(to_string(type));
    CHECK_FALSE(holds(wrapper, number_dresses(kPan)));
    CHECK_FALSE(holds(wrapper, dresses(kOrder)));
    CHECK_FALSE(holds(wrapper, dresses(kAmountText)));
    CHECK_FALSE(holds(wrapper, {amount_on_the_wire()}));
    CHECK_FALSE(holds(wrapper, dresses(std::string(test::kCardholderName))));
    CHECK_FALSE(holds(wrapper, {string_of(stage.cardholder().card_secret.reveal()),
                                string_of(stage.cardholder().pan_secret.reveal())}));
  }
  std::cout << tape.size() << " wrappers, " << octets << " octets\n";
}

TEST_CASE("the hunt finds what is there") {
  Stage stage;
  const auto pinit = stage.begin(Pair::pinit);
  const auto offer = content_of(open_answer(pinit, stage.answer(pinit)).body);
  CHECK(holds(offer, dresses(kOrder)));
  CHECK(holds(offer, {amount_on_the_wire()}));
  const auto account = string_of(dual_of(stage.begin(Pair::preq)).account->reveal());
  CHECK(holds(account, number_dresses(kPan)));
  CHECK(holds("xx" + base64("--" + kPan + "--"), number_dresses(kPan)));
  CHECK(holds("-" + string_of(*from_hex(kPan)), number_dresses(kPan)));
  CHECK(holds(stage.dump(wire::MESSAGE_TYPE_P_REQ), dresses(kOrder)));
}

TEST_CASE("the merchant holds no card number, opened or stored") {
  Stage stage;
  std::vector<std::string> seen;
  for (const auto pair : {Pair::pinit, Pair::preq, Pair::inq, Pair::auth, Pair::pcert}) {
    const auto exchange = stage.begin(pair);
    const auto request = open_request(exchange);
    CHECK(request.account == nullptr);
    seen.push_back(string_of(serialize(request.body)));
    seen.push_back(string_of(serialize(open_answer(exchange, stage.answer(exchange)).body)));
  }
  seen.push_back(stage.dump(wire::MESSAGE_TYPE_P_REQ));
  for (const auto& text : seen) CHECK_FALSE(holds(text, number_dresses(kPan)));
}

TEST_CASE("the gateway holds no order description, opened or stored") {
  Stage stage;
  const auto auth = stage.begin(Pair::auth);
  const auto dual = dual_of(auth);
  const auto answer = stage.answer(auth);
  for (const auto& text :
       {string_of(serialize(open_request(auth).body)), string_of(serialize(dual.pi_head)),
        string_of(serialize(dual.link)), string_of(dual.account->reveal()),
        string_of(serialize(open_answer(auth, answer).body)),
        stage.dump(wire::MESSAGE_TYPE_AUTH_REQ)}) {
    CHECK_FALSE(holds(text, dresses(kOrder)));
  }
  CHECK_FALSE(holds(stage.dump(wire::MESSAGE_TYPE_AUTH_REQ), number_dresses(kPan)));
}
