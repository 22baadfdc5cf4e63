// ceremony.log, the safe's own record of what its keys have signed: one line a ceremony, each signed
// by the root that reigned and bound to the line before it, appended before anything leaves the
// safe. Who compares it with what the online CA has finds whatever was signed behind their back.
// Used by ceremony_command.cpp. Not for concurrent use.
#pragma once

#include <filesystem>

#include <nlohmann/json.hpp>

#include "ca/hierarchy.h"

namespace set::ca {

/// One ceremony. `signed_things` says what, as JSON: thumbprints of certificates, of lists, …
struct CeremonyRecord {
  std::uint64_t number = 0;  ///< from 1
  Instant at;
  std::string verb;  ///< "sign", "revoke", …
  nlohmann::json signed_things;
};

/// Writes the next line, signed by `root`, and makes it durable. verification_failed if the record
/// that is there was changed.
Result<void> append_record(const std::filesystem::path& directory, const std::string& verb,
                           const nlohmann::json& signed_things, const Authority& root,
                           std::span<const Certificate> roots, Instant now);

/// All of it, verified: numbers, the digest of the line before, a signature of one of these roots.
/// Empty if there is none. verification_failed and the line that does not fit.
Result<std::vector<CeremonyRecord>> read_records(const std::filesystem::path& directory,
                                                 std::span<const Certificate> roots);

}  // namespace set::ca
