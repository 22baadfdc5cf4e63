// Key files under a real PKCS#11 module, SoftHSM2; and a Signer in a token that does ML-DSA, which
// is simulated (fake_token.cpp).
#include "common/crypto/key_file.h"
#include "common/crypto/pkcs11_error.h"
#include "common/crypto/pkcs11_token.h"
#include "common/crypto/stored_signer.h"
#include "pki.h"
#include "softhsm.h"

namespace set::test::tokens {
namespace {

constexpr Argon2Cost kCheap{.memory_kib = 64, .passes = 1, .lanes = 1};

/// A SoftHSM with two tokens, made once: the module reads its configuration once a process.
struct SoftHsm {
  std::filesystem::path folder;
  SoftHsm() {
    std::string pattern = (std::filesystem::temp_directory_path() / "set-hsm-XXXXXX").string();
    REQUIRE(::mkdtemp(pattern.data()) != nullptr);
    folder = pattern;
    const auto conf = softhsm_conf(folder);
    REQUIRE(::setenv("SOFTHSM2_CONF", conf.c_str(), 1) == 0);
    for (const char* label : {kTokenLabel, "another"}) {
      REQUIRE(std::system(softhsm_init(conf, label).c_str()) == 0);
    }
  }
  SoftHsm(const SoftHsm&) = delete;
  SoftHsm& operator=(const SoftHsm&) = delete;
  ~SoftHsm() { std::filesystem::remove_all(folder); }
};

Secret<std::string> pin(const char* text = kTokenPin) { return Secret<std::string>(text); }

}  // namespace

TEST_CASE("a key file under a token opens with that token only") {
  const SoftHsm hsm;
  const auto module = must(Pkcs11Module::load(kSoftHsm));
  CHECK_FALSE(must(module.description()).empty());
  CHECK(must(module.find(kTokenLabel)).has_pin);
  const auto path = hsm.folder / "keys.set";
  CHECK(code_of(Pkcs11Token::open(module, kTokenLabel, pin("0000"))) ==
        ErrorCode::wrong_passphrase);
  auto token = must(Pkcs11Token::open(module, kTokenLabel, pin()));

  // Without its key the token wraps nothing.
  CHECK_FALSE(token.has_wrapping_key());
  CHECK(code_of(KeyFile::create(path, token, kCheap, Rng::system())) == ErrorCode::bad_config);
  must(token.make_wrapping_key(Rng::system()));
  CHECK(token.has_wrapping_key());
  CHECK(code_of(token.make_wrapping_key(Rng::system())) == ErrorCode::conflict);

  {
    auto file = must(KeyFile::create(path, token, kCheap, Rng::system()));
    must(file.put("signature", view_of("the secret"), Rng::system()));
  }
  const auto again = must(Pkcs11Token::open(module, kTokenLabel, pin()));
  const auto file = must(KeyFile::open(path, again));
  CHECK(string_of(must(file.get("signature")).reveal()) == "the secret");

  // A stolen file: no passphrase opens it, nor another token.
  CHECK(code_of(KeyFile::open(path, Passphrase(kTokenPin))) == ErrorCode::bad_config);
  auto other = must(Pkcs11Token::open(module, "another", pin()));
  CHECK(code_of(KeyFile::open(path, other)) == ErrorCode::bad_config);
  must(other.make_wrapping_key(Rng::system()));
  CHECK(code_of(KeyFile::open(path, other)) == ErrorCode::bad_config);

  // The key says of itself that it stays.
  const auto wrapped = must(token.wrap(view_of("0123456789abcdef0123456789abcdef"), Rng::system()));
  CHECK(string_of(must(token.unwrap(wrapped)).reveal()) == "0123456789abcdef0123456789abcdef");
  auto changed = wrapped;
  changed.ciphertext.back() ^= 1;
  CHECK_FALSE(token.unwrap(changed));

  // What SoftHSM cannot do is said.
  CHECK_FALSE(token.can_sign());
  CHECK(code_of(token.make_signature_key(SignatureAlgorithm::ml_dsa_65, Rng::system())) ==
        ErrorCode::bad_config);
  const auto mechanisms = must(module.mechanisms(must(module.find(kTokenLabel)).id));
  for (const auto& mechanism : mechanisms) {
    CHECK(mechanism.there == std::string_view(mechanism.name).starts_with("CKM_AES"));
  }

  // Mistakes.
  CHECK(code_of(module.find("no such token")) == ErrorCode::bad_config);
}

TEST_CASE("a module that is none, a file that is not there") {
  CHECK(code_of(Pkcs11Module::load("/nowhere/module.so")) == ErrorCode::bad_config);
  CHECK(code_of(Pkcs11Module::load(__FILE__)) == ErrorCode::bad_config);
}

TEST_CASE("return values have their names, and advice") {
  CHECK(ckr_name(0xa0) == "CKR_PIN_INCORRECT (0xa0)");
  CHECK(ckr_name(0x80000001) == "CKR 0x80000001");
  CHECK(pkcs11_error("C_Login", 0xa0).code == ErrorCode::wrong_passphrase);
  CHECK(pkcs11_error("C_Login", 0xa4).code == ErrorCode::wrong_passphrase);
  const auto error = pkcs11_error("C_OpenSession", 0xe0);
  CHECK(error.code == ErrorCode::bad_config);
  CHECK(error.detail.find("C_OpenSession: CKR_TOKEN_NOT_PRESENT") == 0);
}

TEST_CASE("a token that does ML-DSA signs as a software key does (simulated)") {
  const auto module = must(Pkcs11Module::load(SET_FAKE_TOKEN));
  CHECK(code_of(Pkcs11Token::open(module, "simulated", pin("0000"))) ==
        ErrorCode::wrong_passphrase);
  auto token = must(Pkcs11Token::open(module, "simulated", pin("1234")));
  REQUIRE(token.can_sign());
  // As a key file keeps it: no key, but its name in the token.
  const auto made = must(StoredSigner::generate(SignatureAlgorithm::ml_dsa_65, &token, Rng::system()));
  const auto stored = made.stored();
  CHECK(stored.size() < 100);
  const auto loaded = must(StoredSigner::load(stored.reveal(), token));
  CHECK(loaded.public_key() == made.public_key());
  must(verify_signature(made.public_key(), view_of("x"), must(loaded.sign(view_of("x")))));
  CHECK(code_of(StoredSigner::load(stored.reveal(), Passphrase("p"))) == ErrorCode::bad_config);
  // In software where there is no token that could.
  const auto soft = must(StoredSigner::generate(SignatureAlgorithm::ml_dsa_65, nullptr, Rng::system()));
  CHECK(must(StoredSigner::load(soft.stored().reveal(), token)).public_key() == soft.public_key());

  const auto id = must(token.make_signature_key(SignatureAlgorithm::ml_dsa_65, Rng::system()));
  const auto other_id = must(token.make_signature_key(SignatureAlgorithm::ml_dsa_87, Rng::system()));
  const auto signer = must(token.signer(id));
  const auto other = must(token.signer(other_id));
  CHECK(code_of(token.signer(view_of("no such id"))) == ErrorCode::bad_config);

  const auto signature = must(signer->sign(view_of("a message")));
  must(verify_signature(signer->public_key(), view_of("a message"), signature));
  CHECK_FALSE(verify_signature(signer->public_key(), view_of("another"), signature));
  CHECK_FALSE(verify_signature(other->public_key(), view_of("a message"), signature));
}

}  // namespace set::test::tokens
