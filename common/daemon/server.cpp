#include "common/daemon/server.h"

#include <unistd.h>
#include <charconv>

#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/resource_quota.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include "common/base/assert.h"
#include "common/base/log.h"
#include "common/daemon/acceptor.h"
#include "common/daemon/files.h"
#include "common/daemon/notify.h"
#include "common/daemon/readiness.h"
#include "common/daemon/rpc_observer.h"
#include "common/daemon/stop.h"
#include "common/daemon/tls.h"

namespace set {
namespace {

using grpc::experimental::ExternalConnectionAcceptor;

// Whether we are ready; sooner again while we are not, since somebody waits for it.
constexpr Duration kLookEvery = std::chrono::seconds(2);
constexpr Duration kLookAgain = std::chrono::milliseconds(250);

int millis(Duration duration) { return static_cast<int>(duration.count()); }

// Why each of these: perf-reliability §10.
void set_limits(grpc::ServerBuilder& builder, const ServerLimits& limits) {
  grpc::ResourceQuota quota("set");
  quota.Resize(limits.memory_bytes).SetMaxThreads(limits.max_threads);
  builder.SetResourceQuota(quota);
  builder.SetMaxReceiveMessageSize(limits.max_receive_bytes);
  const auto set = [&builder](const char* name, int value) {
    builder.AddChannelArgument(name, value);
  };
  set(GRPC_ARG_MAX_METADATA_SIZE, limits.max_metadata_bytes);
  set(GRPC_ARG_MAX_CONCURRENT_STREAMS, limits.max_concurrent_streams);
  set(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, millis(limits.handshake_timeout));
  set(GRPC_ARG_MAX_CONNECTION_IDLE_MS, millis(limits.idle_timeout));
  set(GRPC_ARG_MAX_CONNECTION_AGE_MS, millis(limits.max_connection_age));
  set(GRPC_ARG_MAX_CONNECTION_AGE_GRACE_MS, 30'000);
  set(GRPC_ARG_KEEPALIVE_TIME_MS, 60'000);
  set(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 20'000);
  set(GRPC_ARG_HTTP2_MAX_PING_STRIKES, 2);
  set(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 60'000);
}

// Where the server reaches itself.
std::string own_address(ListenAddress address) {
  if (address.host == "0.0.0.0") address.host = "127.0.0.1";
  if (address.host == "::") address.host = "::1";
  return address.str();
}

}  // namespace

Result<ListenAddress> ListenAddress::parse(std::string_view text) {
  ListenAddress address;
  if (text.starts_with("unix:") && text.size() > 5) {
    address.socket_path = text.substr(5);
    return address;
  }
  const std::string sentence = "an address is written 127.0.0.1:7701, [::1]:7701 or unix:/path";
  const auto colon = text.rfind(':');
  CHECK_OR_FAIL(colon != std::string_view::npos && colon > 0, ErrorCode::invalid_argument,
                sentence);
  std::string_view host = text.substr(0, colon);
  const std::string_view port = text.substr(colon + 1);
  const bool bracketed = host.starts_with('[') && host.ends_with(']') && host.size() > 2;
  if (bracketed) host = host.substr(1, host.size() - 2);
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), address.port);
  CHECK_OR_FAIL(error == std::errc() && end == port.data() + port.size() && !port.empty() &&
                    bracketed == (host.find(':') != std::string_view::npos) &&
                    host.find_first_of("[]/ ") == std::string_view::npos,
                ErrorCode::invalid_argument, sentence);
  address.host = host;
  return address;
}

bool ListenAddress::is_loopback() const {
  return host == "localhost" || host == "::1" || host.starts_with("127.");
}

std::string ListenAddress::str() const {
  if (is_unix()) return "unix:" + socket_path.string();
  const bool v6 = host.find(':') != std::string::npos;
  return (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

struct Server::Impl {
  explicit Impl(Acceptor bound) : acceptor(std::move(bound)), address(acceptor.address().str()) {}
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl() { stop(Duration(0)); }

  void set_serving(bool serving, const std::string& why_not) const {
    reason->set(serving ? "" : why_not);
    auto* health = server->GetHealthCheckService();
    if (health != nullptr) health->SetServingStatus(serving);
  }

  void stop(Duration patience) {
    if (server == nullptr) return;
    set_serving(false, "it is about to stop");
    acceptor.stop();
    server->Shutdown(std::chrono::system_clock::now() + patience);
    server->Wait();
    server.reset();
  }

  std::shared_ptr<grpc::ServerCredentials> credentials = {};  // asked as long as the server runs
  // The acceptor's thread uses the two below it: it ends first (stop).
  Acceptor acceptor;
  std::string address;
  bool is_admin = false;
  std::shared_ptr<ReasonNotReady> reason = std::make_shared<ReasonNotReady>();
  std::unique_ptr<ExternalConnectionAcceptor> door = {};
  // gRPC does not start without a service of its own making; this one answers UNIMPLEMENTED.
  grpc::CallbackGenericService nothing = {};
  std::unique_ptr<grpc::Server> server = {};
};

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Server::Server(Server&&) noexcept = default;
Server::~Server() = default;

Result<Server> Server::start(const ServerOptions& options) {
  SET_ASSERT(options.credentials != nullptr || options.listen.is_unix() ||
             (options.listen.is_loopback() && options.services.empty()));
  auto impl = std::make_unique<Impl>(TRY(Acceptor::bind(options.listen, options.limits)));
  impl->credentials = options.credentials;
  grpc::EnableDefaultHealthCheckService(options.credentials == nullptr);
  grpc::ServerBuilder builder;
  set_limits(builder, options.limits);
  for (grpc::Service* service : options.services) builder.RegisterService(service);
  if (options.services.empty()) builder.RegisterCallbackGenericService(&impl->nothing);
  impl->door = builder.experimental().AddExternalConnectionAcceptor(
      grpc::ServerBuilder::experimental_type::ExternalConnectionType::FROM_FD,
      options.credentials ? options.credentials : grpc::InsecureServerCredentials());
  builder.experimental().SetInterceptorCreators(server_observers(impl->reason));
  impl->server = builder.BuildAndStart();
  CHECK_OR_FAIL(impl->server != nullptr, ErrorCode::bad_config,
                "cannot serve on " + impl->address + ": is the TLS certificate right?");
  impl->set_serving(false, "it is about to start");
  impl->acceptor.start([door = impl->door.get()](int listener, int connection) {
    ExternalConnectionAcceptor::NewConnectionParameters parameters;
    parameters.listener_fd = listener;
    parameters.fd = connection;
    door->HandleNewConnection(&parameters);
  });
  if (options.credentials) TRY(prove_tls13_only(own_address(impl->acceptor.address())));
  // After that proof, which a balancer on this machine would else have to vouch for.
  impl->acceptor.expect_balancers(options.balancers);
  return Server(std::move(impl));
}

Result<Server> Server::start_admin(const ListenAddress& listen) {
  CHECK_OR_FAIL(listen.is_unix() || listen.is_loopback(), ErrorCode::bad_config,
                "the admin port asks for no certificate: it must be unix:/path or an address of "
                "this machine only, such as 127.0.0.1:7790");
  auto admin =
      TRY(start({.listen = listen, .credentials = nullptr, .services = {}, .limits = {}}));
  admin.impl_->is_admin = true;
  return admin;
}

const std::string& Server::address() const { return impl_->address; }

void Server::set_serving(bool serving, const std::string& reason) {
  impl_->set_serving(serving, reason);
}

bool Server::is_admin() const { return impl_->is_admin; }

void Server::stop(Duration patience) { impl_->stop(patience); }

Result<void> serve(std::vector<Server> servers, const std::filesystem::path& ready_file,
                   Readiness& readiness, Duration patience) {
  expect_stop();
  const auto look = [&] {
    const auto state = readiness.look();
    for (Server& server : servers) server.set_serving(state.ready, state.reason());
    return state.ready ? kLookEvery : kLookAgain;
  };
  auto pause = look();
  std::string addresses;
  for (const Server& server : servers) {
    if (!server.is_admin()) addresses += server.address() + "\n";
    log_info("listening", LogWord{"address", server.address()});
  }
  if (!ready_file.empty()) TRY(write_file_atomically(ready_file, addresses, 0644));
  notify_supervisor("READY=1");
  while (!wait_for_stop(pause)) pause = look();
  notify_supervisor("STOPPING=1");
  log_info("stopping");
  if (!ready_file.empty()) ::unlink(ready_file.c_str());
  for (Server& server : servers) server.set_serving(false, "it is about to stop");
  const auto end = std::chrono::steady_clock::now() + patience;
  for (Server& server : servers) {
    const auto left = std::chrono::ceil<Duration>(end - std::chrono::steady_clock::now());
    server.stop(std::max(left, Duration(0)));
  }
  return {};
}

Result<void> serve(std::vector<Server> servers, const std::filesystem::path& ready_file,
                   Duration patience) {
  Readiness unconditional;
  return serve(std::move(servers), ready_file, unconditional, patience);
}

}  // namespace set
