// How a program gets at a key file: the options that name a passphrase, custodians' passphrases or
// a PKCS#11 token, and what they hold once they are read. Called by main before threads exist.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "common/crypto/pkcs11_token.h"
#include "common/daemon/passphrase.h"

namespace set {

/// A token: the module of its maker, its label, and the file with its user PIN (or a prompt).
struct TokenSource {
  std::filesystem::path module;  ///< empty = no token
  std::string label;
  std::filesystem::path pin_file;
};

/// What the command line says about one key file.
struct KeySource {
  PassphraseSource passphrase;
  std::vector<std::filesystem::path> custodian_files;  ///< one custodian's passphrase each
  TokenSource token;
  std::string custodian_option = "--custodian-passphrase-file";  ///< what gives custodian_files
};

/// Of a new lock only: how many custodians, and how many of them open the file.
struct CustodianCount {
  unsigned custodians = 0, threshold = 0;
};

void add_token_options(CLI::App& app, TokenSource& source);
/// --passphrase-file, --passphrase-fd, --custodian-passphrase-file (repeatable), --pkcs11-module,
/// --pkcs11-token, --pin-file.
void add_key_options(CLI::App& app, KeySource& source);
/// --custodians N and --threshold K, for commands that make a key file.
void add_custodian_options(CLI::App& app, CustodianCount& count);

/// Passphrases or a logged-in token: what a KeyLock is a view of. Keep it as long as the lock is
/// used.
class KeyAccess {
 public:
  /// A passphrase that is known already.
  explicit KeyAccess(Passphrase passphrase) { passphrases_.push_back(std::move(passphrase)); }
  /// For an existing file: its custodians are asked for where it has some.
  static Result<KeyAccess> read(const KeySource& source, const std::filesystem::path& file);
  /// For a file that need not exist: then a new passphrase is asked for, and confirmed.
  static Result<KeyAccess> read_or_new(const KeySource& source, const std::filesystem::path& file);
  /// For a new lock. `prompt` as in read_passphrase().
  static Result<KeyAccess> read_new(const KeySource& source, const CustodianCount& count,
                                    const std::string& prompt);

  KeyLock lock() const;
  const Pkcs11Token* token() const { return token_ ? &*token_ : nullptr; }

 private:
  KeyAccess() = default;

  std::vector<Passphrase> passphrases_;
  std::size_t threshold_ = 0;
  std::optional<Pkcs11Token> token_;
};

/// The token alone, logged in. bad_config, wrong_passphrase: the PIN.
Result<Pkcs11Token> open_token(const TokenSource& source);

}  // namespace set
