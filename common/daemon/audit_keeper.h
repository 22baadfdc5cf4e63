// AuditKeeper: what a serving daemon does about its audit log beside writing entries: chains them,
// tells the head to those who sign, writes down what was only counted, and records start, stop and
// keys. Made by main after the schema is there, before it serves; it works on a thread of its own.
#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>

#include "common/audit/counts.h"
#include "common/message/party.h"

namespace set {

class AuditKeeper {
 public:
  struct Parts {
    Database& database;
    Clock clock;
    /// The last digest, for Party::audit_head; null: nobody is told.
    std::shared_ptr<CurrentAuditHead> head;
    Duration every = std::chrono::milliseconds(500);
  };
  /// Records the start of this program, and under which certificates. storage_unavailable: without a
  /// log nothing is served.
  static Result<std::unique_ptr<AuditKeeper>> start(Parts parts, const Party& self);
  /// Records the stop and chains all there is.
  ~AuditKeeper();
  AuditKeeper(const AuditKeeper&) = delete;
  AuditKeeper& operator=(const AuditKeeper&) = delete;

  /// Writes what these count, which must outlive this object. Calls refused by their TLS role are
  /// counted there, too.
  void watch(audit::CallCounts& counts);
  /// Other certificates are in use.
  void keys_changed(const Party& self);

 private:
  explicit AuditKeeper(Parts parts) : parts_(std::move(parts)) {}
  void run();
  void work(bool all);
  Result<void> chain();
  Result<void> record(std::string_view event, const Party* self);

  Parts parts_;
  std::mutex mutex_;  // of the two below
  audit::CallCounts* counts_ = nullptr;
  bool stopping_ = false;
  std::condition_variable wake_;
  std::thread thread_;
};

}  // namespace set
