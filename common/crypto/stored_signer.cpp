#include "common/crypto/stored_signer.h"

namespace set {
namespace {

// No PKCS#8 begins so: that is a SEQUENCE, 30.
constexpr std::string_view kInToken = "OpenSET key in the token:";

std::shared_ptr<const Signer> shared(SoftwareSigner signer) {
  return std::make_shared<const SoftwareSigner>(std::move(signer));
}

}  // namespace

StoredSigner StoredSigner::generate(Rng& rng) {
  auto key = SoftwareSigner::generate(SignatureAlgorithm::ml_dsa_65, rng);
  auto stored = key.pkcs8();
  return {shared(std::move(key)), std::move(stored)};
}

Result<StoredSigner> StoredSigner::generate(const KeyLock& lock, Rng& rng) {
  if (lock.token == nullptr || !lock.token->can_sign()) return generate(rng);
  const Bytes id = TRY(lock.token->make_signature_key(rng));
  auto signer = TRY(lock.token->signer(id));
  return StoredSigner(std::move(signer), SecretBytes::copy_of(concat({view_of(kInToken), id})));
}

Result<StoredSigner> StoredSigner::load(ByteView stored, const KeyLock& lock) {
  const auto name = view_of(kInToken);
  if (stored.size() > name.size() && equal(stored.first(name.size()), name)) {
    CHECK_OR_FAIL(lock.token != nullptr, ErrorCode::bad_config,
                  "the signature key lives in a token: name it with --pkcs11-module");
    auto signer = TRY(lock.token->signer(stored.subspan(name.size())));
    return StoredSigner(std::move(signer), SecretBytes::copy_of(stored));
  }
  auto key = TRY(SoftwareSigner::from_pkcs8(stored));
  return StoredSigner(shared(std::move(key)), SecretBytes::copy_of(stored));
}

}  // namespace set
