// Connections: how many are open, in all and from one address, although gRPC closes them without
// telling. Used by the acceptor's thread.
#pragma once

#include <sys/socket.h>
#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <string>
#include <unordered_map>
#include <vector>

namespace set {

class Connections {
 public:
  Connections(std::size_t max_total, std::size_t max_per_address)
      : max_total_(max_total), max_per_address_(max_per_address) {}

  /// True and remembered, or false if this would be one too many.
  bool admit(int fd, const std::string& address);

 private:
  struct Open {
    int fd;
    ino_t socket;  ///< tells whether the number still means the same socket
    std::string address;
  };
  bool is_full(const std::string& address) const;
  void forget_closed();

  std::size_t max_total_, max_per_address_;
  std::vector<Open> open_;
  std::unordered_map<std::string, std::size_t> per_address_;
  std::chrono::steady_clock::time_point looked_at_{};
  std::size_t admitted_ = 0;  ///< since then
};

/// What counts as one address: an IPv4 address, or an IPv6 network of 64 bits. Empty for others.
std::string address_key(const sockaddr_storage& address);

}  // namespace set
