#include "common/crypto/stored_signer.h"

namespace set {
namespace {

// No PKCS#8 begins so: that is a SEQUENCE, 30.
constexpr std::string_view kInToken = "OpenSET key in the token:";

std::shared_ptr<const Signer> shared(SoftwareSigner signer) {
  return std::make_shared<const SoftwareSigner>(std::move(signer));
}

}  // namespace

StoredSigner StoredSigner::generate(SignatureAlgorithm algorithm, Rng& rng) {
  auto key = SoftwareSigner::generate(algorithm, rng);
  auto stored = key.pkcs8();
  return {shared(std::move(key)), std::move(stored)};
}

Result<StoredSigner> StoredSigner::generate(SignatureAlgorithm algorithm, const KeyToken* token,
                                            Rng& rng) {
  if (token == nullptr || !token->can_sign()) return generate(algorithm, rng);
  const Bytes id = TRY(token->make_signature_key(algorithm, rng));
  auto signer = TRY(token->signer(id));
  return StoredSigner(std::move(signer), SecretBytes::copy_of(concat({view_of(kInToken), id})));
}

Result<StoredSigner> StoredSigner::load(ByteView stored, const KeyLock& lock) {
  if (names_token_key(stored)) {
    CHECK_OR_FAIL(lock.token != nullptr, ErrorCode::bad_config,
                  "the signature key lives in a token: name it with --pkcs11-module");
    auto signer = TRY(lock.token->signer(stored.subspan(kInToken.size())));
    return StoredSigner(std::move(signer), SecretBytes::copy_of(stored));
  }
  auto key = TRY(SoftwareSigner::from_pkcs8(stored));
  return StoredSigner(shared(std::move(key)), SecretBytes::copy_of(stored));
}

bool StoredSigner::names_token_key(ByteView stored) {
  const auto mark = view_of(kInToken);
  return stored.size() > mark.size() && equal(stored.first(mark.size()), mark);
}

}  // namespace set
