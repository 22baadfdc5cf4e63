#include "common/crypto/key_file_lock.h"

#include <botan/pwdhash.h>
#include <botan/tss.h>

#include <map>
#include <optional>

#include "common/crypto/digest.h"
#include "common/crypto/guarded.h"
#include "common/crypto/key_file_text.h"
#include "common/crypto/suite.h"

namespace set::detail {
namespace {

// HKDF's info for a custodian's share, before its number.
constexpr std::string_view kShareUse = "OpenSET key file: share";
constexpr std::size_t kShareIdentifierBytes = 16;

using Custodians = KeyFileContents::CustodianLock;

Result<SecretBytes> derive(const Passphrase& passphrase, const Argon2Cost& cost, ByteView salt) {
  return guarded(ErrorCode::bad_config, "the key file's key cannot be derived", [&] {
    const auto family = Botan::PasswordHashFamily::create_or_throw("Argon2id");
    const auto argon2 = family->from_params(cost.memory_kib, cost.passes, cost.lanes);
    Botan::secure_vector<std::uint8_t> key(suite::kAeadKeyBytes);
    argon2->hash(key, passphrase.reveal(), salt);
    return SecretBytes(std::move(key));
  });
}

/// Version, a zero, who it is for and how many are needed: a share serves in its place only.
Bytes share_name(std::size_t number, const Custodians& lock) {
  const Bytes numbers{lock.version, 0, static_cast<std::uint8_t>(number),
                      static_cast<std::uint8_t>(lock.threshold)};
  return concat({view_of(kShareUse), numbers});
}

SecretBytes share_key(const SecretBytes& derived, std::size_t number, const Custodians& lock) {
  return hkdf_sha384({}, derived.reveal(), share_name(number, lock), suite::kAeadKeyBytes);
}

Result<std::vector<Botan::RTSS_Share>> split(const SecretBytes& key, std::size_t threshold,
                                             std::size_t count, Rng& rng) {
  return guarded(ErrorCode::internal, "the file's key cannot be split", [&] {
    const auto octets = key.reveal();
    return Botan::RTSS_Share::split(static_cast<std::uint8_t>(threshold),
                                    static_cast<std::uint8_t>(count), octets.data(),
                                    static_cast<std::uint16_t>(octets.size()),
                                    rng.bytes(kShareIdentifierBytes), "SHA-256", rng.botan());
  });
}

Result<SecretBytes> make_custodians(const KeyLock& lock, Argon2Cost cost, KeyFileContents& contents,
                                    Rng& rng) {
  const auto passphrases = lock.passphrases;
  CHECK_OR_FAIL(fits_custodians(lock.threshold, passphrases.size()), ErrorCode::invalid_argument,
                "a key file takes 2 to 16 custodians, of whom two at least are needed and all at "
                "most");
  Custodians made{kKeyFileOwnSaltsVersion, cost, lock.threshold, {}};
  auto key = rng.secret(suite::kAeadKeyBytes);
  const auto shares = TRY(split(key, lock.threshold, passphrases.size(), rng));
  for (std::size_t i = 0; i < shares.size(); ++i) {
    CHECK_OR_FAIL(!passphrases[i].empty(), ErrorCode::invalid_argument,
                  "a custodian's passphrase is empty");
    for (std::size_t other = 0; other < i; ++other) {
      CHECK_OR_FAIL(
          !same_secret(view_of(passphrases[i].reveal()), view_of(passphrases[other].reveal())),
          ErrorCode::invalid_argument, "two custodians have the same passphrase");
    }
    Bytes salt = rng.bytes(kKeyFileSaltBytes);
    const auto derived = TRY(derive(passphrases[i], cost, salt));
    Bytes nonce = rng.bytes(suite::kAeadNonceBytes);
    Bytes sealed = aead_seal(share_key(derived, i, made).reveal(), nonce, share_name(i, made),
                             shares[i].data());
    made.shares.push_back({std::move(salt), {std::move(nonce), std::move(sealed)}});
  }
  contents.lock = std::move(made);
  return key;
}

Result<SecretBytes> open_custodians(const KeyLock& lock, const Custodians& held) {
  std::map<std::size_t, SecretBytes> opened;
  for (const auto& passphrase : lock.passphrases) {
    std::optional<SecretBytes> derived;
    for (std::size_t i = 0; i < held.shares.size(); ++i) {
      if (opened.contains(i)) continue;
      const auto& [salt, sealed] = held.shares[i];
      if (!derived || !equal(salt, held.shares[i - 1].salt))
        derived = TRY(derive(passphrase, held.cost, salt));
      auto share = aead_open(share_key(*derived, i, held).reveal(), sealed.nonce,
                             share_name(i, held), sealed.ciphertext);
      if (!share) continue;
      opened.emplace(i, std::move(*share));
      break;  // a passphrase is one custodian's
    }
  }
  CHECK_OR_FAIL(opened.size() >= held.threshold, ErrorCode::wrong_passphrase,
                "the key file needs " + std::to_string(held.threshold) + " of its " +
                    std::to_string(held.shares.size()) +
                    " custodians; the passphrases given are "
                    "those of " +
                    std::to_string(opened.size()));
  return guarded(ErrorCode::bad_config, "the custodians' shares do not fit together", [&] {
    std::vector<Botan::RTSS_Share> shares;
    for (const auto& [number, share] : opened) {
      shares.emplace_back(share.reveal().data(), share.size());
    }
    return SecretBytes(Botan::RTSS_Share::reconstruct(shares));
  });
}

/// Opens what the file has, with what the caller has.
struct Open {
  const KeyLock& lock;

  Result<SecretBytes> operator()(const KeyFileContents::PassphraseLock& held) const {
    CHECK_OR_FAIL(lock.token == nullptr, ErrorCode::bad_config,
                  "the key file is under a passphrase, not under a token");
    CHECK_OR_FAIL(lock.passphrases.size() == 1, ErrorCode::bad_config,
                  "the key file has no custodians but one passphrase");
    return derive(lock.passphrases.front(), held.cost, held.salt);
  }
  Result<SecretBytes> operator()(const Custodians& held) const {
    CHECK_OR_FAIL(lock.token == nullptr, ErrorCode::bad_config,
                  "the key file is under its custodians' passphrases, not under a token");
    return open_custodians(lock, held);
  }
  Result<SecretBytes> operator()(const KeyFileContents::TokenLock& held) const {
    CHECK_OR_FAIL(lock.token != nullptr, ErrorCode::bad_config,
                  "the key file opens with its token only: name it with --pkcs11-module, "
                  "--pkcs11-token and --pin-file");
    return lock.token->unwrap(held.wrapped);
  }
};

}  // namespace

Result<SecretBytes> make_lock(const KeyLock& lock, Argon2Cost cost, KeyFileContents& contents,
                              Rng& rng) {
  CHECK_OR_FAIL(fits_cost(cost), ErrorCode::invalid_argument,
                "Argon2id takes 8 KiB per lane to 1 GiB, 1 to 64 passes and 1 to 16 lanes");
  if (lock.token != nullptr) {
    auto key = rng.secret(suite::kAeadKeyBytes);
    auto wrapped = TRY(lock.token->wrap(key.reveal(), rng));
    contents.lock = KeyFileContents::TokenLock{std::move(wrapped)};
    return key;
  }
  if (lock.threshold != 0) return make_custodians(lock, cost, contents, rng);
  CHECK_OR_FAIL(lock.passphrases.size() == 1 && !lock.passphrases.front().empty(),
                ErrorCode::invalid_argument, "the passphrase is empty");
  KeyFileContents::PassphraseLock made{cost, rng.bytes(kKeyFileSaltBytes)};
  auto key = TRY(derive(lock.passphrases.front(), made.cost, made.salt));
  contents.lock = std::move(made);
  return key;
}

Result<SecretBytes> open_lock(const KeyLock& lock, const KeyFileContents& contents) {
  return std::visit(Open{lock}, contents.lock);
}

}  // namespace set::detail
