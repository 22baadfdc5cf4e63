// `set-ca ceremony`: root and brand on a machine of their own, carried by files. What each verb
// asks, does and prints. Called by main.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "common/daemon/key_access.h"

namespace set::ca {

enum class CeremonyVerb { root, brand, request, sign, install, rollover, revoke, log };

struct CeremonyOptions {
  CeremonyVerb verb = CeremonyVerb::root;
  /// dir, database and keys are those of the program.
  std::filesystem::path dir, request, answer, out;
  std::string brand, public_url, geopolitical, root_fingerprint, database;
  std::vector<std::string> hosts;
  std::vector<std::filesystem::path> certificates;  ///< to be revoked
  std::string reason = "unspecified";
  KeySource keys;
  CustodianCount custodians;
};

/// The subcommand with its verbs; `options.verb` is set while the command line is parsed.
CLI::App& add_ceremony(CLI::App& app, CeremonyOptions& options);
Result<void> run_ceremony(const CeremonyOptions& options, bool json);

}  // namespace set::ca
