// The subcommands of set-wallet. Each adds its options to the app and, when chosen, runs against the
// daemon's socket; serve is the daemon. Called by main.cpp.
#pragma once

#include <filesystem>
#include <string>

#include "common/daemon/audit_command.h"
#include "common/daemon/evidence_command.h"
#include "common/daemon/list_limit.h"
#include "common/daemon/metrics_http.h"
#include "common/daemon/options.h"
#include "common/daemon/passphrase.h"
#include "common/enrollment/trust_source.h"
#include "wallet/config.h"

namespace set::wallet {

struct CardAddOptions {
  std::filesystem::path card_file;
  std::string ca;
  TrustSource trust;
  std::string language = "en";
  bool accept_policy = false;  ///< read before; nobody is asked
  bool wait = false;
};
struct ServeOptions {
  PassphraseSource passphrase;
  std::filesystem::path ready_file;
  std::string ca;  ///< empty = where each card was registered
  Duration revocation_age = std::chrono::seconds(30);
  CardAddOptions first_card;  ///< registered where there is none yet; without a file: none. Its CA is above
  MetricsOptions metrics;
};
struct CardRenewOptions {
  std::int64_t card = 0;
  std::string ca;  ///< empty: where it was registered
};
struct PayOptions {
  std::string link;  ///< "-": from standard input
  bool yes = false;
  std::int64_t card = 0;
  bool ask_cvv = false;
  std::filesystem::path cvv_file;
};
struct DoctorOptions {
  PassphraseSource passphrase;
  std::string merchant, ca;  ///< host:port; empty = not asked
};

Result<void> run_serve(const Paths& paths, const ServeOptions& options);
Result<void> run_card_add(const Paths& paths, const CardAddOptions& options, bool json);
Result<void> run_card_renew(const Paths& paths, const CardRenewOptions& options, bool json);
Result<void> run_needs_renewal(const Paths& paths, bool json);
Result<void> run_card_list(const Paths& paths, bool json);
Result<void> run_pay(const Paths& paths, const PayOptions& options, bool json);
Result<void> run_orders(const Paths& paths, const ListLimit& limit, bool json);
Result<void> run_status(const Paths& paths, const std::string& xid, bool json);
Result<void> run_mandate_list(const Paths& paths, const ListLimit& limit, bool json);
Result<void> run_mandate_show(const Paths& paths, const std::string& xid, bool json);
Result<void> run_receipt(const Paths& paths, const std::string& xid, bool json);
/// What others can verify; an empty file is standard output.
Result<void> run_evidence_export(const Paths& paths, const EvidenceOptions& options);
/// Reads the wallet's database, beside a running daemon or without one.
Result<void> run_audit_log(const Paths& paths, const AuditOptions& options, bool json);
Result<void> run_resume(const Paths& paths, bool json);
/// Errors: the first thing that is wrong; the report says all.
Result<void> run_doctor(const Paths& paths, const DoctorOptions& options, bool json);
Result<void> run_path(const Paths& paths, bool json);

}  // namespace set::wallet
