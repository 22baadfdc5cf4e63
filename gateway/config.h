// What set-gateway is told by flags and file, and the two keys of its own in keys.set.
// Called by main, before threads exist.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "common/base/time.h"
#include "common/crypto/key_lock.h"
#include "common/crypto/random.h"
#include "common/crypto/secret_bytes.h"
#include "common/daemon/audit_command.h"
#include "common/daemon/evidence_command.h"
#include "common/daemon/metrics_http.h"
#include "common/daemon/key_access.h"
#include "common/daemon/options.h"
#include "common/daemon/server.h"
#include "common/enrollment/enrollment_flags.h"
#include "common/enrollment/renewal_command.h"
#include "common/enrollment/revocation_watch.h"
#include "common/enrollment/trust_renewal.h"
#include "common/iso8583/connection.h"

namespace set::gateway {

enum class Command {
  enroll,
  serve,
  renew,
  needs_renewal,
  payments_list,
  payments_show,
  batch_list,
  batch_show,
  batch_close,
  queue_list,
  queue_retry,
  audit,
  evidence,
  healthcheck,
  doctor
};

struct Config {
  CommonOptions common;
  Command command = Command::serve;
  std::filesystem::path directory;
  std::string database;  ///< "sqlite:…"; by itself sqlite:DIR/gateway.db
  KeySource keys;
  Duration trust_every = kTrustEvery;
  ListenAddress admin_listen;  ///< after parsing never empty: unix:DIR/health.sock by default

  PartyEnrollment enroll;  ///< its CA also of serve, for renewals

  // serve
  bool enroll_first = false;
  ListenAddress listen;
  std::vector<Network> balancers;
  std::filesystem::path ready_file;
  std::filesystem::path cards;  ///< of the embedded sandbox acquirer; empty if there is a bank
  std::optional<iso8583::BankAddress> acquirer;  ///< a bank over TCP
  Duration acquirer_timeout = std::chrono::seconds(5);
  bool no_capture_now = false;
  Duration token_life = std::chrono::hours(24 * 180);
  bool close_batches_daily = false;
  std::string message_of_day;    ///< to cardholders; empty: none
  std::string customer_service;  ///< a telephone number for cardholders; empty: none
  RevocationWatchOptions revocation;
  MetricsOptions metrics;

  RenewOptions renew;

  // payments, batch
  ListLimit limit;  ///< of payment list, batch list, queue list
  std::string xid;
  std::string merchant_id;
  std::string batch_id;
  std::optional<std::int64_t> serial;  ///< of a parked message; none: all

  AuditOptions audit;
  EvidenceOptions evidence;

  /// Ends the process after --help and --version.
  /// Errors: invalid_argument, bad_config.
  static Result<Config> parse(int argc, const char* const* argv);
};

/// What only the gateway has in keys.set: "token" seals CapTokens, "card-index" hides card numbers
/// in the sandbox acquirer's book.
struct GatewayKeys {
  SecretBytes token;
  SecretBytes card_index;
};
/// Adds those that are missing to the keys.set of an enrolled directory; what is there stays, since
/// tokens in merchants' hands were made with it.
Result<void> make_gateway_keys(const std::filesystem::path& directory, const KeyLock& lock,
                               Rng& rng);
/// bad_config if the directory was never enrolled to the end.
Result<GatewayKeys> load_gateway_keys(const std::filesystem::path& directory, const KeyLock& lock);

}  // namespace set::gateway
