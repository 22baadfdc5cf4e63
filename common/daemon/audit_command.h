// `audit list|show|verify|export` of every program: the log, read beside a running daemon. One thread.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include <CLI/CLI.hpp>

#include "common/base/time.h"
#include "common/daemon/list_limit.h"
#include "common/store/database.h"

namespace set {

struct AuditOptions {
  enum class Verb { list, show, verify, export_all } verb = Verb::list;
  std::int64_t after = 0;
  std::string since;  ///< an instant, or how long ago: "24h"; empty: from the beginning
  std::int64_t number = 0;
  ListLimit limit;
  std::string head;  ///< a digest that was noted before
  std::filesystem::path peer_log;  ///< a peer's `audit export`
};

/// The four verbs under their noun.
void add_audit_verbs(CLI::App& noun, AuditOptions& options);

/// verification_failed (exit code 9) names the first entry that was changed, the head that is gone, or
/// the peer's entry that holds a head which is not ours.
Result<void> run_audit(Database& database, const AuditOptions& options, bool json);

}  // namespace set
