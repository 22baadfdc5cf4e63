// The client's side of gRPC: channels with our settings, and call(), which gives every RPC a
// deadline and turns what gRPC says into an Error that a person can act on. Any thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/status.h>

#include "common/base/result.h"
#include "common/base/time.h"
#include "common/message/party.h"

namespace set {

inline constexpr Duration kWalletDeadline = std::chrono::seconds(10);
inline constexpr Duration kDaemonDeadline = std::chrono::seconds(5);
inline constexpr int kMaxReceiveBytes = 320 * 1024;  ///< as ServerLimits::max_receive_bytes

/// `target` is "host:port" or "unix:/path" (then, and for an admin port of this machine,
/// `credentials` may be null). Connects when first used and by itself again; keep it, a new
/// connection costs milliseconds. No proxy is ever used.
/// `max_receive_bytes`: more than a message only where lists of revoked certificates come.
std::shared_ptr<grpc::Channel> make_channel(const std::string& target,
                                            std::shared_ptr<grpc::ChannelCredentials> credentials,
                                            int max_receive_bytes = kMaxReceiveBytes);

/// UNAVAILABLE, DEADLINE_EXCEEDED and whatever has no better place → peer_unavailable; ABORTED →
/// in_progress; RESOURCE_EXHAUSTED → resource_exhausted; UNAUTHENTICATED, PERMISSION_DENIED →
/// permission_denied. The sentence names `target` and what can be done; the peer's own words are
/// only looked at, never repeated.
Error error_of(const grpc::Status& status, std::string_view target);

/// Sooner where --timeout says so (patience.h).
void set_deadline(grpc::ClientContext& context, Duration from_now);

/// An answer, and whom the server's TLS certificate names; none without TLS.
template <class Response>
struct Answered {
  Response response;
  std::optional<PartyName> by;
};
Result<std::optional<PartyName>> server_of(const grpc::ClientContext& context);

/// call_party(*stub, &GatewayService::Stub::Authorize, request, target, kDaemonDeadline).
/// Errors as error_of; permission_denied if the server's certificate is of no party. After
/// peer_unavailable the peer may have done the work: ask again with the same bytes.
template <class Stub, class Request, class Response>
Result<Answered<Response>> call_party(
    Stub& stub, grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
    const Request& request, std::string_view target, Duration deadline) {
  grpc::ClientContext context;
  set_deadline(context, deadline);
  Response response;
  const grpc::Status status = (stub.*method)(&context, request, &response);
  if (!status.ok()) return failure(error_of(status, target));
  auto by = TRY(server_of(context));
  return Answered<Response>{std::move(response), std::move(by)};
}

/// The same where it does not matter who answered: what comes back proves itself.
template <class Stub, class Request, class Response>
Result<Response> call(Stub& stub,
                      grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                      const Request& request, std::string_view target, Duration deadline) {
  auto answered = TRY(call_party(stub, method, request, target, deadline));
  return std::move(answered.response);
}

}  // namespace set
