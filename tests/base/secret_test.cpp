#include "common/base/secret.h"

#include <array>
#include <concepts>
#include <memory>
#include <new>
#include <string_view>
#include <type_traits>
#include <vector>

#include <fmt/format.h>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "common/base/log.h"
#include "tests/base/memory.h"

namespace set {
namespace {

static_assert(!fmt::is_formattable<Passphrase>::value);
static_assert(!std::is_copy_constructible_v<Passphrase> && !std::is_copy_assignable_v<Passphrase>);
static_assert(std::is_nothrow_move_constructible_v<Passphrase>);
static_assert(!std::equality_comparable<Passphrase>);
static_assert(!std::is_convertible_v<std::string, Passphrase>);
static_assert(!std::is_convertible_v<Passphrase, std::string>);
static_assert(!Loggable<Passphrase>);

TEST_CASE("a secret is revealed by that word alone and leaves nothing where it was moved from") {
  // A short one lives inside the string object, a long one on the heap.
  const std::string text = GENERATE("hunter2", "correct horse battery staple");
  Passphrase first{std::string(text)};
  CHECK(first.reveal() == text);
  Passphrase second = std::move(first);
  CHECK(second.reveal() == text);
  CHECK(first.empty());  // NOLINT: looked at on purpose
  CHECK_FALSE(test::holds(&first, "hunter2"));

  Passphrase third{std::string("another")};
  third = std::move(second);
  CHECK(third.reveal() == text);
  CHECK_FALSE(test::holds(&second, "hunter2"));
}

TEST_CASE("a secret is wiped when its life ends") {
  alignas(Passphrase) std::array<unsigned char, sizeof(Passphrase)> memory{};
  auto* secret = new (memory.data()) Passphrase(std::string("hunter2"));
  REQUIRE(test::holds(&memory, "hunter2"));
  std::destroy_at(secret);
  CHECK_FALSE(test::holds(&memory, "hunter2"));
}

TEST_CASE("a secret may be of octets") {
  Secret<std::vector<unsigned char>> key(std::vector<unsigned char>(32, 7));
  auto moved = std::move(key);
  CHECK(moved.reveal().size() == 32);
  CHECK(key.empty());  // NOLINT: looked at on purpose
}

}  // namespace
}  // namespace set
