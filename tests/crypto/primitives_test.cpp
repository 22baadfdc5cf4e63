// Random, digests, HKDF, AES-GCM: what the vectors do not say about them.
#include "common/crypto/digest.h"
#include "common/crypto/random.h"
#include "pki.h"

namespace set::test {

TEST_CASE("a seeded source repeats itself and another seed does not") {
  auto one = Rng::seeded(7);
  auto two = Rng::seeded(7);
  auto other = Rng::seeded(8);
  const auto first = one.bytes(100);
  CHECK(first == two.bytes(100));
  CHECK(first != other.bytes(100));
  CHECK(one.bytes(100) != first);
  static_cast<void>(two.bytes(100));
  CHECK(one.make<XID>() == two.make<XID>());
}

TEST_CASE("the system's source does not repeat itself") {
  CHECK(Rng::system().make<Challenge>() != Rng::system().make<Challenge>());
  CHECK(Rng::system().secret(48).size() == 48);
}

TEST_CASE("a digest depends on its label, and a label cannot run into the bytes") {
  const auto hod = digest("HOD", view_of("abc"));
  CHECK(hod == digest("HOD", view_of("abc")));
  CHECK(hod != digest("HOI", view_of("abc")));
  CHECK(digest("HO", view_of("Dabc")) != hod);
  // sha384("HOD\0abc"), by coreutils' sha384sum.
  CHECK(hod.hex() ==
        "ac8f3d4a038b6dd5b2b560e8a048023d95e9c75c89ca486adaf77ec298cdd515e86c819d827ae3d8168b1e7c8f"
        "d78922");
}

TEST_CASE("same_secret compares lengths and contents") {
  const Bytes a{1, 2, 3};
  CHECK(same_secret(a, Bytes{1, 2, 3}));
  CHECK_FALSE(same_secret(a, Bytes{1, 2, 4}));
  CHECK_FALSE(same_secret(a, Bytes{1, 2}));
  CHECK(same_secret({}, {}));
}

TEST_CASE("HKDF is its two halves, and its salt and HMAC's key may have any length") {
  const Bytes salt(5000, 0x5a);
  const auto whole = hkdf_sha384(salt, view_of("secret"), view_of("info"), 100);
  const auto prk = hkdf_sha384_extract(salt, view_of("secret"));
  CHECK(
      same_secret(whole.reveal(), hkdf_sha384_expand(prk.reveal(), view_of("info"), 100).reveal()));
  CHECK(hmac_sha384(salt, {}).size() == 48);
  CHECK(hmac_sha384({}, {}).size() == 48);
  CHECK(hkdf_sha384({}, {}, {}, 255 * 48).size() == 255 * 48);
  CHECK(hkdf_sha384({}, {}, {}, 0).size() == 0);
}

TEST_CASE("AES-GCM opens what it sealed and nothing else") {
  const Bytes key(32, 1), nonce(12, 2);
  const Bytes sealed = aead_seal(key, nonce, view_of("aad"), view_of("plaintext"));
  CHECK(string_of(must(aead_open(key, nonce, view_of("aad"), sealed)).reveal()) == "plaintext");
  for (std::size_t i = 0; i < sealed.size(); ++i) {
    Bytes changed = sealed;
    changed[i] ^= 1;
    CHECK(code_of(aead_open(key, nonce, view_of("aad"), changed)) == ErrorCode::signature_failure);
  }
  CHECK(code_of(aead_open(key, nonce, view_of("AAD"), sealed)) == ErrorCode::signature_failure);
  CHECK(code_of(aead_open(Bytes(32, 3), nonce, view_of("aad"), sealed)) ==
        ErrorCode::signature_failure);
  CHECK(code_of(aead_open(key, Bytes(12, 3), view_of("aad"), sealed)) ==
        ErrorCode::signature_failure);
  for (const std::size_t size : {0u, 1u, 15u, 16u}) {
    CHECK(code_of(aead_open(key, nonce, {}, ByteView(sealed).first(size))) ==
          ErrorCode::signature_failure);
  }
  const Bytes empty = aead_seal(key, nonce, {}, {});
  CHECK(empty.size() == 16);
  CHECK(must(aead_open(key, nonce, {}, empty)).size() == 0);
}

}  // namespace set::test
