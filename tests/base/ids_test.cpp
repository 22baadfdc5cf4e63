#include "common/base/ids.h"

#include <type_traits>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

namespace set {
namespace {

// Two of equal length cannot take each other's place.
static_assert(!std::is_convertible_v<XID, RRPID> && !std::is_constructible_v<XID, RRPID>);
static_assert(!std::is_convertible_v<RRPID, Challenge>);
static_assert(!std::is_convertible_v<ODSalt, OrderSecret>);
static_assert(!std::is_convertible_v<LIDC, LIDM>);
static_assert(!std::is_convertible_v<LIDEE, LIDCA>);
template <class A, class B>
concept Comparable = requires(const A& a, const B& b) {
  a == b;
};
static_assert(Comparable<XID, XID> && !Comparable<XID, RRPID> && !Comparable<LIDC, LIDM>);

TEST_CASE("an id of fixed length is read from exactly that many octets") {
  const auto size = GENERATE(std::size_t{0}, std::size_t{19}, std::size_t{21}, std::size_t{48});
  const auto wrong = XID::parse(std::string(size, 'x'));
  REQUIRE_FALSE(wrong);
  CHECK(wrong.error().code == ErrorCode::decoding_failure);
  CHECK(wrong.error().detail.find('x') == std::string::npos);  // no content in the detail
  const auto right = XID::parse(std::string(20, 'x'));
  REQUIRE(right);
  CHECK(right->str() == std::string(20, 'x'));
  CHECK(right->hex() == to_hex(right->view()));
}

TEST_CASE("a local id has 1 to 20 octets") {
  CHECK_FALSE(LIDC::parse(""));
  CHECK_FALSE(LIDC::parse(std::string(21, 'a')));
  CHECK(LIDC::parse(std::string(20, 'a')));
  CHECK(LIDM::parse(std::string(1, '\0'))->value.size() == 1);
}

}  // namespace
}  // namespace set
