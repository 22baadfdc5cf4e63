// What an operator tells set-merchant: flags and --config file. Called by main.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "common/base/time.h"
#include "common/daemon/options.h"
#include "common/daemon/passphrase.h"
#include "common/daemon/server.h"
#include "common/enrollment/trust_source.h"

namespace set::merchant {

enum class Command { enroll, serve, order_create, order_list, order_show, healthcheck };

struct Config {
  CommonOptions common;
  Command command = Command::serve;
  std::filesystem::path dir;
  std::string database;  ///< empty = sqlite:DIR/merchant.db
  PassphraseSource passphrase;

  struct Enroll {
    std::string ca;
    TrustSource trust;
    std::filesystem::path token_file;
    std::string bin;
    std::string id;
    std::vector<std::string> hosts;
  } enroll;
  struct Serve {
    ListenAddress listen;
    std::string gateway;
    std::string public_address;  ///< empty = what is listened on
    std::filesystem::path ready_file;
  } serve;
  struct Order {
    std::string amount;
    std::string description;
    std::filesystem::path cart;
    Duration life = std::chrono::hours(1);
    std::string id;
  } order;

  /// Errors as set::parse(); ends the process after --help or --version.
  static Result<Config> parse(int argc, const char* const* argv);
  std::string database_url() const;
};

}  // namespace set::merchant
