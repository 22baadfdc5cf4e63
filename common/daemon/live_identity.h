// LiveIdentity: the identity of a running daemon, which changes while it serves: a renewal in this
// process or a `renew` beside it writes the directory anew, and whoever asks next gets the new
// certificates. What is under way keeps the old ones. Made by main; any thread.
#pragma once

#include <ctime>
#include <mutex>

#include "common/base/current.h"
#include "common/daemon/identity.h"
#include "common/daemon/key_access.h"

namespace set {

class LiveIdentity {
 public:
  /// Errors as Identity::load.
  static Result<std::unique_ptr<LiveIdentity>> load(std::filesystem::path directory,
                                                    std::shared_ptr<const KeyAccess> access,
                                                    Clock clock);

  std::shared_ptr<const Party> party() const;
  std::shared_ptr<const TlsIdentity> tls() const;
  /// For what asks anew each time. They must not outlive this object.
  Current<const Party> current_party() const;
  Current<const TlsIdentity> current_tls() const;

  /// What goes along in every signed message from now on (audit_keeper.h).
  void tell_audit_head(std::shared_ptr<const CurrentAuditHead> head);

  /// Takes in what was written into the directory since the last look; true if something was. After
  /// an Error all stays as it was; the same files are tried again after a while.
  Result<bool> reload_if_changed();

  const std::filesystem::path& directory() const { return directory_; }
  KeyLock lock() const { return access_->lock(); }

 private:
  /// Which keys.set it is; every save makes a new one.
  struct Version {
    ino_t file = 0;
    timespec written = {};
    bool operator==(const Version& other) const {
      return file == other.file && written.tv_sec == other.written.tv_sec &&
             written.tv_nsec == other.written.tv_nsec;
    }
  };

  LiveIdentity(std::filesystem::path directory, std::shared_ptr<const KeyAccess> access,
               Clock clock)
      : directory_(std::move(directory)),
        access_(std::move(access)),
        clock_(std::move(clock)) {}
  Version version_on_disk() const;
  Result<void> load_now();

  std::filesystem::path directory_;
  std::shared_ptr<const KeyAccess> access_;
  Clock clock_;
  std::mutex loading_;  // one look at a time
  Version version_ = {}, refused_ = {};
  Instant retry_at_ = {};
  mutable std::mutex mutex_;  // of the three below
  std::shared_ptr<const CurrentAuditHead> audit_head_;
  std::shared_ptr<const Party> party_;
  std::shared_ptr<const TlsIdentity> tls_;
};

}  // namespace set
