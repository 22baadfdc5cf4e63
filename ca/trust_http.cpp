#include "ca/trust_http.h"

#include <algorithm>

namespace set::ca {
namespace {

constexpr std::string_view kCertificates = "/certs/";
constexpr std::string_view kLists = "/crl/";

/// "cca.crl": what a list may be called.
bool is_list_name(std::string_view name) {
  return std::ranges::all_of(name, [](char c) { return (c >= 'a' && c <= 'z') || c == '.'; });
}

std::optional<HttpPage> list_page(std::string_view name, const TrustHttp::Lists& lists) {
  if (!is_list_name(name)) return std::nullopt;
  const auto bytes = lists(name);
  if (bytes.empty()) return std::nullopt;
  // RFC 5280 §4.2.1.13; a BCI is ours alone.
  return HttpPage{name.ends_with(".crl") ? "application/pkix-crl" : "application/octet-stream",
                    string_of(bytes)};
}

}  // namespace

Result<TrustHttp> TrustHttp::start(const ListenAddress& listen,
                                   std::function<std::string()> trust_pem,
                                   const std::map<std::string, Bytes>& published, Lists lists) {
  const auto page = [pem = std::move(trust_pem), certificates = published,
                     lists = std::move(lists)](std::string_view path) -> std::optional<HttpPage> {
    if (path == "/trust.pem") return HttpPage{"application/x-pem-file", pem()};
    if (path.starts_with(kLists)) return list_page(path.substr(kLists.size()), lists);
    if (!path.starts_with(kCertificates)) return std::nullopt;
    const auto found = certificates.find(std::string(path.substr(kCertificates.size())));
    if (found == certificates.end()) return std::nullopt;
    return HttpPage{"application/pkix-cert", string_of(found->second)};
  };
  return TrustHttp(TRY(HttpDoor::start("--http-listen", listen, page)));
}

}  // namespace set::ca
