#include "common/crypto/signature.h"

#include <atomic>
#include <thread>

#include "pki.h"

namespace set::test {

TEST_CASE("a signature verifies for its message and key only") {
  for (const auto algorithm : {SignatureAlgorithm::ml_dsa_65, SignatureAlgorithm::ml_dsa_87}) {
    const auto key = SoftwareSigner::generate(algorithm, Rng::system());
    const Bytes signature = must(key.sign(view_of("message")));
    CHECK(key.algorithm() == algorithm);
    CHECK(signature.size() == (algorithm == SignatureAlgorithm::ml_dsa_65 ? 3309 : 4627));
    must(verify_signature(key.public_key(), view_of("message"), signature));

    const auto no = [&](ByteView spki, ByteView message, ByteView bytes) {
      CHECK(code_of(verify_signature(spki, message, bytes)) == ErrorCode::signature_failure);
    };
    no(key.public_key(), view_of("another"), signature);
    no(signer("somebody", algorithm).public_key(), view_of("message"), signature);
    no(key.public_key(), view_of("message"), ByteView(signature).first(signature.size() - 1));
    no(key.public_key(), view_of("message"), {});
    for (std::size_t i = 0; i < signature.size(); i += 97) {
      Bytes changed = signature;
      changed[i] ^= 0x80;
      no(key.public_key(), view_of("message"), changed);
    }
  }
}

TEST_CASE("signatures are hedged: the same message is never signed alike twice") {
  const auto& key = signer("hedged");
  CHECK(must(key.sign(view_of("message"))) != must(key.sign(view_of("message"))));
}

TEST_CASE("a key comes back from its PKCS#8 form") {
  const auto& key = signer("kept");
  const auto again = must(SoftwareSigner::from_pkcs8(key.pkcs8().reveal()));
  CHECK(again.public_key() == key.public_key());
  must(verify_signature(key.public_key(), view_of("m"), must(again.sign(view_of("m")))));

  CHECK(code_of(SoftwareSigner::from_pkcs8({})) == ErrorCode::decoding_failure);
  const auto pkcs8 = key.pkcs8();
  CHECK(code_of(SoftwareSigner::from_pkcs8(pkcs8.reveal().first(40))) ==
        ErrorCode::decoding_failure);
  const auto tls = TlsKey::generate(Rng::system());
  CHECK(code_of(SoftwareSigner::from_pkcs8(view_of(tls.private_key_pem.reveal()))) ==
        ErrorCode::decoding_failure);
}

TEST_CASE("keys other than ML-DSA-65 and 87, and other encodings, verify nothing") {
  const Bytes signature = must(signer("a").sign(view_of("m")));
  const Bytes good = signer("a").public_key();
  Bytes longer = good;
  longer.push_back(0);
  const Bytes raw(good.begin() + 22, good.end());
  for (const Bytes& key : {Bytes{}, longer, raw, TlsKey::generate(Rng::system()).public_key,
                           kem_key("a").public_key().spki()}) {
    CHECK(code_of(verify_signature(key, view_of("m"), signature)) == ErrorCode::signature_failure);
  }
}

TEST_CASE("a verifier that said no does not spoil the next yes") {
  const auto& key = signer("verifier after failure");
  const Bytes good = must(key.sign(view_of("message")));
  Bytes bad = good;
  bad[100] ^= 1;
  Bytes bad_hint = good;
  bad_hint.back() = 0xff;
  for (int i = 0; i < 20; ++i) {
    CHECK_FALSE(verify_signature(key.public_key(), view_of("message"), i % 2 ? bad : bad_hint));
    CHECK_FALSE(verify_signature(key.public_key(), view_of("message"), {}));
    must(verify_signature(key.public_key(), view_of("message"), good));
  }
}

TEST_CASE("more keys than a thread remembers are verified all the same") {
  std::vector<SoftwareSigner> keys;
  for (int i = 0; i < 40; ++i) {
    keys.push_back(SoftwareSigner::generate(SignatureAlgorithm::ml_dsa_65, Rng::system()));
  }
  for (int round = 0; round < 2; ++round) {
    for (const auto& key : keys) {
      must(verify_signature(key.public_key(), view_of("m"), must(key.sign(view_of("m")))));
    }
  }
}

TEST_CASE("sixteen threads sign with one key and verify each other") {
  const auto& key = signer("shared");
  std::atomic<int> wrong = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 16; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 20; ++i) {
        const std::string message = std::to_string(t) + "/" + std::to_string(i);
        const auto signature = key.sign(view_of(message));
        if (!signature || !verify_signature(key.public_key(), view_of(message), *signature))
          ++wrong;
        if (signature && verify_signature(key.public_key(), view_of("x"), *signature)) ++wrong;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(wrong == 0);
}

}  // namespace set::test
