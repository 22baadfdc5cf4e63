#include "common/daemon/balancers.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <CLI/CLI.hpp>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace set {
namespace {

using Octets = std::array<std::uint8_t, 16>;

// One balancer has 65,536 ends at most; this many are many balancers. Beyond, those of before count as
// their balancer's, which is stricter.
constexpr std::size_t kMostVisitors = 500'000;
constexpr std::array<std::uint8_t, 12> kSignature{0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d,
                                                  0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a};
constexpr std::uint8_t kLocal = 0x20, kProxy = 0x21;
constexpr std::uint8_t kUnspecified = 0x00, kTcpOverIpv4 = 0x11, kTcpOverIpv6 = 0x21;
constexpr std::size_t kIpv4Addresses = 12, kIpv6Addresses = 36;

Octets mapped(const in_addr& address) {
  Octets out{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  std::memcpy(out.data() + 12, &address, sizeof address);
  return out;
}

std::optional<Octets> octets_of(const sockaddr_storage& address) {
  if (address.ss_family == AF_INET) {
    sockaddr_in v4 = {};
    std::memcpy(&v4, &address, sizeof v4);
    return mapped(v4.sin_addr);
  }
  if (address.ss_family != AF_INET6) return std::nullopt;
  sockaddr_in6 v6 = {};
  std::memcpy(&v6, &address, sizeof v6);
  Octets out{};
  std::memcpy(out.data(), &v6.sin6_addr, out.size());
  return out;
}

std::string text_of(const Octets& octets) {
  in6_addr v6 = {};
  std::memcpy(&v6, octets.data(), sizeof v6);
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (IN6_IS_ADDR_V4MAPPED(&v6)) {
    ::inet_ntop(AF_INET, octets.data() + 12, text.data(), text.size());
  } else {
    ::inet_ntop(AF_INET6, &v6, text.data(), text.size());
  }
  return text.data();
}

std::uint16_t port_of_end(const sockaddr_storage& address) {
  sockaddr_in6 v6 = {};  // the port stands at the same place for IPv4
  std::memcpy(&v6, &address, sizeof v6);
  return ntohs(v6.sin6_port);
}

tl::unexpected<Error> no_header(const char* why) {
  return failure(ErrorCode::decoding_failure, std::string("PROXY protocol: ") + why);
}

}  // namespace

Result<Network> Network::parse(std::string_view text) {
  const auto slash = text.find('/');
  const std::string address(text.substr(0, slash));
  Network out;
  int whole = 128;
  in_addr v4 = {};
  if (::inet_pton(AF_INET, address.c_str(), &v4) == 1) {
    out.begin_ = mapped(v4);
    whole = 32;
  } else if (::inet_pton(AF_INET6, address.c_str(), out.begin_.data()) != 1) {
    whole = 0;
  }
  int bits = whole;
  bool good = whole != 0;
  if (good && slash != std::string_view::npos) {
    const auto number = text.substr(slash + 1);
    const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), bits);
    // "/0" would take a header from anybody, and so any address that anybody likes.
    good = error == std::errc() && end == number.data() + number.size() && bits >= 8 && bits <= whole;
  }
  CHECK_OR_FAIL(good, ErrorCode::invalid_argument,
                "a balancer is an address or a network of at least 8 bits: 10.1.2.3, 10.1.2.0/24, "
                "fd00::1");
  out.bits_ = bits + 128 - whole;
  return out;
}

bool Network::has(const sockaddr_storage& address) const {
  const auto octets = octets_of(address);
  if (!octets) return false;
  for (int bit = 0; bit < bits_; bit += 8) {
    const auto at = static_cast<std::size_t>(bit / 8);
    const auto mask = bits_ - bit >= 8 ? 0xff : 0xff & (0xff << (8 - (bits_ - bit)));
    if ((((*octets)[at] ^ begin_[at]) & mask) != 0) return false;
  }
  return true;
}

void add_balancer_option(CLI::App& app, std::vector<Network>& balancers) {
  app.add_option_function<std::vector<std::string>>(
      "--balancer",
      [&balancers](const std::vector<std::string>& texts) {
        balancers.clear();
        for (const auto& text : texts) {
          auto parsed = Network::parse(text);
          if (!parsed) throw CLI::ValidationError("--balancer", parsed.error().detail);
          balancers.push_back(*parsed);
        }
      },
      "An address or network that only a balancer of yours has, such as 10.1.2.3; it begins each "
      "connection with its visitor's address (PROXY protocol version 2), and limits count that one");
}

std::optional<std::size_t> ProxyHeader::size_of(ByteView fixed) {
  if (fixed.size() != kFixed || !std::ranges::equal(fixed.first(kSignature.size()), kSignature))
    return std::nullopt;
  const auto rest = static_cast<std::size_t>(fixed[14]) << 8 | fixed[15];
  return rest > kMost - kFixed ? std::nullopt : std::optional(kFixed + rest);
}

Result<ProxyHeader> ProxyHeader::parse(ByteView whole) {
  if (whole.size() < kFixed || size_of(whole.first(kFixed)) != whole.size())
    return no_header("not a header of version 2");
  const auto command = whole[12], family = whole[13];
  const auto rest = whole.subspan(kFixed);
  if (command == kLocal) return ProxyHeader{};
  if (command != kProxy) return no_header("an unknown command");
  if (family == kUnspecified) return ProxyHeader{};
  sockaddr_storage from = {};
  if (family == kTcpOverIpv4 && rest.size() >= kIpv4Addresses) {
    sockaddr_in v4 = {};
    v4.sin_family = AF_INET;
    std::memcpy(&v4.sin_addr, rest.data(), sizeof v4.sin_addr);
    std::memcpy(&v4.sin_port, rest.data() + 8, sizeof v4.sin_port);
    std::memcpy(&from, &v4, sizeof v4);
    return ProxyHeader{from};
  }
  if (family == kTcpOverIpv6 && rest.size() >= kIpv6Addresses) {
    sockaddr_in6 v6 = {};
    v6.sin6_family = AF_INET6;
    std::memcpy(&v6.sin6_addr, rest.data(), sizeof v6.sin6_addr);
    std::memcpy(&v6.sin6_port, rest.data() + 32, sizeof v6.sin6_port);
    std::memcpy(&from, &v6, sizeof v6);
    return ProxyHeader{from};
  }
  return no_header("not TCP over IPv4 or IPv6, or too short");
}

std::string end_of_connection(const sockaddr_storage& address) {
  const auto octets = octets_of(address);
  return octets ? text_of(*octets) + " " + std::to_string(port_of_end(address)) : "";
}

Visitors& Visitors::of_this_process() {
  static Visitors visitors;
  return visitors;
}

void Visitors::came(const std::string& balancers_end, const std::optional<sockaddr_storage>& from) {
  const auto octets = from ? octets_of(*from) : std::nullopt;
  const std::lock_guard lock(mutex_);
  if (!octets) {
    visitors_.erase(balancers_end);
    return;
  }
  if (visitors_.size() >= kMostVisitors) visitors_.clear();
  visitors_[balancers_end] = text_of(*octets);
}

std::optional<std::string> Visitors::behind(const std::string& balancers_end) const {
  const std::lock_guard lock(mutex_);
  const auto found = visitors_.find(balancers_end);
  return found == visitors_.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace set
