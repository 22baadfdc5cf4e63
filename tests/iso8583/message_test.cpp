// The codec: every sample comes back, exact bytes of two, and a table of what is refused.
#include "common/iso8583/message.h"

#include <fmt/format.h>

#include <catch2/generators/catch_generators.hpp>

#include "common/crypto/random.h"
#include "tests/iso8583/samples.h"

namespace set::iso8583::test {
namespace {

Bytes encoded(const Message& message) { return bytes_of(must(encode(message)).reveal()); }

/// A message from parts: type, bitmap or bitmaps in hex, the rest as text.
Bytes raw(std::string_view type, std::string_view bitmaps, std::string_view rest) {
  return concat({view_of(type), must(from_hex(bitmaps)), view_of(rest)});
}

std::string refusal(ByteView bytes) {
  const auto decoded = decode(bytes);
  REQUIRE_FALSE(decoded);
  CHECK(decoded.error().code == ErrorCode::decoding_failure);
  return decoded.error().detail;
}

// 0800 with elements 7, 11 and 70.
constexpr std::string_view kNetworkBitmaps = "82200000000000000400000000000000";

}  // namespace

TEST_CASE("a message comes back as it was written") {
  for (const auto& message : all_samples()) {
    INFO(message.mti);
    const auto bytes = encoded(message);
    const auto back = must(decode(bytes));
    CHECK(back.mti == message.mti);
    CHECK(back.elements == message.elements);
    CHECK(back.additional == message.additional);
    CHECK(back.pan.has_value() == message.pan.has_value());
    if (message.pan) CHECK(back.pan->reveal() == message.pan->reveal());
    if (message.verification) CHECK(back.verification->reveal() == message.verification->reveal());
    CHECK(encoded(back) == bytes);
  }
}

TEST_CASE("the bytes are those of docs/iso8583.md") {
  CHECK(encoded(network("0800")) == raw("0800", kNetworkBitmaps, "1122100000000001001"));
  const auto pan = std::string(set::test::kVisa);
  CHECK(encoded(authorization()) ==
        raw("0100", "72240001" "08418000",
            "16" + pan + "000000" + "000000004995" + "1122100000" + "000007" + "3012" + "06400000" +
                "000000000007" + "shop-1         " +
                "0510113Alice Example0423a-shop-with-a-long-name9203123" + "978"));
}

TEST_CASE("a message that is cut off anywhere is refused") {
  for (const auto& message : all_samples()) {
    const auto bytes = encoded(message);
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      CHECK_FALSE(decode(ByteView(bytes).first(size)));
    }
  }
}

TEST_CASE("whatever changes in a byte is refused or means just that") {
  auto rng = Rng::seeded(8583);
  for (const auto& message : all_samples()) {
    const auto bytes = encoded(message);
    for (int round = 0; round < 400; ++round) {
      auto changed = bytes;
      const auto random = rng.bytes(3);
      changed[(random[0] * 256U + random[1]) % changed.size()] ^= random[2];
      const auto decoded = decode(changed);
      if (decoded) CHECK(encoded(*decoded) == changed);
    }
  }
}

TEST_CASE("what is not of the dialect is refused, and the sentence says where") {
  const auto [bytes, sentence] = GENERATE(table<Bytes, std::string>({
      {Bytes{}, "the message is of no type that we know"},
      {raw("0900", kNetworkBitmaps, "1122100000000001001"),
       "the message is of no type that we know"},
      {raw("0102", kNetworkBitmaps, ""), "the message is of no type that we know"},
      {raw("0811", kNetworkBitmaps, ""), "the message is of no type that we know"},
      {raw("1800", kNetworkBitmaps, ""), "the message is of no type that we know"},
      {raw("0800", "822000000000", ""), "the message has no bitmap"},
      {raw("0800", "822000000000000004", ""), "the secondary bitmap is cut off"},
      {raw("0800", "82200000000000000000000000000000", "1122100000000001"),
       "the secondary bitmap is empty"},
      {raw("0800", "82200000000000000400000000000000", "1122100000000001001 "),
       "there is more after the last data element"},
      {raw("0800", "82200000000000008400000000000000",
           "1122100000000001"
           "0"
           "001"),
       "data element 65 is none of the dialect's"},
      {raw("0800", "8A200000000000000400000000000000",
           "00000000"
           "1122100000000001001"),
       "data element 5 is none of the dialect's"},
      {raw("0800", "82200000000000000400000000000000", "11221000000000x1001"),
       "data element 11 has a wrong character"},
      {raw("0800", "0220000000000000", "1122100000000001"), "data element 70 is missing"},
      {raw("0800", "82200001000000000400000000000000",
           "1122100000000001"
           "xx"
           "001"),
       "data element 32 has no length"},
      {raw("0800", "82200001000000000400000000000000",
           "1122100000000001"
           "12"
           "001"),
       "data element 32 has a wrong length"},
      {raw("0800", "82200001000000000400000000000000",
           "1122100000000001"
           "00"
           "001"),
       "data element 32 has a wrong length"},
      {raw("0800", "82200001000000000400000000000000",
           "1122100000000001"
           "09"
           "001"),
       "data element 32 is cut off"},
      {raw("0800", "C2200000000000000400000000000000",
           "164000000000009999"
           "1122100000000001001"),
       "data element 2 is no card number"},
  }));
  CHECK(refusal(bytes) == sentence);
}

TEST_CASE("element 48 is whole subelements, each once and in order") {
  const std::string text = GENERATE(as<std::string>{}, "01", "0105abc", "0100", "ab01x",
                                    "0101x0101x", "0201x0101x", "9203abc", "9202 1", "01-1x");
  const auto length = fmt::format("{:03}", text.size());
  CHECK(refusal(raw("0800", "82200000000100000400000000000000",
                    "1122100000000001" + length + text + "001"))
            .starts_with("data element 48"));
}

TEST_CASE("a message that is too long is refused before it is looked at") {
  auto bytes = encoded(network("0800"));
  bytes.resize(kMaxMessageBytes + 1, '0');
  CHECK(refusal(bytes) == "the message is too long");
}

TEST_CASE("a length before a message is one that a message can have") {
  CHECK(must(message_size(Bytes{0, 12})) == 12);
  CHECK(must(message_size(Bytes{4, 0})) == kMaxMessageBytes);
  for (const auto& prefix : {Bytes{0, 0}, Bytes{0, 11}, Bytes{4, 1}, Bytes{0xFF, 0xFF}, Bytes{12},
                             Bytes{0, 0, 12}, Bytes{}}) {
    CHECK_FALSE(message_size(prefix));
  }
  CHECK(prefix_of(258) == Bytes{1, 2});
}

TEST_CASE("what does not fit the dialect is not written") {
  auto message = network("0800");
  SECTION("an element too short") { message.elements[kStan] = "1"; }
  SECTION("a wrong character") { message.elements[kStan] = "00000x"; }
  SECTION("an empty one") { message.elements[kAcquirer] = ""; }
  SECTION("one too long") { message.elements[kAcquirer] = "400000400000"; }
  SECTION("none of the dialect's") { message.elements[5] = "0"; }
  SECTION("another type") { message.mti = "0900"; }
  SECTION("a subelement that is no text") { message.additional["01"] = "\n"; }
  SECTION("more subelements than the element holds") {
    for (const auto* tag : {"01", "02", "03"}) message.additional[tag] = std::string(99, 'x');
  }
  const auto written = encode(message);
  REQUIRE_FALSE(written);
  CHECK(written.error().code == ErrorCode::internal);
}

}  // namespace set::iso8583::test
