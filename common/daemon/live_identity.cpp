#include "common/daemon/live_identity.h"

#include <sys/stat.h>

#include "common/base/log.h"

namespace set {
namespace {

constexpr Duration kRetryAfter = std::chrono::seconds(10);

bool same_line(const Trust& held, const Trust& loaded) {
  return held.root().thumbprint() == loaded.root().thumbprint() &&
         held.transport_root_pem() == loaded.transport_root_pem();
}

std::shared_ptr<const Party> with_audit_head(Party party, std::shared_ptr<const CurrentAuditHead> head) {
  party.audit_head = std::move(head);
  return std::make_shared<const Party>(std::move(party));
}

}  // namespace

Result<std::unique_ptr<LiveIdentity>> LiveIdentity::load(
    std::filesystem::path directory, std::shared_ptr<const KeyAccess> access, Clock clock) {
  std::unique_ptr<LiveIdentity> live(
      new LiveIdentity(std::move(directory), std::move(access), std::move(clock)));
  TRY(live->load_now());
  return live;
}

LiveIdentity::Version LiveIdentity::version_on_disk() const {
  struct stat status = {};
  if (::stat((directory_ / "keys.set").c_str(), &status) != 0) return {};
  return {status.st_ino, status.st_mtim};
}

Result<void> LiveIdentity::load_now() {
  // A save that ends while we read makes the version differ, and the next look reads again.
  const auto version = version_on_disk();
  auto identity = TRY(Identity::load(directory_, access_->lock(), clock_()));
  auto party = identity.party;
  const auto before = party_;  // written by this function only, under loading_
  if (before != nullptr && same_line(*before->trust, *party->trust)) {
    // The same trust goes on, with all that it has learnt meanwhile; the file may know of more
    // roots, and of fewer if it was read just before those of memory were written.
    TRY(before->trust->renew(party->trust->pem(), clock_()));
    auto with_trust = *party;
    with_trust.trust = before->trust;
    party = std::make_shared<const Party>(std::move(with_trust));
  } else if (before != nullptr) {
    // What is revoked stays revoked, and is still asked for.
    party->trust->share(*before->trust);
  }
  auto tls = std::make_shared<const TlsIdentity>(std::move(identity.tls));
  version_ = version;
  const std::lock_guard lock(mutex_);
  if (audit_head_) party = with_audit_head(*party, audit_head_);
  party_ = std::move(party);
  tls_ = std::move(tls);
  return {};
}

void LiveIdentity::tell_audit_head(std::shared_ptr<const CurrentAuditHead> head) {
  const std::lock_guard loading(loading_);
  const std::lock_guard lock(mutex_);
  audit_head_ = std::move(head);
  party_ = with_audit_head(*party_, audit_head_);
}

Result<bool> LiveIdentity::reload_if_changed() {
  const std::lock_guard lock(loading_);
  const auto version = version_on_disk();
  if (version == version_ || (version == refused_ && clock_() < retry_at_)) return false;
  const auto loaded = load_now();
  if (!loaded) {
    refused_ = version;
    retry_at_ = clock_() + kRetryAfter;
    return failure(loaded.error());
  }
  log_info("new certificates in use", party()->signature.value().leaf.thumbprint());
  return true;
}

std::shared_ptr<const Party> LiveIdentity::party() const {
  const std::lock_guard lock(mutex_);
  return party_;
}

std::shared_ptr<const TlsIdentity> LiveIdentity::tls() const {
  const std::lock_guard lock(mutex_);
  return tls_;
}

Current<const Party> LiveIdentity::current_party() const {
  return Current<const Party>([this] { return party(); });
}

Current<const TlsIdentity> LiveIdentity::current_tls() const {
  return Current<const TlsIdentity>([this] { return tls(); });
}

}  // namespace set
