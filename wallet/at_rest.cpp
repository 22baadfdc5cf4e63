#include "wallet/at_rest.h"

#include "common/crypto/suite.h"

namespace set::wallet {
namespace {

Bytes aad_of(std::string_view purpose) {
  return concat({view_of("set-wallet at rest: "), view_of(purpose)});
}

}  // namespace

Bytes AtRest::seal(std::string_view purpose, ByteView plaintext, Rng& rng) const {
  const auto nonce = rng.bytes(suite::kAeadNonceBytes);
  return concat({nonce, aead_seal(key_.reveal(), nonce, aad_of(purpose), plaintext)});
}

Result<SecretBytes> AtRest::open(std::string_view purpose, ByteView sealed) const {
  const bool long_enough = sealed.size() >= suite::kAeadNonceBytes + suite::kAeadTagBytes;
  if (long_enough) {
    auto opened = aead_open(key_.reveal(), sealed.first(suite::kAeadNonceBytes), aad_of(purpose),
                            sealed.subspan(suite::kAeadNonceBytes));
    if (opened) return opened;
  }
  return failure(ErrorCode::bad_config,
                 "what is stored in wallet.db does not open with the key of keys.set");
}

}  // namespace set::wallet
