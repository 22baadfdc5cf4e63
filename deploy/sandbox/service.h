// set-bank's door: TCP connections that carry ISO 8583 messages (common/iso8583/connection.h). Each
// has a thread that reads; an answer that is to be late has one that waits. What a scenario's rule
// says about an answer's way (slow, silent, twice, garbled …) happens here.
#pragma once

#include <atomic>
#include <list>
#include <memory>
#include <thread>

#include "common/daemon/server.h"
#include "common/iso8583/connection.h"
#include "deploy/sandbox/bank.h"

namespace set::bank {

class Service {
 public:
  /// Listens and answers. `bank` and `script` outlive this. bad_config: the address is in use.
  static Result<std::unique_ptr<Service>> start(const ListenAddress& listen, Bank& bank,
                                                Script& script, Duration slow);
  /// Closes all connections.
  ~Service();

  const std::string& address() const { return address_; }

 private:
  struct Session;
  Service(int socket, Bank& bank, Script& script, Duration slow);
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

  void accept();
  void converse(Session& session);
  void answer(Session& session, const iso8583::Message& request, ByteView bytes);
  void send_later(Session& session, Duration delay, Bytes first, Bytes second);
  bool sleep_until_stop(Duration at_most) const;

  int socket_;
  int stop_;  ///< an eventfd, readable once the service is to end
  Bank& bank_;
  Script& script_;
  Duration slow_;
  std::string address_;
  std::list<std::unique_ptr<Session>> sessions_;  // the accepting thread's alone
  std::thread acceptor_;
};

}  // namespace set::bank
