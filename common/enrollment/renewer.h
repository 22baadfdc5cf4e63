// Renewer: keeps the certificates of a running daemon alive. At two thirds of a certificate's life
// it asks the CA for the next one, at once when the daemon is told to (SIGHUP) it looks for what a
// `renew` beside it has written, and every few seconds anyway. The identity (live_identity.h) then
// has the new certificates, without a restart. A thread of its own; made by main.
#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>

#include "common/daemon/live_identity.h"

namespace set {

/// When which of a party's certificates is renewed.
struct RenewalPlan {
  Instant signature_until, signature_due;
  Instant key_exchange_until, key_exchange_due;
  Instant tls_until, tls_due;

  bool party_needs_it(Instant now) const { return now >= signature_due || now >= key_exchange_due; }
  bool tls_needs_it(Instant now) const { return now >= tls_due; }
  Duration party_life = {}, tls_life = {};
};
/// decoding_failure if the TLS certificate cannot be read.
Result<RenewalPlan> renewal_plan(const Party& party, const TlsIdentity& tls);

/// What is due, or with `force` everything: first the SET certificates, which bring a TLS
/// certificate along, or else that one alone. True if something was renewed; false too if another
/// process renews this directory at the moment, or just did. `ca` is host:port.
Result<bool> renew_what_is_due(const std::string& ca, const Party& party, const TlsIdentity& tls,
                               const std::filesystem::path& directory, const KeyLock& lock,
                               bool force, const Clock& clock, Rng& rng);

class Renewer {
 public:
  struct Parts {
    LiveIdentity& identity;
    std::string ca;  ///< host:port; empty: nothing is asked for, and that is said as it gets late
    Clock clock;
    Rng& rng;
    /// Told after the identity has changed.
    std::function<void(const Party&)> changed = [](const Party&) {};
  };
  explicit Renewer(Parts parts) : parts_(std::move(parts)) {}
  ~Renewer() { stop(); }

  void start();
  /// Waits for the renewal under way.
  void stop();

 private:
  void run();
  void look();
  void renew(Instant now);
  void failed(const Error& error, Duration life, Instant now);
  /// True if we are to stop.
  bool wait(Duration at_most);

  Parts parts_;
  int failures_ = 0;
  int hangups_seen_ = 0;
  Instant not_before_ = {};  // back-off and floor
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace set
