// The thin side of the socket: what every subcommand but `serve` talks through. One thread.
#pragma once

#include <memory>

#include "common/base/time.h"
#include "set/v1/local.grpc.pb.h"
#include "wallet/config.h"
#include "wallet/local_status.h"

namespace set::wallet {

namespace wire = set::v1;

class LocalClient {
 public:
  explicit LocalClient(const Paths& paths);

  using Stub = wire::WalletService::Stub;
  /// Errors: the daemon's own; peer_unavailable if it does not run.
  template <class Request, class Response>
  Result<Response> ask(grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                       const Request& request) {
    grpc::ClientContext context;
    set_patience(context);
    Response response;
    const grpc::Status status = (*stub_.*method)(&context, request, &response);
    if (!status.ok()) return failure(local_error(status));
    return response;
  }

  Stub& stub() { return *stub_; }
  /// The deadline of every call: longer than the daemon's own deadlines together.
  static void set_patience(grpc::ClientContext& context);

 private:
  std::unique_ptr<Stub> stub_;
};

}  // namespace set::wallet
