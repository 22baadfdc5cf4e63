#include "common/daemon/http_door.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <list>
#include <system_error>
#include <thread>

#include "common/base/assert.h"
#include "common/base/log.h"
#include "common/daemon/acceptor.h"

namespace set {
namespace {

using Steady = std::chrono::steady_clock;

constexpr std::size_t kMaxHeadBytes = 8 * 1024;
// For the whole of a request: whoever sends an octet every few seconds would else stay for ever.
constexpr auto kDoorPatience = std::chrono::seconds(5);
constexpr std::size_t kSlowestReader = 64 * 1024;  // octets a second
constexpr std::size_t kMaxVisits = 256;
constexpr std::size_t kMaxVisitsPerAddress = 16;
constexpr std::string_view kEndOfHead = "\r\n\r\n";

const char* reason_of(int status) {
  switch (status) {
    case 200: return "OK";
    case 400: return "Bad Request";
    case 404: return "Not Found";
    case 503: return "Service Unavailable";
    default: return "Answer";
  }
}

/// A connection of one visitor, and the descriptor that says that the door is being closed.
class Visitor {
 public:
  Visitor(int fd, int closing) : fd_(fd), closing_(closing) {}
  Visitor(const Visitor&) = delete;
  Visitor& operator=(const Visitor&) = delete;
  ~Visitor() { ::close(fd_); }

  /// Up to the empty line; none if it is too late, too long, or not all comes.
  std::optional<std::string> read_head(Steady::time_point deadline) {
    std::string head;
    std::array<char, 2048> part{};
    while (head.find(kEndOfHead) == std::string::npos) {
      if (head.size() >= kMaxHeadBytes || !wait(POLLIN, deadline)) return std::nullopt;
      const auto got = ::recv(fd_, part.data(), part.size(), 0);
      if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) return std::nullopt;
      if (got > 0) head.append(part.data(), static_cast<std::size_t>(got));
    }
    return head;
  }

  void write(std::string_view bytes, Steady::time_point deadline) {
    while (!bytes.empty() && wait(POLLOUT, deadline)) {
      const auto sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent < 0 && errno != EAGAIN && errno != EINTR) return;
      if (sent > 0) bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
  }

  /// Until the other side has taken it all: closed with octets unread (a body), a connection is reset,
  /// and the answer may be lost.
  void part(Steady::time_point deadline) {
    ::shutdown(fd_, SHUT_WR);
    std::array<char, 2048> rest{};
    for (std::size_t total = 0; total < kMaxHeadBytes && wait(POLLIN, deadline);) {
      const auto got = ::recv(fd_, rest.data(), rest.size(), 0);
      if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) return;
      if (got > 0) total += static_cast<std::size_t>(got);
    }
  }

 private:
  /// False if the deadline is over, or the door is being closed.
  bool wait(short events, Steady::time_point deadline) const {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Steady::now()).count();
    if (left <= 0) return false;
    std::array<pollfd, 2> polls{{{.fd = closing_, .events = POLLIN, .revents = 0},
                                 {.fd = fd_, .events = events, .revents = 0}}};
    const int ready = ::poll(polls.data(), polls.size(), static_cast<int>(left));
    if (ready < 0) return errno == EINTR;  // another round
    return ready > 0 && polls[0].revents == 0;
  }

  int fd_, closing_;
};

struct AskedPage {
  std::string_view path;
  bool head_only;
};

/// "GET /trust.pem HTTP/1.1"; none: it is no request of HTTP/1.
std::optional<AskedPage> asked_page(std::string_view head, bool& known_method) {
  const auto line = head.substr(0, head.find("\r\n"));
  const auto first = line.find(' '), last = line.rfind(' ');
  if (first == std::string_view::npos || first == last) return std::nullopt;
  const auto method = line.substr(0, first), version = line.substr(last + 1);
  auto target = line.substr(first + 1, last - first - 1);
  if (!version.starts_with("HTTP/1.") || !target.starts_with('/') ||
      target.find(' ') != std::string_view::npos)
    return std::nullopt;
  known_method = method == "GET" || method == "HEAD";
  return AskedPage{target.substr(0, target.find('?')), method == "HEAD"};
}

std::string written(const HttpPage& answer, bool head_only) {
  std::string out = "HTTP/1.1 " + std::to_string(answer.status) + " " + reason_of(answer.status);
  out += "\r\nConnection: close\r\nContent-Length: " + std::to_string(answer.body.size());
  if (!answer.type.empty()) out += "\r\nContent-Type: " + answer.type;
  out += kEndOfHead;
  return head_only ? out : out + answer.body;
}

void receive_visitor(int fd, int closing, const HttpPages& pages) {
  Visitor visitor(fd, closing);
  const auto head = visitor.read_head(Steady::now() + kDoorPatience);
  if (!head) return;
  bool known_method = false;
  const auto asked = asked_page(*head, known_method);
  HttpPage answer{.type = "", .body = "", .status = asked ? 404 : 400};
  if (asked && known_method) {
    if (auto page = pages(asked->path)) answer = std::move(*page);
  }
  const auto bytes = written(answer, asked && asked->head_only);
  const auto deadline = Steady::now() + kDoorPatience + std::chrono::seconds(bytes.size() / kSlowestReader);
  visitor.write(bytes, deadline);
  visitor.part(std::min(deadline, Steady::now() + kDoorPatience));
}

}  // namespace

struct HttpDoor::Impl {
  /// A connection and the thread that serves it.
  struct Visit {
    std::atomic<bool> over = false;
    std::jthread thread;
  };

  Impl(Acceptor bound, HttpPages what)
      : pages(std::move(what)),
        closing(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
        acceptor(std::move(bound)),
        address(acceptor.address().str()) {
    SET_ASSERT(closing >= 0);
    acceptor.start([this](int, int fd) { admit(fd); });
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl() {
    acceptor.stop();
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto told = ::write(closing, &one, sizeof one);
    visits.clear();  // joins
    ::close(closing);
  }

  // On the acceptor's thread, whose limits bound the number of visits.
  void admit(int fd) {
    visits.remove_if([](const Visit& visit) { return visit.over.load(); });
    auto& visit = visits.emplace_back();
    try {
      visit.thread = std::jthread([this, fd, &visit] {
        try {
          receive_visitor(fd, closing, pages);
        } catch (const std::exception& error) {  // of memory, say: it costs this visitor his page
          log_warning("a page could not be made", LogWord{"reason", error.what()});
        }
        visit.over = true;
      });
    } catch (const std::system_error&) {  // no more threads: this visitor may come again
      ::close(fd);
      visits.pop_back();
    }
  }

  HttpPages pages;
  int closing;
  std::list<Visit> visits;
  Acceptor acceptor;
  std::string address;
};

Result<HttpDoor> HttpDoor::start(std::string_view flag, const ListenAddress& listen,
                                 HttpPages pages) {
  const std::string named(flag);
  CHECK_OR_FAIL(!listen.is_unix(), ErrorCode::invalid_argument, named + " must be host:port");
  ServerLimits limits;
  limits.max_connections = kMaxVisits;
  limits.max_connections_per_address = kMaxVisitsPerAddress;
  auto bound = Acceptor::bind(listen, limits);
  if (!bound) return failure(bound.error().code, named + ": " + bound.error().detail);
  return HttpDoor(std::make_unique<Impl>(std::move(*bound), std::move(pages)));
}

HttpDoor::HttpDoor(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
HttpDoor::HttpDoor(HttpDoor&&) noexcept = default;
HttpDoor::~HttpDoor() = default;

const std::string& HttpDoor::address() const { return impl_->address; }

}  // namespace set
