// What an enrolment keeps on disk between asking for certificates and having them: the new keys and
// the registration they belong to, in a key file "enrolling.set". Internal to common/enrollment.
#pragma once

#include <filesystem>

#include "common/crypto/key_file.h"
#include "common/enrollment/enrollee.h"

namespace set::detail {

struct PendingEnrollment {
  PartyKeys keys;
  AwaitingPartyCertRes state;
};

/// Before the CertReq is sent.
Result<void> save_pending(const std::filesystem::path& directory, const PendingEnrollment& pending,
                          const KeyLock& lock, Rng& rng);
/// None if there is no such file or it was never finished.
Result<std::optional<PendingEnrollment>> load_pending(const std::filesystem::path& directory,
                                                      const KeyLock& lock);
Result<void> remove_pending(const std::filesystem::path& directory);

}  // namespace set::detail
