// A TCP connection that carries messages behind two bytes of length. One thread receives; any
// thread sends. Bytes of messages stay in locked memory, since a card number may be among them.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "common/base/time.h"
#include "common/iso8583/message.h"

namespace set::iso8583 {

/// "tcp://127.0.0.1:7900". The sandbox's bank is on this machine, so it stays unencrypted; a real
/// line to a bank is a leased one or a tunnel of its own (docs/iso8583.md).
struct BankAddress {
  std::string host;
  std::uint16_t port = 0;

  /// invalid_argument.
  static Result<BankAddress> parse(std::string_view text);
};

class Connection {
 public:
  /// peer_unavailable.
  static Result<std::unique_ptr<Connection>> dial(const BankAddress& address, Duration at_most);
  /// Takes a connected socket.
  explicit Connection(int socket) : socket_(socket) {}
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection();

  /// The next message's bytes. None: the time is over, or `wake` (an eventfd, or -1) can be read;
  /// what came of a message is kept. decoding_failure: a length that is none. peer_unavailable: the
  /// other side has gone.
  Result<std::optional<SecretBytes>> receive(Duration at_most, int wake);
  /// peer_unavailable: not all of it was taken.
  Result<void> send(ByteView message);
  /// For what is no message: the sandbox's faults.
  Result<void> send_raw(ByteView bytes);
  /// Both sides see the end; receive() returns.
  void close();

 private:
  Result<void> send_all(ByteView bytes, int flags);

  int socket_;
  std::mutex sending_;
  Botan::secure_vector<std::uint8_t> received_;
};

}  // namespace set::iso8583
