// Who is told of every transaction once it has ended: how the figures of common/daemon/metrics.h
// come out of a store that knows nothing of them. Set once by main, called on any thread.
#pragma once

#include <chrono>
#include <string_view>

namespace set {

struct TransactionReport {
  std::string_view label;         ///< a literal, as Database::in_transaction got it
  std::chrono::nanoseconds took;  ///< with the time that it waited for its turn
  /// rolled_back: on purpose, by a broken rule, or for another try. failed: the database itself said
  /// no, or was not there.
  enum class End { committed, rolled_back, failed };
  End end;
};

/// A function, not an object: it outlives every database. None by itself.
using TransactionObserver = void (*)(const TransactionReport& report);
void observe_transactions(TransactionObserver observer);

}  // namespace set
