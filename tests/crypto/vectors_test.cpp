// The vectors that stand in this repository: always run, whoever else's files are there.
#include "common/crypto/digest.h"
#include "common/crypto/hpke_schedule.h"
#include "common/crypto/kem_parts.h"
#include "vector_files.h"

namespace set::test {
namespace {

std::string sha256(ByteView bytes) { return thumbprint_of(bytes).hex(); }

}  // namespace

TEST_CASE("our vectors: HKDF-SHA384", "[vectors]") {
  for (const auto& vector : own_vectors("hkdf_sha384.txt")) {
    const auto okm = hkdf_sha384(field_of(vector, "salt"), field_of(vector, "ikm"),
                                 field_of(vector, "info"), std::stoul(vector.at("size")));
    CHECK(equal(okm.reveal(), field_of(vector, "okm")));
  }
}

TEST_CASE("our vectors: HMAC-SHA384", "[vectors]") {
  for (const auto& vector : own_vectors("hmac_sha384.txt")) {
    const Bytes mac = hmac_sha384(field_of(vector, "key"), field_of(vector, "message"));
    CHECK((mac == field_of(vector, "tag")) == (vector.at("expect") == "ok"));
  }
}

TEST_CASE("our vectors: AES-256-GCM", "[vectors]") {
  for (const auto& vector : own_vectors("aes_256_gcm.txt")) {
    const Bytes key = field_of(vector, "key"), nonce = field_of(vector, "nonce");
    const Bytes aad = field_of(vector, "aad"), ciphertext = field_of(vector, "ciphertext");
    const auto opened = aead_open(key, nonce, aad, ciphertext);
    REQUIRE(opened.has_value() == (vector.at("expect") == "ok"));
    if (!opened) continue;
    CHECK(equal(opened->reveal(), field_of(vector, "plaintext")));
    CHECK(aead_seal(key, nonce, aad, opened->reveal()) == ciphertext);
  }
}

TEST_CASE("our vectors: ML-DSA", "[vectors]") {
  for (const auto& vector : own_vectors("ml_dsa.txt")) {
    const auto algorithm = vector.at("algorithm") == "ML-DSA-65" ? SignatureAlgorithm::ml_dsa_65
                                                                 : SignatureAlgorithm::ml_dsa_87;
    const auto result =
        verify_signature(ml_dsa_spki(field_of(vector, "public_key"), algorithm),
                         field_of(vector, "message"), field_of(vector, "signature"));
    CHECK(result.has_value() == (vector.at("expect") == "ok"));
  }
}

TEST_CASE("our vectors: ML-KEM-768", "[vectors]") {
  for (const auto& vector : own_vectors("ml_kem_768.txt")) {
    if (vector.contains("seed")) {
      const auto key = must(detail::MlKemDecapsulator::parse(field_of(vector, "seed")));
      CHECK(sha256(key->public_key()) == vector.at("ek_sha256"));
      if (!vector.contains("ciphertext")) continue;
      const auto secret = must(key->decapsulate(field_of(vector, "ciphertext")));
      CHECK(equal(secret.reveal(), field_of(vector, "secret")));
    } else {
      const auto key = must(detail::MlKemEncapsulator::parse(field_of(vector, "ek")));
      const auto sent = must(key->encapsulate(field_of(vector, "message")));
      CHECK(sha256(sent.ciphertext) == vector.at("ciphertext_sha256"));
      CHECK(equal(sent.secret.reveal(), field_of(vector, "secret")));
    }
  }
}

TEST_CASE("our vectors: X-Wing", "[vectors]") {
  for (const auto& vector : own_vectors("x_wing.txt")) {
    const auto key = must(KemPrivateKey::from_x_wing_seed(field_of(vector, "seed")));
    CHECK(sha256(key.public_key().raw()) == vector.at("public_key_sha256"));
    const Bytes randomness = field_of(vector, "eseed");
    const auto sent = must(key.public_key().encapsulate_derandomized(
        ByteView(randomness).first(32), ByteView(randomness).subspan(32)));
    CHECK(sha256(sent.ciphertext) == vector.at("ciphertext_sha256"));
    CHECK(equal(sent.secret.reveal(), field_of(vector, "secret")));
    CHECK(equal(must(key.decapsulate(sent.ciphertext)).reveal(), sent.secret.reveal()));
  }
}

TEST_CASE("our vectors: HPKE's key schedule with our KDF and AEAD", "[vectors]") {
  for (const auto& vector : own_vectors("hpke_schedule.txt")) {
    auto suite = detail::kOurHpkeSuite;
    suite.kem = static_cast<unsigned>(std::stoul(vector.at("kem")));
    const auto secrets = detail::hpke_key_schedule(suite, field_of(vector, "shared_secret"),
                                                   field_of(vector, "info"));
    CHECK(equal(secrets.key.reveal(), field_of(vector, "key")));
    CHECK(secrets.base_nonce == field_of(vector, "base_nonce"));
    CHECK(equal(secrets.exporter_secret.reveal(), field_of(vector, "exporter_secret")));
    for (std::uint64_t sequence = 0; sequence < 2; ++sequence) {
      const auto field = [&](const char* name) {
        return field_of(vector, name + std::to_string(sequence));
      };
      CHECK(aead_seal(secrets.key.reveal(), detail::hpke_nonce(secrets.base_nonce, sequence),
                      field("aad_"), field("plaintext_")) == field("ciphertext_"));
    }
    const auto exported = detail::hpke_export(suite, secrets.exporter_secret.reveal(),
                                              field_of(vector, "export_context"), 32);
    CHECK(equal(exported.reveal(), field_of(vector, "exported")));
  }
}

TEST_CASE("an HPKE nonce counts in its last eight octets") {
  const Bytes base(12, 0);
  CHECK(to_hex(detail::hpke_nonce(base, 0)) == "000000000000000000000000");
  CHECK(to_hex(detail::hpke_nonce(base, 0x0102030405060708)) == "000000000102030405060708");
}

}  // namespace set::test
