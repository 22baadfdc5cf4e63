#include "common/base/pan.h"

#include <array>
#include <concepts>
#include <cstring>
#include <memory>
#include <new>
#include <string>
#include <type_traits>

#include <fmt/format.h>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/generators/catch_generators_range.hpp>

#include "common/base/log.h"
#include "tests/base/memory.h"
#include "tests/support/test_pans.h"

namespace set {
namespace {

static_assert(!fmt::is_formattable<Pan>::value);
static_assert(!std::is_copy_constructible_v<Pan> && !std::is_copy_assignable_v<Pan>);
static_assert(std::is_nothrow_move_constructible_v<Pan> && std::is_nothrow_move_assignable_v<Pan>);
static_assert(!std::equality_comparable<Pan>);
static_assert(!std::is_convertible_v<Pan, std::string> &&
              !std::is_convertible_v<Pan, std::string_view>);
static_assert(!std::is_default_constructible_v<Pan>);
static_assert(!Loggable<Pan>);
static_assert(!fmt::is_formattable<CardExpiry>::value && !std::equality_comparable<CardExpiry>);
static_assert(!Loggable<CardExpiry>);

using namespace std::chrono;

TEST_CASE("a card number is read with and without groups") {
  const std::string text(GENERATE(from_range(test::kAllPans)));
  const auto pan = Pan::parse(text);
  REQUIRE(pan);
  CHECK(pan->reveal() == text);
  CHECK(pan->bin() == text.substr(0, 6));
  CHECK(pan->masked() == "•••• " + text.substr(text.size() - 4));
  CHECK(Pan::parse(test::kVisaSpaced)->reveal() == test::kVisa);
  CHECK(Pan::parse(test::kVisaHyphened)->reveal() == test::kVisa);
}

TEST_CASE("what is no card number is refused, and the reason does not repeat it") {
  const std::string visa(test::kVisa);
  const std::string text = GENERATE_COPY(
      std::string(), std::string(" "), visa.substr(1), visa + "1", "4" + visa.substr(1, 14) + "2",
      " " + visa, visa + " ", visa + "-", "-" + visa, visa.substr(0, 4) + "  " + visa.substr(4),
      visa.substr(0, 4) + "- " + visa.substr(4), visa.substr(0, 15) + "a",
      visa.substr(0, 15) + "\n", visa + std::string(1, '\0'), std::string(12, '0'),
      std::string(20, '0'), visa.substr(0, 12), std::string(300, '4'));
  CAPTURE(text);
  const auto pan = Pan::parse(text);
  REQUIRE_FALSE(pan);
  CHECK(pan.error().code == ErrorCode::invalid_argument);
  CHECK(pan.error().detail.find("1111") == std::string::npos);
}

TEST_CASE("a wrong digit and two neighbours swapped are found by the check digit") {
  const std::string right(test::kMastercard);
  const auto at = GENERATE(range(std::size_t{0}, std::size_t{16}));
  for (char digit = '0'; digit <= '9'; ++digit) {
    auto wrong = right;
    wrong[at] = digit;
    CHECK(Pan::parse(wrong).has_value() == (digit == right[at]));
  }
  std::string diners(test::kDiners14);
  std::swap(diners[0], diners[1]);
  CHECK_FALSE(Pan::parse(diners));
}

TEST_CASE("a card number leaves nothing where it was moved from") {
  auto first = *Pan::parse(test::kVisa);
  auto second = std::move(first);
  CHECK(second.reveal() == test::kVisa);
  CHECK(first.reveal().empty());  // NOLINT: looked at on purpose
  CHECK_FALSE(test::holds(&first, "1111"));

  auto third = *Pan::parse(test::kAmex);
  third = std::move(second);
  CHECK(third.reveal() == test::kVisa);
  CHECK_FALSE(test::holds(&second, "1111"));
  auto& same = third;
  third = std::move(same);
  CHECK(third.reveal() == test::kVisa);
}

TEST_CASE("a card number is wiped when its life ends") {
  alignas(Pan) std::array<unsigned char, sizeof(Pan)> memory{};
  auto* pan = new (memory.data()) Pan(*Pan::parse(test::kVisa));
  REQUIRE(test::holds(&memory, test::kVisa));
  std::destroy_at(pan);
  CHECK_FALSE(test::holds(&memory, "1111"));
}

TEST_CASE("an expiry is a month, good until its last moment in UTC") {
  const auto [text, six, end] = GENERATE(table<std::string, std::string, sys_days>({
      {"202612", "202612", sys_days{2027y / January / 1}},
      {"2026-12", "202612", sys_days{2027y / January / 1}},
      {"12/26", "202612", sys_days{2027y / January / 1}},
      {"02/28", "202802", sys_days{2028y / March / 1}},
      {"200001", "200001", sys_days{2000y / February / 1}},
      {"12/99", "209912", sys_days{2100y / January / 1}},
  }));
  const auto expiry = CardExpiry::parse(text);
  REQUIRE(expiry);
  CHECK(expiry->reveal() == six);
  CHECK(expiry->end() == end);
}

TEST_CASE("what is no month of this century is no expiry") {
  const std::string text =
      GENERATE("", "0", "202600", "202613", "199912", "210001", "13/26", "00/26", "1/26", "12/2026",
               "12-26", "2026/12", "2026 12", "20261", "2026123", "2026-1", " 12/26", "12/26 ",
               "ab/cd", "2026-ab", "1226", "20261-", "12/2a", "-12/26");
  CAPTURE(text);
  const auto expiry = CardExpiry::parse(text);
  REQUIRE_FALSE(expiry);
  CHECK(expiry.error().code == ErrorCode::invalid_argument);
}

}  // namespace
}  // namespace set
