#include "common/daemon/trace.h"

#include <algorithm>
#include <atomic>

#include "common/base/bytes.h"
#include "common/base/log.h"
#include "common/crypto/random.h"
#include "common/daemon/span_subject.h"

namespace set {
namespace {

std::atomic<SpanObserver> span_observer = nullptr;

struct SpanSubject {
  std::string span_id;  ///< as the log's context has it
  std::optional<XID> xid;
};
thread_local SpanSubject span_subject;

constexpr std::size_t kTraceparentSize = 55;  // of version 00

bool is_lower_hex(std::string_view text) {
  return std::ranges::all_of(
      text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

template <std::size_t N>
std::optional<std::array<std::uint8_t, N>> octets_of(std::string_view hex) {
  if (hex.size() != 2 * N || !is_lower_hex(hex)) return std::nullopt;
  const auto bytes = from_hex(hex);
  if (!bytes) return std::nullopt;
  std::array<std::uint8_t, N> out;
  std::ranges::copy(*bytes, out.begin());
  return out;
}

template <std::size_t N>
bool is_zero(const std::array<std::uint8_t, N>& octets) {
  return std::ranges::all_of(octets, [](std::uint8_t octet) { return octet == 0; });
}

template <std::size_t N>
std::array<std::uint8_t, N> random_octets() {
  std::array<std::uint8_t, N> out = {};
  while (is_zero(out)) std::ranges::copy(Rng::system().bytes(N), out.begin());
  return out;
}

std::string_view word_of(Span::Kind kind) {
  switch (kind) {
    case Span::Kind::internal: return "internal";
    case Span::Kind::server: return "server";
    case Span::Kind::client: return "client";
  }
  return "internal";
}

}  // namespace

std::optional<TraceContext> parse_traceparent(std::string_view text) {
  if (text.size() < kTraceparentSize || text[2] != '-' || text[35] != '-' || text[52] != '-')
    return std::nullopt;
  const auto version = octets_of<1>(text.substr(0, 2));
  const auto trace_id = octets_of<16>(text.substr(3, 32));
  const auto span_id = octets_of<8>(text.substr(36, 16));
  const auto flags = octets_of<1>(text.substr(53, 2));
  if (!version || !trace_id || !span_id || !flags) return std::nullopt;
  if (version->front() == 0xff || is_zero(*trace_id) || is_zero(*span_id)) return std::nullopt;
  const bool more = text.size() > kTraceparentSize;
  if (more && (version->front() == 0 || text[kTraceparentSize] != '-')) return std::nullopt;
  return TraceContext{*trace_id, *span_id, flags->front()};
}

std::string traceparent_of(const TraceContext& context) {
  return "00-" + to_hex(context.trace_id) + "-" + to_hex(context.span_id) + "-" +
         to_hex(std::array{context.flags});
}

std::optional<TraceContext> current_trace() {
  const auto& log = log_context();
  const auto trace_id = octets_of<16>(log.trace_id);
  const auto span_id = octets_of<8>(log.span_id);
  if (!trace_id || !span_id) return std::nullopt;
  return TraceContext{*trace_id, *span_id, log.trace_flags};
}

void work_is_about(const XID& xid) {
  log_context().xid = xid;
  span_subject = {log_context().span_id, xid};
}

std::optional<XID> subject_of(const TraceContext& span) {
  if (span_subject.xid && span_subject.span_id == to_hex(span.span_id)) return span_subject.xid;
  return log_context().xid;
}

void observe_spans(SpanObserver observer) { span_observer = observer; }

Span::Span(std::string_view name, Kind kind, const std::optional<TraceContext>& parent)
    : name_(name), kind_(kind), parent_(parent) {
  context_ = {parent ? parent->trace_id : random_octets<16>(), random_octets<8>(),
              parent ? parent->flags : std::uint8_t{1}};
}

void Span::enter() const {
  log_context().trace_id = to_hex(context_.trace_id);
  log_context().span_id = to_hex(context_.span_id);
  log_context().trace_flags = context_.flags;
}

void Span::end(std::string_view status) {
  if (ended_) return;
  ended_ = true;
  const auto took = std::chrono::steady_clock::now() - started_;
  if (const auto observer = span_observer.load())
    observer({name_, kind_, context_, parent_, begun_, took, status});
  const LogContextScope before;
  enter();
  log_trace("span", LogWord{"name", name_}, LogWord{"kind", word_of(kind_)},
            LogWord{"parent_span_id", parent_ ? to_hex(parent_->span_id) : ""},
            LogWord{"status", status}, std::chrono::duration_cast<Duration>(took));
}

}  // namespace set
