// Who may ask how often: a token bucket for each network address, at doors where nobody has to show
// a certificate. Called by services before anything costs much. Any thread.
#pragma once

#include <map>
#include <mutex>
#include <string>

#include <grpcpp/server_context.h>

#include "common/base/time.h"

namespace set {

/// A peer that comes by no network: a socket file, or a call inside the process.
inline constexpr std::string_view kLocalPeer = "local";

/// The address of a call's peer without its port, IPv6 as its /64; kLocalPeer where there is none.
/// Behind a balancer of ours, that of its visitor.
std::string peer_address(const grpc::ServerContext* context);

struct PeerRate {
  double per_second = 50;
  double burst = 500;
};

class PeerLimiter {
 public:
  explicit PeerLimiter(PeerRate rate) : rate_(rate) {}

  enum class Verdict {
    allowed,
    first_refusal,  ///< the first since this address was last allowed: worth a line in a log
    refused,
  };
  /// From now on; what was used up stays used up.
  void set_rate(PeerRate rate);
  Verdict take(const std::string& address, Instant now);

 private:
  struct Bucket {
    double tokens;
    Instant at;
    bool refusing = false;
  };
  void forget_idle(Instant now);

  PeerRate rate_;
  std::mutex mutex_;
  std::map<std::string, Bucket> buckets_;
};

}  // namespace set
