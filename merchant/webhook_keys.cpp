#include "merchant/webhook_keys.h"

#include <sys/stat.h>
#include <unistd.h>

#include "common/base/log.h"
#include "common/crypto/digest.h"

namespace set::merchant {
namespace {

constexpr std::string_view kWebhookKeyFile = "webhooks.set";
constexpr std::string_view kWebhookKeyEntry = "webhooks";
constexpr std::string_view kSecretUse = "OpenSET webhook secret";
constexpr std::string_view kNameUse = "OpenSET webhook key name";
constexpr std::size_t kWebhookKeyBytes = 32;
constexpr std::size_t kNameBytes = 8;
constexpr std::size_t kSecretBytes = 32;  // Standard Webhooks: 24 to 64

std::filesystem::path webhook_key_file(const std::filesystem::path& directory) {
  return directory / kWebhookKeyFile;
}

// Complete before it has its name: of two commands that make it at once one is second.
Result<void> make_key_file(const std::filesystem::path& directory, const KeyLock& lock, Rng& rng) {
  const auto identity = TRY(KeyFile::open(directory / "keys.set", lock));
  const auto path = webhook_key_file(directory);
  const auto unfinished = path.string() + "." + to_hex(rng.bytes(8));
  const auto made = [&]() -> Result<void> {
    auto file = TRY(identity.create_like(unfinished));
    TRY(file.put(kWebhookKeyEntry, rng.secret(kWebhookKeyBytes).reveal(), rng));
    const bool named = ::link(unfinished.c_str(), path.c_str()) == 0 || errno == EEXIST;
    CHECK_OR_FAIL(named, ErrorCode::storage_unavailable, "cannot write " + path.string());
    return {};
  }();
  ::unlink(unfinished.c_str());
  return made;
}

}  // namespace

Result<WebhookKeys> WebhookKeys::open(const std::filesystem::path& directory, const KeyLock& lock) {
  const auto file = TRY(KeyFile::open(webhook_key_file(directory), lock));
  return WebhookKeys(TRY(file.get(kWebhookKeyEntry)));
}

Result<WebhookKeys> WebhookKeys::open_or_make(const std::filesystem::path& directory,
                                              const KeyLock& lock, Rng& rng) {
  std::error_code ignored;
  if (!std::filesystem::exists(webhook_key_file(directory), ignored))
    TRY(make_key_file(directory, lock, rng));
  return open(directory, lock);
}

SecretBytes WebhookKeys::secret(std::string_view webhook, std::int64_t generation) const {
  const auto name =
      std::string(kSecretUse) + '\0' + std::string(webhook) + '\0' + std::to_string(generation);
  return hkdf_sha384({}, key_.reveal(), view_of(name), kSecretBytes);
}

std::string WebhookKeys::name() const {
  return to_hex(hkdf_sha384({}, key_.reveal(), view_of(kNameUse), kNameBytes).reveal());
}

const WebhookKeys* LiveWebhookKeys::get() {
  struct stat now = {};
  if (::stat(webhook_key_file(directory_).c_str(), &now) != 0) return nullptr;
  const bool same = now.st_ino == file_ && now.st_mtim.tv_sec == written_.tv_sec &&
                    now.st_mtim.tv_nsec == written_.tv_nsec;
  if (same) return keys_ ? &*keys_ : nullptr;
  file_ = now.st_ino;
  written_ = now.st_mtim;
  keys_.reset();
  auto opened = WebhookKeys::open(directory_, lock_);
  if (!opened) {
    log_error("webhooks cannot be signed", opened.error());
    return nullptr;
  }
  keys_.emplace(std::move(*opened));
  return &*keys_;
}

}  // namespace set::merchant
