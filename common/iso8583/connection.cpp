#include "common/iso8583/connection.h"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <climits>
#include <memory>

namespace set::iso8583 {
namespace {

constexpr timeval kSendAtMost = {.tv_sec = 5, .tv_usec = 0};
constexpr std::string_view kScheme = "tcp://";

tl::unexpected<Error> unreachable() {
  return failure(ErrorCode::peer_unavailable, "the bank cannot be reached");
}
tl::unexpected<Error> gone() {
  return failure(ErrorCode::peer_unavailable, "the connection to the bank ended");
}

int millis_until(std::chrono::steady_clock::time_point end) {
  const auto left = std::chrono::ceil<Duration>(end - std::chrono::steady_clock::now());
  return static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, INT_MAX));
}

/// A connect() with a limit of time; the socket is blocking again after it.
bool connect_within(int socket, const addrinfo& to, Duration at_most) {
  const auto end = std::chrono::steady_clock::now() + at_most;
  const int flags = ::fcntl(socket, F_GETFL);
  ::fcntl(socket, F_SETFL, flags | O_NONBLOCK);
  if (::connect(socket, to.ai_addr, to.ai_addrlen) != 0) {
    if (errno != EINPROGRESS) return false;
    pollfd poll = {.fd = socket, .events = POLLOUT, .revents = 0};
    if (::poll(&poll, 1, millis_until(end)) != 1) return false;
    int error = 0;
    socklen_t size = sizeof error;
    ::getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) return false;
  }
  return ::fcntl(socket, F_SETFL, flags) == 0;
}

}  // namespace

Result<BankAddress> BankAddress::parse(std::string_view text) {
  constexpr const char* kForm = "a bank's address is written tcp://127.0.0.1:7900";
  CHECK_OR_FAIL(text.starts_with(kScheme), ErrorCode::invalid_argument, kForm);
  text.remove_prefix(kScheme.size());
  const auto colon = text.rfind(':');
  CHECK_OR_FAIL(colon != std::string_view::npos && colon > 0, ErrorCode::invalid_argument, kForm);
  BankAddress out{.host = std::string(text.substr(0, colon))};
  const auto port = text.substr(colon + 1);
  const auto [rest, error] = std::from_chars(port.data(), port.data() + port.size(), out.port);
  CHECK_OR_FAIL(error == std::errc{} && rest == port.data() + port.size() && out.port != 0,
                ErrorCode::invalid_argument, kForm);
  return out;
}

Result<std::unique_ptr<Connection>> Connection::dial(const BankAddress& address, Duration at_most) {
  addrinfo hints = {};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  const auto port = std::to_string(address.port);
  if (::getaddrinfo(address.host.c_str(), port.c_str(), &hints, &list) != 0) return unreachable();
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owned(list, &::freeaddrinfo);
  for (const auto* to = list; to != nullptr; to = to->ai_next) {
    const int socket = ::socket(to->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (socket < 0) continue;
    auto connection = std::make_unique<Connection>(socket);
    if (!connect_within(socket, *to, at_most)) continue;
    const int on = 1;
    ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    ::setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &kSendAtMost, sizeof kSendAtMost);
    return connection;
  }
  return unreachable();
}

Connection::~Connection() { ::close(socket_); }

void Connection::close() { ::shutdown(socket_, SHUT_RDWR); }

Result<std::optional<SecretBytes>> Connection::receive(Duration at_most, int wake) {
  const auto end = std::chrono::steady_clock::now() + at_most;
  while (true) {
    if (received_.size() >= kPrefixBytes) {
      const auto size = TRY(message_size(ByteView(received_).first(kPrefixBytes)));
      if (received_.size() >= kPrefixBytes + size) {
        auto message = SecretBytes::copy_of(ByteView(received_).subspan(kPrefixBytes, size));
        const auto used = static_cast<std::ptrdiff_t>(kPrefixBytes + size);
        received_.erase(received_.begin(), received_.begin() + used);
        return std::optional(std::move(message));
      }
    }
    pollfd polls[] = {{.fd = socket_, .events = POLLIN, .revents = 0},
                      {.fd = wake, .events = POLLIN, .revents = 0}};
    const int ready = ::poll(polls, 2, millis_until(end));
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0 || polls[1].revents != 0) return std::nullopt;
    const auto before = received_.size();
    received_.resize(before + kMaxMessageBytes);
    const auto got = ::recv(socket_, received_.data() + before, kMaxMessageBytes, 0);
    received_.resize(before + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return gone();
  }
}

Result<void> Connection::send_all(ByteView bytes, int flags) {
  while (!bytes.empty()) {
    const auto sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL | flags);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return gone();
    bytes = bytes.subspan(static_cast<std::size_t>(sent));
  }
  return {};
}

Result<void> Connection::send(ByteView message) {
  const std::lock_guard lock(sending_);
  TRY(send_all(prefix_of(message.size()), MSG_MORE));
  return send_all(message, 0);
}

Result<void> Connection::send_raw(ByteView bytes) {
  const std::lock_guard lock(sending_);
  return send_all(bytes, 0);
}

}  // namespace set::iso8583
