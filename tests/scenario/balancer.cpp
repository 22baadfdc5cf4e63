#include "tests/scenario/balancer.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <stdexcept>

namespace set::test {
namespace {

sockaddr_in loopback(int port) {
  sockaddr_in out{};
  out.sin_family = AF_INET;
  out.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  out.sin_port = htons(static_cast<std::uint16_t>(port));
  return out;
}

int port_of(const std::string& address) { return std::stoi(address.substr(address.rfind(':') + 1)); }

}  // namespace

Balancer::Balancer() {
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  auto self = loopback(0);
  socklen_t size = sizeof self;
  if (::bind(listener_, reinterpret_cast<const sockaddr*>(&self), size) != 0 || ::listen(listener_, 64) != 0 ||
      ::getsockname(listener_, reinterpret_cast<sockaddr*>(&self), &size) != 0) {
    throw std::runtime_error("no port for a balancer");
  }
  address_ = "127.0.0.1:" + std::to_string(ntohs(self.sin_port));
  acceptor_ = std::thread([this] { accept_all(); });
}

Balancer::~Balancer() {
  stopping_ = true;
  ::shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  ::close(listener_);
  for (const int socket : sockets_) ::shutdown(socket, SHUT_RDWR);
  for (auto& thread : threads_) thread.join();
  for (const int socket : sockets_) ::close(socket);
}

void Balancer::lead_to(std::vector<std::string> targets) {
  const std::lock_guard lock(mutex_);
  targets_ = std::move(targets);
}

int Balancer::connect_to_next() {
  const std::lock_guard lock(mutex_);
  for (std::size_t i = 0; i < targets_.size(); ++i) {
    const auto target = loopback(port_of(targets_[next_++ % targets_.size()]));
    const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (::connect(socket, reinterpret_cast<const sockaddr*>(&target), sizeof target) == 0) return socket;
    ::close(socket);
  }
  return -1;
}

void Balancer::accept_all() {
  while (!stopping_) {
    const int client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (client < 0) continue;
    const int server = connect_to_next();
    if (server < 0) {
      ::close(client);
      continue;
    }
    sockets_.insert(sockets_.end(), {client, server});
    threads_.emplace_back([this, client, server] { carry(client, server); });
    threads_.emplace_back([this, client, server] { carry(server, client); });
  }
}

void Balancer::carry(int from, int to) {
  std::array<char, 16384> buffer;
  for (ssize_t got = 0; (got = ::read(from, buffer.data(), buffer.size())) > 0;) {
    for (ssize_t sent = 0, now = 0; sent < got; sent += now) {
      now = ::send(to, buffer.data() + sent, static_cast<std::size_t>(got - sent), MSG_NOSIGNAL);
      if (now <= 0) break;
    }
  }
  // What the one says no more, the other need not wait for; who is gone is gone for both.
  ::shutdown(to, SHUT_RDWR);
  ::shutdown(from, SHUT_RDWR);
}

}  // namespace set::test
