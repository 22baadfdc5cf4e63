#include "common/daemon/span_exporter.h"

#include <algorithm>
#include <condition_variable>
#include <csignal>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

#include "common/base/assert.h"
#include "common/base/bytes.h"
#include "common/base/log.h"
#include "common/crypto/random.h"
#include "common/daemon/files.h"
#include "common/daemon/http_posts.h"
#include "common/daemon/instruments.h"
#include "common/daemon/options.h"

namespace set {
namespace {

using SteadyTime = std::chrono::steady_clock::time_point;

constexpr int kAttemptsOfBatch = 5;
constexpr Duration kMaxExportPause = std::chrono::seconds(30);
constexpr std::size_t kMaxHeadersBytes = 16 * 1024;
constexpr char kWorldsVariable[] = "OTEL_EXPORTER_OTLP_ENDPOINT";

constexpr LabelWord kQueueFull{"queue"}, kNotTaken{"collector"}, kRejected{"rejected"};

void count_dropped(std::size_t spans, LabelWord reason) {
  if (spans > 0) metrics::spans_dropped.add(static_cast<double>(spans), reason);
}

// RFC 9562 §5.4, as resources of OpenTelemetry are told apart.
std::string random_uuid() {
  auto octets = Rng::system().bytes(16);
  octets[6] = static_cast<std::uint8_t>((octets[6] & 0x0f) | 0x40);
  octets[8] = static_cast<std::uint8_t>((octets[8] & 0x3f) | 0x80);
  auto text = to_hex(octets);
  for (const std::size_t at : {20U, 16U, 12U, 8U}) text.insert(at, "-");
  return text;
}

/// A thread that no signal is delivered to: handlers run where they always did.
std::thread quiet_thread(std::function<void()> body) {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  std::thread out(std::move(body));
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return out;
}

}  // namespace

struct SpanExporter::Impl {
  explicit Impl(Options chosen)
      : options(std::move(chosen)),
        posts({options.timeout, options.ca_file, "OpenSET/" SET_VERSION}) {
    options.headers.insert(options.headers.begin(), "content-type: application/json");
    thread = quiet_thread([this] { run(); });
  }

  void add(SpanRecord span);
  void stop();

  // --- the thread's own ---
  void run();
  std::vector<SpanRecord> next_batch();
  void deliver(const std::vector<SpanRecord>& batch);
  HttpAnswer post(const std::string& body);
  void taken(const HttpAnswer& answer, std::size_t spans);
  bool pause_ended(const HttpAnswer& answer);
  Duration time_left();
  void say_failing(std::string why);
  void say_well();

  Options options;
  std::mutex mutex;
  std::condition_variable changed;
  std::deque<SpanRecord> queue;
  bool stopping = false;
  SteadyTime end = {};  ///< of stopping
  // The thread's.
  HttpPosts posts;
  bool failing = false;
  int failures = 0;  ///< one after the other, over all batches
  std::thread thread;
};

void SpanExporter::Impl::add(SpanRecord span) {
  if ((span.context.flags & 1) == 0) return;
  {
    const std::lock_guard lock(mutex);
    if (!stopping && queue.size() < options.queue) {
      queue.push_back(std::move(span));
      if (queue.size() == options.batch) changed.notify_one();
      return;
    }
  }
  count_dropped(1, kQueueFull);
}

void SpanExporter::Impl::stop() {
  {
    const std::lock_guard lock(mutex);
    if (!stopping) end = std::chrono::steady_clock::now() + options.at_stop;
    stopping = true;
  }
  changed.notify_one();
  posts.wake();
  if (thread.joinable()) thread.join();
}

void SpanExporter::Impl::run() {
  for (auto batch = next_batch(); !batch.empty(); batch = next_batch()) deliver(batch);
}

// Empty at the end.
std::vector<SpanRecord> SpanExporter::Impl::next_batch() {
  std::unique_lock lock(mutex);
  const auto ready = [this] { return stopping || queue.size() >= options.batch; };
  while (!changed.wait_for(lock, options.every, ready) && queue.empty()) {
  }
  const bool in_vain = stopping && (failing || std::chrono::steady_clock::now() >= end);
  if (in_vain) {
    count_dropped(queue.size(), kNotTaken);
    queue.clear();
  }
  const auto size = static_cast<std::ptrdiff_t>(std::min(queue.size(), options.batch));
  std::vector<SpanRecord> out(std::make_move_iterator(queue.begin()),
                              std::make_move_iterator(queue.begin() + size));
  queue.erase(queue.begin(), queue.begin() + size);
  return out;
}

void SpanExporter::Impl::deliver(const std::vector<SpanRecord>& batch) {
  const auto body = otlp_traces(options.resource, batch);
  for (int attempt = 1;; ++attempt) {
    const auto answer = post(body);
    if (answer.ok()) return taken(answer, batch.size());
    ++failures;
    say_failing(answer.error);
    if (!is_retryable(answer.status) || attempt == kAttemptsOfBatch || !pause_ended(answer)) break;
  }
  count_dropped(batch.size(), kNotTaken);
}

HttpAnswer SpanExporter::Impl::post(const std::string& body) {
  posts.start("spans", {.url = options.url, .headers = options.headers, .body = body});
  for (auto left = time_left(); left > Duration::zero(); left = time_left()) {
    auto ended = posts.wait(left);
    if (!ended.empty()) return std::move(ended.front());
  }
  posts.break_off();
  return {.key = "spans", .error = "no answer in the time that is left at the end"};
}

/// What may be waited for; none at the end of stopping.
Duration SpanExporter::Impl::time_left() {
  const std::lock_guard lock(mutex);
  if (!stopping) return options.timeout;  // or until stop() wakes us
  const auto left = end - std::chrono::steady_clock::now();
  return std::max(std::chrono::ceil<Duration>(left), Duration::zero());
}

void SpanExporter::Impl::taken(const HttpAnswer& answer, std::size_t spans) {
  failures = 0;
  const auto rejected = std::min<std::uint64_t>(rejected_spans(answer.body), spans);
  count_dropped(rejected, kRejected);
  metrics::spans_exported.add(static_cast<double>(spans - rejected));
  if (rejected > 0) {
    say_failing("it rejects spans that it can read");
  } else {
    say_well();
  }
}

// False: the program ends meanwhile.
bool SpanExporter::Impl::pause_ended(const HttpAnswer& answer) {
  const auto pause =
      std::max(retry_pause(failures, options.first_pause, kMaxExportPause, Rng::system()),
               answer.retry_after.value_or(Duration::zero()));
  std::unique_lock lock(mutex);
  return !changed.wait_for(lock, pause, [this] { return stopping; });
}

void SpanExporter::Impl::say_failing(std::string why) {
  if (std::exchange(failing, true)) return;
  log_warning("the collector of traces does not take them",
              Error{ErrorCode::peer_unavailable, std::move(why)});
}

void SpanExporter::Impl::say_well() {
  if (std::exchange(failing, false)) log_info("the collector of traces takes them again");
}

SpanExporter::SpanExporter(Options options) : impl_(std::make_unique<Impl>(std::move(options))) {}
SpanExporter::~SpanExporter() { stop(); }

void SpanExporter::add(SpanRecord span) { impl_->add(std::move(span)); }

void SpanExporter::stop() { impl_->stop(); }

namespace {

// Never destroyed: a thread of gRPC's may end a span when main has ended.
SpanExporter* process_exporter = nullptr;

}  // namespace

void add_span_export_options(CLI::App& app, SpanExportOptions& options) {
  add_parsed(app, "--otlp-endpoint", options.endpoint, parse_otlp_endpoint,
             "Collector that gets traces by OTLP/HTTP, such as http://127.0.0.1:4318; also "
             "OTEL_EXPORTER_OTLP_ENDPOINT says it (default: none)")
      ->envname(kWorldsVariable);
  app.add_option("--otlp-headers-file", options.headers_file,
                 "File with headers for the collector, `name: value` a line: what proves who we are")
      ->type_name(kPrivateFile);
  app.add_option("--otlp-ca-file", options.ca_file,
                 "PEM file with the CAs of the collector, instead of the system's")
      ->type_name(kFile);
}

Result<void> begin_span_export(std::string_view program, const SpanExportOptions& options) {
  if (options.endpoint.empty()) return {};
  SET_ASSERT(process_exporter == nullptr);
  SpanExporter::Options told{.url = otlp_traces_url(options.endpoint), .ca_file = options.ca_file};
  told.resource = {std::string(program), SET_VERSION, random_uuid()};
  if (!options.headers_file.empty()) {
    CHECK_OR_FAIL(!is_plain_and_remote(options.endpoint), ErrorCode::bad_config,
                  "the headers of --otlp-headers-file would cross the network in the clear: use "
                  "an https:// endpoint");
    TRY(check_private_file(options.headers_file));
    const auto parsed =
        parse_otlp_headers(TRY(read_text_file(options.headers_file, kMaxHeadersBytes)));
    CHECK_OR_FAIL(parsed, ErrorCode::bad_config,
                  options.headers_file + ": " + parsed.error().detail);
    told.headers = *parsed;
  }
  if (!options.ca_file.empty()) TRY(read_file(options.ca_file));
  process_exporter = new SpanExporter(std::move(told));
  observe_spans([](const EndedSpan& span) { process_exporter->add(record_of(span)); });
  return {};
}

void end_span_export() {
  if (process_exporter == nullptr) return;
  observe_spans(nullptr);
  process_exporter->stop();
}

}  // namespace set
