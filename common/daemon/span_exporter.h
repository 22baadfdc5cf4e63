// SpanExporter: hands the spans that ended to a collector of OpenTelemetry, in batches from a
// thread of its own (ADR 0063). Whoever ends a span waits for a short lock and never for the
// network: what the queue cannot hold is dropped and counted. Off unless an endpoint is named.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.h"
#include "common/base/time.h"
#include "common/daemon/otlp.h"

namespace CLI {
class App;
}

namespace set {

class SpanExporter {
 public:
  struct Options {
    std::string url;                        ///< otlp_traces_url
    std::vector<std::string> headers = {};  ///< parse_otlp_headers
    std::filesystem::path ca_file = {};     ///< instead of the system's certificates, if not empty
    OtlpResource resource = {};
    std::size_t queue = 2048;                        ///< spans that wait, beside a batch under way
    std::size_t batch = 512;                         ///< as many are sent at once, or
    Duration every = std::chrono::seconds(5);        ///< what is there after this time
    Duration timeout = std::chrono::seconds(10);     ///< of one attempt
    Duration first_pause = std::chrono::seconds(1);  ///< after a failure; then twice as long
    Duration at_stop = std::chrono::seconds(1);      ///< in all, for what is left
  };
  explicit SpanExporter(Options options);
  ~SpanExporter();  ///< stop()

  /// Any thread. One that is not sampled is left out.
  void add(SpanRecord span);
  /// Sends what is left, within `at_stop`; the rest is dropped, and all that comes later.
  void stop();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// What a program is told of it.
struct SpanExportOptions {
  std::string endpoint;  ///< parse_otlp_endpoint; empty: nothing is exported
  std::string headers_file, ca_file;
};
/// --otlp-endpoint (also OTEL_EXPORTER_OTLP_ENDPOINT), --otlp-headers-file, --otlp-ca-file
void add_span_export_options(CLI::App& app, SpanExportOptions& options);

/// The spans of this process are exported from now on, if an endpoint is named. Once, before
/// threads that have spans. bad_config: a file that cannot be used; headers that would go in the
/// clear.
Result<void> begin_span_export(std::string_view program, const SpanExportOptions& options);
/// By run(), at the end: waits a second at most.
void end_span_export();

}  // namespace set
