// What an operator tells set-merchant: flags and --config file. Called by main.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "common/base/time.h"
#include "common/daemon/audit_command.h"
#include "common/daemon/evidence_command.h"
#include "common/daemon/key_access.h"
#include "common/daemon/metrics_http.h"
#include "common/daemon/options.h"
#include "common/daemon/server.h"
#include "common/enrollment/enrollment_flags.h"
#include "common/enrollment/renewal_command.h"
#include "common/enrollment/revocation_watch.h"
#include "common/enrollment/trust_renewal.h"
#include "merchant/details.h"
#include "merchant/event_options.h"
#include "merchant/terms.h"

namespace set::merchant {

enum class Command {
  enroll,
  serve,
  renew,
  needs_renewal,
  order_create,
  order_list,
  order_show,
  authorize,
  capture,
  reverse,
  refund,
  void_refund,
  void_capture,
  batch_list,
  batch_open,
  batch_close,
  batch_purge,
  batch_show,
  batch_report,
  audit,
  evidence,
  events,
  webhook,
  healthcheck,
  doctor
};

struct Config {
  CommonOptions common;
  Command command = Command::serve;
  std::filesystem::path dir;
  std::string database;  ///< empty = sqlite:DIR/merchant.db
  KeySource keys;
  ListenAddress admin_listen;  ///< after parsing never empty: unix:DIR/health.sock by default

  PartyEnrollment enroll;  ///< its CA also of serve, for renewals
  struct Serve {
    ListenAddress listen;
    std::vector<Network> balancers;
    std::string gateway;
    std::string public_address;  ///< empty = what is listened on
    std::filesystem::path ready_file;
    Duration trust_every = kTrustEvery;
    bool enroll_first = false;
    RevocationWatchOptions revocation;
    MetricsOptions metrics;
    Duration patience = std::chrono::minutes(15);
    std::optional<Duration> close_batches_at;  ///< after midnight UTC
    EventOptions events;
  } serve;
  struct Doctor {
    std::string gateway, ca;  ///< empty = as `serve` and `enroll` had them
  } doctor;
  RenewOptions renew;
  ListLimit limit;  ///< of order list, batch list
  struct Order {
    std::string amount;
    std::string description;
    std::filesystem::path cart;
    Duration life = std::chrono::hours(1);
    std::string id;
    WrittenTerms terms;
    WrittenDetails details;
  } order;
  struct Payment {
    std::vector<std::string> orders;
    std::string amount;         ///< empty: all that is left
    std::string authorization;  ///< the beginning of an authRRPID; empty: any
    std::string item;           ///< likewise of what is undone
    bool final_capture = false;
    std::string batch;  ///< empty: the gateway's open one, or the one that we opened
    std::string once;
    Duration wait = std::chrono::seconds(30);
  } payment;
  struct Batch {
    std::string id;  ///< empty: the open one
    bool items = false;
    bool errors = false;  ///< of the items, those that failed
    bool csv = false;
    Duration wait = std::chrono::seconds(30);
  } batch;

  AuditOptions audit;
  EvidenceOptions evidence;
  EventQuery events;
  WebhookWish webhook;

  /// Errors as set::parse(); ends the process after --help or --version.
  static Result<Config> parse(int argc, const char* const* argv);
  std::string database_url() const;
};

}  // namespace set::merchant
