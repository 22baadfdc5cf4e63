// The open connections of one Database. Any thread takes one for a transaction and gives it back.
// Called by database.cpp.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

#include "common/store/connection.h"

namespace set {

class ConnectionPool {
 public:
  using Connect = std::function<Result<std::unique_ptr<SqlConnection>>()>;

  /// Opens the first connection, and more as they are wanted, never more than `most`.
  static Result<std::unique_ptr<ConnectionPool>> open(Connect connect, std::size_t most);

  /// Waits for its turn. Errors as `connect`. A thread that has one already is a bug and stops the
  /// process: it would wait for itself.
  Result<std::unique_ptr<SqlConnection>> take();
  /// Of a connection that was lost the idle ones go too: they lead to the same place.
  void give_back(std::unique_ptr<SqlConnection> connection);

 private:
  ConnectionPool(Connect connect, std::size_t most) : connect_(std::move(connect)), most_(most) {}

  const Connect connect_;
  const std::size_t most_;
  std::mutex mutex_;
  std::condition_variable given_back_;
  std::vector<std::unique_ptr<SqlConnection>> idle_;  // the last one given back is taken first
  std::set<std::thread::id> takers_;
};

}  // namespace set
