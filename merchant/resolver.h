// Resolver: asks the gateway until each request is answered (protocol §6 rule 5). resolve() is what
// a purchase calls with its fresh AuthReq; the thread makes and sends what commands want, takes up
// what was left open, also by a crash, with back-off, and cancels an authorisation that is not
// answered for long. It also keeps the gateway's certificates current, closes batches daily if told
// to, and forgets old replies. Any thread.
#pragma once

#include <condition_variable>
#include <mutex>
#include <set>
#include <thread>

#include "common/base/live_setting.h"
#include "merchant/gateway_client.h"
#include "merchant/store.h"

namespace set::merchant {

/// Of the thread's attempts.
inline constexpr Duration kResolverDeadline = std::chrono::seconds(10);
/// A purchase's own attempt is over by then, and the thread may take it up.
inline constexpr Duration kFlowTime = kGatewayDeadline + std::chrono::seconds(5);

/// How long an authorisation is asked for before the merchant would rather cancel.
inline constexpr Duration kPatience = std::chrono::minutes(15);

/// 2 s, 4 s, 8 s … 5 min.
Duration back_off(std::int64_t attempts);

using MakeItems = Result<Request> (*)(const RRPID&, std::span<const AskedItem>, const Asking&);
template <class Res>
using AcceptItems = Result<std::vector<ItemOutcome>> (*)(std::span<const AskedItem>,
                                                         const OpenedAnswer<Res>&,
                                                         const GatewayCertificates&);

class Resolver {
 public:
  struct Parts {
    Current<const Party> party;
    Store& store;
    GatewayClient& gateway;
    Clock clock;
    Rng& rng;
    Duration tick = std::chrono::milliseconds(200);
    LiveSetting<Duration> patience = kPatience;  ///< then an AuthReq without an answer is cancelled
    LiveSetting<std::optional<Duration>> close_batches_at = std::nullopt;  ///< every day, after midnight UTC
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
  /// Sends the stored bytes; younger ones, stored first, if they are too old; earlier ones if the
  /// gateway knows those.
  template <class Res, class Make>
  Result<GatewayAnswer<Res>> ask(const Party& self, const RRPID& rrpid, const Request& request,
                                 std::vector<XID> purchases, Duration deadline,
                                 const Make& make_younger);
  void note_certificate(const Thumbprint& pe_thumb);
  Result<std::shared_ptr<const GatewayCertificates>> certificates();

  // resolver.cpp: AuthReq
  std::optional<Decided> decide(const Party& self, const Ordered& order,
                                const AwaitingAuthRes& awaiting,
                                const GatewayAnswer<AuthRes>& answer);
  Result<Authorization> save(const Ordered& order, const RRPID& auth_rrpid, Decided decided,
                             const Proof& proof);
  /// Certificates above the gateway's, which its answers may leave out.
  std::vector<Certificate> known_issuers() const;
  /// What goes into the books with the gateway's answer, or its Error.
  Proof proof_of(const Party& self, const RRPID& rrpid, const GatewayAnswer<AuthRes>& answer);
  Result<void> take_up(const OpenRequest& open);

  // resolver_follow_up.cpp: what follows an authorisation, and batches
  Result<void> follow_up(OpenRequest open);
  template <class Res>
  Result<void> settle_items(OpenRequest open, MakeItems make, AcceptItems<Res> accept);
  Result<void> settle_batch(OpenRequest open);
  template <class Make>
  Result<Request> stored_bytes(OpenRequest& open, const Party& self, const Make& make);
  /// The gateway said Error.
  Result<void> refuse(const RRPID& rrpid, MessageType answer, ErrorCode code);
  Party signer_of(const OpenRequest& open);
  void close_batches();

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
  Instant batches_closed_on_ = {};  // which day's; close_batches()
  std::set<std::string> batches_closed_;
  bool batches_left_ = false;
  std::thread thread_;
};

}  // namespace set::merchant
