#include "deploy/sandbox/service.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/assert.h"
#include "common/base/log.h"
#include "common/daemon/instruments.h"
#include "common/daemon/trace.h"

namespace set::bank {

using iso8583::Connection;
using iso8583::Message;

namespace {

constexpr std::size_t kMaxSessions = 64;
constexpr std::size_t kMaxDelayed = 64;
constexpr Duration kLookAgain = std::chrono::seconds(60);

Bytes framed(ByteView message) { return concat({iso8583::prefix_of(message.size()), message}); }

/// Of the right length and nothing else.
Bytes garbled(Bytes message) {
  std::fill(message.begin() + 4, message.end(), std::uint8_t{0xFF});
  return framed(message);
}

Result<std::string> address_of(int socket) {
  sockaddr_storage address = {};
  socklen_t size = sizeof address;
  CHECK_OR_FAIL(::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size) == 0,
                ErrorCode::internal, "a socket without an address");
  char host[NI_MAXHOST];
  char port[NI_MAXSERV];
  CHECK_OR_FAIL(::getnameinfo(reinterpret_cast<sockaddr*>(&address), size, host, sizeof host, port,
                              sizeof port, NI_NUMERICHOST | NI_NUMERICSERV) == 0,
                ErrorCode::internal, "a socket without an address");
  const bool v6 = address.ss_family == AF_INET6;
  return (v6 ? "[" + std::string(host) + "]" : std::string(host)) + ":" + port;
}

Result<int> listening_socket(const ListenAddress& listen) {
  CHECK_OR_FAIL(!listen.is_unix(), ErrorCode::invalid_argument, "the bank listens on TCP only");
  addrinfo hints = {};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  addrinfo* list = nullptr;
  const auto port = std::to_string(listen.port);
  CHECK_OR_FAIL(::getaddrinfo(listen.host.c_str(), port.c_str(), &hints, &list) == 0,
                ErrorCode::bad_config, "cannot listen on " + listen.str() + ": no such address");
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owned(list, &::freeaddrinfo);
  const int socket = ::socket(list->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (::bind(socket, list->ai_addr, list->ai_addrlen) == 0 && ::listen(socket, 64) == 0) {
    return socket;
  }
  ::close(socket);
  return failure(ErrorCode::bad_config, "cannot listen on " + listen.str() +
                                            ": it is in use, or "
                                            "not ours");
}

/// The names by which the gateway's log has it too.
void report(const Message& request, std::string_view response, std::chrono::nanoseconds took) {
  log_info("answered", LogWord{"type", request.mti},
           LogWord{"stan", request.at(iso8583::kStan)}, LogWord{"rrn", request.at(iso8583::kRrn)},
           LogWord{"response", response}, std::chrono::duration_cast<Duration>(took));
  // A type that is none of ours does not decode: there are few.
  metrics::bank_answers.observe(took, LabelWord{request.mti}, LabelWord{response});
}

}  // namespace

/// One connection, its reading thread, and the answers that wait.
struct Service::Session {
  explicit Session(int socket) : connection(socket) {}

  Connection connection;
  bool signed_on = false;
  std::atomic<bool> ended = false;
  std::list<std::jthread> delayed;
  std::thread reader;
};

Service::Service(int socket, Bank& bank, Script& script, Duration slow)
    : socket_(socket), stop_(::eventfd(0, EFD_CLOEXEC)), bank_(bank), script_(script), slow_(slow) {
  SET_ASSERT(stop_ >= 0);
}

Result<std::unique_ptr<Service>> Service::start(const ListenAddress& listen, Bank& bank,
                                                Script& script, Duration slow) {
  const int socket = TRY(listening_socket(listen));
  std::unique_ptr<Service> out(new Service(socket, bank, script, slow));
  out->address_ = TRY(address_of(socket));
  out->acceptor_ = std::thread([service = out.get()] { service->accept(); });
  return out;
}

Service::~Service() {
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = ::write(stop_, &one, sizeof one);
  if (acceptor_.joinable()) acceptor_.join();
  for (auto& session : sessions_) session->connection.close();
  for (auto& session : sessions_) session->reader.join();
  sessions_.clear();
  ::close(socket_);
  ::close(stop_);
}

bool Service::sleep_until_stop(Duration at_most) const {
  pollfd poll = {.fd = stop_, .events = POLLIN, .revents = 0};
  return ::poll(&poll, 1, static_cast<int>(at_most.count())) > 0;
}

void Service::accept() {
  while (true) {
    pollfd polls[] = {{.fd = socket_, .events = POLLIN, .revents = 0},
                      {.fd = stop_, .events = POLLIN, .revents = 0}};
    if (::poll(polls, 2, -1) < 0 && errno != EINTR) return;
    if (polls[1].revents != 0) return;
    if (polls[0].revents == 0) continue;
    const int accepted = ::accept4(socket_, nullptr, nullptr, SOCK_CLOEXEC);
    if (accepted < 0) continue;
    const int on = 1;
    ::setsockopt(accepted, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    std::erase_if(sessions_, [](const auto& session) {
      if (!session->ended) return false;
      session->reader.join();
      return true;
    });
    if (sessions_.size() >= kMaxSessions) {
      ::close(accepted);
      log_warning("too many connections");
      continue;
    }
    auto& session = *sessions_.emplace_back(std::make_unique<Session>(accepted));
    session.reader = std::thread([this, &session] { converse(session); });
  }
}

void Service::converse(Session& session) {
  while (true) {
    const auto bytes = session.connection.receive(kLookAgain, stop_);
    if (!bytes || sleep_until_stop({})) break;
    if (!*bytes) continue;
    auto request = iso8583::decode((*bytes)->reveal());
    if (!request || !iso8583::is_request(request->mti)) {
      log_warning(
          "a malformed request; the connection is closed",
          request ? Error{ErrorCode::decoding_failure, "it is no request"} : request.error());
      break;
    }
    const auto network_code = request->at(iso8583::kNetworkCode);
    if (network_code == iso8583::kSignOn) session.signed_on = true;
    if (!session.signed_on) {
      log_warning("a request before the sign-on; the connection is closed");
      break;
    }
    // What follows knows the content alone, which is the same in a repeat.
    Span span("bank", Span::Kind::server,
              parse_traceparent(request->more(iso8583::kTraceparent)));
    request->additional.erase(std::string(iso8583::kTraceparent));
    const auto content = iso8583::encode(*request);
    if (!content) break;
    const LogContextScope log_context_before;
    span.enter();
    answer(session, *request, content->reveal());
    span.end("OK");
    if (network_code == iso8583::kSignOff) break;
  }
  session.connection.close();
  session.ended = true;
}

void Service::answer(Session& session, const Message& request, ByteView bytes) {
  const auto rule = script_.rule_for(request);
  if (rule) log_info("the scenario's rule", LogWord{"do", to_string(rule->action)});
  const auto begun = std::chrono::steady_clock::now();
  auto handled = bank_.handle(request, bytes, rule);
  if (!handled) {
    log_error("an answer that cannot be said", handled.error());
    session.connection.close();
    return;
  }
  const auto said = iso8583::decode(handled->answer);
  const auto code =
      said ? iso8583::parse_response_code(said->at(iso8583::kResponseCode)) : failure(said.error());
  report(request, code ? iso8583::to_string(*code) : "other",
         std::chrono::steady_clock::now() - begun);
  const auto frame = framed(handled->answer);
  const auto half = static_cast<std::ptrdiff_t>(frame.size() / 2);
  if (!rule) {
    if (handled->silent) return;
    if (handled->slow) return send_later(session, slow_, {}, frame);
    (void)session.connection.send_raw(frame);
    return;
  }
  switch (rule->action) {
    case Action::approve:
    case Action::decline:
    case Action::referral:
    case Action::expired:
    case Action::partial:
      (void)session.connection.send_raw(frame);
      return;
    case Action::slow:
    case Action::late:
      return send_later(session, rule->delay, {}, frame);
    case Action::silent:
      return;
    case Action::duplicate:
      (void)session.connection.send_raw(frame);
      (void)session.connection.send_raw(frame);
      return;
    case Action::partial_bytes:
      return send_later(session, rule->delay, Bytes(frame.begin(), frame.begin() + half),
                        Bytes(frame.begin() + half, frame.end()));
    case Action::garbled:
      (void)session.connection.send_raw(garbled(handled->answer));
      return;
    case Action::close:
      session.connection.close();
      return;
  }
}

void Service::send_later(Session& session, Duration delay, Bytes first, Bytes second) {
  if (session.delayed.size() >= kMaxDelayed) session.delayed.pop_front();  // waits for it
  session.delayed.emplace_back(
      [this, &session, delay, first = std::move(first), second = std::move(second)] {
        if (!first.empty()) (void)session.connection.send_raw(first);
        if (!sleep_until_stop(delay)) (void)session.connection.send_raw(second);
      });
}

}  // namespace set::bank
