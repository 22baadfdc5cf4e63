#include "common/crypto/kem_parts.h"

#include <botan/hash.h>
#include <botan/system_rng.h>

#include "common/crypto/guarded.h"
#include "common/crypto/suite.h"

namespace set::detail {
namespace {

constexpr std::size_t kMlKemCiphertextBytes = 1088;
constexpr std::size_t kMlKemMessageBytes = 32;

// The label of X-Wing and of id-MLKEM768-X25519-SHA3-256: a wing in ASCII.
constexpr std::array<std::uint8_t, 6> kCombinerLabel{0x5c, 0x2e, 0x2f, 0x2f, 0x5e, 0x5c};

Botan::ML_KEM_Mode ml_kem_768() { return Botan::ML_KEM_Mode(Botan::ML_KEM_Mode::ML_KEM_768); }

/// Hands out given octets once, so that encapsulation takes its message from the caller.
class GivenOctets final : public Botan::RandomNumberGenerator {
 public:
  explicit GivenOctets(ByteView octets) : left_(octets) {}
  std::string name() const override { return "GivenOctets"; }
  void clear() override {}
  bool is_seeded() const override { return true; }
  bool accepts_input() const override { return false; }

 private:
  void fill_bytes_with_input(std::span<std::uint8_t> output,
                             std::span<const std::uint8_t> /*input*/) override {
    if (output.size() > left_.size()) throw Botan::PRNG_Unseeded(name());
    std::copy_n(left_.begin(), output.size(), output.begin());
    left_ = left_.subspan(output.size());
  }
  ByteView left_;
};

}  // namespace

MlKemEncapsulator::MlKemEncapsulator(ByteView public_key)
    : key_(public_key, ml_kem_768()), encryptor_(key_, "Raw") {}

Result<std::unique_ptr<MlKemEncapsulator>> MlKemEncapsulator::parse(ByteView public_key) {
  return guarded(ErrorCode::decoding_failure, "an ML-KEM-768 public key is malformed", [&] {
    return std::unique_ptr<MlKemEncapsulator>(new MlKemEncapsulator(public_key));
  });
}

Result<Encapsulation> MlKemEncapsulator::encapsulate(ByteView message) {
  CHECK_OR_FAIL(message.size() == kMlKemMessageBytes, ErrorCode::internal,
                "an ML-KEM-768 message has not 32 octets");
  return guarded(ErrorCode::internal, "an ML-KEM-768 encapsulation failed", [&] {
    GivenOctets given(message);
    auto [ciphertext, secret] =
        Botan::KEM_Encapsulation::destructure(encryptor_.encrypt(given, /*shared key size*/ 32));
    return Encapsulation{std::move(ciphertext), SecretBytes(std::move(secret))};
  });
}

MlKemDecapsulator::MlKemDecapsulator(ByteView private_key)
    : key_(private_key, ml_kem_768()), decryptor_(key_, Botan::system_rng(), "Raw") {}

Result<std::unique_ptr<MlKemDecapsulator>> MlKemDecapsulator::parse(ByteView private_key) {
  return guarded(ErrorCode::decoding_failure, "an ML-KEM-768 private key is malformed", [&] {
    return std::unique_ptr<MlKemDecapsulator>(new MlKemDecapsulator(private_key));
  });
}

Result<SecretBytes> MlKemDecapsulator::decapsulate(ByteView ciphertext) {
  constexpr const char* kNo = "an encapsulated key does not fit";
  CHECK_OR_FAIL(ciphertext.size() == kMlKemCiphertextBytes, ErrorCode::signature_failure, kNo);
  return guarded(ErrorCode::signature_failure, kNo,
                 [&] { return SecretBytes(decryptor_.decrypt(ciphertext)); });
}

X25519::X25519(ByteView scalar) : key_(scalar), agreement_(key_, Botan::system_rng(), "Raw") {}

Result<std::unique_ptr<X25519>> X25519::parse(ByteView scalar) {
  return guarded(ErrorCode::decoding_failure, "an X25519 scalar has not 32 octets",
                 [&] { return std::unique_ptr<X25519>(new X25519(scalar)); });
}

Result<SecretBytes> X25519::agree(ByteView public_key) {
  return guarded(ErrorCode::decoding_failure, "an X25519 public key is malformed or of small order",
                 [&] {
                   const auto secret = agreement_.derive_key(0, public_key, ByteView{});
                   return SecretBytes(secret.bits_of());
                 });
}

SecretBytes combine(const SecretBytes& mlkem_secret, const SecretBytes& x25519_secret,
                    ByteView x25519_ciphertext, ByteView x25519_public_key) {
  return infallible([&] {
    auto hash = Botan::HashFunction::create_or_throw("SHA-3(256)");
    hash->update(mlkem_secret.reveal());
    hash->update(x25519_secret.reveal());
    hash->update(x25519_ciphertext);
    hash->update(x25519_public_key);
    hash->update(kCombinerLabel);
    return SecretBytes(hash->final());
  });
}

}  // namespace set::detail
