// How an Error crosses the wallet's own socket: our code's number in the status' details, the sentence
// as its message. Both ends are the same person's. Pure.
#pragma once

#include <grpcpp/support/status.h>

#include "common/base/result.h"

namespace set::wallet {

grpc::Status local_status(const Error& error);
/// peer_unavailable, with what to do, where the status is gRPC's own.
Error local_error(const grpc::Status& status);

}  // namespace set::wallet
