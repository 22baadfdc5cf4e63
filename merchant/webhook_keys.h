// The secrets of webhooks: DIR/webhooks.set, a key file that opens with what opens keys.set, holds
// one random key, from which every webhook's secrets are derived (ADR 0053). So the database needs
// no secret, and two daemons with the same file sign the same. Made by the first `webhook add`.
#pragma once

#include <ctime>
#include <filesystem>
#include <optional>

#include "common/crypto/key_file.h"

namespace set::merchant {

class WebhookKeys {
 public:
  /// Errors as KeyFile::open.
  static Result<WebhookKeys> open(const std::filesystem::path& directory, const KeyLock& lock);
  /// The same, and makes the file if there is none.
  static Result<WebhookKeys> open_or_make(const std::filesystem::path& directory,
                                          const KeyLock& lock, Rng& rng);

  /// 32 bytes: of this webhook, and of its so many-th rotation.
  SecretBytes secret(std::string_view webhook, std::int64_t generation) const;
  /// Names the key, 16 hex digits that tell nothing of it: another file makes other secrets.
  std::string name() const;

 private:
  explicit WebhookKeys(SecretBytes key) : key_(std::move(key)) {}
  SecretBytes key_;
};

/// WebhookKeys of a running daemon: opens the file when it comes or is another. One thread.
class LiveWebhookKeys {
 public:
  LiveWebhookKeys(std::filesystem::path directory, KeyLock lock)
      : directory_(std::move(directory)), lock_(std::move(lock)) {}

  /// Null: there is no file, or it does not open; the log says why, once.
  const WebhookKeys* get();

 private:
  std::filesystem::path directory_;
  KeyLock lock_;
  ino_t file_ = 0;
  timespec written_ = {};
  std::optional<WebhookKeys> keys_;
};

}  // namespace set::merchant
