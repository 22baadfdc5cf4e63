// Resolver: asks the gateway until an authorisation is decided (protocol §6 rule 5). resolve() is
// what a purchase calls with its fresh AuthReq; the thread takes up what that left open, and what a
// crash left open, with back-off. It also keeps the gateway's certificates current and forgets old
// replies. Any thread.
#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>

#include "merchant/gateway_client.h"
#include "merchant/store.h"

namespace set::merchant {

/// A purchase's own attempt is over by then, and the thread may take it up.
inline constexpr Duration kFlowTime = kGatewayDeadline + std::chrono::seconds(5);

/// 2 s, 4 s, 8 s … 5 min.
Duration back_off(std::int64_t attempts);

class Resolver {
 public:
  struct Parts {
    std::shared_ptr<const Party> party;
    Store& store;
    GatewayClient& gateway;
    Clock clock;
    Rng& rng;
    Duration tick = std::chrono::seconds(1);
  };
  explicit Resolver(Parts parts) : parts_(std::move(parts)) {}
  ~Resolver() { stop(); }

  /// Sends the stored bytes and saves the decision, if one comes; else AwaitingAuthRes comes back.
  /// Errors: storage_unavailable, and what keeps a request from being made.
  Result<Authorization> resolve(const Ordered& order, AwaitingAuthRes awaiting, Duration deadline);

  /// Everything that is awaited is due at once: nobody works on it yet.
  Result<void> start();
  /// Waits for the request under way.
  void stop();

 private:
  Result<AwaitingAuthRes> make_younger(const Ordered& order, const AwaitingAuthRes& awaiting);
  Result<AuthAnswer> ask_in_earlier_bytes(const RRPID& auth_rrpid, Duration deadline);
  std::optional<Decided> decide(const Ordered& order, const AwaitingAuthRes& awaiting,
                                const AuthAnswer& answer);
  Result<Authorization> save(const Ordered& order, Decided decided);
  void run();
  void resolve_due();
  void resolve_one(const Store::Due& due);
  void refresh_certificates();
  void purge_replies();
  bool stopping();

  Parts parts_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  bool refresh_wanted_ = false;
  Instant refreshed_at_ = {};
  Instant purged_at_ = {};
  std::thread thread_;
};

}  // namespace set::merchant
