// HttpDoor: a small plain HTTP server over cpp-httplib with our limits, a few threads of its own and
// a certain end. For what is public or of this machine only: the CA's trust file and lists, and the
// figures of every daemon. Started and ended by one thread.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "common/base/result.h"
#include "common/daemon/server.h"

namespace httplib {
class Server;
}

namespace set {

class HttpDoor {
 public:
  /// `routes` says what is answered; the rest is 404. One request a connection, five seconds for
  /// it, no bodies. bad_config: the address is taken (also by a listener that would share it) or
  /// not ours; invalid_argument: a Unix socket. The sentence begins with `flag`.
  static Result<HttpDoor> start(std::string_view flag, const ListenAddress& listen,
                                std::size_t threads,
                                const std::function<void(httplib::Server&)>& routes);
  HttpDoor(HttpDoor&&) noexcept;
  ~HttpDoor();  ///< Stops; waits for the requests under way.

  /// "127.0.0.1:41238", with the port that the system chose.
  const std::string& address() const;

 private:
  struct Impl;
  explicit HttpDoor(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace set
