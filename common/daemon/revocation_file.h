// revocation.set: what a party knows of revoked certificates, kept over a restart. One file of one
// set, written atomically, so that there is never a BCI without its CRLs. Everything in it is signed
// and verified anew when it is read. Any thread; one process on one file.
#pragma once

#include <filesystem>

#include "common/message/party.h"

namespace set {

inline constexpr std::string_view kRevocationFile = "revocation.set";

Result<void> save_revocations(const std::filesystem::path& file, const Revocation& known);

/// Adopts what the file has. No file is an empty one; what does not verify under this trust (an
/// identity of another CA was here before) is passed over with a warning. bad_config if it cannot be
/// read or is damaged.
Result<void> load_revocations(const std::filesystem::path& file, const Trust& trust, Instant now);
/// The same, and writes the file anew at each change from now on.
Result<void> keep_revocations(const std::filesystem::path& file, const Trust& trust, Instant now);

}  // namespace set
