// Who may call what: each method of our services with the TLS roles that may call it (protocol §1).
// The one table; what stands not in it, nobody may call. server_credentials() have it asked before
// anything of a call is parsed, health checks included, which therefore no TLS port answers. Any
// thread.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string_view>

#include <grpc/grpc_security.h>
#include <grpcpp/server_context.h>

#include "common/base/result.h"
#include "common/message/party.h"

namespace set {

/// Bits, to be combined in a row.
enum CallerRole : unsigned {
  kNobody = 1,  ///< shows no certificate: wallets, and who has none yet
  kMerchant = 2,
  kGateway = 4,
  kCa = 8,
};

struct MethodAccess {
  std::string_view method;  ///< "/set.v1.GatewayService/Authorize"
  unsigned callers;
};

std::span<const MethodAccess> access_table();

/// permission_denied unless the method's row lists the caller's role.
Result<void> check_access(std::string_view method, const std::optional<PartyName>& caller);

/// Makes a port under these credentials refuse with PERMISSION_DENIED and one log line whom the
/// table does not list.
void hold_to_access(grpc_server_credentials* credentials);

/// Told of each call that is refused so: the method, if it is one of ours, and the caller. Must not
/// wait. One for the process, set before it serves; none at the end.
using RefusedCall = std::function<void(std::string_view method, const std::optional<PartyName>& caller)>;
void watch_refused_calls(RefusedCall watcher);

/// Whom the caller's TLS certificate names, for handle(). None without one, and where there is no
/// TLS: in tests, which also have no context. Who is not to be believed is nobody's signer.
std::optional<PartyName> caller_of(const grpc::ServerContext* context);

}  // namespace set
