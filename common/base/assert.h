// SET_ASSERT: a bug stops the process, in release builds too. Rather no payment than a wrong one.
// For programmer errors only; bad input and a bad world are Errors (result.h).
#pragma once

namespace set {
/// Prints file, line and condition to standard error and aborts. Never returns.
[[noreturn]] void assertion_failed(const char* condition, const char* file, int line);
}  // namespace set

#define SET_ASSERT(condition) \
  ((condition) ? static_cast<void>(0) : ::set::assertion_failed(#condition, __FILE__, __LINE__))
