// Inside of SoftwareSigner, for the files of common/crypto that sign certificates.
#pragma once

#include <botan/ml_dsa.h>
#include <botan/pubkey.h>

#include "common/crypto/pool.h"
#include "common/crypto/signature.h"

namespace set {

namespace detail {

/// One thread's signer at a time. It has a key object of its own: Botan promises nothing about
/// threads that share one.
struct PreparedSigner {
  explicit PreparedSigner(ByteView pkcs8);
  std::unique_ptr<Botan::Private_Key> key;
  Botan::PK_Signer signer;
};

/// The algorithm of a SubjectPublicKeyInfo: its key decoded, and only ML-DSA-65 and ML-DSA-87 in
/// the encoding of RFC 9881. decoding_failure for anything else.
struct MlDsaKey {
  SignatureAlgorithm algorithm;
  std::unique_ptr<Botan::Public_Key> key;
};
Result<MlDsaKey> parse_ml_dsa_key(ByteView spki);

}  // namespace detail

struct SoftwareSigner::Impl {
  SignatureAlgorithm algorithm;
  std::shared_ptr<const SecretBytes> pkcs8;  ///< also held by what fills `signers`
  Bytes public_key;
  mutable LendingPool<detail::PreparedSigner> signers;
};

}  // namespace set
