// TLS handshakes that failed. gRPC's core tells nobody of them but its own log, so that is listened
// to: each such line is counted, and none is written unless an operator asked for gRPC's log by
// GRPC_VERBOSITY. Called by run(), before threads exist.
#pragma once

namespace set {

void count_failed_handshakes();

}  // namespace set
