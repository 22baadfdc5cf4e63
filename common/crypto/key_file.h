// Key files: a daemon's private keys at rest, under a passphrase. One Argon2id derivation opens one
// file; each key inside is bound to its name and use, so a signature key cannot be loaded as a TLS
// key.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/secret.h"
#include "common/crypto/random.h"
#include "common/crypto/secret_bytes.h"

namespace set {

/// Argon2id (RFC 9106) costs; written into the file, so they can rise later.
struct Argon2Cost {
  std::uint32_t memory_kib = 65536;
  std::uint32_t passes = 3;
  std::uint32_t lanes = 1;
};

namespace detail {
/// What stands in a key file. A name is 1 to 64 printable ASCII characters without spaces.
struct KeyFileContents {
  struct Entry {
    Bytes nonce;
    Bytes ciphertext;
  };
  Argon2Cost cost;
  Bytes salt;
  std::map<std::string, Entry, std::less<>> entries;
};
}  // namespace detail

/// An open key file. Not shared between threads. Text form: one PEM block
/// "OPENSET KEY FILE" around {version, costs, salt, passphrase check, entries {name, nonce,
/// AES-256-GCM ciphertext}, HMAC over all of it}. Each entry's key is HKDF(Argon2id output; info =
/// name); its aad = version ‖ name. Check and HMAC key are HKDF outputs too: a wrong passphrase is
/// told from a changed file, and no entry can be taken out or put back unnoticed.
class KeyFile {
 public:
  /// Refuses costs above 1 GiB, 64 passes; an existing file is `conflict`.
  static Result<KeyFile> create(const std::filesystem::path& path, const Passphrase& passphrase,
                                Argon2Cost cost, Rng& rng);
  /// bad_config if it is missing, malformed or readable by group or others (must be 0600);
  /// wrong_passphrase if it is not this file's.
  static Result<KeyFile> open(const std::filesystem::path& path, const Passphrase& passphrase);

  KeyFile(KeyFile&&) noexcept = default;
  KeyFile& operator=(KeyFile&&) noexcept = default;

  /// Adds or replaces, and writes the whole file anew (temporary file, fsync, rename, mode 0600).
  Result<void> put(std::string_view name, ByteView secret, Rng& rng);
  Result<void> remove(std::string_view name);
  /// not_found if there is no such entry.
  Result<SecretBytes> get(std::string_view name) const;
  std::vector<std::string> names() const;

 private:
  KeyFile(std::filesystem::path path, SecretBytes key, detail::KeyFileContents contents);
  Result<void> save(bool is_new) const;

  std::filesystem::path path_;
  SecretBytes key_;  ///< Argon2id's output
  detail::KeyFileContents contents_;
};

}  // namespace set
