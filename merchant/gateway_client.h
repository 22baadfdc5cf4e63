// The merchant's line to its gateway: certificates and every request over mutual TLS. Called by the
// resolver and by service flows; any thread.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <variant>

#include <grpcpp/channel.h>

#include "common/base/current.h"
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
/// It knows this RRPID in other bytes: those are to be sent again, for their answer is stored.
struct KnownInOtherBytes {};
using NoAnswer = std::variant<Refused, TooOld, KnownInOtherBytes, Unanswered>;
template <class Res>
using GatewayAnswer =
    std::variant<OpenedAnswer<Res>, Refused, TooOld, KnownInOtherBytes, Unanswered>;

inline constexpr Duration kGatewayDeadline = std::chrono::seconds(20);

class GatewayClient {
 public:
  struct Parts {
    Current<const Party> party;
    std::string target;              ///< "host:port", for sentences
    Current<grpc::Channel> channel;  ///< mutual TLS
    Clock clock;
    Rng& rng;
  };
  explicit GatewayClient(Parts parts) : parts_(std::move(parts)) {}

  /// FetchCertificates, then PCertReq sealed to what was fetched (set-1997 §3.9). After an Error
  /// the certificates stay as they were.
  Result<void> refresh();
  /// None until refresh() has succeeded once, and as long as they do not verify: revoked, expired.
  std::shared_ptr<const GatewayCertificates> certificates() const;

  /// Sends the exact bytes of a request that was signed as `self`, through the door for this
  /// answer.
  template <class Res>
  GatewayAnswer<Res> ask(const Party& self, const Request& request,
                         Duration deadline = kGatewayDeadline) const {
    const auto heard = send(Treatment<Res>::info.type, request, deadline);
    if (!heard) return Unanswered{heard.error()};
    auto answer = Opener::answer<Res>(heard->envelope, request.pending, self,
                                      expected_of(self, heard->by), parts_.clock());
    if (answer) return std::move(*answer);
    return std::visit([](auto&& word) -> GatewayAnswer<Res> { return std::move(word); },
                      meaning_of(answer.error()));
  }

 private:
  Result<GatewayCertificates> fetch_certificates(const Party& party) const;
  Result<void> verify(const GatewayCertificates& certificates) const;
  struct Heard {
    Envelope envelope;
    std::optional<PartyName> by;  ///< whom the gateway's TLS certificate names
  };
  Result<Heard> send(MessageType answer, const Request& request, Duration deadline) const;
  /// Of our brand, and the one whose TLS certificate answered.
  static ExpectedSigner expected_of(const Party& self, const std::optional<PartyName>& answered_by);
  static NoAnswer meaning_of(const Error& error);

  Parts parts_;
  mutable std::mutex mutex_;
  std::shared_ptr<const GatewayCertificates> certificates_;
  mutable std::shared_ptr<const GatewayCertificates> said_;  ///< to be bad, in the log
};

}  // namespace set::merchant
