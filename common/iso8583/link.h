// Link: the line to a bank. Signs on, keeps the line alive with echoes, connects again when it is
// lost, and carries many questions at once over one connection, each waiting for the answer with
// its key. An answer that nobody waits for, because it is late or came twice, is dropped and
// logged; a garbled one ends the connection, and with it every question on it. Any thread asks.
#pragma once

#include <chrono>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <thread>

#include "common/iso8583/connection.h"

namespace set::iso8583 {

/// What came of a question, for who counts (common/daemon/instruments.h).
struct Exchange {
  std::string_view type;          ///< "0100"
  std::string_view response;      ///< a response code of ours; "none", "garbled", or "other"
  std::chrono::nanoseconds took;  ///< with the wait for a connection
};
/// Told of every exchange of this process, on the thread that asked. Set once by main; a function, so
/// that it outlives every link.
using ExchangeObserver = void (*)(const Exchange& exchange);
void observe_exchanges(ExchangeObserver observer);

struct LinkOptions {
  BankAddress address;
  std::string acquirer = "0";  ///< element 32, up to 11 digits
  Duration echo_every = std::chrono::seconds(30);
  Duration answer_within = std::chrono::seconds(5);  ///< to a sign-on or an echo
  Duration reconnect_after = std::chrono::milliseconds(200);
};

class Link {
 public:
  /// Connects from now on; `clock` gives the transmission times of sign-on and echo.
  Link(LinkOptions options, Clock clock);
  /// stop().
  ~Link();

  /// Signs off; whoever waits gets no answer. For an owner whose threads ask, before it joins them.
  void stop();

  /// Sends a request's bytes and waits for its answer. peer_unavailable: there was no connection in
  /// time, nothing was sent. outcome_unknown: sent, perhaps, and no answer came in time.
  /// decoding_failure: sent, and what came on the line, perhaps its answer, was garbled.
  Result<Message> ask(ByteView request, Duration at_most);

 private:
  struct Waiting {
    std::optional<Message> answer;
    bool lost = false;
    bool garbled = false;
  };
  using Deadline = std::chrono::steady_clock::time_point;

  Result<Message> exchange(const Message& asked, ByteView request, Deadline deadline);
  void run();
  bool sign_on(Connection& connection);
  /// Until the connection ends; false if a garbled answer ended it.
  bool serve(Connection& connection);
  Result<void> send_network(Connection& connection, std::string_view code);
  void deliver(Message answer);
  void set_connection(std::shared_ptr<Connection> connection, bool garbled = false);
  bool sleep_until_stop(Duration at_most) const;
  bool stopping() const { return sleep_until_stop({}); }

  LinkOptions options_;
  Clock clock_;
  int stop_;  ///< an eventfd, readable once the link is to end
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopped_ = false;
  std::shared_ptr<Connection> connection_;   ///< null while there is none, or not signed on
  std::map<std::string, Waiting*> waiting_;  ///< by answer type and key
  std::uint32_t network_stan_ = 0;           ///< of sign-on and echo; the thread's alone
  std::thread thread_;
};

}  // namespace set::iso8583
