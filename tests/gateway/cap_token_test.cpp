#include "gateway/cap_token.h"

#include "tests/gateway/world.h"

namespace set::gateway::test {
namespace {

struct Fixture {
  Rng& rng = Rng::system();
  SecretBytes key = rng.secret(kTokenKeyBytes);
  CapTokenBinding binding{"shop-1", rng.make<XID>(), rng.make<RRPID>()};
  Bytes token = make_cap_token(key.reveal(), {euro("49.95")}, binding, rng);

  void refuses(ByteView changed, const CapTokenBinding& other) const {
    const auto opened = open_cap_token(key.reveal(), changed, other);
    REQUIRE_FALSE(opened);
    CHECK(opened.error().code == ErrorCode::signature_failure);
  }
};

}  // namespace

TEST_CASE_METHOD(Fixture, "a CapToken opens for whom it was made, with its amount") {
  CHECK(value_of(open_cap_token(key.reveal(), token, binding)).auth_amt == euro("49.95"));
}

TEST_CASE_METHOD(Fixture, "a CapToken opens for no other merchant, purchase or authorisation") {
  refuses(token, {"shop-2", binding.xid, binding.auth_rrpid});
  refuses(token, {binding.merchant_id, rng.make<XID>(), binding.auth_rrpid});
  refuses(token, {binding.merchant_id, binding.xid, rng.make<RRPID>()});
}

TEST_CASE_METHOD(Fixture, "a CapToken with any bit flipped, cut or empty is refused") {
  for (std::size_t i = 0; i < token.size(); ++i) {
    auto changed = token;
    changed[i] ^= 1;
    refuses(changed, binding);
    refuses(ByteView(token).first(i), binding);
  }
}

TEST_CASE_METHOD(Fixture, "a CapToken of another gateway's key is refused") {
  const auto other = rng.secret(kTokenKeyBytes);
  CHECK_FALSE(open_cap_token(other.reveal(), token, binding));
}

TEST_CASE_METHOD(Fixture, "two CapTokens of one approval differ, for their nonces do") {
  CHECK(token != make_cap_token(key.reveal(), {euro("49.95")}, binding, rng));
}

TEST_CASE_METHOD(Fixture, "a pending reply is no CapToken and opens only under its own name") {
  const auto sealed = seal_pending_reply(key.reveal(), binding.xid.view(), binding.auth_rrpid, rng);
  CHECK(equal(value_of(open_pending_reply(key.reveal(), sealed, binding.auth_rrpid)).reveal(),
              binding.xid.view()));
  CHECK_FALSE(open_pending_reply(key.reveal(), sealed, rng.make<RRPID>()));
  refuses(sealed, binding);
}

}  // namespace set::gateway::test
