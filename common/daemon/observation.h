// Observation: what a daemon shows of itself while it serves: the figures that every daemon has,
// whether it is ready, and the door where both are read. Made by each main's `serve`; any thread.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "common/base/current.h"
#include "common/daemon/metrics.h"
#include "common/daemon/metrics_http.h"
#include "common/daemon/readiness.h"
#include "common/daemon/tls.h"
#include "common/message/party.h"
#include "common/store/database.h"

namespace set {

/// Something that waits to be done: each room names its own.
struct Queue {
  std::string_view name;  ///< a literal, such as "gateway_requests"
  /// A literal that both databases read: how many wait, and since when the oldest does, or NULL.
  std::string_view sql;
};

class Observation {
 public:
  /// Opens the door, if the options name one; from now on transactions and spans are counted.
  /// Errors as open_metrics_door.
  static Result<std::unique_ptr<Observation>> start(std::string_view daemon,
                                                    const MetricsOptions& options, Clock clock);
  Observation(const Observation&) = delete;
  Observation& operator=(const Observation&) = delete;

  Readiness& readiness() { return readiness_; }

  // Each of these once at most; what is named must outlive this.

  /// Ready only while the database answers.
  void watch(Database& database);
  /// Ready only while the own certificates count, and nothing says or may say by now that they are
  /// revoked; shows their ends and the age of what is known of revocations.
  void watch(Current<const Party> party);
  /// The same of the TLS certificate.
  void watch(Current<const TlsIdentity> tls);
  /// Their lengths; nothing is shown of a queue while the database does not answer.
  void watch(Database& database, std::span<const Queue> queues);

 private:
  explicit Observation(Clock clock) : clock_(std::move(clock)) {}
  void show_process(std::string_view daemon);
  void show_operations();

  Clock clock_;
  Readiness readiness_;
  // Before what they read ends, and the door before them.
  std::vector<Reading> readings_;
  std::optional<HttpDoor> door_;
};

}  // namespace set
