// Behind a balancer: its header is believed of those who are named, from nobody else, and limits count
// the visitor.
#include "common/daemon/balancers.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <mutex>
#include <thread>

#include "common/daemon/acceptor.h"
#include "common/daemon/client.h"
#include "common/daemon/peer_limiter.h"
#include "set/v1/services.grpc.pb.h"
#include "tests/daemon/transport.h"

namespace set {
namespace {

using namespace std::chrono_literals;
using test::code_of;
using test::must;

constexpr const char* kBalancer = "127.0.0.7";  // all of 127.0.0.0/8 is this machine
const std::string kVersion2("\r\n\r\n\0\r\nQUIT\n", 12);

sockaddr_storage address_of(const char* text) {
  sockaddr_storage out = {};
  sockaddr_in v4 = {};
  sockaddr_in6 v6 = {};
  if (::inet_pton(AF_INET, text, &v4.sin_addr) == 1) {
    v4.sin_family = AF_INET;
    std::memcpy(&out, &v4, sizeof v4);
  } else {
    REQUIRE(::inet_pton(AF_INET6, text, &v6.sin6_addr) == 1);
    v6.sin6_family = AF_INET6;
    std::memcpy(&out, &v6, sizeof v6);
  }
  return out;
}

/// As haproxy's send-proxy-v2 writes it, with `notes` octets of its own behind the addresses.
std::string header_of(const char* from, std::size_t notes = 0) {
  in_addr v4 = {};
  in6_addr v6 = {};
  std::string addresses;
  const bool is_v4 = ::inet_pton(AF_INET, from, &v4) == 1;
  if (is_v4) {
    addresses.append(reinterpret_cast<const char*>(&v4), 4).append("\x7f\0\0\x01", 4);
  } else {
    REQUIRE(::inet_pton(AF_INET6, from, &v6) == 1);
    addresses.append(reinterpret_cast<const char*>(&v6), 16).append(16, '\0');
  }
  addresses.append("\x30\x39\x1e\x15", 4).append(notes, 'n');
  const auto size = addresses.size();
  return kVersion2 + '\x21' + (is_v4 ? '\x11' : '\x21') + static_cast<char>(size >> 8) +
         static_cast<char>(size & 0xff) + addresses;
}
const std::string kLocalHeader = kVersion2 + std::string("\x20\0\0\0", 4);

Result<ProxyHeader> read_header(const std::string& text) {
  return ProxyHeader::parse({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
}

int connect_from(const char* from, const ListenAddress& to) {
  sockaddr_in own = {}, theirs = {};
  own.sin_family = theirs.sin_family = AF_INET;
  own.sin_addr.s_addr = ::inet_addr(from);
  theirs.sin_addr.s_addr = ::inet_addr("127.0.0.1");
  theirs.sin_port = htons(to.port);
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  REQUIRE(::bind(fd, reinterpret_cast<sockaddr*>(&own), sizeof own) == 0);
  REQUIRE(::connect(fd, reinterpret_cast<sockaddr*>(&theirs), sizeof theirs) == 0);
  return fd;
}

/// An Acceptor that keeps what it lets in.
struct Doorway {
  explicit Doorway(std::size_t per_address = 2) {
    ServerLimits limits;
    limits.max_connections_per_address = per_address;
    acceptor.emplace(must(Acceptor::bind(must(ListenAddress::parse("127.0.0.1:0")), limits)));
    acceptor->start([this](int, int fd) {
      const std::lock_guard lock(mutex);
      inside.push_back(fd);
    });
    acceptor->expect_balancers({must(Network::parse(kBalancer))});
  }
  ~Doorway() {
    acceptor->stop();
    for (const int fd : outside) ::close(fd);
    for (const int fd : inside) ::close(fd);
  }
  int come(const char* from, const std::string& words) {
    const int fd = connect_from(from, acceptor->address());
    outside.push_back(fd);
    say(fd, words);
    return fd;
  }
  static void say(int fd, const std::string& words) {
    [[maybe_unused]] const auto sent = ::send(fd, words.data(), words.size(), MSG_NOSIGNAL);
  }
  bool come_to(std::size_t many, std::chrono::milliseconds patience = 1s) {
    for (auto left = patience; left > 0ms; left -= 5ms) {
      {
        const std::lock_guard lock(mutex);
        if (inside.size() == many) return true;
      }
      std::this_thread::sleep_for(5ms);
    }
    return false;
  }
  static bool is_turned_away(int fd, std::chrono::milliseconds patience = 1s) {
    pollfd poll = {.fd = fd, .events = POLLIN, .revents = 0};
    char octet = 0;
    return ::poll(&poll, 1, static_cast<int>(patience.count())) > 0 && ::recv(fd, &octet, 1, 0) <= 0;
  }

  std::mutex mutex;
  std::vector<int> inside, outside;
  std::optional<Acceptor> acceptor;
};

/// Leads one connection on to a server, as a balancer does.
class OneBalancer {
 public:
  OneBalancer(ListenAddress to, std::string header)
      : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in own = {};
    socklen_t size = sizeof own;
    own.sin_family = AF_INET;
    own.sin_addr.s_addr = ::inet_addr("127.0.0.1");
    REQUIRE(::bind(listener_, reinterpret_cast<sockaddr*>(&own), size) == 0);
    REQUIRE(::listen(listener_, 1) == 0);
    REQUIRE(::getsockname(listener_, reinterpret_cast<sockaddr*>(&own), &size) == 0);
    address = "127.0.0.1:" + std::to_string(ntohs(own.sin_port));
    thread_ = std::jthread([this, to = std::move(to), header = std::move(header)] {
      const int client = ::accept(listener_, nullptr, nullptr);
      if (client < 0) return;
      const int server = connect_from(kBalancer, to);
      Doorway::say(server, header);
      carry(client, server);
      ::close(client);
      ::close(server);
    });
  }
  OneBalancer(const OneBalancer&) = delete;
  ~OneBalancer() {
    stopping_ = true;
    ::shutdown(listener_, SHUT_RDWR);
    thread_.join();
    ::close(listener_);
  }
  std::string address;

 private:
  void carry(int client, int server) const {
    while (!stopping_) {
      pollfd polls[] = {{.fd = client, .events = POLLIN, .revents = 0},
                        {.fd = server, .events = POLLIN, .revents = 0}};
      ::poll(polls, 2, 50);
      for (int i = 0; i < 2; ++i) {
        if (polls[i].revents == 0) continue;
        char part[16 * 1024];
        const auto got = ::recv(polls[i].fd, part, sizeof part, 0);
        if (got <= 0) return;
        Doorway::say(polls[1 - i].fd, std::string(part, static_cast<std::size_t>(got)));
      }
    }
  }
  int listener_;
  std::atomic<bool> stopping_ = false;
  std::jthread thread_;
};

class WhoIsIt final : public v1::MerchantService::Service {
 public:
  grpc::Status FetchCertificates(grpc::ServerContext* context, const v1::FetchCertificatesRequest*,
                                 v1::FetchCertificatesResponse* response) override {
    response->add_certificates(peer_address(context));
    return grpc::Status::OK;
  }
};

TEST_CASE("a balancer is named by address or network") {
  const auto has = [](const char* network, const char* address) {
    INFO(network << " " << address);
    return must(Network::parse(network)).has(address_of(address));
  };
  CHECK(has("10.1.2.3", "10.1.2.3"));
  CHECK(has("10.1.2.3", "::ffff:10.1.2.3"));
  CHECK_FALSE(has("10.1.2.3", "10.1.2.4"));
  CHECK(has("10.1.2.0/24", "10.1.2.255"));
  CHECK_FALSE(has("10.1.2.0/24", "10.1.3.0"));
  CHECK(has("10.1.2.128/25", "10.1.2.130"));
  CHECK_FALSE(has("10.1.2.128/25", "10.1.2.127"));
  CHECK(has("fd00::1", "fd00::1"));
  CHECK(has("fd00:1::/33", "fd00:1:7fff::2"));
  CHECK_FALSE(has("fd00:1::/33", "fd00:1:8000::2"));
  CHECK_FALSE(has("fd00::/8", "10.1.2.3"));
  for (const char* text : {"", "shop.example", "10.1.2", "10.1.2.3/", "10.1.2.3/33", "10.1.2.3/7",
                           "0.0.0.0/0", "::/0", "fd00::/129", "10.1.2.3/x", "10.1.2.3:80"}) {
    CAPTURE(text);
    CHECK(code_of(Network::parse(text)) == ErrorCode::invalid_argument);
  }
}

TEST_CASE("a header of the PROXY protocol is read, and nothing that only looks like one") {
  CHECK(end_of_connection(must(read_header(header_of("198.51.100.7"))).from.value()) ==
        "198.51.100.7 12345");
  CHECK(end_of_connection(must(read_header(header_of("2001:db8::7", 900))).from.value()) ==
        "2001:db8::7 12345");
  CHECK_FALSE(must(read_header(kLocalHeader)).from);
  CHECK_FALSE(must(read_header(kVersion2 + std::string("\x21\0\0\0", 4))).from);  // unspecified
  const auto good = header_of("198.51.100.7");
  const auto with = [&](std::size_t at, char octet) {
    auto text = good;
    text[at] = octet;
    return text;
  };
  for (const auto& text : {std::string(), good.substr(0, 15), good.substr(0, 20), good + "x",
                           with(0, 'P'), with(12, '\x11'), with(12, '\x22'), with(13, '\x12'),
                           with(13, '\x31'), with(13, '\x21'), header_of("198.51.100.7", 1000),
                           std::string("PROXY TCP4 198.51.100.7 127.0.0.1 1 2\r\n")}) {
    CAPTURE(text);
    CHECK(code_of(read_header(text)) == ErrorCode::decoding_failure);
  }
}

TEST_CASE("connections are counted for whom a balancer names, and only a balancer is believed") {
  Doorway door(2);
  const auto first = header_of("198.51.100.7");
  door.come(kBalancer, first + "hello");
  REQUIRE(door.come_to(1));
  {
    // What follows the header is left for who serves.
    std::this_thread::sleep_for(50ms);
    char words[16] = {};
    CHECK(::recv(door.inside.at(0), words, sizeof words, MSG_DONTWAIT) == 5);
    CHECK(std::string(words) == "hello");
  }
  door.come(kBalancer, first);
  REQUIRE(door.come_to(2));
  CHECK(Doorway::is_turned_away(door.come(kBalancer, first)));
  door.come(kBalancer, header_of("198.51.100.8"));
  CHECK(door.come_to(3));
  // In pieces, with the balancer's own notes.
  const auto pieces = header_of("2001:db8::7", 300);
  const int slow = door.come(kBalancer, "");
  for (std::size_t at = 0; at < pieces.size(); at += 60) {
    Doorway::say(slow, pieces.substr(at, 60));
    std::this_thread::sleep_for(10ms);
  }
  CHECK(door.come_to(4));
  door.come(kBalancer, kLocalHeader);
  CHECK(door.come_to(5));
  // Without a header, or with another's.
  CHECK(Doorway::is_turned_away(door.come(kBalancer, "\x16\x03\x01\x02\x05\x01 a ClientHello")));
  CHECK(Doorway::is_turned_away(door.come(kBalancer, "PROXY TCP4 198.51.100.9 127.0.0.1 1 2\r\n")));
  // From elsewhere it is an octet of TLS like another, and does not change whose connection it is.
  door.come("127.0.0.8", header_of("198.51.100.9"));
  door.come("127.0.0.8", header_of("198.51.100.9"));
  CHECK(door.come_to(7));
  CHECK(Doorway::is_turned_away(door.come("127.0.0.8", header_of("198.51.100.10"))));
}

TEST_CASE("balancers that say nothing are turned away, and keep nobody waiting") {
  Doorway door;
  std::vector<int> silent;
  for (int i = 0; i < 256; ++i) silent.push_back(door.come(kBalancer, i % 2 == 0 ? "" : "\r\n"));
  CHECK(Doorway::is_turned_away(door.come(kBalancer, "")));  // that many are enough
  door.come("127.0.0.1", "");
  CHECK(door.come_to(1));
  CHECK(Doorway::is_turned_away(silent.front(), 4s));
  CHECK(Doorway::is_turned_away(silent.back(), 1s));
  door.come(kBalancer, header_of("198.51.100.7"));
  CHECK(door.come_to(2));
}

TEST_CASE("a call behind a balancer comes from its visitor, one without from where it comes") {
  WhoIsIt service;
  const auto identity = test::transport_root().issue("merchant", "shop.example");
  const auto server = must(
      Server::start({.listen = must(ListenAddress::parse("127.0.0.1:0")),
                     .credentials = server_credentials(identity, ClientCertificate::optional),
                     .services = {&service},
                     .balancers = {must(Network::parse(kBalancer))}}));
  const auto asked_by = [&](const std::string& target) {
    v1::MerchantService::Stub stub(
        make_channel(target, channel_credentials(test::transport_root().pem)));
    const auto answer = call(stub, &v1::MerchantService::Stub::FetchCertificates,
                             v1::FetchCertificatesRequest(), target, 5s);
    return answer ? std::string(answer->certificates(0)) : std::string(to_string(answer.error().code));
  };
  const auto through = [&](const std::string& header) {
    const OneBalancer balancer(must(ListenAddress::parse(server.address())), header);
    return asked_by(balancer.address);
  };
  CHECK(asked_by(server.address()) == "127.0.0.1");
  CHECK(through(header_of("198.51.100.7")) == "198.51.100.7");
  CHECK(through(header_of("2001:db8:0:1:2::7")) == "2001:db8:0:1::/64");
  CHECK(through(header_of("::ffff:198.51.100.8")) == "198.51.100.8");
  CHECK(through(kLocalHeader) == kBalancer);
  CHECK(through("") == "peer_unavailable");
}

}  // namespace
}  // namespace set
