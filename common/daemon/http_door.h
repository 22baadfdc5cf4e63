// HttpDoor: a small plain HTTP server for pages, with our limits and a certain end. For what is
// public or of this machine only: the CA's trust file and lists, and the figures of every daemon.
// Whoever is slow holds only its own connection, never for long, and an address has few of them; who
// has many addresses can fill all.
// Started and ended by one thread; pages are asked for on others.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/result.h"
#include "common/daemon/server.h"

namespace set {

struct HttpPage {
  std::string type;  ///< Content-Type
  std::string body;
  int status = 200;
};
/// What stands at this path, without what follows a "?"; none: 404. Any thread.
using HttpPages = std::function<std::optional<HttpPage>(std::string_view path)>;

class HttpDoor {
 public:
  /// GET and HEAD; the rest is 404. One request a connection, five seconds for it, no bodies; for
  /// an answer also a second for every 64 KiB. 256 connections, 16 of one address.
  /// bad_config: the address is taken (also by a listener that would share it) or not ours;
  /// invalid_argument: a Unix socket. The sentence begins with `flag`.
  static Result<HttpDoor> start(std::string_view flag, const ListenAddress& listen,
                                HttpPages pages);
  HttpDoor(HttpDoor&&) noexcept;
  ~HttpDoor();  ///< Stops; what is being sent is cut short.

  /// "127.0.0.1:41238", with the port that the system chose.
  const std::string& address() const;

 private:
  struct Impl;
  explicit HttpDoor(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace set
