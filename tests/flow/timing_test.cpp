// Stale, early and repeated messages (docs/protocol.md §4, steps 2, 3 and 8).
#include <catch2/catch_test_macros.hpp>

#include "tests/flow/log_capture.h"
#include "tests/flow/stage.h"

using namespace set;
using namespace set::flow;

namespace {

constexpr auto kWindow = std::chrono::minutes(5);
constexpr auto kStep = std::chrono::milliseconds(10);  // of Stage::deliver

/// Inquiries are answered with the state of the moment; all other answers are kept.
bool answer_is_kept(Pair pair) {
  return pair != Pair::card_cert_inq && pair != Pair::inq && pair != Pair::pcert;
}

Instant date_of(const Exchange& exchange) {
  const auto wrapper = must(parse_wrapper(exchange.sent->wire));
  return from_millis(must(parse_as<wire::MessageHeader>(view_of(wrapper.header()))).date_ms());
}

/// The stage's certificates are older than the window, so that the clock may be turned back.
void settle(Stage& stage) { stage.pass(2 * kWindow); }

/// The same request a millisecond younger: other content under the same RRPID.
Forged other_content(const Exchange& exchange) {
  auto inside = open_request(exchange);
  const auto date = inside.header.date_ms() + 1;
  inside.header.set_date_ms(date);
  std::unique_ptr<Message> content(exchange.request_content->New());
  must(parse_canonical(view_of(content_of(inside.body)), *content));
  const auto* field = content->GetDescriptor()->FindFieldByName("header");
  auto* header = content->GetReflection()->MutableMessage(content.get(), field);
  dynamic_cast<wire::ContentHeader&>(*header).set_created_at_ms(date);
  put_content(inside.body, exchange.request, serialize(*content), *exchange.sender);
  return close_request(exchange, inside);
}

/// The same content in other octets: sealed anew, or under another name of the software.
Forged other_octets(const Exchange& exchange) {
  auto inside = open_request(exchange);
  inside.header.set_sw_ident("another");
  return close_request(exchange, inside);
}

}  // namespace

TEST_CASE("a request is taken up to five minutes old, and no older") {
  Stage stage;
  settle(stage);
  for (const auto pair : kAllPairs) {
    const auto exchange = stage.begin(pair);
    const auto door = exchange.request.type;
    INFO(to_string(door));
    const auto sent = date_of(exchange);
    const auto before = stage.digest_of_database(door);
    stage.pass(kWindow + std::chrono::seconds(1) - kStep);
    CHECK(stage.outcome(exchange, as_sent(exchange)) == "messageTooOld");
    CHECK(stage.digest_of_database(door) == before);
    stage.pass(sent + kWindow - kStep - stage.now());
    CHECK(stage.outcome(exchange, as_sent(exchange)) == kAccepted);
  }
}

TEST_CASE("a request is taken up to five minutes early, and no earlier") {
  Stage stage;
  settle(stage);
  for (const auto pair : kAllPairs) {
    const auto exchange = stage.begin(pair);
    const auto door = exchange.request.type;
    INFO(to_string(door));
    const auto sent = date_of(exchange);
    const auto before = stage.digest_of_database(door);
    stage.pass(sent - kWindow - std::chrono::seconds(1) - kStep - stage.now());
    CHECK(stage.outcome(exchange, as_sent(exchange)) == "messageTooNew");
    CHECK(stage.digest_of_database(door) == before);
    stage.pass(sent - kWindow - kStep - stage.now());
    CHECK(stage.outcome(exchange, as_sent(exchange)) == kAccepted);
    stage.pass(sent - stage.now());
  }
}

TEST_CASE("an answer is taken up to five minutes old or early, and no longer") {
  Stage stage;
  settle(stage);
  for (const auto pair : kAllPairs) {
    const auto exchange = stage.begin(pair);
    const auto answer = stage.answer(exchange);
    INFO(to_string(exchange.answer.type));
    const auto at = [&](Duration shift) {
      stage.pass(shift);
      const auto word = word_of(exchange.accept(answer));
      stage.pass(-shift);
      return word;
    };
    CHECK(at(kWindow) == kAccepted);
    CHECK(at(kWindow + std::chrono::seconds(1)) == "messageTooOld");
    CHECK(at(-kWindow) == kAccepted);
    CHECK(at(-kWindow - std::chrono::seconds(1)) == "messageTooNew");
  }
}

TEST_CASE("the same octets get the same octets again, and nothing is done twice") {
  Stage stage;
  for (const auto pair : kAllPairs) {
    const auto exchange = stage.begin(pair);
    const auto door = exchange.request.type;
    INFO(to_string(door));
    const auto first = stage.answer(exchange);
    const auto before = stage.digest_of_database(door);
    if (answer_is_kept(pair)) {
      CHECK(stage.answer(exchange) == first);
      stage.pass(std::chrono::hours(30 * 24));  // whatever the date
      CHECK(stage.answer(exchange) == first);
      stage.pass(-std::chrono::hours(30 * 24));
      CHECK(stage.deliver(door, other_octets(exchange).wire).answer == first);
    } else {
      CHECK(stage.answer(exchange) != first);
      CHECK(word_of(exchange.accept(stage.answer(exchange))) == kAccepted);
      const auto sent = stage.now();
      stage.pass(kWindow + std::chrono::seconds(1));
      CHECK(stage.outcome(exchange, as_sent(exchange)) == "messageTooOld");
      stage.pass(sent - stage.now());
    }
    CHECK(stage.digest_of_database(door) == before);
  }
}

TEST_CASE("a used RRPID with other content of the same signer is badMessageHeader") {
  Stage stage;
  for (const auto pair : {Pair::preq, Pair::auth}) {
    const auto exchange = stage.begin(pair);
    const auto door = exchange.request.type;
    INFO(to_string(door));
    const auto first = stage.answer(exchange);
    const auto before = stage.digest_of_database(door);
    LogCapture log;
    CHECK(stage.outcome(exchange, other_content(exchange)) == "badMessageHeader");
    CHECK(lines_in(log.take()) == 1);
    CHECK(stage.digest_of_database(door) == before);
    CHECK(stage.answer(exchange) == first);
  }
}

TEST_CASE("where nobody signs, nobody can use up another's RRPID") {
  Stage stage;
  const std::pair<Pair, Word> words[] = {{Pair::card_c_init, kAccepted},
                                         {Pair::reg_form, kAccepted},
                                         {Pair::me_aq_c_init, kAccepted},
                                         {Pair::pinit, kAccepted},
                                         // Under the new key: this registration is complete.
                                         {Pair::card_cert, "rejectedByCA"},
                                         {Pair::party_cert, "rejectedByCA"}};
  for (const auto& [pair, word] : words) {
    const auto exchange = stage.begin(pair);
    INFO(to_string(exchange.request.type));
    const auto first = stage.answer(exchange);
    CHECK(stage.outcome(exchange, other_content(exchange)) == word);
    CHECK(stage.answer(exchange) == first);
  }
}
