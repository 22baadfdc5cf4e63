// set-ca cert revoke, crl show, crl publish, crl import: an operator's commands beside a running
// `serve`, which takes up what they change within a second. Called by main and config.
#pragma once

#include <filesystem>

#include "ca/revocation.h"
#include "common/daemon/options.h"
#include "common/daemon/passphrase.h"

namespace set::ca {

struct Config;

struct RevocationOptions {
  std::string serial, thumbprint, party, role, reason = "unspecified";  // revoke
  std::filesystem::path crl;                                            // crl import
  PublicationTimes times;                                               // serve, crl publish
};

struct RevocationCommands {
  CLI::App *revoke, *revoke_before, *show, *publish, *import;
};
/// After the noun `cert` is there.
RevocationCommands add_revocation_commands(CLI::App& app, Config& config);
void add_publication_options(CLI::App& command, PublicationTimes& times);

Result<void> revoke(const Config& config);
Result<void> crl_show(const Config& config);
Result<void> crl_publish(const Config& config);
Result<void> crl_import(const Config& config);

}  // namespace set::ca
