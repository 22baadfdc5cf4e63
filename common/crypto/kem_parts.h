// The halves of the hybrid KEM and how they are put together; what kem.cpp is made of, and what the
// published vectors of ML-KEM-768 and X25519 are run through. Only kem.cpp and tests include this.
#pragma once

#include <botan/ml_kem.h>
#include <botan/pubkey.h>
#include <botan/x25519.h>

#include "common/crypto/kem.h"

namespace set::detail {

/// ML-KEM-768's public half, prepared. One thread at a time.
class MlKemEncapsulator {
 public:
  /// decoding_failure unless 1184 bytes with all coefficients in range (FIPS 203 §7.2).
  static Result<std::unique_ptr<MlKemEncapsulator>> parse(ByteView public_key);
  /// `message` is FIPS 203's m, 32 random octets.
  Result<Encapsulation> encapsulate(ByteView message);

 private:
  explicit MlKemEncapsulator(ByteView public_key);
  Botan::ML_KEM_PublicKey key_;
  Botan::PK_KEM_Encryptor encryptor_;
};

/// ML-KEM-768's private half, prepared. One thread at a time.
class MlKemDecapsulator {
 public:
  /// The 64-byte seed d ‖ z, as all our keys; or FIPS 203's expanded 2400 bytes, for vectors.
  static Result<std::unique_ptr<MlKemDecapsulator>> parse(ByteView private_key);
  Bytes public_key() const { return key_.raw_public_key_bits(); }
  /// signature_failure unless 1088 bytes; any other ciphertext gives some secret (FIPS 203 §7.3).
  Result<SecretBytes> decapsulate(ByteView ciphertext);

 private:
  explicit MlKemDecapsulator(ByteView private_key);
  Botan::ML_KEM_PrivateKey key_;
  Botan::PK_KEM_Decryptor decryptor_;
};

/// An X25519 scalar, prepared. One thread at a time.
class X25519 {
 public:
  /// decoding_failure unless 32 bytes.
  static Result<std::unique_ptr<X25519>> parse(ByteView scalar);
  Bytes public_key() const { return key_.raw_public_key_bits(); }
  /// RFC 7748. decoding_failure if the shared secret is all zero: the point has a small order.
  Result<SecretBytes> agree(ByteView public_key);

 private:
  explicit X25519(ByteView scalar);
  Botan::X25519_PrivateKey key_;
  Botan::PK_Key_Agreement agreement_;
};

/// SHA3-256(ML-KEM secret ‖ X25519 secret ‖ X25519 ciphertext ‖ X25519 public key ‖ label).
SecretBytes combine(const SecretBytes& mlkem_secret, const SecretBytes& x25519_secret,
                    ByteView x25519_ciphertext, ByteView x25519_public_key);

}  // namespace set::detail
