#include "common/daemon/peer_limiter.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>

#include "common/daemon/balancers.h"
#include "common/daemon/instruments.h"

namespace set {
namespace {

constexpr std::size_t kMostAddresses = 20'000;
constexpr std::string_view kIpv4 = "ipv4:";
constexpr std::string_view kIpv6 = "ipv6:";

double seconds_between(Instant from, Instant to) {
  return std::max(0.0, static_cast<double>((to - from).count()) / 1000.0);
}

std::string without(std::string text, std::string_view part) {
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part))
    text.erase(at, part.size());
  return text;
}

/// Whoever has one IPv6 address has 2^64 of them.
std::string network_of(const std::string& address) {
  in6_addr parsed{};
  if (::inet_pton(AF_INET6, address.c_str(), &parsed) != 1) return address;
  if (IN6_IS_ADDR_V4MAPPED(&parsed)) return address.substr(address.rfind(':') + 1);
  std::fill(std::begin(parsed.s6_addr) + 8, std::end(parsed.s6_addr), std::uint8_t{0});
  std::array<char, INET6_ADDRSTRLEN> text{};
  ::inet_ntop(AF_INET6, &parsed, text.data(), text.size());
  return std::string(text.data()) + "/64";
}

}  // namespace

std::string peer_address(const grpc::ServerContext* context) {
  if (context == nullptr) return std::string(kLocalPeer);
  const std::string peer = context->peer();
  const auto port = peer.rfind(':');
  const bool is_v4 = peer.starts_with(kIpv4);
  if (!is_v4 && !peer.starts_with(kIpv6)) return std::string(kLocalPeer);
  const auto begin = (is_v4 ? kIpv4 : kIpv6).size();
  auto address = peer.substr(begin, port - begin);
  // "ipv6:%5B::1%5D:7701", or with brackets in later versions.
  for (const auto* bracket : {"%5B", "%5D", "[", "]"}) address = without(address, bracket);
  const auto behind = Visitors::of_this_process().behind(address + " " + peer.substr(port + 1));
  return network_of(behind.value_or(address));
}

void PeerLimiter::set_rate(PeerRate rate) {
  const std::lock_guard lock(mutex_);
  rate_ = rate;
}

PeerLimiter::Verdict PeerLimiter::take(const std::string& address, Instant now) {
  if (address == kLocalPeer) return Verdict::allowed;
  const std::lock_guard lock(mutex_);
  if (buckets_.size() >= kMostAddresses) forget_idle(now);
  auto& bucket = buckets_.try_emplace(address, Bucket{rate_.burst, now}).first->second;
  bucket.tokens = std::min(rate_.burst,
                           bucket.tokens + seconds_between(bucket.at, now) * rate_.per_second);
  bucket.at = now;
  if (bucket.tokens >= 1) {
    bucket.tokens -= 1;
    bucket.refusing = false;
    return Verdict::allowed;
  }
  metrics::calls_refused.count(LabelWord{"rate"});
  return std::exchange(bucket.refusing, true) ? Verdict::refused : Verdict::first_refusal;
}

/// A full bucket says nothing that a new one would not. If every one is in use, all begin anew:
/// memory is bounded before anything else.
void PeerLimiter::forget_idle(Instant now) {
  std::erase_if(buckets_, [&](const auto& entry) {
    const auto& bucket = entry.second;
    return bucket.tokens + seconds_between(bucket.at, now) * rate_.per_second >= rate_.burst;
  });
  if (buckets_.size() >= kMostAddresses) buckets_.clear();
}

}  // namespace set
