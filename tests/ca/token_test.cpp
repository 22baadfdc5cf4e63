#include "ca/token.h"

#include "tests/ca/ca_world.h"

namespace set::ca::test {

namespace {

TokenRecord record() {
  TokenRecord out;
  out.role = Role::merchant;
  out.name = "Corner Shop";
  out.bin = kBin;
  out.id = "shop-1";
  out.city = "Berlin";
  out.country = 276;
  out.hosts = {"localhost"};
  out.created_at = from_millis(1'900'000'000'000);
  out.expires_at = out.created_at + std::chrono::hours(1);
  return out;
}

}  // namespace

TEST_CASE("a token is long, random, and known by its digest alone") {
  auto first = must(make_token(record(), Rng::system()));
  auto second = must(make_token(record(), Rng::system()));
  CHECK(first.token.reveal().size() == 47);
  CHECK(first.token.reveal() != second.token.reveal());
  CHECK(first.record.digest == token_digest(first.token));
}

TEST_CASE("a token's record must be one that a certificate can be made from") {
  auto bad = record();
  SECTION("name") { bad.name = ""; }
  SECTION("name with a control character") { bad.name = "a\nb"; }
  SECTION("name that is no UTF-8") { bad.name = "\xff"; }
  SECTION("BIN") { bad.bin = "4000"; }
  SECTION("id") { bad.id = std::string(31, 'a'); }
  SECTION("id with a space") { bad.id = "a b"; }
  SECTION("city") { bad.city = ""; }
  SECTION("country") { bad.country = 0; }
  SECTION("no host") { bad.hosts.clear(); }
  SECTION("a host with a wildcard") { bad.hosts = {"*.example"}; }
  SECTION("no time") { bad.expires_at = bad.created_at; }
  SECTION("too long") { bad.expires_at = bad.created_at + std::chrono::hours(24 * 91); }
  CHECK(code_of(make_token(bad, Rng::system())) == ErrorCode::invalid_argument);
}

}  // namespace set::ca::test
