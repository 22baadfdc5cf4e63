#include "common/daemon/http_door.h"

#include <httplib.h>
#include <sys/socket.h>

#include <thread>

namespace set {
namespace {

constexpr time_t kDoorPatienceSeconds = 5;
constexpr std::size_t kMaxBodyBytes = 1024;

// Unlike SO_REUSEPORT, which httplib would set, it lets no second listener in.
void set_door_options(int socket) {
  const int on = 1;
  ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
}

}  // namespace

struct HttpDoor::Impl {
  httplib::Server server;
  std::string address;
  std::thread thread;

  ~Impl() {
    server.stop();
    if (thread.joinable()) thread.join();
  }
};

Result<HttpDoor> HttpDoor::start(std::string_view flag, const ListenAddress& listen,
                                 std::size_t threads,
                                 const std::function<void(httplib::Server&)>& routes) {
  const std::string named(flag);
  CHECK_OR_FAIL(!listen.is_unix(), ErrorCode::invalid_argument, named + " must be host:port");
  auto impl = std::make_unique<Impl>();
  auto& server = impl->server;
  server.new_task_queue = [threads] { return new httplib::ThreadPool(threads); };
  server.set_socket_options(set_door_options);
  server.set_read_timeout(kDoorPatienceSeconds);
  server.set_write_timeout(kDoorPatienceSeconds);
  server.set_keep_alive_max_count(1);
  server.set_payload_max_length(kMaxBodyBytes);
  routes(server);
  int port = listen.port;
  if (port == 0) {
    port = server.bind_to_any_port(listen.host);
  } else if (!server.bind_to_port(listen.host, port)) {
    port = -1;
  }
  CHECK_OR_FAIL(port > 0, ErrorCode::bad_config,
                named + ": cannot listen on " + listen.str() +
                    ": is it in use, is it an address of this computer?");
  impl->address = ListenAddress{listen.host, static_cast<std::uint16_t>(port), {}}.str();
  impl->thread = std::thread([&server] { server.listen_after_bind(); });
  // stop() reaches a running server only.
  while (!server.is_running()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  return HttpDoor(std::move(impl));
}

HttpDoor::HttpDoor(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
HttpDoor::HttpDoor(HttpDoor&&) noexcept = default;
HttpDoor::~HttpDoor() = default;

const std::string& HttpDoor::address() const { return impl_->address; }

}  // namespace set
