// The roots that the wallet's cards stand under: one Trust for each, shared by all its cards, with
// what is known of revocations, kept in a file per root. Used by store.cpp and service.cpp.
// Any thread.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <mutex>

#include "common/crypto/trust.h"

namespace set::wallet {

/// Where what is revoked under this root is kept, in the wallet's directory.
std::filesystem::path revocation_file(const std::filesystem::path& directory,
                                      const Thumbprint& root);

class TrustBook {
 public:
  /// `directory` empty: nothing is kept.
  explicit TrustBook(std::filesystem::path directory) : directory_(std::move(directory)) {}

  /// Trust::parse, or the one that was parsed before. From the root's first card on nothing is
  /// trusted without a BCI, if the wallet keeps what is revoked.
  Result<std::shared_ptr<const Trust>> find(std::string_view pem, std::string_view fingerprint,
                                            Instant now);

 private:
  std::filesystem::path directory_;
  std::mutex mutex_;
  std::map<Thumbprint, std::shared_ptr<const Trust>> trusts_;  ///< by root
};

}  // namespace set::wallet
