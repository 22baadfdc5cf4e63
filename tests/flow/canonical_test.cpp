// One content has one encoding: whatever else a protobuf parser would take is decodingFailure, even
// under the sender's own signature (docs/protocol.md §2).
#include <catch2/catch_test_macros.hpp>

#include "tests/flow/parts.h"
#include "tests/flow/stage.h"

using namespace set;
using namespace set::flow;

namespace {

struct Form {
  const char* name;
  std::function<Bytes(const Bytes&)> make;
};

Bytes varint(std::uint64_t value) {
  Bytes out;
  while (value >= 0x80) {
    out.push_back(static_cast<std::uint8_t>(value | 0x80U));
    value >>= 7U;
  }
  out.push_back(static_cast<std::uint8_t>(value));
  return out;
}

/// The content header is every content's first field: tag 0x0A, its length, itself.
struct Split {
  Bytes header, rest;
};
Split split(const Bytes& content) {
  std::size_t size = 0, at = 1;
  for (unsigned shift = 0;; shift += 7U) {
    size |= static_cast<std::size_t>(content[at] & 0x7FU) << shift;
    if ((content[at++] & 0x80U) == 0) break;
  }
  const ByteView view(content);
  return {bytes_of(view.subspan(at, size)), bytes_of(view.subspan(at + size))};
}
Bytes joined(ByteView header_length, const Split& parts) {
  static const Bytes tag{0x0A};
  return concat({tag, header_length, parts.header, parts.rest});
}

const std::vector<Form>& forms() {
  static const Bytes unknown = concat({varint((1000U << 3U) | 2U), varint(1), view_of("x")});
  static const std::vector<Form> all = {
      {"an unknown field at the end",
       [](const Bytes& c) {
         return concat({c, unknown});
       }},
      {"an unknown field in the header",
       [](const Bytes& c) {
         auto parts = split(c);
         parts.header = concat({parts.header, unknown});
         return joined(varint(parts.header.size()), parts);
       }},
      {"the header twice",
       [](const Bytes& c) {
         const auto parts = split(c);
         return concat({joined(varint(parts.header.size()), {parts.header, {}}), c});
       }},
      {"the header at the end",
       [](const Bytes& c) {
         const auto parts = split(c);
         return concat({parts.rest, joined(varint(parts.header.size()), {parts.header, {}})});
       }},
      {"a length in more octets than it needs",
       [](const Bytes& c) {
         const auto parts = split(c);
         auto length = varint(parts.header.size());
         length.back() |= 0x80U;
         length.push_back(0);
         return joined(length, parts);
       }},
      {"a default value spelled out",
       [](const Bytes& c) {
         return concat({c, varint((15U << 3U) | 0U), varint(0)});
       }},
      {"an octet too few", [](const Bytes& c) { return Bytes(c.begin(), c.end() - 1); }},
      {"an octet too many",
       [](const Bytes& c) {
         return concat({c, Bytes{0}});
       }},
      {"nothing at all", [](const Bytes&) { return Bytes{}; }},
  };
  return all;
}

}  // namespace

TEST_CASE("no request is taken in another form than the canonical one") {
  Stage stage;
  for (const auto pair : kAllPairs) {
    const auto exchange = stage.begin(pair);
    const auto content = bytes_of(view_of(content_of(open_request(exchange).body)));
    const auto before = stage.digest_of_database(exchange.request.type);
    for (const auto& form : forms()) {
      INFO(to_string(exchange.request.type) << ": " << form.name);
      CHECK(stage.outcome(exchange, with_content(exchange, form.make(content))) ==
            "decodingFailure");
    }
    CHECK(stage.digest_of_database(exchange.request.type) == before);
    CHECK(stage.outcome(exchange, with_content(exchange, content)) == kAccepted);
  }
}

TEST_CASE("no answer is taken in another form than the canonical one") {
  Stage stage;
  for (const auto pair : kAllPairs) {
    const auto exchange = stage.begin(pair);
    const auto answer = stage.answer(exchange);
    const auto content = bytes_of(view_of(content_of(open_answer(exchange, answer).body)));
    for (const auto& form : forms()) {
      INFO(to_string(exchange.answer.type) << ": " << form.name);
      const auto forged = with_answer_content(exchange, answer, form.make(content));
      CHECK(word_of(exchange.accept(forged.wire)) == "decodingFailure");
    }
    CHECK(word_of(exchange.accept(with_answer_content(exchange, answer, content).wire)) ==
          kAccepted);
  }
}

TEST_CASE("no wrapper is taken with more in it than is ours") {
  Stage stage;
  const auto unknown = string_of(concat({varint((1000U << 3U) | 2U), varint(1), view_of("x")}));
  for (const auto pair : kAllPairs) {
    const auto exchange = stage.begin(pair);
    INFO(to_string(exchange.request.type));
    auto forged = as_sent(exchange);
    const auto before = stage.digest_of_database(exchange.request.type);

    forged.wire = concat({exchange.sent->wire, view_of(unknown)});
    CHECK(stage.outcome(exchange, forged) == "decodingFailure");

    auto wrapper = must(parse_wrapper(exchange.sent->wire));
    const auto header = wrapper.header();
    for (const auto& other :
         {header + unknown, header + header, header.substr(2) + header.substr(0, 2),
          header.substr(1), std::string()}) {
      wrapper.set_header(other);
      forged.wire = serialize(wrapper);
      const auto word = stage.outcome(exchange, forged);
      CHECK((word == "badMessageHeader" || (other.empty() && word == "versionTooOld")));
    }

    auto inside = open_request(exchange);
    inside.body.GetReflection()->MutableUnknownFields(&inside.body)->AddVarint(1000, 1);
    CHECK(stage.outcome(exchange, close_request(exchange, inside)) == "decodingFailure");
    CHECK(stage.digest_of_database(exchange.request.type) == before);
  }
}

TEST_CASE("a message larger than 256 KiB is messageTooBig, and so is an answer") {
  Stage stage;
  for (const auto pair : kAllPairs) {
    const auto exchange = stage.begin(pair);
    INFO(to_string(exchange.request.type));
    auto wrapper = must(parse_wrapper(exchange.sent->wire));
    wrapper.set_header(wrapper.header() + std::string(kMaxMessageBytes, 'x'));
    auto forged = as_sent(exchange);
    forged.wire = serialize(wrapper);
    CHECK(stage.outcome(exchange, forged) == "messageTooBig");
    const auto answer = stage.answer(exchange);
    auto answered = must(parse_wrapper(answer));
    answered.set_header(answered.header() + std::string(kMaxMessageBytes, 'x'));
    CHECK(word_of(exchange.accept(serialize(answered))) == "messageTooBig");
  }
}
