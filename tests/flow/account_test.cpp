// Each octet of each account block: changed behind the sender's back it is signatureFailure,
// changed by the sender it is what its field says.
#include <catch2/catch_test_macros.hpp>

#include "tests/flow/dual.h"
#include "tests/flow/stage.h"

using namespace set;
using namespace set::flow;

namespace {

constexpr const char* kMalformedBlock = "decodingFailure";

/// One field of the block: one octet of length, then so many octets (common/message/account.h).
struct Field {
  const char* name;
  std::size_t size;
  std::vector<Word> words;  ///< when an octet of its value is another
};

Forged with_account(const Exchange& exchange, SecretBytes block, bool bound) {
  if (exchange.request.type == wire::MESSAGE_TYPE_AUTH_REQ) {
    auto dual = dual_of(exchange);
    dual.account = std::make_shared<const SecretBytes>(std::move(block));
    if (bound) bind(dual, false);
    return with_dual(exchange, dual);
  }
  auto inside = open_request(exchange);
  const auto digest = account_digest_of(block.reveal()).str();
  inside.account = std::make_shared<const SecretBytes>(std::move(block));
  if (!bound) return close_request(exchange, inside);
  std::unique_ptr<Message> content(exchange.request_content->New());
  must(parse_canonical(view_of(content_of(inside.body)), *content));
  const auto* field = content->GetDescriptor()->FindFieldByName("header");
  auto* header = content->GetReflection()->MutableMessage(content.get(), field);
  dynamic_cast<wire::ContentHeader&>(*header).set_account_digest(digest);
  put_content(inside.body, exchange.request, serialize(*content), *exchange.sender);
  return close_request(exchange, inside);
}

SecretBytes block_of(const Exchange& exchange) {
  if (exchange.request.type == wire::MESSAGE_TYPE_AUTH_REQ)
    return dual_of(exchange).account->clone();
  return open_request(exchange).account->clone();
}

SecretBytes flipped(const SecretBytes& block, std::size_t at) {
  auto bytes = bytes_of(block.reveal());
  bytes[at] = static_cast<std::uint8_t>(bytes[at] ^ 1U);
  return SecretBytes::copy_of(bytes);
}

/// The words for each of the 256 octets.
std::vector<std::vector<Word>> words_of(const std::vector<Field>& fields) {
  std::vector<std::vector<Word>> out{{kMalformedBlock}, {kMalformedBlock}};  // kind, version
  for (const auto& field : fields) {
    out.push_back({kMalformedBlock});
    out.insert(out.end(), field.size, field.words);
  }
  out.resize(kAccountBlockBytes, {kMalformedBlock});  // padding
  return out;
}

void check_block(Pair pair, const std::vector<Field>& fields) {
  Stage stage;
  auto exchange = stage.begin(pair);
  const auto words = words_of(fields);
  for (std::size_t at = 0; at < kAccountBlockBytes; ++at) {
    INFO(to_string(exchange.request.type) << ", octet " << at << " of the account block");
    const auto unbound = with_account(exchange, flipped(block_of(exchange), at), false);
    CHECK(stage.outcome(exchange, unbound) == "signatureFailure");
    const auto word =
        stage.outcome(exchange, with_account(exchange, flipped(block_of(exchange), at), true));
    INFO(word);
    CHECK(std::ranges::find(words[at], word) != words[at].end());
    if (word == kMalformedBlock || word == "signatureFailure") continue;
    stage.forget_attempts();
    exchange = stage.begin(pair);
  }
}

}  // namespace

TEST_CASE("each octet of RegFormReq's PANOnly is looked at") {
  check_block(Pair::reg_form, {{"PAN", 16, {kMalformedBlock}}, {"EXNonce", 32, {kAccepted}}});
}

TEST_CASE("each octet of a cardholder's PANData0 is looked at") {
  check_block(Pair::card_cert, {{"PAN", 16, {kMalformedBlock}},
                                {"expiry", 6, {"rejectedByIssuer", kMalformedBlock}},
                                {"CardSecret", 32, {kAccepted}},
                                {"EXNonce", 32, {kAccepted}},
                                {"CVV", 3, {"rejectedByIssuer"}}});
}

TEST_CASE("each octet of a merchant's AcctData is looked at") {
  check_block(Pair::party_cert, {{"token", 47, {"rejectedByCA"}}, {"EXNonce", 32, {kAccepted}}});
}

TEST_CASE("each octet of a PI's PANData is looked at") {
  check_block(Pair::auth, {{"PAN", 16, {kMalformedBlock}},
                           {"expiry", 6, {"signatureFailure", kMalformedBlock}},
                           {"PANSecret", 32, {"signatureFailure"}},
                           {"EXNonce", 32, {kAccepted}},
                           {"CVV", 3, {"declined"}}});
}
