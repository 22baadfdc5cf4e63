// ML-DSA signatures (FIPS 204, hedged, empty context). SET operators S and SO rest on these; what
// is signed is decided in common/message. Domain separation is by the label inside the signed
// bytes.
#pragma once

#include <memory>

#include "common/base/bytes.h"
#include "common/crypto/random.h"

namespace set {

enum class SignatureAlgorithm { ml_dsa_65, ml_dsa_87 };

/// A private signature key: software now, a token later. May be called from any thread.
class Signer {
 public:
  virtual ~Signer() = default;
  /// 3309 bytes for ML-DSA-65, 4627 for ML-DSA-87.
  virtual Result<Bytes> sign(ByteView message) const = 0;
  /// SubjectPublicKeyInfo, DER.
  virtual const Bytes& public_key() const = 0;
};

/// A software key. Keeps prepared signers and lends one to each calling thread at a time
/// (Botan's objects must not be shared by threads).
class SoftwareSigner : public Signer {
 public:
  static SoftwareSigner generate(SignatureAlgorithm algorithm, Rng& rng);
  /// PKCS#8 PrivateKeyInfo, DER, unencrypted.
  static Result<SoftwareSigner> from_pkcs8(ByteView der);

  SoftwareSigner(SoftwareSigner&&) noexcept;
  SoftwareSigner& operator=(SoftwareSigner&&) noexcept;
  ~SoftwareSigner() override;
  Result<Bytes> sign(ByteView message) const override;
  const Bytes& public_key() const override;
  SecretBytes pkcs8() const;
  SignatureAlgorithm algorithm() const;

  struct Impl;
  const Impl& impl() const { return *impl_; }

 private:
  explicit SoftwareSigner(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// Verifies with the key of this SubjectPublicKeyInfo; only ML-DSA-65 and ML-DSA-87 keys are taken.
/// Keeps prepared verifiers per thread, keyed by the key's hash, bounded; one that said no is
/// thrown away. signature_failure on any no.
Result<void> verify_signature(ByteView public_key, ByteView message, ByteView signature);

}  // namespace set
