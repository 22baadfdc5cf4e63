// The hybrid key encapsulation X25519 + ML-KEM-768 of protocol §1: X-Wing's construction, which is
// id-MLKEM768-X25519-SHA3-256 (key and ciphertext are ML-KEM part ‖ X25519 part;
// secret = SHA3-256(mlkem secret ‖ x25519 secret ‖ x25519 ciphertext ‖ x25519 public key ‖
// "\.//^\")).
#pragma once

#include <memory>

#include "common/crypto/random.h"
#include "common/crypto/secret_bytes.h"

namespace set {

struct Encapsulation {
  Bytes ciphertext;    ///< 1120 bytes.
  SecretBytes secret;  ///< 32 bytes.
};

/// A public KEM key, 1216 bytes, checked once. Value; a copy may go to each thread.
class KemPublicKey {
 public:
  /// decoding_failure if it has a wrong length or is no valid ML-KEM-768 key.
  static Result<KemPublicKey> parse(ByteView raw);
  /// From a SubjectPublicKeyInfo with our KEM OID.
  static Result<KemPublicKey> from_spki(ByteView der);
  Bytes spki() const;
  const Bytes& raw() const { return raw_; }
  /// decoding_failure if the X25519 part is a point of small order.
  Result<Encapsulation> encapsulate(Rng& rng) const;
  /// For vectors: the ML-KEM message (32) and the X25519 ephemeral scalar (32) given.
  Result<Encapsulation> encapsulate_derandomized(ByteView mlkem_message,
                                                 ByteView x25519_scalar) const;

 private:
  explicit KemPublicKey(Bytes raw) : raw_(std::move(raw)) {}
  Bytes raw_;
};

/// A private KEM key; any thread (keeps prepared Botan objects and lends one to each caller).
class KemPrivateKey {
 public:
  static KemPrivateKey generate(Rng& rng);
  /// 96 bytes: ML-KEM seed (64) ‖ X25519 scalar (32).
  static Result<KemPrivateKey> from_seed(ByteView seed);
  /// The 32-byte seed of X-Wing, expanded by SHAKE-256 to the 96 bytes.
  static Result<KemPrivateKey> from_x_wing_seed(ByteView seed);

  KemPrivateKey(KemPrivateKey&&) noexcept;
  KemPrivateKey& operator=(KemPrivateKey&&) noexcept;
  ~KemPrivateKey();
  /// signature_failure for anything that does not fit: one code for every cryptographic no.
  Result<SecretBytes> decapsulate(ByteView ciphertext) const;
  const KemPublicKey& public_key() const;
  SecretBytes seed() const;

 private:
  struct Impl;
  explicit KemPrivateKey(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace set
