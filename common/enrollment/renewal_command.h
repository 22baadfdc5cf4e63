// The commands `renew` and `needs-renewal` of set-merchant and set-gateway, and the CA's address
// that they and `serve` take. Called by main.
#pragma once

#include <filesystem>
#include <string>

#include "common/daemon/key_access.h"
#include "common/daemon/live_identity.h"
#include "common/daemon/options.h"

namespace set {

struct RenewOptions {
  std::string ca;      ///< host:port; empty: where the directory was enrolled
  bool force = false;  ///< also what is not due
};
/// Adds --ca HOST:PORT, and --force where asked.
void add_ca_option(CLI::App& app, std::string& ca);
void add_renew_options(CLI::App& app, RenewOptions& options);

/// `ca`, or what enrolment wrote down.
std::string renewal_ca(const std::string& ca, const std::filesystem::path& directory);

/// Renews what is due, and says what there is now. A daemon that serves from the directory takes
/// the new certificates by itself. Also a directory whose TLS certificate has ended is renewed.
Result<void> run_renew(const std::filesystem::path& directory, const RenewOptions& options,
                       const KeySource& keys, bool json);

/// Prints the dates. Success: a renewal is due. `internal`, whose exit code is 1: none is.
Result<void> run_needs_renewal(const std::filesystem::path& directory, bool json);

/// LiveIdentity::load; a directory whose TLS certificate ended while nobody served is renewed
/// first.
Result<std::unique_ptr<LiveIdentity>> load_or_renew(const std::filesystem::path& directory,
                                                    std::shared_ptr<const KeyAccess> access,
                                                    const std::string& ca,
                                                    const Clock& clock, Rng& rng);

}  // namespace set
