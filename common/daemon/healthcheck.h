// healthcheck(): what each executable's `healthcheck` subcommand does, for Docker and systemd.
#pragma once

#include <memory>
#include <string>

#include <grpcpp/security/credentials.h>

#include "common/base/result.h"
#include "common/base/time.h"

namespace set {

/// Asks grpc.health.v1 of `target` for service "". Every failure is `internal`, whose exit code is
/// the 1 that Docker expects; the sentence says which. A port with mutual TLS wants a certificate;
/// the cheap way is a second Server without services on a Unix socket (credentials null).
Result<void> healthcheck(const std::string& target,
                         std::shared_ptr<grpc::ChannelCredentials> credentials,
                         Duration deadline = std::chrono::seconds(3));

}  // namespace set
