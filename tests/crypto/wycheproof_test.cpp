// C2SP/wycheproof through our own functions. Where our API takes less than a file covers, the test
// says what it leaves out.
#include <botan/asn1_obj.h>
#include <botan/der_enc.h>
#include <botan/pubkey.h>
#include <botan/x509_key.h>

#include "common/crypto/digest.h"
#include "common/crypto/guarded.h"
#include "common/crypto/kem_parts.h"
#include "vector_files.h"

namespace set::test {

Bytes ml_dsa_spki(ByteView raw_key, SignatureAlgorithm algorithm) {
  const char* oid = algorithm == SignatureAlgorithm::ml_dsa_65 ? "2.16.840.1.101.3.4.3.18"
                                                               : "2.16.840.1.101.3.4.3.19";
  Bytes der;
  Botan::DER_Encoder(der)
      .start_sequence()
      .encode(
          Botan::AlgorithmIdentifier(Botan::OID(oid), Botan::AlgorithmIdentifier::USE_EMPTY_PARAM))
      .encode(raw_key.data(), raw_key.size(), Botan::ASN1_Type::BitString)
      .end_cons();
  return der;
}

namespace {

/// Runs `check(group, test)` for each test; it says whether it took it. Prints how many were run.
template <class Check>
void run(const std::string& file, Check check) {
  const Json vectors = shared_vectors("wycheproof/" + file);
  int ran = 0, left_out = 0;
  for (const auto& group : vectors.at("testGroups")) {
    for (const auto& test : group.at("tests")) {
      INFO(file << " tcId " << test.at("tcId") << ": " << test.value("comment", ""));
      ++(check(group, test) ? ran : left_out);
    }
  }
  WARN(file << ": " << ran << " vectors, " << left_out << " outside our API");
  CHECK(ran + left_out == vectors.at("numberOfTests").get<int>());
  CHECK(ran > 0);
}

bool is_valid(const Json& test) { return test.at("result") == "valid"; }

void verify_ml_dsa(const std::string& file, SignatureAlgorithm algorithm) {
  run(file, [&](const Json& group, const Json& test) {
    const Bytes spki = ml_dsa_spki(hex_of(group, "publicKey"), algorithm);
    // Our context is always empty, so a signature under another one must be refused.
    const bool good = is_valid(test) && test.value("ctx", "").empty();
    const auto result = verify_signature(spki, hex_of(test, "msg"), hex_of(test, "sig"));
    CHECK(result.has_value() == good);
    return true;
  });
}

}  // namespace

TEST_CASE("Wycheproof: ML-DSA-65", "[vectors]") {
  verify_ml_dsa("mldsa_65_verify_test.json", SignatureAlgorithm::ml_dsa_65);
}

TEST_CASE("Wycheproof: ML-DSA-87", "[vectors]") {
  verify_ml_dsa("mldsa_87_verify_test.json", SignatureAlgorithm::ml_dsa_87);
}

TEST_CASE("Wycheproof: ML-KEM-768 from seed to shared secret", "[vectors]") {
  run("mlkem_768_test.json", [](const Json&, const Json& test) {
    const auto key = detail::MlKemDecapsulator::parse(hex_of(test, "seed"));
    if (!key) {
      CHECK_FALSE(is_valid(test));
      return true;
    }
    if (test.contains("ek")) CHECK((*key)->public_key() == hex_of(test, "ek"));
    const auto secret = (*key)->decapsulate(hex_of(test, "c"));
    REQUIRE(secret.has_value() == is_valid(test));
    if (secret) CHECK(equal(secret->reveal(), hex_of(test, "K")));
    return true;
  });
}

TEST_CASE("Wycheproof: ML-KEM-768 keys from seeds", "[vectors]") {
  run("mlkem_768_keygen_seed_test.json", [](const Json&, const Json& test) {
    const auto key = must(detail::MlKemDecapsulator::parse(hex_of(test, "seed")));
    CHECK(key->public_key() == hex_of(test, "ek"));
    const auto expanded = must(detail::MlKemDecapsulator::parse(hex_of(test, "dk")));
    CHECK(expanded->public_key() == hex_of(test, "ek"));
    return true;
  });
}

TEST_CASE("Wycheproof: ML-KEM-768 encapsulation", "[vectors]") {
  run("mlkem_768_encaps_test.json", [](const Json&, const Json& test) {
    auto key = detail::MlKemEncapsulator::parse(hex_of(test, "ek"));
    REQUIRE(key.has_value() == is_valid(test));
    if (!key) return true;
    const auto sent = must((*key)->encapsulate(hex_of(test, "m")));
    CHECK(sent.ciphertext == hex_of(test, "c"));
    CHECK(equal(sent.secret.reveal(), hex_of(test, "K")));
    return true;
  });
}

TEST_CASE("Wycheproof: ML-KEM-768 with expanded private keys", "[vectors]") {
  run("mlkem_768_semi_expanded_decaps_test.json", [](const Json&, const Json& test) {
    const auto key = detail::MlKemDecapsulator::parse(hex_of(test, "dk"));
    const auto secret =
        key ? (*key)->decapsulate(hex_of(test, "c")) : Result<SecretBytes>(failure(key.error()));
    REQUIRE(secret.has_value() == is_valid(test));
    if (secret) CHECK(equal(secret->reveal(), hex_of(test, "K")));
    return true;
  });
}

TEST_CASE("Wycheproof: X25519", "[vectors]") {
  run("x25519_test.json", [](const Json&, const Json& test) {
    const auto scalar = must(detail::X25519::parse(hex_of(test, "private")));
    const auto secret = scalar->agree(hex_of(test, "public"));
    const Bytes expected = hex_of(test, "shared");
    // "acceptable" with an all-zero secret is a point of small order: we refuse it.
    REQUIRE(secret.has_value() == (expected != Bytes(32, 0)));
    if (secret) CHECK(equal(secret->reveal(), expected));
    return true;
  });
}

TEST_CASE("Wycheproof: AES-256-GCM", "[vectors]") {
  run("aes_gcm_test.json", [](const Json& group, const Json& test) {
    if (group.at("keySize") != 256 || group.at("ivSize") != 96) return false;
    const Bytes key = hex_of(test, "key"), nonce = hex_of(test, "iv"), aad = hex_of(test, "aad");
    const Bytes sealed = concat({hex_of(test, "ct"), hex_of(test, "tag")});
    const Bytes plaintext = hex_of(test, "msg");
    const auto opened = aead_open(key, nonce, aad, sealed);
    REQUIRE(opened.has_value() == is_valid(test));
    if (opened) {
      CHECK(equal(opened->reveal(), plaintext));
      CHECK(aead_seal(key, nonce, aad, plaintext) == sealed);
    }
    return true;
  });
}

TEST_CASE("Wycheproof: HKDF-SHA384", "[vectors]") {
  run("hkdf_sha384_test.json", [](const Json&, const Json& test) {
    // More than 255 blocks is a programmer's error: our function asserts.
    if (!is_valid(test)) return false;
    const auto okm = hkdf_sha384(hex_of(test, "salt"), hex_of(test, "ikm"), hex_of(test, "info"),
                                 test.at("size").get<std::size_t>());
    CHECK(equal(okm.reveal(), hex_of(test, "okm")));
    return true;
  });
}

TEST_CASE("Wycheproof: HMAC-SHA384", "[vectors]") {
  run("hmac_sha384_test.json", [](const Json& group, const Json& test) {
    const Bytes mac = hmac_sha384(hex_of(test, "key"), hex_of(test, "msg"));
    const std::size_t size = group.at("tagSize").get<std::size_t>() / 8;  // 24: truncated
    CHECK(equal(ByteView(mac).first(size), hex_of(test, "tag")) == is_valid(test));
    return true;
  });
}

// We verify ECDSA only inside certificates (the trust file's transport root), where Botan does it;
// the same Botan call as there.
TEST_CASE("Wycheproof: ECDSA P-256 with SHA-256, as in the transport's certificates", "[vectors]") {
  run("ecdsa_secp256r1_sha256_test.json", [](const Json& group, const Json& test) {
    const auto key = Botan::X509::load_key(hex_of(group, "publicKeyDer"));
    Botan::PK_Verifier verifier(
        *key, Botan::AlgorithmIdentifier(Botan::OID("1.2.840.10045.4.3.2"),
                                         Botan::AlgorithmIdentifier::USE_EMPTY_PARAM));
    const auto verified = guarded(ErrorCode::signature_failure, "no signature at all", [&] {
      return verifier.verify_message(hex_of(test, "msg"), hex_of(test, "sig"));
    });
    CHECK((verified.has_value() && *verified) == is_valid(test));
    return true;
  });
}

}  // namespace set::test
