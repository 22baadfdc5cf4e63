// Who looks at every gRPC call of the process, served or made: counts and times it (instruments.h)
// and carries the trace from one daemon to the next in the metadata `traceparent` (trace.h). Put
// into every server and channel by server.cpp and client.cpp; gRPC's threads.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <grpcpp/support/client_interceptor.h>
#include <grpcpp/support/server_interceptor.h>
#include <grpcpp/support/status.h>

namespace set {

/// Why a server is not ready, as its health check says it beside NOT_SERVING: in the metadata
/// `set-reason`, ASCII. Any thread.
class ReasonNotReady {
 public:
  void set(std::string reason);  ///< empty: it is ready
  std::string get() const;

 private:
  mutable std::mutex mutex_;
  std::string reason_;
};

inline constexpr char kReasonKey[] = "set-reason";

std::vector<std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface>>
server_observers(std::shared_ptr<const ReasonNotReady> reason);
std::vector<std::unique_ptr<grpc::experimental::ClientInterceptorFactoryInterface>>
client_observers();

/// "OK", "UNAVAILABLE": gRPC's own spelling.
std::string_view to_string(grpc::StatusCode code);

}  // namespace set
