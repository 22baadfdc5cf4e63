#include "common/daemon/audit_keeper.h"

#include "common/base/log.h"
#include "common/daemon/access.h"
#include "common/daemon/handle.h"

namespace set {

Result<std::unique_ptr<AuditKeeper>> AuditKeeper::start(Parts parts, const Party& self) {
  std::unique_ptr<AuditKeeper> keeper(new AuditKeeper(std::move(parts)));
  TRY(keeper->record("start", &self));
  TRY(keeper->chain());
  keeper->thread_ = std::thread([raw = keeper.get()] { raw->run(); });
  return keeper;
}

AuditKeeper::~AuditKeeper() {
  watch_refused_calls(nullptr);
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (!thread_.joinable()) return;
  thread_.join();
  const auto recorded = record("stop", nullptr);
  if (!recorded) log_error("the stop is not in the audit log", recorded.error());
  work(/*all=*/true);
}

void AuditKeeper::watch(audit::CallCounts& counts) {
  {
    const std::lock_guard lock(mutex_);
    counts_ = &counts;
  }
  watch_refused_calls([&counts](std::string_view method, const std::optional<PartyName>& caller) {
    AuditEntry entry;
    entry.event = "refused call";
    entry.caller = caller ? name_of(caller) : "no certificate";
    entry.subject = method;
    entry.outcome = to_string(ErrorCode::permission_denied);
    counts.count(std::move(entry));
  });
}

void AuditKeeper::keys_changed(const Party& self) {
  const auto recorded = record("keys", &self);
  if (!recorded) log_error("new certificates are not in the audit log", recorded.error());
}

void AuditKeeper::run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    lock.unlock();
    work(/*all=*/false);
    lock.lock();
    wake_.wait_for(lock, parts_.every, [this] { return stopping_; });
  }
}

void AuditKeeper::work(bool all) {
  {
    const std::lock_guard lock(mutex_);
    const auto written = counts_ == nullptr ? Result<void>()
                                            : counts_->write_due(parts_.database, parts_.clock(), all);
    if (!written) log_error("refused calls are not in the audit log yet", written.error());
  }
  const auto chained = chain();
  if (!chained) log_error("the audit log is not chained", chained.error());
}

Result<void> AuditKeeper::chain() {
  const auto head = TRY(audit::chain(parts_.database));
  if (head && parts_.head) parts_.head->set(*head);
  return {};
}

Result<void> AuditKeeper::record(std::string_view event, const Party* self) {
  AuditEntry entry;
  entry.at = parts_.clock();
  entry.event = event;
  entry.subject = kSwIdent;
  if (self != nullptr && self->signature) {
    entry.signer = name_of(party_name(self->signature->leaf));
    entry.thumbprints.push_back(self->signature->leaf.thumbprint().hex());
    if (self->key_exchange)
      entry.thumbprints.push_back(self->key_exchange->leaf.thumbprint().hex());
  }
  return audit::append(parts_.database, entry);
}

}  // namespace set
