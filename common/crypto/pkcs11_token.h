// One PKCS#11 token with its PIN: wraps the keys of key files under an AES-256 key that never
// leaves it, and signs with ML-DSA where it can. Opened by main (daemon/key_access.h). Any thread:
// calls to the token wait for each other.
#pragma once

#include <memory>
#include <string>

#include "common/crypto/key_lock.h"
#include "common/crypto/pkcs11_module.h"
#include "common/crypto/signature.h"

namespace set {

class Pkcs11Token final : public KeyToken {
 public:
  /// Logs in. bad_config: no such token; wrong_passphrase: the PIN.
  static Result<Pkcs11Token> open(const Pkcs11Module& module, const std::string& label,
                                  const Secret<std::string>& pin);
  Pkcs11Token(Pkcs11Token&&) noexcept;
  Pkcs11Token& operator=(Pkcs11Token&&) noexcept;
  ~Pkcs11Token() override;

  /// Makes the wrapping key: AES-256, CKA_SENSITIVE, not CKA_EXTRACTABLE. conflict if the token has
  /// one: a second would leave open which of them a new key file is under.
  Result<void> make_wrapping_key(Rng& rng);
  bool has_wrapping_key() const;

  /// Under the token's wrapping key with CKM_AES_GCM. bad_config if there is no such key, or it
  /// could leave the token.
  Result<WrappedKey> wrap(ByteView key, Rng& rng) const override;
  Result<SecretBytes> unwrap(const WrappedKey& wrapped) const override;

  /// PKCS#11 3.2's CKM_ML_DSA and its key generation, both.
  bool can_sign() const override;
  /// A new ML-DSA key in the token, found again by its id (CKA_ID, 16 bytes).
  Result<Bytes> make_signature_key(SignatureAlgorithm algorithm, Rng& rng) const override;
  /// The Signer lives as long as it likes: it shares the session. bad_config if there is no such
  /// key.
  Result<std::shared_ptr<const Signer>> signer(ByteView key_id) const override;

  struct Impl;

 private:
  explicit Pkcs11Token(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

}  // namespace set
