// A signature key as a key file keeps it: the key itself, or the name of one that lives in the
// token which the file is under. Behind Signer nobody sees the difference. Used by enrolment, by
// daemon/identity and by the CA for all of its keys. Any thread.
#pragma once

#include "common/crypto/key_lock.h"
#include "common/crypto/signature.h"

namespace set {

class StoredSigner final : public Signer {
 public:
  /// In software.
  static StoredSigner generate(SignatureAlgorithm algorithm, Rng& rng);
  /// In the token, if there is one and it does ML-DSA; else in software.
  static Result<StoredSigner> generate(SignatureAlgorithm algorithm, const KeyToken* token,
                                       Rng& rng);
  /// From what stored() gave. bad_config if the key lives in a token that is not there; else as
  /// SoftwareSigner::from_pkcs8.
  static Result<StoredSigner> load(ByteView stored, const KeyLock& lock);
  /// True if what a key file keeps is no key but the name of one in the token that the file is
  /// under: under another lock it would open nothing.
  static bool names_token_key(ByteView stored);

  Result<Bytes> sign(ByteView message) const override { return signer_->sign(message); }
  const Bytes& public_key() const override { return signer_->public_key(); }
  /// For the key file: PKCS#8 in DER, or the token's name of its key.
  SecretBytes stored() const { return stored_.clone(); }

 private:
  StoredSigner(std::shared_ptr<const Signer> signer, SecretBytes stored)
      : signer_(std::move(signer)), stored_(std::move(stored)) {}

  std::shared_ptr<const Signer> signer_;
  SecretBytes stored_;
};

}  // namespace set
