// `set-ca key` changes what opens a key file; `set-ca hsm` looks at a PKCS#11 token and makes its
// key. Called by main.
#pragma once

#include <filesystem>

#include "common/daemon/key_access.h"

namespace set::ca {

enum class KeyVerb { passwd, custodians, token, hsm_doctor, hsm_init_key };

struct KeyOptions {
  KeyVerb verb = KeyVerb::passwd;
  std::filesystem::path file;
  KeySource present, next;
  CustodianCount count;
};

CLI::App& add_key(CLI::App& app, KeyOptions& options);
CLI::App& add_hsm(CLI::App& app, KeyOptions& options);
Result<void> run_key(const KeyOptions& options, bool json);

}  // namespace set::ca
