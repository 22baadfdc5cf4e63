// `evidence export` and `receipt --export`, by those who have it, and `evidence verify`, by everybody:
// what was signed of a purchase, written as a file and verified offline. One thread.
#pragma once

#include <filesystem>
#include <string>

#include <CLI/CLI.hpp>

#include "common/audit/statements.h"

namespace set {

struct EvidenceOptions {
  std::string xid;                ///< 40 hex digits
  std::filesystem::path file;     ///< to write; empty: standard output; of verify the one to read
  std::string root_fingerprint;   ///< of verify
  bool verify = false;            ///< this verb was chosen
};

/// Of those who have evidence: `evidence XID`, which is `evidence export XID`, and `evidence verify`.
void add_evidence(CLI::App& noun, EvidenceOptions& options);
/// The verb `verify` alone, which needs nothing of whoever runs it.
void add_evidence_verify(CLI::App& noun, EvidenceOptions& options);

/// Verifies what is kept, under the trust.pem of `directory`, and writes it. not_found;
/// verification_failed: what is kept does not hold.
Result<void> write_evidence_file(Database& database, const EvidenceOptions& options,
                                 std::string_view role, const std::filesystem::path& directory);
/// The text as it came, to a file or standard output.
Result<void> put_evidence(const std::filesystem::path& file, std::string_view text);
/// Prints the verdict; verification_failed (exit code 9) names what broke.
Result<void> verify_evidence_file(const EvidenceOptions& options, bool json);

}  // namespace set
