// The door against those who are slow on purpose: they hold what is theirs, and for a while only.
#include "common/daemon/http_door.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <catch2/catch_test_macros.hpp>

#include <chrono>
#include <thread>
#include <vector>

namespace set {
namespace {

using namespace std::chrono_literals;

std::optional<HttpPage> page(std::string_view path) {
  if (path == "/small") return HttpPage{"text/plain", "small\n"};
  if (path == "/large") return HttpPage{"text/plain", std::string(32 << 20, 'x')};
  return std::nullopt;
}

/// A connection from an address of this machine: all of 127.0.0.0/8 are.
class Caller {
 public:
  Caller(const HttpDoor& door, const char* from) : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in own = {}, theirs = {};
    own.sin_family = theirs.sin_family = AF_INET;
    own.sin_addr.s_addr = ::inet_addr(from);
    theirs.sin_addr.s_addr = ::inet_addr("127.0.0.1");
    theirs.sin_port = htons(ListenAddress::parse(door.address())->port);
    REQUIRE(::bind(fd_, reinterpret_cast<sockaddr*>(&own), sizeof own) == 0);
    REQUIRE(::connect(fd_, reinterpret_cast<sockaddr*>(&theirs), sizeof theirs) == 0);
  }
  Caller(Caller&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Caller& operator=(Caller&&) = delete;
  ~Caller() {
    if (fd_ >= 0) ::close(fd_);
  }

  void say(std::string_view text) {
    [[maybe_unused]] const auto sent = ::send(fd_, text.data(), text.size(), MSG_NOSIGNAL);
  }
  /// All that comes until the door closes the connection, or `patience` is over.
  std::string hear(std::chrono::milliseconds patience) {
    const auto end = std::chrono::steady_clock::now() + patience;
    std::string out;
    while (true) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
      pollfd poll = {.fd = fd_, .events = POLLIN, .revents = 0};
      if (left <= 0ms || ::poll(&poll, 1, static_cast<int>(left.count())) <= 0) return out;
      char part[4096];
      const auto got = ::recv(fd_, part, sizeof part, 0);
      if (got <= 0) return out;
      out.append(part, static_cast<std::size_t>(got));
    }
  }
  bool is_closed() const {
    char octet = 0;
    const auto got = ::recv(fd_, &octet, 1, MSG_DONTWAIT | MSG_PEEK);
    return got == 0 || (got < 0 && errno != EAGAIN);
  }

 private:
  int fd_;
};

std::string get(const HttpDoor& door, const char* from, const std::string& path,
                std::chrono::milliseconds patience = 1s) {
  Caller caller(door, from);
  caller.say("GET " + path + " HTTP/1.1\r\nHost: x\r\n\r\n");
  return caller.hear(patience);
}

HttpDoor open_door() {
  auto door = HttpDoor::start("--listen", *ListenAddress::parse("127.0.0.1:0"), page);
  REQUIRE(door);
  return std::move(*door);
}

TEST_CASE("the door answers what is asked, and says what is no request") {
  const auto door = open_door();
  CHECK(get(door, "127.0.0.1", "/small") ==
        "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 6\r\n"
        "Content-Type: text/plain\r\n\r\nsmall\n");
  CHECK(get(door, "127.0.0.1", "/small?x=1").ends_with("small\n"));
  CHECK(get(door, "127.0.0.1", "/nothing").starts_with("HTTP/1.1 404 "));
  CHECK(get(door, "127.0.0.1", "/large", 10s).size() > (32 << 20));
  const auto said = [&](const std::string& text) {
    Caller caller(door, "127.0.0.1");
    caller.say(text);
    return caller.hear(1s);
  };
  CHECK(said("HEAD /small HTTP/1.0\r\n\r\n").ends_with("\r\n\r\n"));
  CHECK(said("DELETE /small HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 404 "));
  // A body is not read, and the answer is not lost by that.
  CHECK(said("POST /small HTTP/1.1\r\nContent-Length: 5000\r\n\r\n" + std::string(5000, 'x'))
            .starts_with("HTTP/1.1 404 "));
  for (const auto* strange : {"GET\r\n\r\n", "GET /small\r\n\r\n", "GET small HTTP/1.1\r\n\r\n",
                              "GET /a b HTTP/1.1\r\n\r\n", "GET /small SPDY/3\r\n\r\n", "\r\n\r\n",
                              "\x16\x03\x01\r\n\r\n"}) {
    INFO(strange);
    CHECK(said(strange).starts_with("HTTP/1.1 400 Bad Request\r\n"));
  }
  // Without an end: nothing is kept of it.
  CHECK(said("GET /" + std::string(20'000, 'a')).empty());
}

TEST_CASE("two hundred slow connections of one address do not keep another one waiting") {
  const auto door = open_door();
  const auto begun = std::chrono::steady_clock::now();
  std::vector<Caller> slow;
  for (int i = 0; i < 200; ++i) {
    slow.emplace_back(door, "127.0.0.1");
    // Some stop in the middle of a request, some never read what they asked for.
    slow.back().say(i % 2 == 0 ? "GET /small HTTP/1.1\r\nX-Slow: " : "GET /large HTTP/1.1\r\n\r\n");
  }
  for (int i = 0; i < 20; ++i) {
    const auto asked = std::chrono::steady_clock::now();
    CHECK(get(door, "127.0.0.2", "/small").ends_with("small\n"));
    CHECK(std::chrono::steady_clock::now() - asked < 3s);  // and not five
  }
  // An octet now and then does not prolong it: after its time a connection is gone.
  while (std::chrono::steady_clock::now() - begun < 9s) {
    for (std::size_t i = 0; i < slow.size(); i += 2) slow[i].say("a");
    std::this_thread::sleep_for(250ms);
  }
  int open = 0;
  for (std::size_t i = 0; i < slow.size(); i += 2) open += slow[i].is_closed() ? 0 : 1;
  CHECK(open == 0);
}

TEST_CASE("the door closes at once, whoever is still there") {
  std::optional<HttpDoor> door(open_door());
  std::vector<Caller> slow;
  for (int i = 0; i < 10; ++i) {
    slow.emplace_back(*door, "127.0.0.1");
    slow.back().say(i % 2 == 0 ? "GET /sm" : "GET /large HTTP/1.1\r\n\r\n");
  }
  CHECK(get(*door, "127.0.0.2", "/small").ends_with("small\n"));
  const auto begun = std::chrono::steady_clock::now();
  door.reset();
  CHECK(std::chrono::steady_clock::now() - begun < 3s);
}

}  // namespace
}  // namespace set
