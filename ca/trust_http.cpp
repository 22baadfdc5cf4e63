#include "ca/trust_http.h"

#include <httplib.h>

namespace set::ca {
namespace {

constexpr std::size_t kThreads = 4;

void add_routes(httplib::Server& server, std::function<std::string()> trust_pem,
                const std::map<std::string, Bytes>& published, TrustHttp::Lists lists) {
  server.Get("/trust.pem",
             [pem = std::move(trust_pem)](const httplib::Request&, httplib::Response& res) {
               res.set_content(pem(), "application/x-pem-file");
             });
  for (const auto& [name, der] : published) {
    server.Get("/certs/" + name,
               [body = string_of(der)](const httplib::Request&, httplib::Response& res) {
                 res.set_content(body, "application/pkix-cert");
               });
  }
  server.Get(R"(/crl/([a-z]+\.[a-z]+))", [lists = std::move(lists)](const httplib::Request& req,
                                                                    httplib::Response& res) {
    const std::string name = req.matches[1];
    const auto bytes = lists(name);
    if (bytes.empty()) {
      res.status = 404;
      return;
    }
    // RFC 5280 §4.2.1.13; a BCI is ours alone.
    res.set_content(string_of(bytes),
                    name.ends_with(".crl") ? "application/pkix-crl" : "application/octet-stream");
  });
}

}  // namespace

Result<TrustHttp> TrustHttp::start(const ListenAddress& listen,
                                   std::function<std::string()> trust_pem,
                                   const std::map<std::string, Bytes>& published, Lists lists) {
  return TrustHttp(
      TRY(HttpDoor::start("--http-listen", listen, kThreads, [&](httplib::Server& server) {
        add_routes(server, std::move(trust_pem), published, std::move(lists));
      })));
}

}  // namespace set::ca
