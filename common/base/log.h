// The log. A line is an event, written as a literal, and fields of types that have declared
// themselves loggable by a log_field() overload. Pan, Secret, Bytes, protobuf messages and plain
// strings have none, so a line that would hold one does not compile (ADR 0006).
// Called from any thread.
#pragma once

#include <concepts>
#include <initializer_list>
#include <string>
#include <string_view>

#include "common/base/amount.h"
#include "common/base/ids.h"
#include "common/base/result.h"
#include "common/base/time.h"

namespace set {

/// What happened, as a literal: only the compiler can make one.
struct Event {
  std::string_view text;
  consteval Event(const char* literal) : text(literal) {}  // NOLINT: implicit by design
};

/// A name and a value that may be written. Rooms add overloads of log_field() for their own types.
struct LogField {
  std::string_view name;
  std::string value;
};

/// A short public word such as a message name, a method or a peer's certified name: the caller
/// vouches that it came from our own code or from a certificate, never from a message's content.
struct LogWord {
  std::string_view name;
  std::string_view value;
};

/// A number of bytes.
struct LogSize {
  std::string_view name;
  std::size_t bytes;
};

inline LogField log_field(const XID& xid) { return {"xid", xid.hex()}; }
inline LogField log_field(const RRPID& rrpid) { return {"rrpid", rrpid.hex()}; }
inline LogField log_field(const Thumbprint& thumbprint) { return {"thumbprint", thumbprint.hex()}; }
inline LogField log_field(const Amount& amount) { return {"amount", to_string(amount)}; }
inline LogField log_field(ErrorCode code) { return {"code", std::string(to_string(code))}; }
inline LogField log_field(Duration d) { return {"millis", std::to_string(d.count())}; }
inline LogField log_field(const LogWord& word) { return {word.name, std::string(word.value)}; }
inline LogField log_field(const LogSize& size) { return {size.name, std::to_string(size.bytes)}; }
/// The detail is ours: written from literals and loggable values (result.h).
inline LogField log_field(const Error& error) {
  return {"error", std::string(to_string(error.code)) + ": " + error.detail};
}

template <class T>
concept Loggable = requires(const T& value) {
  { log_field(value) } -> std::same_as<LogField>;
};

enum class LogLevel { trace, info, warning, error };
enum class LogFormat { text, json };

/// Once per process, before the first line; lines go to standard error.
void log_open(std::string_view daemon, LogLevel level, LogFormat format);
void log_write(LogLevel level, std::string_view event, std::initializer_list<LogField> fields);

void log_trace(Event event, const Loggable auto&... fields) {
  log_write(LogLevel::trace, event.text, {log_field(fields)...});
}
void log_info(Event event, const Loggable auto&... fields) {
  log_write(LogLevel::info, event.text, {log_field(fields)...});
}
void log_warning(Event event, const Loggable auto&... fields) {
  log_write(LogLevel::warning, event.text, {log_field(fields)...});
}
void log_error(Event event, const Loggable auto&... fields) {
  log_write(LogLevel::error, event.text, {log_field(fields)...});
}

}  // namespace set
