// The vectors that the X-Wing, composite-KEM and HPKE-PQ drafts publish.
#include <botan/base64.h>
#include <botan/certstor.h>
#include <botan/x509path.h>

#include "common/crypto/digest.h"
#include "common/crypto/hpke.h"
#include "common/crypto/hpke_schedule.h"
#include "vector_files.h"

namespace set::test {
namespace {

Bytes base64_of(const Json& object, const char* field) {
  const auto decoded = Botan::base64_decode(object.at(field).get<std::string>());
  return {decoded.begin(), decoded.end()};
}

/// The suites of hpke-pq.json whose KDF is HKDF; its one-stage KDFs have another key schedule.
std::optional<detail::HpkeSuite> two_stage_suite(const Json& vector) {
  const unsigned kdf = vector.at("kdf_id");
  const unsigned aead = vector.at("aead_id");
  if (kdf > 2) return std::nullopt;
  return detail::HpkeSuite{.kem = vector.at("kem_id"),
                           .kdf = kdf,
                           .aead = aead,
                           .hash = kdf == 1 ? "SHA-256" : "SHA-384",
                           .aead_key_bytes = aead == 1 ? 16u : 32u};
}

void check_schedule(const Json& vector, const detail::HpkeSuite& suite) {
  const auto secrets =
      detail::hpke_key_schedule(suite, hex_of(vector, "shared_secret"), hex_of(vector, "info"));
  CHECK(equal(secrets.key.reveal(), hex_of(vector, "key")));
  CHECK(secrets.base_nonce == hex_of(vector, "base_nonce"));
  CHECK(equal(secrets.exporter_secret.reveal(), hex_of(vector, "exporter_secret")));
  for (const auto& exported : vector.at("exports")) {
    const auto value = detail::hpke_export(suite, secrets.exporter_secret.reveal(),
                                           hex_of(exported, "exporter_context"), exported.at("L"));
    CHECK(equal(value.reveal(), hex_of(exported, "exported_value")));
  }
  std::uint64_t sequence = 0;
  for (const auto& message : vector.at("encryptions")) {
    const Bytes nonce = detail::hpke_nonce(secrets.base_nonce, sequence++);
    CHECK(nonce == hex_of(message, "nonce"));
    if (suite.aead != 2) continue;  // the cipher is ours in some suites only
    const Bytes sealed =
        aead_seal(secrets.key.reveal(), nonce, hex_of(message, "aad"), hex_of(message, "pt"));
    CHECK(sealed == hex_of(message, "ct"));
  }
}

void check_x_wing(const Json& vector, const char* seed, const char* eseed, const char* public_key,
                  const char* ciphertext, const char* secret) {
  const auto key = must(KemPrivateKey::from_x_wing_seed(hex_of(vector, seed)));
  CHECK(key.public_key().raw() == hex_of(vector, public_key));
  const Bytes randomness = hex_of(vector, eseed);
  const auto sent = must(key.public_key().encapsulate_derandomized(
      ByteView(randomness).first(32), ByteView(randomness).subspan(32)));
  CHECK(sent.ciphertext == hex_of(vector, ciphertext));
  CHECK(equal(sent.secret.reveal(), hex_of(vector, secret)));
  CHECK(equal(must(key.decapsulate(hex_of(vector, ciphertext))).reveal(), hex_of(vector, secret)));
}

}  // namespace

TEST_CASE("the X-Wing draft's vectors", "[vectors]") {
  const Json vectors = shared_vectors("x-wing.json");
  for (const auto& vector : vectors) check_x_wing(vector, "seed", "eseed", "pk", "ct", "ss");
  WARN("x-wing.json: " << vectors.size() << " vectors");
}

TEST_CASE("the HPKE-PQ draft's vectors", "[vectors]") {
  const Json vectors = shared_vectors("hpke-pq.json");
  int kems = 0, schedules = 0;
  for (const auto& vector : vectors) {
    INFO("KEM " << vector.at("kem_id") << " KDF " << vector.at("kdf_id") << " AEAD "
                << vector.at("aead_id"));
    if (vector.at("kem_id") == 0x647A) {
      check_x_wing(vector, "skRm", "ikmE", "pkRm", "enc", "shared_secret");
      ++kems;
    }
    if (const auto suite = two_stage_suite(vector)) {
      check_schedule(vector, *suite);
      ++schedules;
    }
  }
  CHECK(kems == 2);
  CHECK(schedules == 6);
  WARN("hpke-pq.json: " << kems << " of KEM 0x647A, " << schedules << " key schedules, "
                        << vectors.size() << " in the file");
}

TEST_CASE("the composite-KEM draft's id-MLKEM768-X25519-SHA3-256", "[vectors]") {
  const Json file = shared_vectors("composite-kem.json");
  int ran = 0;
  for (const auto& test : file.at("tests")) {
    if (test.at("tcId") != "id-MLKEM768-X25519-SHA3-256") continue;
    ++ran;
    const auto key = must(KemPrivateKey::from_seed(base64_of(test, "dk")));
    CHECK(key.public_key().raw() == base64_of(test, "ek"));
    const auto secret = must(key.decapsulate(base64_of(test, "c")));
    CHECK(equal(secret.reveal(), base64_of(test, "k")));

    // Its certificate: the key reads from it, and Botan validates it under its ML-DSA-65 issuer.
    const Botan::X509_Certificate leaf(base64_of(test, "x5c"));
    const Botan::X509_Certificate root(base64_of(file, "cacert"));
    const auto certified = must(KemPublicKey::from_spki(leaf.subject_public_key_info()));
    CHECK(certified.raw() == key.public_key().raw());
    CHECK(certified.spki() == leaf.subject_public_key_info());
    const auto result = Botan::x509_path_validate(
        leaf, Botan::Path_Validation_Restrictions(), Botan::Certificate_Store_In_Memory(root), "",
        Botan::Usage_Type::UNSPECIFIED, leaf.not_before().to_std_timepoint());
    CHECK(result.successful_validation());
    // It is no certificate of SET.
    CHECK(code_of(Certificate::parse(base64_of(test, "x5c"))) == ErrorCode::invalid_certificate);
  }
  CHECK(ran == 1);
  WARN("composite-kem.json: " << ran << " vector and its certificate");
}

}  // namespace set::test
