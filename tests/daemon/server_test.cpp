#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <fstream>
#include <mutex>
#include <thread>

#include "common/daemon/access.h"
#include "common/daemon/client.h"
#include "common/daemon/files.h"
#include "common/daemon/healthcheck.h"
#include "common/daemon/patience.h"
#include "common/daemon/run.h"
#include "common/daemon/server.h"
#include "common/daemon/stop.h"
#include "set/v1/services.grpc.pb.h"
#include "tests/daemon/child.h"
#include "tests/daemon/transport.h"
#include "tests/store/temporary_directory.h"

namespace set {
namespace {

namespace wire = set::v1;
using namespace std::chrono_literals;
using test::code_of;
using test::must;
using Stub = wire::MerchantService::Stub;

// Answers with what it sees, and after `delay`.
class Service final : public wire::MerchantService::Service {
 public:
  grpc::Status FetchCertificates(grpc::ServerContext* context,
                                 const wire::FetchCertificatesRequest* request,
                                 wire::FetchCertificatesResponse* response) override {
    ++running;
    for (auto left = delay.load(); left > 0ms && !context->IsCancelled(); left -= 10ms) {
      std::this_thread::sleep_for(10ms);
    }
    response->add_certificates(caller_of(context) ? "somebody" : "nobody");
    response->add_certificates(std::to_string(request->ByteSizeLong()));
    --running;
    return grpc::Status::OK;
  }
  std::atomic<Duration> delay = Duration(0);
  std::atomic<int> running = 0;
};

const TlsIdentity& server_identity() {
  static const TlsIdentity identity = test::transport_root().issue("merchant", "shop.example");
  return identity;
}

ServerOptions options(Service& service) {
  return {.listen = must(ListenAddress::parse("127.0.0.1:0")),
          .credentials = server_credentials(server_identity(), ClientCertificate::optional),
          .services = {&service}};
}

Result<wire::FetchCertificatesResponse> ask(const std::string& target,
                                            std::shared_ptr<grpc::ChannelCredentials> credentials,
                                            std::size_t request_bytes = 0, Duration deadline = 5s) {
  Stub stub(make_channel(target, std::move(credentials)));
  wire::FetchCertificatesRequest request;
  if (request_bytes > 0) request.add_thumbprints(std::string(request_bytes, 'x'));
  return call(stub, &Stub::FetchCertificates, request, target, deadline);
}

std::shared_ptr<grpc::ChannelCredentials> trusting() {
  return channel_credentials(test::transport_root().pem);
}

int connect_to(const std::string& address) {
  const auto parsed = must(ListenAddress::parse(address));
  sockaddr_in to = {};
  to.sin_family = AF_INET;
  to.sin_port = htons(parsed.port);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  REQUIRE(fd >= 0);
  REQUIRE(::connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0);
  return fd;
}

// True if the server has hung up on this connection.
bool hung_up(int fd) {
  char c = 0;
  const ssize_t got = ::recv(fd, &c, 1, MSG_DONTWAIT);
  return got == 0 || (got < 0 && errno == ECONNRESET);
}

// The version that the openssl command line gets, "" if none: nobody's code of ours.
std::string openssl_agrees(const std::string& address, const std::string& option) {
  const std::string command = "echo | timeout 5 openssl s_client -alpn h2 " + option +
                              " -cipher ALL@SECLEVEL=0 -connect " + address + " 2>&1";
  FILE* pipe = ::popen(command.c_str(), "r");
  REQUIRE(pipe != nullptr);
  std::string text;
  char buffer[4096];
  while (const auto got = std::fread(buffer, 1, sizeof buffer, pipe)) text.append(buffer, got);
  ::pclose(pipe);
  if (text.find("not found") != std::string::npos) SKIP("there is no openssl command");
  const auto at = text.find("New, TLSv1.");
  return at == std::string::npos ? "" : text.substr(at + 5, 7);
}

}  // namespace

TEST_CASE("addresses to listen on are parsed and written") {
  for (const char* text :
       {"127.0.0.1:7701", "[::1]:0", "localhost:65535", "unix:/run/set/w.sock"}) {
    CHECK(must(ListenAddress::parse(text)).str() == text);
  }
  for (const char* text : {"", ":1", "host", "host:", "host:x", "host:65536", "host:-1", "::1:5",
                           "[::1]", "[host]:1", "unix:", "http://host:1", "a b:1", "host:1 "}) {
    CAPTURE(text);
    CHECK(code_of(ListenAddress::parse(text)) == ErrorCode::invalid_argument);
  }
}

TEST_CASE("a call goes over TLS 1.3 and nothing older is spoken") {
  Service service;
  const auto server = must(Server::start(options(service)));
  CHECK(server.address() != "127.0.0.1:0");
  const auto answer = must(ask(server.address(), trusting()));
  CHECK(answer.certificates(0) == "nobody");
  CHECK(openssl_agrees(server.address(), "-tls1_3") == "TLSv1.3");
  CHECK(openssl_agrees(server.address(), "-tls1_2").empty());
  CHECK(openssl_agrees(server.address(), "-tls1_1").empty());
}

TEST_CASE("child: without require_tls13", "[.child]") {
  Service service;
  const auto server = Server::start(options(service));
  ::_exit(server ? 0 : exit_code(server.error().code));
}

TEST_CASE("a server that would speak TLS 1.2 does not start") {
  test::Child child("child: without require_tls13", {"SET_TEST_WITHOUT_REQUIRE_TLS13=1"});
  CHECK(child.wait() == 3);
}

TEST_CASE("certificates change while a server serves, and a call under way goes on") {
  // Another root, so that it shows which certificate a client was shown.
  const auto share = [](TlsIdentity identity) {
    return std::make_shared<const TlsIdentity>(std::move(identity));
  };
  const auto first = share(test::transport_root().issue("merchant", "shop.example"));
  const auto second = share(test::other_transport_root().issue("merchant", "shop.example"));
  std::mutex mutex;
  auto shown = first;
  const Current<const TlsIdentity> current([&] {
    const std::lock_guard lock(mutex);
    return shown;
  });
  Service service;
  auto with_current = options(service);
  with_current.credentials = server_credentials(current, ClientCertificate::optional);
  const auto server = must(Server::start(with_current));
  const auto other = channel_credentials(test::other_transport_root().pem);
  must(ask(server.address(), trusting()));
  CHECK(code_of(ask(server.address(), other)) == ErrorCode::peer_unavailable);

  service.delay = 400ms;
  std::atomic<bool> answered = false;
  std::thread under_way([&] { answered = ask(server.address(), trusting()).has_value(); });
  while (service.running == 0) std::this_thread::sleep_for(1ms);
  {
    const std::lock_guard lock(mutex);
    shown = second;
  }
  must(ask(server.address(), other));
  under_way.join();
  CHECK(answered);
  service.delay = 0ms;
  CHECK(code_of(ask(server.address(), trusting())) == ErrorCode::peer_unavailable);
  CHECK(openssl_agrees(server.address(), "-tls1_2").empty());
}

TEST_CASE("a client refuses a server of another root or another name, and says why") {
  Service service;
  const auto server = must(Server::start(options(service)));
  const auto root = ask(server.address(), channel_credentials(test::other_transport_root().pem));
  CHECK(code_of(root) == ErrorCode::peer_unavailable);
  CHECK(root.error().detail.find("not under our transport root") != std::string::npos);

  const auto named = test::transport_root().issue("merchant", "shop", {"shop.example"});
  auto elsewhere = options(service);
  elsewhere.credentials = server_credentials(named, ClientCertificate::optional);
  const auto other = must(Server::start(elsewhere));
  const auto name = ask(other.address(), trusting());
  CHECK(code_of(name) == ErrorCode::peer_unavailable);
  INFO(name.error().detail);
  CHECK(name.error().detail.find("another name") != std::string::npos);
}

TEST_CASE("nobody there is said so") {
  const auto nobody = ask("127.0.0.1:1", trusting());
  CHECK(code_of(nobody) == ErrorCode::peer_unavailable);
  CHECK(nobody.error().detail ==
        "cannot reach 127.0.0.1:1: nothing listens there: is it running, "
        "is the address right?");
  const auto unknown = ask("no-such-host.invalid:1", trusting());
  CHECK(code_of(unknown) == ErrorCode::peer_unavailable);
}

TEST_CASE("a slow answer is not waited for") {
  Service service;
  service.delay = Duration(3000);
  const auto server = must(Server::start(options(service)));
  const auto late = ask(server.address(), trusting(), 0, 200ms);
  CHECK(code_of(late) == ErrorCode::peer_unavailable);
  CHECK(late.error().detail.find("in time") != std::string::npos);
}

TEST_CASE("a call waits no longer than all waiting may last") {
  Service service;
  service.delay = Duration(3000);
  const auto server = must(Server::start(options(service)));
  limit_waiting(200ms);
  const auto begun = std::chrono::steady_clock::now();
  const auto late = ask(server.address(), trusting(), 0, 30s);
  forget_waiting_limit();
  CHECK(code_of(late) == ErrorCode::peer_unavailable);
  CHECK(std::chrono::steady_clock::now() - begun < 2s);
}

TEST_CASE("what is too big is refused") {
  Service service;
  const auto server = must(Server::start(options(service)));
  CHECK(ask(server.address(), trusting(), 300 * 1024).has_value());
  CHECK(code_of(ask(server.address(), trusting(), 319 * 1024 + 1100)) ==
        ErrorCode::resource_exhausted);
}

TEST_CASE("an address in use is refused with a sentence") {
  Service service;
  const auto first = must(Server::start(options(service)));
  auto second = options(service);
  second.listen = must(ListenAddress::parse(first.address()));
  const auto refused = Server::start(second);
  CHECK(code_of(refused) == ErrorCode::bad_config);
  CHECK(refused.error().detail.find("another program listens on " + first.address()) !=
        std::string::npos);
  second.listen = must(ListenAddress::parse("192.0.2.1:0"));
  CHECK(code_of(Server::start(second)) == ErrorCode::bad_config);
}

TEST_CASE("health is NOT_SERVING until the daemon says otherwise, on the admin port alone") {
  test::TemporaryDirectory directory;
  const auto socket = "unix:" + (directory.path() / "run" / "health.sock").string();
  for (const auto& address : {socket, std::string("127.0.0.1:0")}) {
    CAPTURE(address);
    auto admin = must(Server::start_admin(must(ListenAddress::parse(address))));
    const auto healthy = [&admin] { return healthcheck(admin.address(), nullptr); };
    CHECK(code_of(healthy()) == ErrorCode::internal);
    admin.set_serving(true);
    must(healthy());
    CHECK(code_of(ask(admin.address(), nullptr)) == ErrorCode::peer_unavailable);  // no service
    admin.set_serving(false);
    CHECK(code_of(healthy()) == ErrorCode::internal);
    admin.stop(0ms);
    CHECK(code_of(healthy()) == ErrorCode::internal);
  }
  for (const char* address : {"0.0.0.0:0", "192.0.2.1:0", "[::]:0", "shop.example:0"}) {
    CAPTURE(address);
    CHECK(code_of(Server::start_admin(must(ListenAddress::parse(address)))) ==
          ErrorCode::bad_config);
  }

  Service service;
  auto server = must(Server::start(options(service)));
  server.set_serving(true);
  CHECK(code_of(healthcheck(server.address(), trusting())) == ErrorCode::internal);
}

TEST_CASE("a graceful stop lets running calls end, an impatient one does not") {
  for (const bool patient : {true, false}) {
    CAPTURE(patient);
    Service service;
    service.delay = Duration(patient ? 300 : 60'000);
    auto server = must(Server::start(options(service)));
    Result<wire::FetchCertificatesResponse> answer = failure(ErrorCode::internal, "not asked");
    std::thread caller([&] { answer = ask(server.address(), trusting(), 0, 30s); });
    const bool arrived = test::eventually([&] { return service.running == 1; });
    server.stop(patient ? 5s : 0s);
    caller.join();
    CHECK(arrived);
    CHECK(answer.has_value() == patient);
    CHECK(service.running == 0);
  }
}

TEST_CASE("a Unix socket is private, replaced when stale, and removed") {
  test::TemporaryDirectory directory;
  const auto path = directory.path() / "run" / "wallet.sock";
  Service service;
  const ServerOptions here{.listen = must(ListenAddress::parse("unix:" + path.string())),
                           .credentials = nullptr,
                           .services = {&service}};
  {
    auto server = must(Server::start(here));
    struct stat status = {};
    REQUIRE(::stat(path.c_str(), &status) == 0);
    CHECK((status.st_mode & 0777) == 0600);
    CHECK(must(ask(server.address(), nullptr)).certificates(0) == "nobody");
    CHECK(code_of(Server::start(here)) == ErrorCode::bad_config);
    CHECK(ask(server.address(), nullptr).has_value());  // the refused one has done no harm
    server.set_serving(true);
    must(healthcheck(server.address(), nullptr));
  }
  CHECK_FALSE(std::filesystem::exists(path));

  const int stale = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un name = {};
  name.sun_family = AF_UNIX;
  path.string().copy(name.sun_path, sizeof name.sun_path - 1);
  REQUIRE(::bind(stale, reinterpret_cast<const sockaddr*>(&name), sizeof name) == 0);
  ::close(stale);
  REQUIRE(std::filesystem::exists(path));
  {
    const auto server = must(Server::start(here));
    CHECK(ask(server.address(), nullptr).has_value());
  }

  std::ofstream(path) << "not a socket";
  CHECK(code_of(Server::start(here)) == ErrorCode::bad_config);
  CHECK(std::filesystem::exists(path));
  std::filesystem::remove(path);
  REQUIRE(::chmod(path.parent_path().c_str(), 0755) == 0);
  CHECK(code_of(Server::start(here)) == ErrorCode::bad_config);
}

TEST_CASE("one address cannot take all connections, and gets room again by closing some") {
  Service service;
  auto few = options(service);
  few.limits.max_connections_per_address = 4;
  few.limits.handshake_timeout = 60s;
  const auto server = must(Server::start(few));
  std::this_thread::sleep_for(200ms);  // the server's own proof of TLS counts until it is closed
  std::vector<int> open;
  for (int i = 0; i < 8; ++i) open.push_back(connect_to(server.address()));
  const auto refused = [&] { return std::count_if(open.begin(), open.end(), hung_up); };
  CHECK(test::eventually([&] { return refused() == 4; }));
  for (const int fd : open) ::close(fd);
  CHECK(test::eventually([&] { return ask(server.address(), trusting()).has_value(); }));
}

TEST_CASE("a silent connection is closed after the handshake timeout") {
  Service service;
  auto brief = options(service);
  brief.limits.handshake_timeout = 300ms;
  const auto server = must(Server::start(brief));
  const int fd = connect_to(server.address());
  CHECK_FALSE(hung_up(fd));
  CHECK(test::eventually([&] { return hung_up(fd); }));
  ::close(fd);
}

// --- whole processes ---

TEST_CASE("child: serves", "[.child]") {
  const std::filesystem::path ready = std::getenv("SET_TEST_READY");
  const bool few_descriptors = std::getenv("SET_TEST_FEW_DESCRIPTORS") != nullptr;
  Service service;
  auto where = options(service);
  where.limits.max_connections_per_address = 100'000;
  ::_exit(run("set-test", [&]() -> Result<void> {
    if (few_descriptors) {
      const rlimit limit = {300, 300};
      ::setrlimit(RLIMIT_NOFILE, &limit);
    }
    std::vector<Server> servers;
    servers.push_back(TRY(Server::start(where)));
    for (int i = 0; few_descriptors && i < 200; ++i) {
      [[maybe_unused]] const int spare = ::dup(0);
    }
    return serve(std::move(servers), ready);
  }));
}

TEST_CASE("a daemon says where it listens, stops when asked, and exits with 0") {
  for (const int signal : {SIGTERM, SIGINT}) {
    test::TemporaryDirectory directory;
    const auto ready = directory.path() / "ready";
    test::Child child("child: serves", {"SET_TEST_READY=" + ready.string()});
    REQUIRE(test::eventually([&] { return std::filesystem::exists(ready); }));
    const auto lines = must(read_text_file(ready));
    CHECK(lines.starts_with("127.0.0.1:"));
    CHECK(lines.ends_with("\n"));
    child.signal(signal);
    CHECK(child.wait() == 0);
    CHECK_FALSE(std::filesystem::exists(ready));
  }
}

TEST_CASE("a burst of connections beyond the descriptors does not leave the server deaf") {
  test::TemporaryDirectory directory;
  const auto ready = directory.path() / "ready";
  test::Child child("child: serves",
                    {"SET_TEST_READY=" + ready.string(), "SET_TEST_FEW_DESCRIPTORS=1"});
  REQUIRE(test::eventually([&] { return std::filesystem::exists(ready); }));
  auto address = must(read_text_file(ready));
  address.pop_back();
  std::vector<int> open;
  for (int i = 0; i < 500; ++i) open.push_back(connect_to(address));
  std::this_thread::sleep_for(500ms);
  for (const int fd : open) ::close(fd);
  // The child made a transport root of its own: reaching TLS at all is the point.
  CHECK(test::eventually([&] { return openssl_agrees(address, "-tls1_3") == "TLSv1.3"; }));
  child.signal(SIGTERM);
  CHECK(child.wait() == 0);
}

}  // namespace set
