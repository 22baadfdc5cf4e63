#include "common/daemon/client.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/support/channel_arguments.h>

#include "common/base/assert.h"
#include "common/daemon/patience.h"
#include "common/daemon/rpc_observer.h"
#include "common/daemon/server.h"
#include "common/daemon/tls.h"

namespace set {
namespace {

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

// Where TLS is not needed: an own Unix socket, or the admin port of this machine.
bool is_local(const std::string& target) {
  const auto address = ListenAddress::parse(target);
  return address && (address->is_unix() || address->is_loopback());
}

// What hides behind UNAVAILABLE. The text is the library's or the peer's: only looked at.
std::string why_unavailable(const std::string& text) {
  if (has(text, "Connection refused") || has(text, "No such file")) {
    return "nothing listens there: is it running, is the address right?";
  }
  if (has(text, "CERTIFICATE_VERIFY_FAILED") || has(text, "certificate verify failed")) {
    return "its TLS certificate is not under our transport root, or out of date: compare the trust "
           "file and the clocks";
  }
  if (has(text, "not in peer certificate") || has(text, "Hostname Verification")) {
    return "its TLS certificate is for another name: use the name that it was issued for";
  }
  if (has(text, "DNS resolution failed") || has(text, "not known")) {
    return "there is no such host name";
  }
  if (has(text, "handshake")) {
    return "no TLS 1.3 connection came about: does it expect a client certificate, is it a SET/2 "
           "port?";
  }
  if (has(text, "Socket closed") || has(text, "reset by peer") || has(text, "Broken pipe")) {
    return "it closed the connection: does it accept our certificate?";
  }
  if (has(text, "No route") || has(text, "unreachable") || has(text, "timed out")) {
    return "the network does not lead there";
  }
  return "try again";
}

}  // namespace

std::shared_ptr<grpc::Channel> make_channel(const std::string& target,
                                            std::shared_ptr<grpc::ChannelCredentials> credentials,
                                            int max_receive_bytes) {
  SET_ASSERT(credentials != nullptr || is_local(target));
  if (credentials == nullptr) credentials = grpc::InsecureChannelCredentials();
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(max_receive_bytes);
  arguments.SetMaxSendMessageSize(kMaxReceiveBytes);
  arguments.SetInt(GRPC_ARG_MAX_METADATA_SIZE, 8 * 1024);
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);  // an environment variable must not redirect us
  arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);     // the flow decides what is asked again
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 60'000);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 20'000);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 5'000);  // also the time for one attempt
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 2'000);
  return grpc::experimental::CreateCustomChannelWithInterceptors(target, credentials, arguments,
                                                                 client_observers());
}

Error error_of(const grpc::Status& status, std::string_view target) {
  const std::string peer(target);
  switch (status.error_code()) {
    case grpc::StatusCode::ABORTED:
      return {ErrorCode::in_progress, peer + " is still working on this request: ask again"};
    case grpc::StatusCode::RESOURCE_EXHAUSTED:
      return {ErrorCode::resource_exhausted,
              peer + " has too much to do, or the message is too big: try again later"};
    case grpc::StatusCode::UNAUTHENTICATED:
    case grpc::StatusCode::PERMISSION_DENIED:
      return {ErrorCode::permission_denied, peer + " does not let us do this"};
    case grpc::StatusCode::DEADLINE_EXCEEDED:
      return {ErrorCode::peer_unavailable, peer + " did not answer in time"};
    case grpc::StatusCode::UNIMPLEMENTED:
      return {ErrorCode::peer_unavailable,
              peer + " does not offer this: is it the right kind of server?"};
    case grpc::StatusCode::UNAVAILABLE:
      return {ErrorCode::peer_unavailable,
              "cannot reach " + peer + ": " + why_unavailable(status.error_message())};
    case grpc::StatusCode::OK:
    case grpc::StatusCode::CANCELLED:
    case grpc::StatusCode::UNKNOWN:
    case grpc::StatusCode::INVALID_ARGUMENT:
    case grpc::StatusCode::NOT_FOUND:
    case grpc::StatusCode::ALREADY_EXISTS:
    case grpc::StatusCode::FAILED_PRECONDITION:
    case grpc::StatusCode::OUT_OF_RANGE:
    case grpc::StatusCode::INTERNAL:
    case grpc::StatusCode::DATA_LOSS:
    case grpc::StatusCode::DO_NOT_USE:
      break;  // none that we send
  }
  return {ErrorCode::peer_unavailable,
          peer + " failed (gRPC status " + std::to_string(status.error_code()) + ")"};
}

Result<std::optional<PartyName>> server_of(const grpc::ClientContext& context) {
  const auto transport = context.auth_context();
  if (transport == nullptr) return std::nullopt;
  return tls_party(*transport);
}

void set_deadline(grpc::ClientContext& context, Duration from_now) {
  context.set_deadline(std::chrono::system_clock::now() + waiting_time(from_now));
}

}  // namespace set
