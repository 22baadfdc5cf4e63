// The client of the CA's RPCs. Any thread.
#pragma once

#include <memory>
#include <string>

#include <grpcpp/channel.h>

#include "common/daemon/tls.h"
#include "common/message/open.h"

namespace set {

/// An open channel to a set-ca. A request that got no answer is sent again, the same bytes, a few
/// times with a pause: the CA answers it once.
class CaClient {
 public:
  /// `target` is the CA's "host:port"; its TLS certificate must be under the trust's transport
  /// root. `own` is shown to it, by who has a TLS certificate: the CA then holds a message's signer
  /// against it.
  static CaClient connect(std::string target, const Trust& trust,
                          const TlsIdentity* own = nullptr);

  const std::string& target() const { return target_; }

  /// Sends the request to the RPC that takes its type and opens the wrapper of the answer.
  /// Errors: peer_unavailable, resource_exhausted, in_progress, permission_denied.
  Result<Envelope> send(const Request& request, const Clock& clock) const;

  /// BCIDistribution: says what the trust knows of revocations, and adopts what comes, if it
  /// verifies. Asks once. Errors: peer_unavailable, and adopt_revocations'.
  Result<void> fetch_revocations(const Trust& trust, Instant now,
                                 Duration deadline = std::chrono::seconds(5)) const;

 private:
  CaClient(std::string target, std::shared_ptr<grpc::Channel> channel)
      : target_(std::move(target)), channel_(std::move(channel)) {}

  std::string target_;
  std::shared_ptr<grpc::Channel> channel_;
};

}  // namespace set
