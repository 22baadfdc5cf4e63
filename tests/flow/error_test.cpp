// SET's Error is a message like the others: whoever asked believes it only from whom it asked,
// about what it asked, and as the last word only under the reply key.
#include <catch2/catch_test_macros.hpp>

#include <iostream>

#include "tests/flow/dual.h"
#include "tests/flow/field_table.h"
#include "tests/flow/impostors.h"
#include "tests/flow/log_capture.h"
#include "tests/flow/mutation.h"

using namespace set;
using namespace set::flow;

namespace {

using namespace say;

constexpr const char* kSaid = "the peer's own word";

// What the requester makes of an Error with this field changed, signed again by the peer, under the
// reply key. "final": it is believed to be the end of it; anything else is the requester's own
// doubt.
constexpr const char* believed = "final challengeMismatch";

// clang-format off
const Table& error_table() {
  static const Table table = {
      {"header",                none,    too_old, none,    none, none},
      {"header.version",        too_new, too_old, too_new, none, none},
      {"header.content_type",   differ,  differ,  differ,  none, none},
      {"header.sender",         differ,  differ,  differ,  none, none},
      {"header.recipient",      differ,  differ,  differ,  none, none},
      {"header.rrpid",          differ,  decode,  decode,  none, differ},
      {"header.trans_ids",      believed, none,   none,    decode, none, "no purchase is known yet where most Errors are said"},
      {"header.trans_ids.*",    none,    none,    none,    none, none, "not there"},
      {"header.created_at_ms",  differ,  differ,  differ,  none, differ},
      {"header.request_digest", differ,  differ,  differ,  none, differ},
      {"header.baggage_digest", believed, none,   believed, none, none, "an Error has no baggage, whatever it says"},
      {"header.account_digest", believed, none,   believed, none, none, "an Error has no account block, whatever it says"},
      {"header.audit_head",     decode,  none,    decode,  none, none, "an Error tells no head"},
      {"error_code",            differ,  differ,  differ,  none, none},
      {"error_nonce",           believed, believed, believed, none, believed, "makes each Error's octets new"},
      {"error_oid",             believed, none,   believed, none, none, kSaid},
      {"error_thumb",           believed, none,   believed, none, none, kSaid},
      {"error_msg",             believed, believed, believed, none, believed, "a copy of what failed; the request's digest binds it"},
  };
  return table;
}
// clang-format on

Word word_of_error(const Exchange& exchange, ByteView answer) {
  const auto read = exchange.read(answer, exchange.sent->pending, *exchange.sender);
  if (read) return *read;
  const Word code(to_string(read.error().code));
  switch (peer_word(read.error())) {
    case PeerWord::final:
      return "final " + code;
    case PeerWord::hint:
      return "hint " + code;
    case PeerWord::none:
      break;
  }
  return code;
}

/// A PReq that the merchant can open and refuses: its Chall-M is another. The exchange is about it.
Exchange refused_preq(Stage& stage) {
  auto exchange = stage.begin(Pair::preq);
  auto dual = dual_of(exchange);
  auto& chall_m = *dual.oi_data.mutable_chall_m();
  chall_m[0] = static_cast<char>(chall_m[0] ^ 1);
  bind(dual, true);
  const auto forged = with_dual(exchange, dual);
  const auto& pending = *forged.pending;
  exchange.sent = std::make_shared<const Request>(Request{
      forged.wire, PendingReply{pending.rrpid, pending.request_digest, pending.key->clone()}});
  return exchange;
}

Bytes with_error(const Exchange& exchange, ByteView answer, const Message& error,
                 const Party& signer) {
  auto inside = open_answer(exchange, answer);
  put_content(inside.body, kErrorInfo, serialize(error), signer);
  put_chain(inside.body, *signer.signature);
  return close_answer(exchange, inside).wire;
}

wire::ErrorTBS error_of(const Exchange& exchange, ByteView answer) {
  return must(parse_as<wire::ErrorTBS>(view_of(content_of(open_answer(exchange, answer).body))));
}

const char* error_cell(const FieldRow& row, Mutation mutation) {
  const char* const cells[] = {row.flip, row.absent, row.longest, row.extra, row.other};
  return cells[static_cast<std::size_t>(mutation)];
}

}  // namespace

TEST_CASE("each field of an Error is looked at") {
  Stage stage;
  const auto exchange = refused_preq(stage);
  const auto answer = stage.answer(exchange);
  REQUIRE(word_of_error(exchange, answer) == believed);
  const auto error = error_of(exchange, answer);
  const auto other_exchange = refused_preq(stage);
  const auto other = error_of(other_exchange, stage.answer(other_exchange));
  int changes = 0;
  for (const auto& path : paths_of(*wire::ErrorTBS::descriptor())) {
    const auto text = path.text();
    const auto row = std::ranges::find_if(error_table(), [&](const FieldRow& r) {
      return r.path == text ||
             (r.path.ends_with(".*") && text.starts_with(r.path.substr(0, r.path.size() - 1)));
    });
    INFO(text);
    REQUIRE(row != error_table().end());
    for (const auto mutation : kMutations) {
      auto changed = error;
      INFO(name_of(mutation));
      if (!path.mutate(changed, mutation, other)) {
        CHECK(std::string(error_cell(*row, mutation)) == none);
        continue;
      }
      ++changes;
      const auto word =
          word_of_error(exchange, with_error(exchange, answer, changed, *stage.merchant()));
      CHECK(word == error_cell(*row, mutation));
    }
  }
  std::cout << "Error: " << changes << " changes\n";
}

TEST_CASE("an Error is believed from whom was asked, and from nobody else") {
  Stage stage;
  Stage others({.merchant_id = "shop-2", .gateway_id = "gateway-2"});
  const auto exchange = refused_preq(stage);
  const auto answer = stage.answer(exchange);
  const auto signed_error = [&](const Party& signer) {
    auto error = error_of(exchange, answer);
    error.mutable_header()->set_sender(signer.signature->leaf.thumbprint().str());
    return word_of_error(exchange, with_error(exchange, answer, error, signer));
  };
  CHECK(signed_error(*stage.merchant()) == believed);
  CHECK(signed_error(*stage.gateway()) == "invalidCertificate");
  CHECK(signed_error(*stage.ca()) == "invalidCertificate");
  CHECK(signed_error(*stage.cardholder().party) == "invalidCertificate");
  for (const auto& impostor : impostors_of(Role::merchant, stage.merchant()->signature->leaf,
                                           stage.now(), "wrapperMsgMismatch")) {
    if (impostor.name == "without its issuers") continue;  // the wallet has them
    INFO("by a certificate " << impostor.name);
    CHECK(signed_error(*impostor.party) == impostor.expected);
  }
}

TEST_CASE("an Error in the clear about a sealed request is a hint and no more") {
  Stage stage;
  for (const auto pair : kAllPairs) {
    const auto exchange = stage.begin(pair);
    if (exchange.request.protection == Protection::clear) continue;
    INFO(to_string(exchange.request.type));
    // Whoever carries the request spoils a copy and keeps the answer to it.
    auto copy = exchange.sent->wire;
    copy.back() ^= 1U;
    const auto error = stage.deliver(exchange.request.type, copy).answer;
    CHECK(word_of_error(exchange, error) == "hint signatureFailure");
    CHECK(word_of_error(stage.begin(pair), error) == "unknownRRPID");
    CHECK(word_of(exchange.accept(stage.answer(exchange))) == kAccepted);
  }
}

TEST_CASE("an Error of the gateway in the clear does not end the merchant's order") {
  Stage stage;
  const auto order = stage.preq(stage.cardholder());
  std::optional<wire::MessageWrapper> request;
  stage.listen([&](const wire::MessageWrapper& wrapper) {
    const auto header = must(parse_as<wire::MessageHeader>(view_of(wrapper.header())));
    if (header.message_type() == wire::MESSAGE_TYPE_AUTH_REQ) request = wrapper;
  });
  stage.change_gateway_answers([&](wire::MessageWrapper& answer) {
    auto& body = *request->mutable_sealed()->mutable_body();
    body[9] = static_cast<char>(body[9] ^ 1);
    const auto error = stage.deliver(wire::MESSAGE_TYPE_AUTH_REQ, serialize(*request)).answer;
    answer = must(parse_wrapper(error));
  });
  CHECK(word_of(order.accept(stage.answer(order))) == "orderReceived");
  stage.listen({});
}

// The merchant makes the AuthReq anew; the gateway knows the authRRPID in the first bytes, and has their answer.
TEST_CASE("a messageTooOld that somebody provoked does not lose what the gateway decided") {
  Stage stage;
  const auto order = stage.preq(stage.cardholder());
  std::optional<wire::MessageWrapper> request;
  stage.listen([&](const wire::MessageWrapper& wrapper) {
    const auto header = must(parse_as<wire::MessageHeader>(view_of(wrapper.header())));
    if (header.message_type() == wire::MESSAGE_TYPE_AUTH_REQ && !request) request = wrapper;
  });
  // The gateway captures; its answer is lost.
  stage.change_gateway_answers([](wire::MessageWrapper& answer) { answer.Clear(); });
  CHECK(word_of(order.accept(stage.answer(order))) == "orderReceived");
  // Five minutes later a spoilt copy of the AuthReq provokes an Error in the clear, which is given
  // to the merchant when it asks again.
  stage.pass(std::chrono::minutes(6));
  auto& body = *request->mutable_sealed()->mutable_body();
  body[9] = static_cast<char>(body[9] ^ 1);
  const auto error = stage.deliver(wire::MESSAGE_TYPE_AUTH_REQ, serialize(*request)).answer;
  REQUIRE(error_word(error, std::nullopt, *stage.gateway()) == "messageTooOld");
  stage.change_gateway_answers(
      [&](wire::MessageWrapper& answer) { answer = must(parse_wrapper(error)); });
  CHECK(stage.resolve(order) == "awaiting");
  // Then nobody stands in between any more.
  stage.change_gateway_answers({});
  CHECK(stage.resolve(order) == kAccepted);
}

TEST_CASE("an AuthRes that was lost is had again, however late") {
  Stage stage;
  const auto order = stage.preq(stage.cardholder());
  stage.change_gateway_answers([](wire::MessageWrapper& answer) { answer.Clear(); });
  CHECK(word_of(order.accept(stage.answer(order))) == "orderReceived");
  stage.pass(std::chrono::hours(24));
  stage.change_gateway_answers({});
  CHECK(stage.resolve(order) == kAccepted);
}
