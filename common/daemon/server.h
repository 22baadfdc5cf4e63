// Server: a gRPC server with our limits, our own accept loop and a graceful end; and serve(), in
// which a daemon's main thread spends its life. Handlers run on gRPC's threads.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <grpcpp/security/server_credentials.h>

#include "common/base/result.h"
#include "common/base/time.h"
#include "common/daemon/balancers.h"

namespace grpc {
class Service;
}

namespace set {

class Readiness;

/// "127.0.0.1:7701", "[::1]:0", "localhost:7701" (port 0: the system chooses) or "unix:/path".
struct ListenAddress {
  std::string host;  ///< without brackets; empty for a Unix socket
  std::uint16_t port = 0;
  std::filesystem::path socket_path;  ///< empty for TCP

  /// invalid_argument.
  static Result<ListenAddress> parse(std::string_view text);
  bool is_unix() const { return !socket_path.empty(); }
  bool is_none() const { return host.empty() && socket_path.empty(); }
  /// A TCP address that only this machine reaches.
  bool is_loopback() const;
  /// The form that parse() reads and gRPC takes as a target.
  std::string str() const;
};

/// Where each figure comes from: perf-reliability §10. Times in milliseconds where an int.
struct ServerLimits {
  int max_receive_bytes = 320 * 1024;  ///< 256 KiB of message (protocol §6) and its wrapper
  int max_metadata_bytes = 8 * 1024;
  int max_concurrent_streams = 256;  ///< per connection; 32 where wallets connect
  std::size_t max_connections = 4096;
  std::size_t max_connections_per_address = 64;  ///< not for Unix sockets
  std::size_t memory_bytes = std::size_t{256} << 20;
  int max_threads = 64;  ///< a flow that waits for its peer holds one
  Duration handshake_timeout = std::chrono::seconds(5);
  Duration idle_timeout = std::chrono::minutes(5);
  Duration max_connection_age = std::chrono::minutes(30);
};

struct ServerOptions {
  ListenAddress listen;
  /// Null for a Unix socket, which only its owner may use, and for an admin port; never null for
  /// another TCP port.
  std::shared_ptr<grpc::ServerCredentials> credentials;
  /// Not owned; they outlive the server. None: the port answers health checks only.
  std::vector<grpc::Service*> services;
  ServerLimits limits = {};
  std::vector<Network> balancers = {};  ///< only they may say that a connection is another's
};

/// A running server. Start, ready, stop from one thread.
class Server {
 public:
  /// Listens and answers, health says NOT_SERVING. A TLS port proves to itself that it refuses
  /// TLS 1.2. A Unix socket gets mode 0600 in a directory of mode 0700; a socket file that nobody
  /// listens on is replaced. Health: grpc.health.v1, service "", never on a TLS port.
  /// bad_config: address in use or not ours, TLS not provably 1.3 only.
  static Result<Server> start(const ServerOptions& options);
  /// The admin port: health checks, without a certificate, and nothing else.
  /// bad_config as start(), and unless the address is a Unix socket or of this machine only.
  static Result<Server> start_admin(const ListenAddress& listen);

  Server(Server&&) noexcept;
  ~Server();  ///< stop() without patience.

  /// What a client connects to: "127.0.0.1:41237", "unix:/run/set/wallet.sock".
  const std::string& address() const;
  /// grpc.health.v1 SERVING, or NOT_SERVING with the reason, which healthcheck() prints.
  void set_serving(bool serving, const std::string& reason = "");
  /// Whether start_admin() made it.
  bool is_admin() const;
  /// NOT_SERVING, no new connections, running calls may end within `patience`, then are cancelled.
  void stop(Duration patience);

 private:
  struct Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// Marks the servers SERVING, writes `ready_file` (if not empty: one address a line, atomically; not
/// those of admin ports), logs the addresses, waits for SIGTERM or SIGINT (stop.h), removes the file,
/// stops the servers. As long as it waits, they are SERVING while `readiness` finds all good.
Result<void> serve(std::vector<Server> servers, const std::filesystem::path& ready_file,
                   Readiness& readiness, Duration patience = std::chrono::seconds(10));
/// The same without conditions.
Result<void> serve(std::vector<Server> servers, const std::filesystem::path& ready_file,
                   Duration patience = std::chrono::seconds(10));

}  // namespace set
