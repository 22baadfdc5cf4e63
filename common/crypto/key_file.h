// Key files: a daemon's private keys at rest, under a lock (key_lock.h): a passphrase, custodians
// or a token. Each key inside is bound to its name and use, so a signature key cannot be loaded as
// a TLS key.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "common/crypto/key_lock.h"

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
  /// The file's key is Argon2id's output.
  struct PassphraseLock {
    Argon2Cost cost;
    Bytes salt;
  };
  /// The file's key is split; each share is encrypted under its custodian's passphrase.
  struct CustodianLock {
    struct Share {
      Bytes salt;  ///< the custodian's own; in files of version 2 all have the same
      Entry sealed;
    };
    std::uint8_t version = 0;  ///< of the file's format
    Argon2Cost cost;
    std::size_t threshold = 0;
    std::vector<Share> shares;
  };
  /// The file's key is wrapped by the token.
  struct TokenLock {
    WrappedKey wrapped;
  };
  std::variant<PassphraseLock, CustodianLock, TokenLock> lock;
  std::map<std::string, Entry, std::less<>> entries;
};
}  // namespace detail

/// An open key file. Not shared between threads. Text form: one PEM block
/// "OPENSET KEY FILE" around {version, lock, check of the key, entries {name, nonce,
/// AES-256-GCM ciphertext}, HMAC over all of it}. Version 1 has a passphrase for its lock, version
/// 2 a token or, in files from before version 3, custodians with one salt for all; version 3
/// custodians with a salt for each. Each entry's key is HKDF(the file's key; info = name); its aad =
/// version ‖ name. Check and HMAC key are HKDF outputs too: a wrong passphrase is told from a
/// changed file, and no entry can be taken out or put back unnoticed.
class KeyFile {
 public:
  /// Refuses costs above 1 GiB, 64 passes; an existing file is `conflict`.
  static Result<KeyFile> create(const std::filesystem::path& path, const KeyLock& lock,
                                Argon2Cost cost, Rng& rng);
  /// bad_config if it is missing, malformed or readable by group or others (must be 0600);
  /// wrong_passphrase if it is not this file's, or fewer custodians than needed are there.
  static Result<KeyFile> open(const std::filesystem::path& path, const KeyLock& lock);
  /// A new, empty file under the same lock and key: who opens this one opens that one, too.
  Result<KeyFile> create_like(const std::filesystem::path& path) const;
  /// How many custodians must be there to open it; 0 = one passphrase or a token opens it.
  static Result<std::size_t> custodians_needed(const std::filesystem::path& path);

  KeyFile(KeyFile&&) noexcept = default;
  KeyFile& operator=(KeyFile&&) noexcept = default;

  /// Adds or replaces, and writes the whole file anew (temporary file, fsync, rename, mode 0600).
  Result<void> put(std::string_view name, ByteView secret, Rng& rng);
  Result<void> remove(std::string_view name);
  /// Puts all entries under another lock and a fresh key, and writes the file anew.
  Result<void> lock_anew(const KeyLock& lock, Argon2Cost cost, Rng& rng);
  /// not_found if there is no such entry.
  Result<SecretBytes> get(std::string_view name) const;
  std::vector<std::string> names() const;

 private:
  KeyFile(std::filesystem::path path, SecretBytes key, detail::KeyFileContents contents);
  Result<void> save(bool is_new) const;
  void seal(std::string_view name, ByteView secret, Rng& rng);  ///< in memory

  std::filesystem::path path_;
  SecretBytes key_;  ///< the file's
  detail::KeyFileContents contents_;
};

}  // namespace set
