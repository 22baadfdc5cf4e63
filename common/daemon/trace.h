// Trace context (W3C Trace Context, level 1): which piece of work of which daemon caused which. A
// Span is such a piece; it gives its thread's log lines their trace_id and span_id, and travels to
// the next daemon as `traceparent` (rpc_observer.h does that for every call). A trace begins where
// nobody handed one over. tracestate is not passed on: nobody of ours writes it. ADR 0047.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/log_context.h"

namespace set {

struct TraceContext {
  std::array<std::uint8_t, 16> trace_id = {};  ///< never all zero
  std::array<std::uint8_t, 8> span_id = {};    ///< never all zero
  std::uint8_t flags = 1;                      ///< bit 0: sampled
};

/// "00-<32 hex>-<16 hex>-<2 hex>", and later versions as far as they begin so. None for what is
/// malformed: it is ignored, a call is never refused because of it.
std::optional<TraceContext> parse_traceparent(std::string_view text);
std::string traceparent_of(const TraceContext& context);

/// Of the span that this thread is in; none if it is in none.
std::optional<TraceContext> current_trace();

/// Who is told of each span that ended. A function: it outlives all spans. Set once by main.
struct EndedSpan;
using SpanObserver = void (*)(const EndedSpan& span);
void observe_spans(SpanObserver observer);

/// One piece of work. Begun where it is made, ended by end() or destruction; one thread.
class Span {
 public:
  enum class Kind { internal, server, client };

  /// `name` is a word of ours, such as a method. Without a parent a new trace begins.
  Span(std::string_view name, Kind kind, const std::optional<TraceContext>& parent);
  ~Span() { end("unfinished"); }
  Span(const Span&) = delete;
  Span& operator=(const Span&) = delete;

  const TraceContext& context() const { return context_; }
  /// This thread's log lines are of this span from now on; who calls it restores what was there.
  void enter() const;
  /// `status` is a word of ours, such as "OK" or "UNAVAILABLE". Once; later calls do nothing.
  void end(std::string_view status);

 private:
  std::string name_;
  Kind kind_;
  TraceContext context_;
  std::optional<TraceContext> parent_;
  std::chrono::system_clock::time_point begun_ = std::chrono::system_clock::now();
  std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
  bool ended_ = false;
};

/// A span around a piece of work that nobody called for, such as a thread's own: entered, and
/// ended with its scope.
class SpanScope {
 public:
  explicit SpanScope(std::string_view name) : span_(name, Span::Kind::internal, current_trace()) {
    span_.enter();
  }
  ~SpanScope() { span_.end("OK"); }

 private:
  LogContextScope before_;
  Span span_;
};

struct EndedSpan {
  std::string_view name;
  Span::Kind kind;
  const TraceContext& context;
  const std::optional<TraceContext>& parent;
  std::chrono::system_clock::time_point begun;
  std::chrono::nanoseconds took;
  std::string_view status;
};

}  // namespace set
