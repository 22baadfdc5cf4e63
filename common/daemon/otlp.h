// OTLP/HTTP, as OpenTelemetry's collectors take it, with the JSON encoding: what a batch of spans
// is written as, what the answer says, and what an operator may name as endpoint and headers. Pure;
// any thread. span_exporter.h does the sending.
//
// Spec: OTLP Specification 1.x, "OTLP/HTTP", "JSON Protobuf Encoding"; opentelemetry-proto
// trace/v1/trace.proto
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/ids.h"
#include "common/base/result.h"
#include "common/daemon/trace.h"

namespace set {

/// An EndedSpan that is kept: it borrows nothing.
struct SpanRecord {
  std::string name;
  Span::Kind kind = Span::Kind::internal;
  TraceContext context;
  std::optional<TraceContext> parent;
  std::chrono::system_clock::time_point begun;
  std::chrono::nanoseconds took = {};
  std::string status;
  std::optional<XID> xid;  ///< the purchase, where its thread knew it
};
/// On the thread that ended it.
SpanRecord record_of(const EndedSpan& span);

/// Whose spans they are.
struct OtlpResource {
  std::string service_name;  ///< "set-merchant"
  std::string version;
  std::string instance_id;  ///< of this process alone
};

/// ExportTraceServiceRequest. Beside identifiers and times it has words of ours, and the XID as
/// `set.xid`: no card, no name, no address (docs/observability.md).
std::string otlp_traces(const OtlpResource& resource, std::span<const SpanRecord> spans);

/// How many of them the collector says it did not take, from the body of an answer 200; 0 also for
/// one that cannot be read, since the spans were taken.
std::uint64_t rejected_spans(std::string_view answer);

/// What is worth another try: no answer, 429, 502, 503, 504.
bool is_retryable(int http_status);

/// "http://127.0.0.1:4318" as an operator writes it, without a slash at its end; empty for none.
/// invalid_argument: no URL of http or https with a host; with user, password, query or fragment.
Result<std::string> parse_otlp_endpoint(std::string_view text);
/// Where its spans go: v1/traces below it, unless it leads there already.
std::string otlp_traces_url(const std::string& endpoint);
/// Whether what is sent there crosses a network in the clear.
bool is_plain_and_remote(const std::string& endpoint);

/// "name: value" a line; empty lines and those that begin with # count for nothing. bad_config: any
/// other line, of which nothing is quoted.
Result<std::vector<std::string>> parse_otlp_headers(std::string_view text);

}  // namespace set
