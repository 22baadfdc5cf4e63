// The merchant's line to its gateway: certificates and AuthReqs over mutual TLS. Called by the
// resolver and by service flows; any thread.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <variant>

#include <grpcpp/channel.h>

#include "common/message/open.h"
#include "merchant/gateway_certificate.h"

namespace set::merchant {

/// The gateway said SET's Error: it did not do what was asked and will not.
struct Refused {
  ErrorCode code;
};
/// It has not seen these bytes in time: the same request is to be made younger.
struct TooOld {};
/// Nothing that could be believed came back; it may have happened. The same bytes again, later.
struct Unanswered {
  Error reason;
};
/// It knows this authRRPID in other bytes: those are to be sent again, for their answer is stored.
struct KnownInOtherBytes {};
using AuthAnswer =
    std::variant<OpenedAnswer<AuthRes>, Refused, TooOld, KnownInOtherBytes, Unanswered>;

inline constexpr Duration kGatewayDeadline = std::chrono::seconds(20);

class GatewayClient {
 public:
  struct Parts {
    std::shared_ptr<const Party> party;
    std::string target;                      ///< "host:port", for sentences
    std::shared_ptr<grpc::Channel> channel;  ///< mutual TLS
    Clock clock;
    Rng& rng;
  };
  explicit GatewayClient(Parts parts) : parts_(std::move(parts)) {}

  /// FetchCertificates, then PCertReq sealed to what was fetched (set-1997 §3.9). After an Error
  /// the certificates stay as they were.
  Result<void> refresh();
  /// None until refresh() has succeeded once.
  std::shared_ptr<const GatewayCertificates> certificates() const;

  /// Sends the exact bytes of an AuthReq.
  AuthAnswer authorize(const Request& auth_req, Duration deadline = kGatewayDeadline) const;

 private:
  Result<GatewayCertificates> fetch_certificates() const;

  Parts parts_;
  mutable std::mutex mutex_;
  std::shared_ptr<const GatewayCertificates> certificates_;
};

}  // namespace set::merchant
