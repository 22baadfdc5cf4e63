// What set-gateway is told by flags and file, and the two keys of its own in keys.set.
// Called by main, before threads exist.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "common/base/time.h"
#include "common/crypto/random.h"
#include "common/crypto/secret_bytes.h"
#include "common/daemon/options.h"
#include "common/daemon/passphrase.h"
#include "common/daemon/server.h"
#include "common/enrollment/trust_source.h"

namespace set::gateway {

enum class Command { enroll, serve, payments_list, payments_show, healthcheck };

struct Config {
  CommonOptions common;
  Command command = Command::serve;
  std::filesystem::path directory;
  std::string database;  ///< "sqlite:…"; by itself sqlite:DIR/gateway.db
  PassphraseSource passphrase;

  // enroll
  std::string ca;  ///< "host:port"
  TrustSource trust;
  std::filesystem::path token_file;
  std::string bin;  ///< the acquirer's, 6 digits
  std::string id;
  std::vector<std::string> hosts;

  // serve
  ListenAddress listen;
  std::filesystem::path ready_file;
  std::filesystem::path cards;
  Duration acquirer_timeout = std::chrono::seconds(5);
  bool no_capture_now = false;

  // payments
  std::int64_t at_most = 100;
  std::string xid;

  /// Ends the process after --help and --version.
  /// Errors: invalid_argument, bad_config.
  static Result<Config> parse(int argc, const char* const* argv);

  /// "unix:DIR/health.sock": the port with mutual TLS would want a certificate of a health check.
  std::string health_address() const;
};

/// What only the gateway has in keys.set: "token" seals CapTokens, "card-index" hides card numbers
/// in the sandbox acquirer's book.
struct GatewayKeys {
  SecretBytes token;
  SecretBytes card_index;
};
/// Adds those that are missing to the keys.set of an enrolled directory; what is there stays, since
/// tokens in merchants' hands were made with it.
Result<void> make_gateway_keys(const std::filesystem::path& directory, const Passphrase& passphrase,
                               Rng& rng);
/// bad_config if the directory was never enrolled to the end.
Result<GatewayKeys> load_gateway_keys(const std::filesystem::path& directory,
                                      const Passphrase& passphrase);

}  // namespace set::gateway
