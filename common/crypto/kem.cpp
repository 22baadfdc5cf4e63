#include "common/crypto/kem.h"

#include <botan/asn1_obj.h>
#include <botan/ber_dec.h>
#include <botan/der_enc.h>
#include <botan/xof.h>

#include "common/base/assert.h"
#include "common/crypto/digest.h"
#include "common/crypto/guarded.h"
#include "common/crypto/kem_parts.h"
#include "common/crypto/pool.h"
#include "common/crypto/suite.h"

namespace set {
namespace {

constexpr std::size_t kMlKemPublicKeyBytes = 1184;
constexpr std::size_t kMlKemCiphertextBytes = 1088;
constexpr std::size_t kMlKemSeedBytes = 64;
constexpr std::size_t kX25519Bytes = 32;
constexpr std::size_t kMessageBytes = 32;

// A prepared encapsulator is about 15 kB; the receivers that a thread writes to often fit.
constexpr std::size_t kEncapsulatorsPerThread = 32;

/// Both halves of a private key, prepared.
struct PreparedKem {
  std::unique_ptr<detail::MlKemDecapsulator> mlkem;
  std::unique_ptr<detail::X25519> x25519;
};

Result<PreparedKem> prepare(ByteView seed) {
  auto mlkem = TRY(detail::MlKemDecapsulator::parse(seed.first(kMlKemSeedBytes)));
  auto x25519 = TRY(detail::X25519::parse(seed.subspan(kMlKemSeedBytes)));
  return PreparedKem{std::move(mlkem), std::move(x25519)};
}

Result<Encapsulation> ml_kem_encapsulate(ByteView public_key, ByteView message) {
  thread_local RecentlyUsed<detail::MlKemEncapsulator> encapsulators(kEncapsulatorsPerThread);
  const Thumbprint name = thumbprint_of(public_key);
  auto encapsulator = encapsulators.take(name);
  if (!encapsulator) encapsulator = TRY(detail::MlKemEncapsulator::parse(public_key));
  auto result = TRY(encapsulator->encapsulate(message));
  encapsulators.put(name, std::move(encapsulator));
  return result;
}

Botan::AlgorithmIdentifier kem_algorithm() {
  return {Botan::OID(suite::kKemOid), Botan::AlgorithmIdentifier::USE_EMPTY_PARAM};
}

}  // namespace

// --- public key ---

Result<KemPublicKey> KemPublicKey::parse(ByteView raw) {
  CHECK_OR_FAIL(raw.size() == suite::kKemPublicKeyBytes, ErrorCode::decoding_failure,
                "a KEM public key has not 1216 octets");
  TRY(detail::MlKemEncapsulator::parse(raw.first(kMlKemPublicKeyBytes)));
  return KemPublicKey(bytes_of(raw));
}

Result<KemPublicKey> KemPublicKey::from_spki(ByteView der) {
  const auto raw =
      TRY(guarded(ErrorCode::decoding_failure, "a KEM public key's encoding is malformed",
                  [&]() -> Result<Bytes> {
                    Botan::AlgorithmIdentifier algorithm;
                    Bytes bits;
                    Botan::BER_Decoder(der, Botan::BER_Decoder::Limits::DER())
                        .start_sequence()
                        .decode(algorithm)
                        .decode(bits, Botan::ASN1_Type::BitString)
                        .end_cons()
                        .verify_end();
                    CHECK_OR_FAIL(algorithm == kem_algorithm(), ErrorCode::decoding_failure,
                                  "the key is not for id-MLKEM768-X25519-SHA3-256");
                    return bits;
                  }));
  auto key = TRY(parse(raw));
  CHECK_OR_FAIL(equal(key.spki(), der), ErrorCode::decoding_failure,
                "a KEM public key is not in DER");
  return key;
}

Bytes KemPublicKey::spki() const {
  Bytes der;
  infallible([&] {
    Botan::DER_Encoder(der)
        .start_sequence()
        .encode(kem_algorithm())
        .encode(raw_, Botan::ASN1_Type::BitString)
        .end_cons();
  });
  return der;
}

Result<Encapsulation> KemPublicKey::encapsulate(Rng& rng) const {
  const SecretBytes message = rng.secret(kMessageBytes);
  const SecretBytes scalar = rng.secret(kX25519Bytes);
  return encapsulate_derandomized(message.reveal(), scalar.reveal());
}

Result<Encapsulation> KemPublicKey::encapsulate_derandomized(ByteView mlkem_message,
                                                             ByteView x25519_scalar) const {
  const ByteView mlkem_key = ByteView(raw_).first(kMlKemPublicKeyBytes);
  const ByteView x25519_key = ByteView(raw_).subspan(kMlKemPublicKeyBytes);

  const auto ephemeral = TRY(detail::X25519::parse(x25519_scalar));
  const Bytes x25519_ciphertext = ephemeral->public_key();
  const auto x25519_secret = TRY(ephemeral->agree(x25519_key));
  const auto mlkem = TRY(ml_kem_encapsulate(mlkem_key, mlkem_message));
  return Encapsulation{concat({mlkem.ciphertext, x25519_ciphertext}),
                       detail::combine(mlkem.secret, x25519_secret, x25519_ciphertext, x25519_key)};
}

// --- private key ---

struct KemPrivateKey::Impl {
  std::shared_ptr<const SecretBytes> seed;
  KemPublicKey public_key;
  mutable LendingPool<PreparedKem> prepared;
};

KemPrivateKey::KemPrivateKey(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
KemPrivateKey::KemPrivateKey(KemPrivateKey&&) noexcept = default;
KemPrivateKey& KemPrivateKey::operator=(KemPrivateKey&&) noexcept = default;
KemPrivateKey::~KemPrivateKey() = default;

KemPrivateKey KemPrivateKey::generate(Rng& rng) {
  const SecretBytes seed = rng.secret(suite::kKemPrivateKeyBytes);
  auto key = from_seed(seed.reveal());
  SET_ASSERT(key);  // refuses a wrong length only
  return std::move(*key);
}

Result<KemPrivateKey> KemPrivateKey::from_seed(ByteView seed) {
  CHECK_OR_FAIL(seed.size() == suite::kKemPrivateKeyBytes, ErrorCode::decoding_failure,
                "a private KEM key has not 96 octets");
  const auto prepared = TRY(prepare(seed));
  auto public_key = TRY(
      KemPublicKey::parse(concat({prepared.mlkem->public_key(), prepared.x25519->public_key()})));
  auto kept = std::make_shared<const SecretBytes>(SecretBytes::copy_of(seed));
  auto make = [kept] {
    auto again = prepare(kept->reveal());
    SET_ASSERT(again);  // the same seed was prepared above without an error
    return std::make_unique<PreparedKem>(std::move(*again));
  };
  return KemPrivateKey(std::unique_ptr<Impl>(
      new Impl{kept, std::move(public_key), LendingPool<PreparedKem>(std::move(make))}));
}

Result<KemPrivateKey> KemPrivateKey::from_x_wing_seed(ByteView seed) {
  CHECK_OR_FAIL(seed.size() == 32, ErrorCode::decoding_failure, "an X-Wing seed has not 32 octets");
  const SecretBytes expanded = infallible([&] {
    auto xof = Botan::XOF::create_or_throw("SHAKE-256");
    xof->update(seed);
    return SecretBytes(xof->output(suite::kKemPrivateKeyBytes));
  });
  return from_seed(expanded.reveal());
}

Result<SecretBytes> KemPrivateKey::decapsulate(ByteView ciphertext) const {
  constexpr const char* kNo = "an encapsulated key does not fit";
  CHECK_OR_FAIL(ciphertext.size() == suite::kKemCiphertextBytes, ErrorCode::signature_failure, kNo);
  const ByteView mlkem_ciphertext = ciphertext.first(kMlKemCiphertextBytes);
  const ByteView x25519_ciphertext = ciphertext.subspan(kMlKemCiphertextBytes);
  const ByteView x25519_key = ByteView(impl_->public_key.raw()).subspan(kMlKemPublicKeyBytes);

  return impl_->prepared.use([&](PreparedKem& prepared) -> Result<SecretBytes> {
    const auto mlkem_secret = TRY(prepared.mlkem->decapsulate(mlkem_ciphertext));
    const auto x25519_secret = prepared.x25519->agree(x25519_ciphertext);
    CHECK_OR_FAIL(x25519_secret, ErrorCode::signature_failure, kNo);
    return detail::combine(mlkem_secret, *x25519_secret, x25519_ciphertext, x25519_key);
  });
}

const KemPublicKey& KemPrivateKey::public_key() const { return impl_->public_key; }
SecretBytes KemPrivateKey::seed() const { return impl_->seed->clone(); }

}  // namespace set
