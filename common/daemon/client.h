// The client's side of gRPC: channels with our settings, and call(), which gives every RPC a
// deadline and turns what gRPC says into an Error that a person can act on. Any thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/status.h>

#include "common/base/result.h"
#include "common/base/time.h"

namespace set {

inline constexpr Duration kWalletDeadline = std::chrono::seconds(10);
inline constexpr Duration kDaemonDeadline = std::chrono::seconds(5);

/// `target` is "host:port" or "unix:/path" (then `credentials` may be null). Connects when first
/// used and by itself again; keep it, a new connection costs milliseconds. No proxy is ever used.
std::shared_ptr<grpc::Channel> make_channel(const std::string& target,
                                            std::shared_ptr<grpc::ChannelCredentials> credentials);

/// UNAVAILABLE, DEADLINE_EXCEEDED and whatever has no better place → peer_unavailable; ABORTED →
/// in_progress; RESOURCE_EXHAUSTED → resource_exhausted; UNAUTHENTICATED, PERMISSION_DENIED →
/// permission_denied. The sentence names `target` and what can be done; the peer's own words are
/// only looked at, never repeated.
Error error_of(const grpc::Status& status, std::string_view target);

void set_deadline(grpc::ClientContext& context, Duration from_now);

/// call(*stub, &GatewayService::Stub::Authorize, request, target, kDaemonDeadline).
/// Errors as error_of. After peer_unavailable the peer may have done the work: ask again with the
/// same bytes.
template <class Stub, class Request, class Response>
Result<Response> call(Stub& stub,
                      grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                      const Request& request, std::string_view target, Duration deadline) {
  grpc::ClientContext context;
  set_deadline(context, deadline);
  Response response;
  const grpc::Status status = (stub.*method)(&context, request, &response);
  if (!status.ok()) return failure(error_of(status, target));
  return response;
}

}  // namespace set
