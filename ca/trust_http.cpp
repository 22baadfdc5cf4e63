#include "ca/trust_http.h"

#include <httplib.h>

#include <thread>

namespace set::ca {
namespace {

constexpr std::size_t kThreads = 4;
constexpr time_t kPatienceSeconds = 5;
constexpr std::size_t kMaxRequestBytes = 1024;

}  // namespace

struct TrustHttp::Impl {
  httplib::Server server;
  std::string address;
  std::thread thread;

  ~Impl() {
    server.stop();
    if (thread.joinable()) thread.join();
  }
};

Result<TrustHttp> TrustHttp::start(const ListenAddress& listen,
                                   std::function<std::string()> trust_pem,
                                   const std::map<std::string, Bytes>& published, Lists lists) {
  CHECK_OR_FAIL(!listen.is_unix(), ErrorCode::invalid_argument, "--http-listen must be host:port");
  auto impl = std::make_unique<Impl>();
  auto& server = impl->server;
  server.new_task_queue = [] { return new httplib::ThreadPool(kThreads); };
  server.set_read_timeout(kPatienceSeconds);
  server.set_write_timeout(kPatienceSeconds);
  server.set_keep_alive_max_count(1);
  server.set_payload_max_length(kMaxRequestBytes);
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
  int port = listen.port;
  if (port == 0) {
    port = server.bind_to_any_port(listen.host);
  } else if (!server.bind_to_port(listen.host, port)) {
    port = -1;
  }
  CHECK_OR_FAIL(port > 0, ErrorCode::bad_config,
                "cannot listen on " + listen.str() + " for HTTP: is it in use?");
  impl->address = ListenAddress{listen.host, static_cast<std::uint16_t>(port), {}}.str();
  impl->thread = std::thread([&server] { server.listen_after_bind(); });
  // stop() reaches a running server only.
  while (!server.is_running()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  return TrustHttp(std::move(impl));
}

TrustHttp::TrustHttp(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
TrustHttp::TrustHttp(TrustHttp&&) noexcept = default;
TrustHttp::~TrustHttp() = default;

const std::string& TrustHttp::address() const { return impl_->address; }

}  // namespace set::ca
