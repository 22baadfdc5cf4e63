#include "merchant/webhook_url.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <optional>

namespace set::merchant {
namespace {

constexpr std::size_t kMaxUrl = 2000;

constexpr const char* kPlainHttp =
    "plain http may only lead to this machine: use https, or allow it with --allow-http";
constexpr const char* kSpecialAddress =
    "this address is link-local, a cloud's metadata or of no single machine: webhooks do not go "
    "there, unless --allow-any-address";

struct Network {
  std::array<std::uint8_t, 16> prefix;
  unsigned bits;
};

// IPv4 as ::ffff:a.b.c.d, so that both are judged by one rule.
using Ip = std::array<std::uint8_t, 16>;

constexpr Network v4(std::uint8_t a, std::uint8_t b, std::uint8_t c, std::uint8_t d,
                     unsigned bits) {
  return {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, a, b, c, d}, 96 + bits};
}

constexpr Network kThisMachine[] = {v4(127, 0, 0, 0, 8),
                                    {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, 128}};

// RFC 6890 and what clouds answer metadata at.
constexpr Network kSpecial[] = {
    v4(0, 0, 0, 0, 8),           // this network; 0.0.0.0 connects to this machine
    v4(169, 254, 0, 0, 16),      // link-local, metadata of most clouds
    v4(100, 100, 100, 200, 32),  // metadata of one
    v4(192, 0, 0, 192, 32),      // and of another
    v4(168, 63, 129, 16, 32),    // a third one's host
    v4(224, 0, 0, 0, 4),         // multicast
    v4(240, 0, 0, 0, 4),         // reserved, broadcast
    {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, 128},                 // ::
    {{0xfe, 0x80}, 10},                                                      // link-local
    {{0xff}, 8},                                                             // multicast
    {{0xfd, 0x00, 0x0e, 0xc2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0x54}, 128},  // metadata
    {{0xfd, 0x20, 0x00, 0xce, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0x54}, 128},  // and of another
};

bool lies_in(const Ip& ip, const Network& network) {
  for (unsigned bit = 0; bit < network.bits; ++bit) {
    const unsigned mask = 0x80U >> (bit % 8);
    if (((ip[bit / 8] ^ network.prefix[bit / 8]) & mask) != 0) return false;
  }
  return true;
}

template <std::size_t N>
bool lies_in_any(const Ip& ip, const Network (&networks)[N]) {
  return std::ranges::any_of(networks, [&](const Network& n) { return lies_in(ip, n); });
}

Ip mapped(ByteView v4_octets) {
  Ip out{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  std::ranges::copy(v4_octets, out.begin() + 12);
  return out;
}

// Translators (RFC 6052: 64:ff9b::/96; 6to4: 2002::/16) lead to the IPv4 address inside.
Ip judged_as(const Ip& ip) {
  constexpr Network kTranslated{{0, 0x64, 0xff, 0x9b}, 96};
  constexpr Network k6to4{{0x20, 0x02}, 16};
  if (lies_in(ip, kTranslated)) return mapped(ByteView(ip).last(4));
  if (lies_in(ip, k6to4)) return mapped(ByteView(ip).subspan(2, 4));
  return ip;
}

std::optional<Ip> ip_of(const sockaddr& address) {
  Ip out{};
  if (address.sa_family == AF_INET) {
    sockaddr_in in;
    std::memcpy(&in, &address, sizeof in);
    std::array<std::uint8_t, 4> octets;
    std::memcpy(octets.data(), &in.sin_addr, octets.size());
    return mapped(octets);
  }
  if (address.sa_family != AF_INET6) return std::nullopt;
  sockaddr_in6 in;
  std::memcpy(&in, &address, sizeof in);
  std::memcpy(out.data(), &in.sin6_addr, out.size());
  return judged_as(out);
}

struct UrlCloser {
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
};
using Url = std::unique_ptr<CURLU, UrlCloser>;

std::optional<std::string> part_of(const Url& url, CURLUPart part) {
  char* text = nullptr;
  if (curl_url_get(url.get(), part, &text, 0) != CURLUE_OK) return std::nullopt;
  std::string out(text);
  curl_free(text);
  return out;
}

// The address that a host is written as, if it is one.
std::optional<sockaddr_storage> literal_address(std::string host) {
  if (host.starts_with('[')) host = host.substr(1, host.size() - 2);
  sockaddr_storage out{};
  sockaddr_in in{};
  if (::inet_pton(AF_INET, host.c_str(), &in.sin_addr) == 1) {
    in.sin_family = AF_INET;
    std::memcpy(&out, &in, sizeof in);
    return out;
  }
  sockaddr_in6 in6{};
  if (::inet_pton(AF_INET6, host.c_str(), &in6.sin6_addr) != 1) return std::nullopt;
  in6.sin6_family = AF_INET6;
  std::memcpy(&out, &in6, sizeof in6);
  return out;
}

}  // namespace

const char* why_refused(const sockaddr& address, bool https, const AllowedTargets& allowed) {
  const auto ip = ip_of(address);
  if (!ip) return "this is no address of the Internet";
  if (!allowed.any_address && lies_in_any(*ip, kSpecial)) return kSpecialAddress;
  if (!https && !allowed.plain_http && !lies_in_any(*ip, kThisMachine)) return kPlainHttp;
  return nullptr;
}

Result<void> check_webhook_url(const std::string& url, const AllowedTargets& allowed) {
  CHECK_OR_FAIL(url.size() <= kMaxUrl, ErrorCode::invalid_argument,
                "a webhook's URL has at most 2000 characters");
  const bool plain = std::ranges::all_of(url, [](char c) { return c > ' ' && c < 0x7f; });
  const Url parsed(curl_url());
  const bool is_url = plain && url.find("://") != std::string::npos &&
                      curl_url_set(parsed.get(), CURLUPART_URL, url.c_str(), 0) == CURLUE_OK;
  CHECK_OR_FAIL(is_url, ErrorCode::invalid_argument,
                "this is no URL such as https://shop.example/openset");
  const bool https = url.starts_with("https://");
  const auto host = part_of(parsed, CURLUPART_HOST);
  CHECK_OR_FAIL((https || url.starts_with("http://")) && host && !host->empty(),
                ErrorCode::invalid_argument, "a webhook's URL begins with https:// and a host");
  CHECK_OR_FAIL(!part_of(parsed, CURLUPART_USER) && !part_of(parsed, CURLUPART_PASSWORD),
                ErrorCode::invalid_argument,
                "a webhook's URL holds no user and no password: the signature says who we are");
  CHECK_OR_FAIL(!part_of(parsed, CURLUPART_FRAGMENT), ErrorCode::invalid_argument,
                "a webhook's URL has no # part");
  const auto address = literal_address(*host);
  if (address) {
    const auto* why = why_refused(reinterpret_cast<const sockaddr&>(*address), https, allowed);
    CHECK_OR_FAIL(why == nullptr, ErrorCode::invalid_argument, why);
  } else {
    CHECK_OR_FAIL(https || allowed.plain_http || *host == "localhost", ErrorCode::invalid_argument,
                  kPlainHttp);
  }
  return {};
}

}  // namespace set::merchant
