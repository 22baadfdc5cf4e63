// What an enrolment or a renewal keeps on disk between asking for certificates and having them: the
// new keys and the registration they belong to, in a key file "enrolling.set" or "renewing.set".
// Internal to common/enrollment.
#pragma once

#include <filesystem>

#include "common/crypto/key_file.h"
#include "common/enrollment/enrollee.h"

namespace set::detail {

struct PendingEnrollment {
  PartyKeys keys;
  AwaitingPartyCertRes state;
};

/// Of a renewal of the TLS certificate alone.
struct PendingTls {
  TlsKey key;
  AwaitingPartyCertRes state;
};
using PendingRenewal = std::variant<PendingEnrollment, PendingTls>;

/// Before the CertReq is sent. Which file it is, the state says.
Result<void> save_pending(const std::filesystem::path& directory, const PendingEnrollment& pending,
                          const KeyLock& lock, Rng& rng);
Result<void> save_pending(const std::filesystem::path& directory, const PendingTls& pending,
                          const KeyLock& lock, Rng& rng);
/// None if there is no such file or it was never finished.
Result<std::optional<PendingEnrollment>> load_pending(const std::filesystem::path& directory,
                                                      const KeyLock& lock);
Result<std::optional<PendingRenewal>> load_pending_renewal(const std::filesystem::path& directory,
                                                           const KeyLock& lock);
Result<void> remove_pending(const std::filesystem::path& directory);
Result<void> remove_pending_renewal(const std::filesystem::path& directory);

}  // namespace set::detail
