// The command line of set-bank: serve, account list, entry list, batch list, reset, healthcheck.
// Called by main, before threads exist.
#pragma once

#include <filesystem>

#include "common/daemon/list_limit.h"
#include "common/daemon/metrics_http.h"
#include "common/daemon/options.h"
#include "common/daemon/server.h"

namespace set::bank {

enum class Command { serve, accounts, entries, batches, reset, healthcheck };

struct Config {
  CommonOptions common;
  Command command = Command::serve;
  std::filesystem::path directory;

  ListLimit limit;  ///< of entries and batches

  ListenAddress admin_listen;  ///< after parsing never empty: unix:DIR/health.sock by default

  // serve
  ListenAddress listen;
  std::filesystem::path cards, scenario, ready_file;
  std::uint64_t seed = 0;
  Duration slow = std::chrono::seconds(2);
  MetricsOptions metrics;
  Duration hold_lifetime = std::chrono::hours(7 * 24);

  /// Ends the process after --help and --version. Errors: invalid_argument, bad_config.
  static Result<Config> parse(int argc, const char* const* argv);

  std::string database_url() const { return "sqlite:" + (directory / "bank.db").string(); }
};

}  // namespace set::bank
