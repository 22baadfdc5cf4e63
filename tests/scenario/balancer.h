// A balancer of TCP connections, as stands before several daemons of one party: it takes turns, and
// passes over who is not there. TLS goes through it. Any thread; it ends with the object.
#pragma once

#include <atomic>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace set::test {

class Balancer {
 public:
  Balancer();
  ~Balancer();
  Balancer(const Balancer&) = delete;
  Balancer& operator=(const Balancer&) = delete;

  /// "127.0.0.1:41237", which connects to one of `targets`.
  const std::string& address() const { return address_; }
  /// "127.0.0.1:port" each.
  void lead_to(std::vector<std::string> targets);

 private:
  void accept_all();
  int connect_to_next();
  void carry(int from, int to);

  int listener_ = -1;
  std::string address_;
  std::mutex mutex_;
  std::vector<std::string> targets_;
  std::size_t next_ = 0;
  std::atomic<bool> stopping_ = false;
  std::vector<int> sockets_;
  std::vector<std::thread> threads_;
  std::thread acceptor_;
};

}  // namespace set::test
