// What the wallet keeps under its own key: AES-256-GCM with a fresh nonce, bound to its purpose. The
// key is the entry "store" of keys.set, which the passphrase opens. Called by store.cpp. Pure.
#pragma once

#include "common/crypto/digest.h"
#include "common/crypto/random.h"

namespace set::wallet {

/// The entry of keys.set that holds the key.
inline constexpr std::string_view kStoreEntry = "store";

class AtRest {
 public:
  /// `key` has 32 bytes.
  explicit AtRest(SecretBytes key) : key_(std::move(key)) {}

  /// nonce ‖ ciphertext. `purpose` is a literal and what the row is: "card", "reply 0a1b…".
  Bytes seal(std::string_view purpose, ByteView plaintext, Rng& rng) const;
  /// bad_config if it was not sealed by this key for this purpose: the database and the key file do
  /// not belong together, or somebody changed a row.
  Result<SecretBytes> open(std::string_view purpose, ByteView sealed) const;

 private:
  SecretBytes key_;
};

}  // namespace set::wallet
