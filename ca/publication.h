// Publication of the CRLs and the BCI: made anew at each revocation and before they end, stored,
// verified as every receiver will, and only then given out. What is given out is what the CA's own
// Trust knows. Once a root has revoked the brand there is no BCI any more, since nobody believes the
// key that signs it: then the root's list, which needs none, is all that is given out.
// run() is one thread's; the rest any thread.
#pragma once

#include <condition_variable>
#include <mutex>

#include "ca/key_store.h"
#include "ca/store_revocation.h"
#include "common/base/live_setting.h"

namespace set::ca {

/// Makes the CA's own trust know what was published last; nothing of it before the first time.
/// Errors: accept_bci's, Revocation::adopt's.
Result<void> adopt_published(const LoadedCa& ca, RevocationStore& store, Instant now);

class Publisher {
 public:
  struct Parts {
    const LoadedCa& ca;
    Database& database;
    LiveSetting<PublicationTimes> times;
    Clock clock;
  };
  explicit Publisher(Parts parts) : parts_(std::move(parts)), store_(parts_.database) {}

  /// Takes up what was published before, the lists of the offline keys, and publishes what is due.
  Result<void> start();
  /// One look: true if there was something to publish. `anew`: all of it, due or not.
  Result<bool> publish_if_due(bool anew = false);
  /// Looks twice a second until the daemon stops.
  void run_until_stop();

  /// DER of "cca.crl", … or the bytes of "brand.bci"; empty if there is no such thing.
  Bytes file(std::string_view name) const;

 private:
  struct Issuer {
    std::string name;
    const Authority* authority;  ///< none: the key is offline
    Certificate certificate;
  };
  std::vector<Issuer> issuers() const;
  Result<std::vector<StoredCrl>> make_due_crls(const std::vector<CrlState>& states, bool anew,
                                               Instant now);
  Result<void> publish(const BciState& before, std::vector<StoredCrl> made, Instant now);
  bool names_these(const std::vector<CrlState>& states) const;
  /// Makes the CA's own trust know the roots' lists, as they are imported.
  Result<void> take_root_lists(const std::vector<CrlState>& states, Instant now);
  bool brand_is_revoked(Instant now) const;

  Parts parts_;
  RevocationStore store_;
  std::map<std::string, std::uint64_t> taken_;  ///< numbers of the roots' lists, by name
  bool told_revoked_ = false;
};

}  // namespace set::ca
