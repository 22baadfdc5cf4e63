// healthcheck(): what each executable's `healthcheck` subcommand does, for Docker and systemd.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include <grpcpp/security/credentials.h>

#include "common/base/result.h"
#include "common/base/time.h"
#include "common/daemon/server.h"

namespace CLI {
class App;
}

namespace set {

/// Adds --admin-listen, the one port without certificates, which health checks ask.
void add_admin_option(CLI::App& app, ListenAddress& admin);
/// Where nothing was said: unix:DIRECTORY/health.sock.
void set_default_admin(ListenAddress& admin, const std::filesystem::path& directory);

/// Asks grpc.health.v1 of `target` for service "". Every failure is `internal`, whose exit code is
/// the 1 that Docker expects; the sentence says which. `target` is an admin port, or the wallet's
/// socket (then `credentials` is null).
Result<void> healthcheck(const std::string& target,
                         std::shared_ptr<grpc::ChannelCredentials> credentials,
                         Duration deadline = std::chrono::seconds(3));

}  // namespace set
