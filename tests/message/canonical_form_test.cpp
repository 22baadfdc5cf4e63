// One content has one encoding: whatever else parses as the same message is refused.
#include <string>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "common/message/wire.h"
#include "set/v1/purchase.pb.h"
#include "tests/message/samples.h"

namespace set {
namespace {

/// Colons part the fields for the eye.
Bytes hex(std::string text) {
  std::erase(text, ':');
  return from_hex(text).value();
}

// CurrencyAmount {currency 978, amount 4995, amt_exp10 -2}.
constexpr const char* kAmount = "08d207:108327:1803";

TEST_CASE("the canonical form is what serialize writes and parse_canonical takes") {
  const auto amount = test::amount("49.95 EUR");
  CHECK(serialize(to_wire(amount)) == hex(kAmount));
  const auto parsed = parse_as<wire::CurrencyAmount>(hex(kAmount));
  REQUIRE(parsed);
  CHECK(*from_wire(*parsed) == amount);
  CHECK(parse_as<wire::CurrencyAmount>({}));  // all defaults; from_wire refuses it
}

TEST_CASE("a second encoding of the same message is refused") {
  const auto [name, bytes] = GENERATE(table<std::string, std::string>({
      {"non-minimal varint value", "08d28700:108327:1803"},
      {"non-minimal varint tag", "8800d207:108327:1803"},
      {"varint of ten bytes for 32 bits", "08d287:80808080:80808001:108327:1803"},
      {"swapped order", "108327:08d207:1803"},
      {"duplicated singular field", "08d207:08d207:108327:1803"},
      {"duplicated with another value", "08c806:08d207:108327:1803"},
      {"explicit default", "08d207:108327:1800"},
      {"explicit default at the front", "0800:108327:1803"},
      {"unknown field at the end", "08d207:108327:1803:2001"},
      {"unknown field in front", "2001:08d207:108327:1803"},
      {"unknown field of length", "08d207:108327:1803:2200"},
      {"unknown fixed 32", "08d207:108327:1803:25:00000000"},
      {"unknown fixed 64", "08d207:108327:1803:21:00000000:00000000"},
      {"unknown group", "08d207:108327:1803:2324"},
      {"known field of another wire type", "0a02d207:108327:1803"},
      {"field number zero", "00d207:108327:1803"},
      {"truncated varint", "08d207:108327:18"},
      {"truncated tag", "08d207:108327:1803:88"},
      {"length beyond the end", "2205:00"},
      {"end of a group never begun", "08d207:108327:1803:0c"},
      {"group never ended", "08d207:108327:1803:23"},
      {"trailing zero", "08d207:108327:1803:00"},
  }));
  CAPTURE(name);
  const auto result = parse_as<wire::CurrencyAmount>(hex(bytes));
  REQUIRE_FALSE(result);
  CHECK(result.error().code == ErrorCode::decoding_failure);
}

TEST_CASE("a bool has one spelling of true") {
  wire::AuthReqPayload payload;
  payload.set_subsequent_auth_ind(true);
  CHECK(to_hex(serialize(payload)) == "0801");
  CHECK(parse_as<wire::AuthReqPayload>(hex("0801")));
  CHECK_FALSE(parse_as<wire::AuthReqPayload>(hex("0802")));
  CHECK_FALSE(parse_as<wire::AuthReqPayload>(hex("0800")));
}

TEST_CASE("the form is required at every depth") {
  auto head = to_wire(test::samples<PIHead>()[0]);
  const auto good = serialize(head);
  REQUIRE(parse_as<wire::PIHead>(good));

  SECTION("an unknown field inside") {
    auto& ids = *head.mutable_trans_ids();
    ids.GetReflection()->MutableUnknownFields(&ids)->AddVarint(99, 1);
    CHECK_FALSE(parse_as<wire::PIHead>(serialize(head)));
  }
  SECTION("a sub-message in two parts, which protobuf merges") {
    auto twice = head;
    wire::PIHead first;
    first.mutable_trans_ids()->set_lid_c("wallet-7");
    twice.mutable_trans_ids()->clear_lid_c();
    CHECK_FALSE(parse_as<wire::PIHead>(concat({serialize(first), serialize(twice)})));
  }
  SECTION("a swapped order inside") {
    wire::TransIDs front, back;
    front.set_lid_c("c");
    back.set_language("en");
    const auto inner = concat({serialize(back), serialize(front)});
    const Bytes tag{0x0a, static_cast<std::uint8_t>(inner.size())};
    CHECK_FALSE(parse_as<wire::PIHead>(concat({tag, inner})));
  }
}

TEST_CASE("a text that is no UTF-8 is refused by the parser already") {
  CHECK(parse_as<wire::BrandAndBIN>(hex("0a0141")));
  CHECK_FALSE(parse_as<wire::BrandAndBIN>(hex("0a01ff")));
}

TEST_CASE("nesting beyond ours is refused without harm") {
  Bytes groups;
  for (int i = 0; i < 20'000; ++i) groups.push_back(0x23);
  for (int i = 0; i < 20'000; ++i) groups.push_back(0x24);
  CHECK(parse_as<wire::CurrencyAmount>(groups).error().code == ErrorCode::decoding_failure);
}

TEST_CASE("what is longer than any message is not parsed") {
  const auto result = parse_as<wire::CurrencyAmount>(Bytes(kMaxMessageBytes + 1, 0));
  CHECK(result.error().code == ErrorCode::message_too_big);
}

wire::InqReqData with_extension(std::string oid, bool critical, std::size_t size = 1) {
  auto message = to_wire(test::samples<InqReq>()[0]);
  auto& extension = *message.add_extensions();
  extension.set_oid(std::move(oid));
  extension.set_critical(critical);
  extension.set_value(std::string(size, 'v'));
  return message;
}

TEST_CASE("an extension that is not known is passed over unless it is critical") {
  const auto passed = parse_as<wire::InqReqData>(serialize(with_extension("1.2.3", false)));
  REQUIRE(passed);
  CHECK(from_wire(*passed));
  const auto refused = parse_as<wire::InqReqData>(serialize(with_extension("1.2.3", true)));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == ErrorCode::unrecognized_extension);
}

TEST_CASE("an extension of the wrong form is refused, and so are more than 16") {
  const std::string oid = GENERATE("", "1", "1..2", "1.2.", "one.two", "1.02");
  CHECK(parse_as<wire::InqReqData>(serialize(with_extension(oid, true))).error().code ==
        ErrorCode::decoding_failure);
  CHECK_FALSE(parse_as<wire::InqReqData>(serialize(with_extension("1.2.3", false, 4097))));
  CHECK(parse_as<wire::InqReqData>(serialize(with_extension("1.2.3", false, 4096))));

  auto many = with_extension("1.2.3", false);
  while (many.extensions_size() < 16) *many.add_extensions() = many.extensions(0);
  CHECK(parse_as<wire::InqReqData>(serialize(many)));
  *many.add_extensions() = many.extensions(0);
  CHECK(parse_as<wire::InqReqData>(serialize(many)).error().code == ErrorCode::decoding_failure);
}

TEST_CASE("a wrapper that the transport has parsed holds no unknown field at any depth") {
  wire::MessageWrapper wrapper;
  wrapper.set_header("h");
  auto& statement = *wrapper.mutable_clear()->mutable_signed_statement();
  statement.set_content("c");
  wrapper.mutable_clear()->mutable_bag()->add_certificates(std::string("x"));
  REQUIRE(check_known(wrapper));

  SECTION("at the top") {
    wrapper.GetReflection()->MutableUnknownFields(&wrapper)->AddVarint(99, 1);
  }
  SECTION("inside") {
    statement.GetReflection()->MutableUnknownFields(&statement)->AddLengthDelimited(99, "x");
  }
  SECTION("in the bag") {
    auto& bag = *wrapper.mutable_clear()->mutable_bag();
    bag.GetReflection()->MutableUnknownFields(&bag)->AddFixed32(99, 1);
  }
  const auto result = check_known(wrapper);
  REQUIRE_FALSE(result);
  CHECK(result.error().code == ErrorCode::decoding_failure);
}

}  // namespace
}  // namespace set
