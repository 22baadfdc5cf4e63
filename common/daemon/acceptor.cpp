#include "common/daemon/acceptor.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <thread>

#include "common/base/assert.h"
#include "common/base/log.h"
#include "common/daemon/balancers.h"
#include "common/daemon/connections.h"
#include "common/daemon/files.h"
#include "common/daemon/instruments.h"

namespace set {
namespace {

constexpr int kBacklog = 1024;
constexpr int kPauseMs = 100;  // when the system has no descriptor or memory for us
constexpr auto kComplainEvery = std::chrono::seconds(10);
// A balancer says at once who its visitor is.
constexpr auto kHeaderPatience = std::chrono::seconds(2);
constexpr std::size_t kMostAwaited = 256;
constexpr int kLookAtAwaitedMs = 200;
constexpr rlim_t kOtherDescriptors = 128;  // the database, logs, gRPC's own

Error cannot_listen(const ListenAddress& address, int error) {
  const std::string where = address.str();
  if (error == EADDRINUSE) {
    return {ErrorCode::bad_config,
            "another program listens on " + where + ": stop it or choose another address"};
  }
  if (error == EACCES) return {ErrorCode::bad_config, "no permission to listen on " + where};
  return {ErrorCode::bad_config, "cannot listen on " + where + ": " + std::strerror(error)};
}

int new_socket(int family) {
  return ::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

std::uint16_t bound_port(int fd) {
  sockaddr_storage bound = {};
  socklen_t size = sizeof bound;
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&bound), &size);
  sockaddr_in6 v6 = {};  // the port stands at the same place for IPv4
  std::memcpy(&v6, &bound, sizeof v6);
  return ntohs(v6.sin6_port);
}

// SO_REUSEADDR lets a restarted daemon have its port at once; unlike SO_REUSEPORT, which gRPC would
// set, it lets no second listener in.
Result<int> listen_tcp(const ListenAddress& address) {
  addrinfo hints = {};
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const std::string port = std::to_string(address.port);
  CHECK_OR_FAIL(::getaddrinfo(address.host.c_str(), port.c_str(), &hints, &found) == 0,
                ErrorCode::bad_config,
                "cannot listen on " + address.str() + ": this computer has no such address");
  const int fd = new_socket(found->ai_family);
  const int on = 1;
  const bool listens = fd >= 0 && ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
                       ::bind(fd, found->ai_addr, found->ai_addrlen) == 0 &&
                       ::listen(fd, kBacklog) == 0;
  const int error = errno;
  ::freeaddrinfo(found);
  if (listens) return fd;
  if (fd >= 0) ::close(fd);
  return failure(cannot_listen(address, error));
}

// A socket file without a listener is what a killed process leaves behind.
bool somebody_listens(const sockaddr_un& name) {
  const int fd = new_socket(AF_UNIX);
  const bool connected = ::connect(fd, reinterpret_cast<const sockaddr*>(&name), sizeof name) == 0;
  const bool busy = connected || errno == EAGAIN;  // EAGAIN: listens, its backlog is full
  if (fd >= 0) ::close(fd);
  return busy;
}

Result<int> listen_unix(const ListenAddress& address) {
  const std::string path = address.socket_path.string();
  sockaddr_un name = {};
  name.sun_family = AF_UNIX;
  CHECK_OR_FAIL(path.size() < sizeof name.sun_path, ErrorCode::bad_config,
                "the path of a Unix socket has at most 107 bytes: " + path);
  std::memcpy(name.sun_path, path.c_str(), path.size());
  TRY(make_private_directory(std::filesystem::absolute(address.socket_path).parent_path()));
  if (somebody_listens(name)) return failure(cannot_listen(address, EADDRINUSE));
  struct stat status = {};
  if (::lstat(path.c_str(), &status) == 0 && S_ISSOCK(status.st_mode)) ::unlink(path.c_str());
  const int fd = new_socket(AF_UNIX);
  const bool listens = fd >= 0 &&
                       ::bind(fd, reinterpret_cast<const sockaddr*>(&name), sizeof name) == 0 &&
                       ::chmod(path.c_str(), 0600) == 0 && ::listen(fd, kBacklog) == 0;
  if (listens) return fd;
  const int error = errno;
  if (fd >= 0) ::close(fd);
  return failure(cannot_listen(address, error));
}

// Makes room for the connections we allow; less room means that we allow fewer.
std::size_t connections_possible(std::size_t wanted) {
  rlimit limit = {};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  const rlim_t needed = wanted + kOtherDescriptors;
  if (limit.rlim_cur < needed) {
    limit.rlim_cur = std::min(needed, limit.rlim_max);
    ::setrlimit(RLIMIT_NOFILE, &limit);
    ::getrlimit(RLIMIT_NOFILE, &limit);
  }
  return std::min<std::size_t>(wanted, limit.rlim_cur > 2 * kOtherDescriptors
                                           ? limit.rlim_cur - kOtherDescriptors
                                           : limit.rlim_cur / 2);
}

bool is_same_user(int fd) {
  ucred peer = {};
  socklen_t size = sizeof peer;
  return ::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 &&
         (peer.uid == ::geteuid() || peer.uid == 0);
}

}  // namespace

struct Acceptor::Impl {
  Impl(ListenAddress bound, int fd, const ServerLimits& limits)
      : address(std::move(bound)),
        listener(fd),
        stopping(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
        connections(connections_possible(limits.max_connections),
                    limits.max_connections_per_address) {
    SET_ASSERT(stopping >= 0);
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl() {
    stop();
    ::close(stopping);
  }

  /// A balancer's connection that has not said yet who it is from.
  struct Awaited {
    int fd;
    sockaddr_storage balancer;
    std::chrono::steady_clock::time_point until;
    Bytes header = {};
  };
  enum class Heard { wait, all, nonsense };

  void stop();
  void loop();
  void accept_all();
  void receive(int fd, const sockaddr_storage& peer);
  void let_in(int fd, const sockaddr_storage& peer);
  void turn_away(int fd, Event why);
  void hear_awaited();
  static Heard hear(Awaited& connection);
  void take_up(const Awaited& connection);
  bool is_balancer(const sockaddr_storage& peer) const;
  bool may_enter(int fd, const sockaddr_storage& peer);
  bool stop_comes(int timeout_ms, bool also_connections);
  void complain(Event event);

  ListenAddress address;
  int listener;
  int stopping;
  Connections connections;
  Handler handler = {};
  std::vector<Network> balancers = {};
  std::atomic<bool> balancers_speak = false;  ///< from then on `balancers` is not written
  std::vector<Awaited> awaited = {};
  std::chrono::steady_clock::time_point complained_at = {};
  std::thread thread = {};
};

void Acceptor::Impl::stop() {
  if (listener < 0) return;
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = ::write(stopping, &one, sizeof one);
  if (thread.joinable()) thread.join();
  for (const auto& connection : awaited) ::close(connection.fd);
  awaited.clear();
  // In this order: once the name is gone another process may take it, and it is theirs then.
  if (address.is_unix()) ::unlink(address.socket_path.c_str());
  ::close(listener);
  listener = -1;
}

// Sleeps until the stop (true), or a connection, something of an awaited one, or the end of the
// timeout (false).
bool Acceptor::Impl::stop_comes(int timeout_ms, bool also_connections) {
  std::vector<pollfd> polls{{.fd = stopping, .events = POLLIN, .revents = 0}};
  if (also_connections) polls.push_back({.fd = listener, .events = POLLIN, .revents = 0});
  for (const auto& connection : awaited)
    polls.push_back({.fd = connection.fd, .events = POLLIN, .revents = 0});
  ::poll(polls.data(), polls.size(), timeout_ms);
  return polls[0].revents != 0;
}

void Acceptor::Impl::loop() {
  while (!stop_comes(awaited.empty() ? -1 : kLookAtAwaitedMs, true)) {
    hear_awaited();
    accept_all();
  }
}

void Acceptor::Impl::accept_all() {
  while (true) {
    sockaddr_storage peer = {};
    socklen_t size = sizeof peer;
    const int fd = ::accept4(listener, reinterpret_cast<sockaddr*>(&peer), &size,
                             SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
      receive(fd, peer);
      continue;
    }
    if (errno == EAGAIN) return;
    if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
      metrics::connections_refused.count(LabelWord{"system"});
      complain("the system has no room for a connection; waiting");
      stop_comes(kPauseMs, false);
      return;
    }
    // Otherwise it is this one connection that has gone already.
  }
}

bool Acceptor::Impl::is_balancer(const sockaddr_storage& peer) const {
  return balancers_speak &&
         std::ranges::any_of(balancers, [&](const Network& each) { return each.has(peer); });
}

void Acceptor::Impl::receive(int fd, const sockaddr_storage& peer) {
  if (!is_balancer(peer)) return let_in(fd, peer);
  if (awaited.size() >= kMostAwaited)
    return turn_away(fd, "balancers do not say who their connections are from; refusing more");
  awaited.push_back({fd, peer, std::chrono::steady_clock::now() + kHeaderPatience});
}

void Acceptor::Impl::let_in(int fd, const sockaddr_storage& peer) {
  if (!may_enter(fd, peer)) return turn_away(fd, "too many connections are open; refusing more");
  metrics::connections_accepted.count();
  handler(listener, fd);
}

void Acceptor::Impl::turn_away(int fd, Event why) {
  ::close(fd);
  metrics::connections_refused.count(LabelWord{"limit"});
  complain(why);
}

void Acceptor::Impl::hear_awaited() {
  const auto now = std::chrono::steady_clock::now();
  std::erase_if(awaited, [&](Awaited& connection) {
    const auto heard = hear(connection);
    if (heard == Heard::wait && now < connection.until) return false;
    if (heard == Heard::all) {
      take_up(connection);
    } else if (heard == Heard::nonsense && connection.header.empty()) {
      ::close(connection.fd);  // it looked whether we are there, and nothing else
    } else {
      turn_away(connection.fd, "a balancer does not speak PROXY protocol version 2; refused");
    }
    return true;
  });
}

// Not an octet more than the header: what follows is TLS, and gRPC's.
Acceptor::Impl::Heard Acceptor::Impl::hear(Awaited& connection) {
  auto& header = connection.header;
  while (true) {
    auto whole = ProxyHeader::kFixed;
    if (header.size() >= whole) {
      const auto size = ProxyHeader::size_of(ByteView(header).first(whole));
      if (!size) return Heard::nonsense;
      whole = *size;
      if (header.size() == whole) return Heard::all;
    }
    std::array<std::uint8_t, ProxyHeader::kMost> part{};
    const auto got = ::recv(connection.fd, part.data(), whole - header.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EAGAIN) return Heard::wait;
    if (got <= 0) return Heard::nonsense;
    header.insert(header.end(), part.begin(), part.begin() + got);
  }
}

void Acceptor::Impl::take_up(const Awaited& connection) {
  const auto header = ProxyHeader::parse(connection.header);
  if (!header)
    return turn_away(connection.fd, "a balancer does not speak PROXY protocol version 2; refused");
  // Before gRPC has it: its first call may ask.
  Visitors::of_this_process().came(end_of_connection(connection.balancer), header->from);
  let_in(connection.fd, header->from.value_or(connection.balancer));
}

// A flood must not flood the log as well.
void Acceptor::Impl::complain(Event event) {
  const auto now = std::chrono::steady_clock::now();
  if (now - complained_at < kComplainEvery) return;
  complained_at = now;
  log_warning(event);
}

bool Acceptor::Impl::may_enter(int fd, const sockaddr_storage& peer) {
  if (address.is_unix()) return is_same_user(fd) && connections.admit(fd, "");
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return connections.admit(fd, address_key(peer));
}

Acceptor::Acceptor(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Acceptor::Acceptor(Acceptor&&) noexcept = default;
Acceptor& Acceptor::operator=(Acceptor&&) noexcept = default;
Acceptor::~Acceptor() = default;

Result<Acceptor> Acceptor::bind(const ListenAddress& address, const ServerLimits& limits) {
  const int fd = address.is_unix() ? TRY(listen_unix(address)) : TRY(listen_tcp(address));
  ListenAddress bound = address;
  if (!address.is_unix()) bound.port = bound_port(fd);
  return Acceptor(std::make_unique<Impl>(std::move(bound), fd, limits));
}

const ListenAddress& Acceptor::address() const { return impl_->address; }

void Acceptor::start(Handler handler) {
  impl_->handler = std::move(handler);
  impl_->thread = std::thread([impl = impl_.get()] { impl->loop(); });
}

void Acceptor::expect_balancers(std::vector<Network> balancers) {
  impl_->balancers = std::move(balancers);
  impl_->balancers_speak = !impl_->balancers.empty();
}

void Acceptor::stop() { impl_->stop(); }

}  // namespace set
