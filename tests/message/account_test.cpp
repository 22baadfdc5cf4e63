#include "common/message/account.h"

#include <algorithm>
#include <concepts>
#include <functional>
#include <string>
#include <type_traits>
#include <vector>

#include <fmt/format.h>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/generators/catch_generators_range.hpp>

#include "common/base/log.h"
#include "tests/support/test_pans.h"

namespace set {
namespace {

// An account is moved, never copied, compared, printed or written to the plain heap.
template <class T>
constexpr bool kMoveOnly =
    !std::is_copy_constructible_v<T> && !std::is_copy_assignable_v<T> &&
    std::is_nothrow_move_constructible_v<T> && !std::equality_comparable<T> &&
    !fmt::is_formattable<T>::value && !Loggable<T>;
static_assert(kMoveOnly<PANData> && kMoveOnly<PANData0> && kMoveOnly<PANOnly> &&
              kMoveOnly<AcctData>);
static_assert(kMoveOnly<CardVerificationValue> && kMoveOnly<SecretBytes>);
static_assert(std::same_as<decltype(to_block(std::declval<const PANData&>())), SecretBytes>);
static_assert(std::same_as<decltype(to_block(std::declval<const AcctData&>())), SecretBytes>);
static_assert(!std::is_convertible_v<SecretBytes, Bytes> &&
              !std::is_convertible_v<SecretBytes, ByteView>);

SecretBytes secret_of(std::uint8_t octet) { return SecretBytes::copy_of(Bytes(32, octet)); }

std::optional<CardVerificationValue> cvv_of(std::string_view digits) {
  if (digits.empty()) return std::nullopt;
  return CardVerificationValue::parse(digits).value();
}

PANData pan_data(std::string_view pan = test::kVisa, std::string_view cvv = "123") {
  return {Pan::parse(pan).value(), CardExpiry::parse("202812").value(), secret_of(0xa1),
          secret_of(0xa2), cvv_of(cvv)};
}
PANData0 pan_data0(std::string_view pan = test::kVisa, std::string_view cvv = "123") {
  return {Pan::parse(pan).value(), CardExpiry::parse("202812").value(), secret_of(0xa1),
          secret_of(0xa2), cvv_of(cvv)};
}
PANOnly pan_only() { return {Pan::parse(test::kVisa).value(), secret_of(0xa2)}; }
AcctData acct_data(std::string_view identification = "token-1") {
  return {Secret<std::string>(std::string(identification)), secret_of(0xa2)};
}

/// Reads a block as one of the four kinds; true if it was taken.
struct Kind {
  const char* name;
  std::function<Bytes()> write;
  std::function<Result<void>(ByteView)> read;
};

template <class T>
Result<void> only_whether(Result<T> result) {
  if (!result) return failure(result.error());
  return {};
}

std::vector<Kind> kinds() {
  const auto plain = [](const SecretBytes& block) { return bytes_of(block.reveal()); };
  return {
      {"PANData", [=] { return plain(to_block(pan_data())); },
       [](ByteView block) { return only_whether(pan_data_from_block(block)); }},
      {"PANData0", [=] { return plain(to_block(pan_data0())); },
       [](ByteView block) { return only_whether(pan_data0_from_block(block)); }},
      {"PANOnly", [=] { return plain(to_block(pan_only())); },
       [](ByteView block) { return only_whether(pan_only_from_block(block)); }},
      {"AcctData", [=] { return plain(to_block(acct_data())); },
       [](ByteView block) { return only_whether(acct_data_from_block(block)); }},
  };
}

void check_malformed(const Result<void>& result) {
  REQUIRE_FALSE(result);
  CHECK(result.error().code == ErrorCode::decoding_failure);
  CHECK(result.error().detail == "the account block is malformed");
}

TEST_CASE("a PANData is read as it was written, with every length of card number and CVV") {
  const std::string pan(GENERATE(from_range(test::kAllPans)));
  const std::string cvv = GENERATE("", "123", "0007");
  const auto block = to_block(pan_data(pan, cvv));
  CHECK(block.size() == kAccountBlockBytes);
  const auto read = pan_data_from_block(block.reveal());
  REQUIRE(read);
  CHECK(read->pan.reveal() == pan);
  CHECK(read->expiry.reveal() == "202812");
  CHECK(same_secret(read->pan_secret.reveal(), Bytes(32, 0xa1)));
  CHECK(same_secret(read->ex_nonce.reveal(), Bytes(32, 0xa2)));
  CHECK((read->cvv ? read->cvv->reveal() : "") == cvv);
}

TEST_CASE("a PANData0 is read as it was written") {
  const std::string cvv = GENERATE("", "1234");
  const auto read = pan_data0_from_block(to_block(pan_data0(test::kAmex, cvv)).reveal());
  REQUIRE(read);
  CHECK(read->pan.reveal() == test::kAmex);
  CHECK(read->expiry.reveal() == "202812");
  CHECK(same_secret(read->card_secret.reveal(), Bytes(32, 0xa1)));
  CHECK(same_secret(read->ex_nonce.reveal(), Bytes(32, 0xa2)));
  CHECK((read->cvv ? read->cvv->reveal() : "") == cvv);
}

TEST_CASE("a PANOnly is read as it was written") {
  const auto read = pan_only_from_block(to_block(pan_only()).reveal());
  REQUIRE(read);
  CHECK(read->pan.reveal() == test::kVisa);
  CHECK(same_secret(read->ex_nonce.reveal(), Bytes(32, 0xa2)));
}

TEST_CASE("an AcctData is read as it was written") {
  const std::string identification =
      GENERATE(as<std::string>(), "t", std::string(128, '~'), "a b c");
  const auto read = acct_data_from_block(to_block(acct_data(identification)).reveal());
  REQUIRE(read);
  CHECK(read->identification.reveal() == identification);
  CHECK(same_secret(read->ex_nonce.reveal(), Bytes(32, 0xa2)));
}

TEST_CASE("the layout of a block does not change") {
  const Bytes length32{32}, zeros(256 - 2 - 17 - 7 - 33 - 33 - 4, 0);
  const auto by_hand =
      concat({Bytes{1, 1, 16}, view_of(test::kVisa), Bytes{6}, view_of("202812"), length32,
              Bytes(32, 0xa1), length32, Bytes(32, 0xa2), Bytes{3}, view_of("123"), zeros});
  CHECK(equal(to_block(pan_data()).reveal(), by_hand));
  CHECK(to_block(pan_data0()).reveal()[0] == 2);
  CHECK(to_block(pan_only()).reveal()[0] == 3);
  CHECK(to_block(acct_data()).reveal()[0] == 4);
}

TEST_CASE("a block of one kind is no block of another") {
  const auto all = kinds();
  for (const auto& writer : all) {
    for (const auto& reader : all) {
      INFO(writer.name << " read as " << reader.name);
      const auto result = reader.read(writer.write());
      CHECK(result.has_value() == (std::string(writer.name) == reader.name));
      if (!result) check_malformed(result);
    }
  }
}

TEST_CASE("a block of another length is refused") {
  const auto size =
      GENERATE(std::size_t{0}, std::size_t{1}, std::size_t{2}, std::size_t{255}, std::size_t{257});
  for (const auto& kind : kinds()) {
    auto block = kind.write();
    block.resize(size);
    check_malformed(kind.read(block));
  }
}

TEST_CASE("a bit flipped anywhere but in a secret or a free digit is refused") {
  // Offsets of PANData: 2 length, 3 PAN, 19 length, 20 expiry, 26 length, 27 PANSecret, 59 length,
  // 60 EXNonce, 92 length, 93 CVV, 96 zeros.
  const auto is_free = [](std::size_t at) {
    return (at >= 20 && at < 26) || (at >= 27 && at < 59) || (at >= 60 && at < 92) ||
           (at >= 93 && at < 96);
  };
  const auto good = bytes_of(to_block(pan_data()).reveal());
  for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
    auto block = good;
    block[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
    auto result = pan_data_from_block(block);
    if (!is_free(bit / 8)) {
      INFO("bit " << bit);
      check_malformed(only_whether(std::move(result)));
    } else if (result) {
      // A digit that became another digit is another account, and its block says just that.
      CHECK(equal(to_block(*result).reveal(), block));
    }
  }
}

TEST_CASE("padding that is not zero is refused at every place of every kind") {
  const auto all = kinds();
  const std::size_t padding_from[] = {96, 96, 52, 43};
  for (std::size_t i = 0; i < all.size(); ++i) {
    for (std::size_t at = padding_from[i]; at < kAccountBlockBytes; ++at) {
      auto block = all[i].write();
      REQUIRE(block[at] == 0);
      block[at] = static_cast<std::uint8_t>(1 + at % 255);
      INFO(all[i].name << " at " << at);
      check_malformed(all[i].read(block));
    }
  }
}

TEST_CASE("a field of the wrong length or form is refused") {
  struct Case {
    const char* name;
    std::size_t at;
    Bytes octets;
  };
  const auto bytes = [](std::string_view text) { return bytes_of(view_of(text)); };
  const auto wrong = GENERATE_COPY(values<Case>({
      {"kind zero", 0, {0}},
      {"kind five", 0, {5}},
      {"version zero", 1, {0}},
      {"version two", 1, {2}},
      {"PAN of 12", 2, {12}},
      {"PAN of 20", 2, {20}},
      {"PAN beyond the end", 2, {255}},
      {"PAN with a group", 3, bytes("4111 111")},
      {"PAN with a hyphen", 3, bytes("4111-111")},
      {"PAN without its check digit", 18, bytes("2")},
      {"expiry of 5", 19, {5}},
      {"expiry as people write it", 20, bytes("2028-1")},
      {"month 13", 20, bytes("202813")},
      {"month 0", 20, bytes("202800")},
      {"year 1999", 20, bytes("199912")},
      {"secret of 31", 26, {31}},
      {"nonce of 33", 59, {33}},
      {"CVV of one", 92, {1}},
      {"CVV of two", 92, {2}},
      {"CVV of five", 92, {5}},
      {"CVV with a letter", 93, bytes("12a")},
      {"CVV absent but there", 92, {0}},
  }));
  INFO(wrong.name);
  auto block = bytes_of(to_block(pan_data()).reveal());
  std::copy(wrong.octets.begin(), wrong.octets.end(),
            block.begin() + static_cast<std::ptrdiff_t>(wrong.at));
  check_malformed(only_whether(pan_data_from_block(block)));
}

TEST_CASE("an identification has 1 to 128 printable characters") {
  auto block = bytes_of(to_block(acct_data()).reveal());
  SECTION("none") { block[2] = 0; }
  SECTION("129") { block[2] = 129; }
  SECTION("a control character") { block[3] = '\n'; }
  SECTION("not ASCII") { block[3] = 0xe9; }
  SECTION("zero") { block[3] = 0; }
  check_malformed(only_whether(acct_data_from_block(block)));
}

TEST_CASE("a card verification value has 3 or 4 digits") {
  CHECK(CardVerificationValue::parse("012")->reveal() == "012");
  CHECK(CardVerificationValue::parse("9999")->reveal() == "9999");
  const std::string bad = GENERATE("", "1", "12", "12345", "12a", " 12", "-12");
  const auto value = CardVerificationValue::parse(bad);
  REQUIRE_FALSE(value);
  CHECK(value.error().code == ErrorCode::invalid_argument);
}

}  // namespace
}  // namespace set
