// Acceptor: the loop that takes connections for gRPC. gRPC 1.51's own goes deaf for good when
// descriptors run out (CVE-2023-4785), shares a port with whoever asks for it, and has no limit.
// Called by server.cpp; the loop is a thread of its own.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "common/base/result.h"
#include "common/daemon/server.h"

namespace set {

/// A bound address, and after start() a thread that accepts.
class Acceptor {
 public:
  /// Gets a connected, non-blocking descriptor and owns it.
  using Handler = std::function<void(int listener, int connection)>;

  /// Binds and listens; errors as Server::start. Unix sockets: directory 0700, socket 0600, and
  /// only processes of the same user (or root) are let in.
  static Result<Acceptor> bind(const ListenAddress& address, const ServerLimits& limits);

  Acceptor(Acceptor&&) noexcept;
  Acceptor& operator=(Acceptor&&) noexcept;
  ~Acceptor();  ///< stop()

  /// With the port that the system chose.
  const ListenAddress& address() const;
  void start(Handler handler);
  /// From now on connections of these begin with who they are from (balancers.h); one that does not
  /// is refused within two seconds, and nobody waits for it. Once.
  void expect_balancers(std::vector<Network> balancers);
  /// No call of the handler after it returns. Removes a Unix socket.
  void stop();

 private:
  struct Impl;
  explicit Acceptor(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace set
