#include "common/crypto/kem.h"

#include <atomic>
#include <thread>

#include "common/crypto/kem_parts.h"
#include "common/crypto/suite.h"
#include "pki.h"

namespace set::test {
namespace {

// The points of small order on Curve25519 and its twist (RFC 7748 §6.1 speaks of them, the list is
// from https://cr.yp.to/ecdh.html), little-endian.
const char* const kSmallOrder[] = {
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
    "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"};

}  // namespace

TEST_CASE("what is encapsulated to a key is decapsulated with it and no other") {
  const auto& key = kem_key("a");
  const auto sent = must(key.public_key().encapsulate(Rng::system()));
  CHECK(sent.ciphertext.size() == suite::kKemCiphertextBytes);
  CHECK(sent.secret.size() == 32);
  CHECK(same_secret(must(key.decapsulate(sent.ciphertext)).reveal(), sent.secret.reveal()));
  CHECK_FALSE(
      same_secret(must(kem_key("b").decapsulate(sent.ciphertext)).reveal(), sent.secret.reveal()));
  const auto again = must(key.public_key().encapsulate(Rng::system()));
  CHECK(again.ciphertext != sent.ciphertext);
}

TEST_CASE("a changed ciphertext gives another secret, a wrong length gives none") {
  const auto& key = kem_key("a");
  const auto sent = must(key.public_key().encapsulate(Rng::system()));
  for (std::size_t i = 0; i < sent.ciphertext.size(); i += 31) {
    Bytes changed = sent.ciphertext;
    changed[i] ^= 1;
    const auto secret = key.decapsulate(changed);
    if (secret) {
      CHECK_FALSE(same_secret(secret->reveal(), sent.secret.reveal()));
    } else {
      CHECK(secret.error().code == ErrorCode::signature_failure);
    }
  }
  Bytes longer = sent.ciphertext;
  longer.push_back(0);
  CHECK(code_of(key.decapsulate(longer)) == ErrorCode::signature_failure);
  CHECK(code_of(key.decapsulate(ByteView(longer).first(1119))) == ErrorCode::signature_failure);
  CHECK(code_of(key.decapsulate({})) == ErrorCode::signature_failure);
}

TEST_CASE("points of small order are refused on both sides") {
  const auto& key = kem_key("a");
  const auto sent = must(key.public_key().encapsulate(Rng::system()));
  for (const char* hex : kSmallOrder) {
    const Bytes point = must(from_hex(hex));
    Bytes ciphertext = sent.ciphertext;
    std::copy(point.begin(), point.end(), ciphertext.end() - 32);
    CHECK(code_of(key.decapsulate(ciphertext)) == ErrorCode::signature_failure);

    Bytes raw = key.public_key().raw();
    std::copy(point.begin(), point.end(), raw.end() - 32);
    const auto weak = must(KemPublicKey::parse(raw));
    CHECK(code_of(weak.encapsulate(Rng::system())) == ErrorCode::decoding_failure);

    const auto scalar = must(detail::X25519::parse(Bytes(32, 0x77)));
    CHECK(code_of(scalar->agree(point)) == ErrorCode::decoding_failure);
  }
}

TEST_CASE("public keys: length, coefficients, encoding") {
  const auto& key = kem_key("a").public_key();
  CHECK(must(KemPublicKey::parse(key.raw())).raw() == key.raw());
  CHECK(must(KemPublicKey::from_spki(key.spki())).raw() == key.raw());

  CHECK(code_of(KemPublicKey::parse({})) == ErrorCode::decoding_failure);
  CHECK(code_of(KemPublicKey::parse(ByteView(key.raw()).first(1215))) ==
        ErrorCode::decoding_failure);
  Bytes overflow = key.raw();
  overflow[0] = 0xff;  // a coefficient of 4095 is not below q = 3329
  overflow[1] = 0xff;
  CHECK(code_of(KemPublicKey::parse(overflow)) == ErrorCode::decoding_failure);

  CHECK(code_of(KemPublicKey::from_spki(signer("a").public_key())) == ErrorCode::decoding_failure);
  Bytes trailing = key.spki();
  trailing.push_back(0);
  CHECK(code_of(KemPublicKey::from_spki(trailing)) == ErrorCode::decoding_failure);
  CHECK(code_of(KemPublicKey::from_spki(ByteView(trailing).first(100))) ==
        ErrorCode::decoding_failure);
}

TEST_CASE("a private key comes back from its seed") {
  const auto& key = kem_key("a");
  const auto again = must(KemPrivateKey::from_seed(key.seed().reveal()));
  CHECK(again.public_key().raw() == key.public_key().raw());
  CHECK(code_of(KemPrivateKey::from_seed(key.seed().reveal().first(95))) ==
        ErrorCode::decoding_failure);
  CHECK(code_of(KemPrivateKey::from_x_wing_seed({})) == ErrorCode::decoding_failure);
}

TEST_CASE("sixteen threads decapsulate with one key") {
  const auto& key = kem_key("shared");
  std::atomic<int> wrong = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 16; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 30; ++i) {
        const auto sent = key.public_key().encapsulate(Rng::system());
        const auto got =
            sent ? key.decapsulate(sent->ciphertext) : Result<SecretBytes>(failure(sent.error()));
        if (!got || !same_secret(got->reveal(), sent->secret.reveal())) ++wrong;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(wrong == 0);
}

}  // namespace set::test
