// The command line of set-ca: init, serve, token create, healthcheck.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "common/daemon/options.h"
#include "common/daemon/passphrase.h"
#include "common/daemon/server.h"

namespace set::ca {

enum class Command { init, serve, token_create, healthcheck };

struct Config {
  CommonOptions common;
  Command command = Command::serve;

  std::filesystem::path dir;
  std::string database;  ///< after parsing never empty: sqlite:DIR/ca.db by default
  PassphraseSource passphrase;

  // init
  std::string brand;
  std::vector<std::string> hosts;  ///< also of a token
  std::string public_url;
  PassphraseSource root_passphrase;

  // serve
  ListenAddress listen, http_listen;
  std::filesystem::path cards, ready_file;

  // token create
  std::string role, name, bin, id, city;
  unsigned country = 0;
  Duration valid = std::chrono::hours(24);

  /// Ends the process after --help and --version. Errors: invalid_argument, bad_config.
  static Result<Config> parse(int argc, const char* const* argv);
};

}  // namespace set::ca
