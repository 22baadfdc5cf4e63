// What the lines of one piece of work have in common: whose request it is and which trace it
// belongs to. Whoever starts the work puts it here, and log.cpp writes it on each line of the
// thread that does not say the same by itself. Each thread has its own.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "common/base/ids.h"

namespace set {

struct LogContext {
  std::string trace_id;  ///< 32 hex digits; empty: none
  std::string span_id;   ///< 16
  std::uint8_t trace_flags = 1;
  std::string peer;      ///< whom the caller's TLS certificate names; empty: it showed none
  std::optional<RRPID> rrpid;
  std::optional<XID> xid;
};

/// This thread's, to be read and written.
LogContext& log_context();

/// Gives the thread back the context that it had.
class LogContextScope {
 public:
  LogContextScope() : before_(log_context()) {}
  ~LogContextScope() { log_context() = std::move(before_); }
  LogContextScope(const LogContextScope&) = delete;
  LogContextScope& operator=(const LogContextScope&) = delete;

 private:
  LogContext before_;
};

}  // namespace set
