#include "common/daemon/connections.h"

#include <netinet/in.h>
#include <sys/stat.h>

#include <cstring>

namespace set {
namespace {

// A flood meets a full house again and again; looking at every descriptor each time would cost more
// than the flood. But when as many came in as one address may have, they may have gone as quickly: who
// comes often is not to be taken for a flood because there is one of somebody else's.
constexpr auto kLookAgainAfter = std::chrono::milliseconds(50);

ino_t socket_of(int fd) {
  struct stat status = {};
  return ::fstat(fd, &status) == 0 && S_ISSOCK(status.st_mode) ? status.st_ino : 0;
}

}  // namespace

bool Connections::admit(int fd, const std::string& address) {
  if (is_full(address)) forget_closed();
  if (is_full(address)) return false;
  open_.push_back({fd, socket_of(fd), address});
  ++per_address_[address];
  ++admitted_;
  return true;
}

bool Connections::is_full(const std::string& address) const {
  if (open_.size() >= max_total_) return true;
  const auto found = per_address_.find(address);
  return !address.empty() && found != per_address_.end() && found->second >= max_per_address_;
}

void Connections::forget_closed() {
  const auto now = std::chrono::steady_clock::now();
  if (now - looked_at_ < kLookAgainAfter && admitted_ < max_per_address_) return;
  looked_at_ = now;
  admitted_ = 0;
  std::erase_if(open_, [](const Open& open) { return socket_of(open.fd) != open.socket; });
  per_address_.clear();
  for (const Open& open : open_) ++per_address_[open.address];
}

std::string address_key(const sockaddr_storage& address) {
  const auto* const raw = reinterpret_cast<const char*>(&address);
  if (address.ss_family == AF_INET) {
    return {raw + offsetof(sockaddr_in, sin_addr), sizeof(in_addr)};
  }
  if (address.ss_family == AF_INET6) {
    sockaddr_in6 v6 = {};
    std::memcpy(&v6, &address, sizeof v6);
    const auto* const octets = reinterpret_cast<const char*>(&v6.sin6_addr);
    if (IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr)) return {octets + 12, sizeof(in_addr)};
    return {octets, 8};
  }
  return "";
}

}  // namespace set
