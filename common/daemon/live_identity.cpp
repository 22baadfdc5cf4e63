#include "common/daemon/live_identity.h"

#include <sys/stat.h>

#include "common/base/log.h"

namespace set {
namespace {

constexpr Duration kRetryAfter = std::chrono::seconds(10);

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
  if (before != nullptr && before->trust->pem() == party->trust->pem()) {
    // The same trust goes on, with all that it has learnt meanwhile.
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
  party_ = std::move(party);
  tls_ = std::move(tls);
  return {};
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
