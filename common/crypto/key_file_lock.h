// The three locks of a key file (key_lock.h): making one gives the file its key, opening one gives
// the key back. Only key_file.cpp includes this.
#pragma once

#include "common/crypto/key_file.h"

namespace set::detail {

/// Fills `contents.lock`; returns the file's key. Errors: invalid_argument, the token's.
Result<SecretBytes> make_lock(const KeyLock& lock, Argon2Cost cost, KeyFileContents& contents,
                              Rng& rng);

/// The file's key. A wrong passphrase gives a wrong key, which the file's check tells; too few
/// custodians are told here: wrong_passphrase. bad_config if the file has another kind of lock.
Result<SecretBytes> open_lock(const KeyLock& lock, const KeyFileContents& contents);

}  // namespace set::detail
