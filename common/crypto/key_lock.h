// What locks a key file and opens it again: one passphrase; the passphrases of k among n
// custodians; or a token that wraps the file's key under one of its own. Named by whoever holds a
// KeyFile or an Identity; a KeyLock is a view, what it names must outlive it. Any thread.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "common/base/secret.h"
#include "common/crypto/random.h"
#include "common/crypto/secret_bytes.h"
#include "common/crypto/signature.h"

namespace set {

/// A file's key, wrapped by a key that never leaves its token.
struct WrappedKey {
  Bytes key_id;  ///< the token's name of its key (CKA_ID), 1 to 64 bytes
  Bytes nonce;   ///< 12 bytes
  Bytes ciphertext;
};

/// A token as key files see it; pkcs11_token.h has the one for PKCS#11.
class KeyToken {
 public:
  virtual ~KeyToken() = default;
  virtual Result<WrappedKey> wrap(ByteView key, Rng& rng) const = 0;
  /// bad_config if the token has no such key, signature_failure if it does not open.
  virtual Result<SecretBytes> unwrap(const WrappedKey& wrapped) const = 0;

  /// True if it signs with ML-DSA itself; only then the other two are called.
  virtual bool can_sign() const = 0;
  /// A new key in the token; returns its name there.
  virtual Result<Bytes> make_signature_key(SignatureAlgorithm algorithm, Rng& rng) const = 0;
  /// Lives as long as it likes. bad_config if the token has no such key.
  virtual Result<std::shared_ptr<const Signer>> signer(ByteView key_id) const = 0;
};

inline constexpr std::size_t kMaxCustodians = 16;

struct KeyLock {
  // Not explicit: a passphrase is the lock that nearly every file has.
  KeyLock(const Passphrase& passphrase) : passphrases(&passphrase, 1) {}
  KeyLock(const KeyToken& key_token) : token(&key_token) {}
  /// Making a file, `threshold` of all these are needed from then on; opening one, these are there.
  KeyLock(std::span<const Passphrase> custodians, std::size_t needed)
      : passphrases(custodians), threshold(needed) {}

  std::span<const Passphrase> passphrases;
  std::size_t threshold = 0;  ///< 0 = no custodians
  const KeyToken* token = nullptr;
};

}  // namespace set
