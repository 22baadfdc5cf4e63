// Balancers of TCP connections in front of a daemon, which hide their visitors' addresses: those that
// are named here begin each connection with who it is from, in PROXY protocol version 2, and limits
// count that address. Read by acceptor.cpp, asked by peer_limiter.cpp.
#pragma once

#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/bytes.h"
#include "common/base/result.h"

namespace CLI {
class App;
}

namespace set {

/// "10.1.2.3", "10.1.2.0/24", "fd00::1", "fd00::/64".
class Network {
 public:
  /// invalid_argument.
  static Result<Network> parse(std::string_view text);
  bool has(const sockaddr_storage& address) const;

 private:
  std::array<std::uint8_t, 16> begin_ = {};  ///< an IPv4 address is mapped
  int bits_ = 0;
};

/// --balancer of a `serve` command, any number of times.
void add_balancer_option(CLI::App& app, std::vector<Network>& balancers);

/// What begins a connection: octets of one header, and no more of what comes after it.
struct ProxyHeader {
  static constexpr std::size_t kFixed = 16;   ///< tells how long the rest is
  static constexpr std::size_t kMost = 1024;  ///< addresses, and a balancer's own notes

  /// How long the whole is, from its first kFixed octets; none: it is no header, or too long.
  static std::optional<std::size_t> size_of(ByteView fixed);

  /// None: the balancer speaks for itself, as in its own checks.
  std::optional<sockaddr_storage> from;
  /// decoding_failure.
  static Result<ProxyHeader> parse(ByteView whole);
};

/// "10.1.2.3 41237": one end of a connection; empty if it is of no network.
std::string end_of_connection(const sockaddr_storage& address);

/// Whom a balancer's connections are from; gRPC tells their own end only. Any thread.
class Visitors {
 public:
  static Visitors& of_this_process();

  /// `from` none: it is its own.
  void came(const std::string& balancers_end, const std::optional<sockaddr_storage>& from);
  /// The visitor's address as text, if this end is a balancer's.
  std::optional<std::string> behind(const std::string& balancers_end) const;

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::string> visitors_;  // the next connection from an end replaces its entry
};

}  // namespace set
