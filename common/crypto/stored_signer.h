// A signature key as a key file keeps it: the key itself, or the name of one that lives in the
// token which the file is under. Behind Signer nobody sees the difference. Used by enrolment and by
// daemon/identity. Any thread.
#pragma once

#include "common/crypto/key_lock.h"
#include "common/crypto/signature.h"

namespace set {

class StoredSigner final : public Signer {
 public:
  /// ML-DSA-65, in software.
  static StoredSigner generate(Rng& rng);
  /// In the lock's token, if there is one that does ML-DSA; else in software.
  static Result<StoredSigner> generate(const KeyLock& lock, Rng& rng);
  /// From what stored() gave. bad_config if the key lives in a token that is not there; else as
  /// SoftwareSigner::from_pkcs8.
  static Result<StoredSigner> load(ByteView stored, const KeyLock& lock);

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
