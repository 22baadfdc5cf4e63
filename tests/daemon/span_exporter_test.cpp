// The exporter as it is, against a collector that is there, refuses, is slow or is not there.
#include "common/daemon/span_exporter.h"

#include <sys/stat.h>

#include <fstream>

#include <catch2/catch_test_macros.hpp>

#include "common/daemon/metrics.h"
#include "tests/daemon/transport.h"
#include "tests/flow/log_capture.h"
#include "tests/store/temporary_directory.h"
#include "tests/support/otlp_receiver.h"

namespace set {
namespace {

using namespace std::chrono_literals;
using flow::lines_with;
using flow::LogCapture;
using test::OtlpReceiver;
using SteadyClock = std::chrono::steady_clock;

constexpr std::string_view kFailing = "the collector of traces does not take them";
constexpr std::string_view kAgain = "the collector of traces takes them again";

SpanRecord ended_span(const std::string& name = "work") {
  SpanRecord out;
  out.name = name;
  out.context.trace_id.fill(1);
  out.context.span_id.fill(2);
  out.begun = std::chrono::system_clock::now();
  out.took = 1ms;
  out.status = "OK";
  return out;
}

SpanExporter::Options impatient(const std::string& endpoint) {
  SpanExporter::Options out{.url = otlp_traces_url(endpoint)};
  out.resource = {"set-test", "0", "one"};
  out.every = 20ms;
  out.first_pause = 10ms;
  out.at_stop = 5s;  // a busy machine is no silent collector
  return out;
}

double dropped(const std::string& reason) {
  const auto text = metrics_text();
  const auto name = "\nset_spans_dropped_total{reason=\"" + reason + "\"} ";
  const auto at = text.find(name);
  return at == std::string::npos ? 0 : std::stod(text.substr(at + name.size()));
}

/// How long it took.
std::chrono::milliseconds stopped(SpanExporter& exporter) {
  const auto begun = SteadyClock::now();
  exporter.stop();
  return std::chrono::duration_cast<std::chrono::milliseconds>(SteadyClock::now() - begun);
}

/// A port that nobody listens at.
std::string closed_endpoint() {
  const OtlpReceiver gone;
  return gone.endpoint();
}

TEST_CASE("spans arrive in batches, those that are not sampled do not") {
  OtlpReceiver collector;
  auto options = impatient(collector.endpoint());
  options.every = 1min;  // so only a full batch is sent
  options.batch = 3;
  options.headers = {"authorization: Bearer token"};
  SpanExporter exporter(options);
  auto unsampled = ended_span("unsampled");
  unsampled.context.flags = 0;
  exporter.add(unsampled);
  exporter.add(ended_span("a"));
  exporter.add(ended_span("b"));
  std::this_thread::sleep_for(100ms);
  CHECK(collector.requests() == 0);
  exporter.add(ended_span("c"));
  REQUIRE(collector.wait([&] { return collector.spans().size() == 3; }));
  CHECK(collector.requests() == 1);
  CHECK(collector.spans().front().name == "a");
  CHECK(collector.spans().back().name == "c");
  CHECK(collector.spans().front().service == "set-test");
  const auto headers = collector.headers();
  CHECK(headers.find("authorization")->second == "Bearer token");
  CHECK(headers.count("Content-Type") == 1);

  // What is left is sent at the end, and nothing after it.
  exporter.add(ended_span("d"));
  CHECK(stopped(exporter) < 5s);
  CHECK(collector.spans().size() == 4);
  exporter.add(ended_span("late"));
  CHECK(stopped(exporter) < 5s);
  CHECK(collector.spans().size() == 4);
}

TEST_CASE("spans do not wait for a full batch for ever") {
  OtlpReceiver collector;
  SpanExporter exporter(impatient(collector.endpoint()));
  exporter.add(ended_span());
  CHECK(collector.wait([&] { return collector.spans().size() == 1; }));
}

TEST_CASE("a collector that refuses is named once, and once that it takes spans again") {
  OtlpReceiver collector;
  std::atomic<int> status = 500;
  collector.set_mood([&](int, httplib::Response& response) { response.status = status; });
  const auto before = dropped("collector");
  LogCapture log;
  SpanExporter exporter(impatient(collector.endpoint()));
  for (int n = 1; n <= 3; ++n) {  // 500 is for good: one attempt for each batch
    exporter.add(ended_span());
    REQUIRE(collector.wait([&] { return collector.requests() == n; }));
    REQUIRE(collector.wait([&] { return dropped("collector") == before + n; }));
  }
  status = 200;
  exporter.add(ended_span());
  REQUIRE(collector.wait([&] { return collector.spans().size() == 1; }));
  exporter.add(ended_span());
  REQUIRE(collector.wait([&] { return collector.spans().size() == 2; }));
  exporter.stop();
  const auto said = log.take();
  INFO(said);
  CHECK(lines_with(said, kFailing) == 1);
  CHECK(lines_with(said, "HTTP status 500") == 1);
  CHECK(lines_with(said, kAgain) == 1);
}

TEST_CASE("a collector that is busy is asked again with the same spans, after its pause") {
  OtlpReceiver collector;
  collector.set_mood([](int n, httplib::Response& response) {
    if (n > 2) return;
    response.status = n == 1 ? 503 : 429;
    if (n == 2) response.set_header("Retry-After", "1");
  });
  const auto before = dropped("collector");
  SpanExporter exporter(impatient(collector.endpoint()));
  const auto begun = SteadyClock::now();
  exporter.add(ended_span("kept"));
  REQUIRE(collector.wait([&] { return collector.spans().size() == 1; }));
  CHECK(SteadyClock::now() - begun >= 1s);
  CHECK(collector.requests() == 3);
  CHECK(collector.spans().front().name == "kept");
  CHECK(dropped("collector") == before);
}

TEST_CASE("one batch is not tried for ever") {
  OtlpReceiver collector;
  collector.set_mood([](int n, httplib::Response& response) {
    if (n <= 5) response.status = 503;
  });
  const auto before = dropped("collector");
  SpanExporter exporter(impatient(collector.endpoint()));
  exporter.add(ended_span("given up"));
  REQUIRE(collector.wait([&] { return dropped("collector") == before + 1; }));
  CHECK(collector.requests() == 5);
  exporter.add(ended_span("next"));
  REQUIRE(collector.wait([&] { return collector.spans().size() == 1; }));
  CHECK(collector.spans().front().name == "next");
}

TEST_CASE("what a collector rejects of a batch is counted and said") {
  OtlpReceiver collector;
  collector.set_mood([](int, httplib::Response& response) {
    response.set_content(R"({"partialSuccess":{"rejectedSpans":"2","errorMessage":"evil words"}})",
                         "application/json");
  });
  const auto before = dropped("rejected");
  LogCapture log;
  auto options = impatient(collector.endpoint());
  options.every = 1min;
  SpanExporter exporter(options);
  for (int i = 0; i < 3; ++i) exporter.add(ended_span());
  exporter.stop();
  CHECK(collector.requests() == 1);
  CHECK(dropped("rejected") == before + 2);
  const auto said = log.take();
  CHECK(lines_with(said, kFailing) == 1);
  CHECK(said.find("evil words") == std::string::npos);
}

TEST_CASE("a full queue drops what comes, at once, and counts it") {
  OtlpReceiver collector;
  std::atomic<bool> held = true;
  collector.set_mood([&](int, httplib::Response&) {
    while (held) std::this_thread::sleep_for(1ms);
  });
  const auto before = dropped("queue");
  auto options = impatient(collector.endpoint());
  options.batch = 1;
  options.queue = 5;
  SpanExporter exporter(options);
  exporter.add(ended_span());
  REQUIRE(collector.wait([&] { return collector.requests() == 1; }));
  const auto begun = SteadyClock::now();
  for (int i = 0; i < 25; ++i) exporter.add(ended_span());
  CHECK(SteadyClock::now() - begun < 5s);  // though the collector holds its answer back
  CHECK(dropped("queue") == before + 20);
  held = false;
  CHECK(collector.wait([&] { return collector.spans().size() == 6; }));
}

TEST_CASE("a closed port is named once and holds nobody up") {
  const auto before = dropped("collector");
  LogCapture log;
  SpanExporter exporter(impatient(closed_endpoint()));
  for (int i = 0; i < 20; ++i) {
    exporter.add(ended_span());
    std::this_thread::sleep_for(10ms);
  }
  CHECK(stopped(exporter) < 5s);
  CHECK(dropped("collector") == before + 20);
  const auto said = log.take();
  INFO(said);
  CHECK(lines_with(said, kFailing) == 1);
  CHECK(lines_with(said, kAgain) == 0);
}

TEST_CASE("the end waits for a silent collector as long as it is said, and no longer") {
  OtlpReceiver collector;
  std::atomic<bool> held = true;
  collector.set_mood([&](int, httplib::Response&) {
    while (held) std::this_thread::sleep_for(1ms);
  });
  for (const bool under_way : {true, false}) {
    auto options = impatient(collector.endpoint());
    options.every = under_way ? Duration(20ms) : Duration(1min);
    options.at_stop = 300ms;
    options.batch = 2;
    const auto before = dropped("collector");
    const auto asked = collector.requests();
    SpanExporter exporter(options);
    for (int i = 0; i < 7; ++i) exporter.add(ended_span());
    if (under_way) REQUIRE(collector.wait([&] { return collector.requests() > asked; }));
    const auto took = stopped(exporter);
    CHECK(took >= 290ms);
    CHECK(took < 5s);  // and not the ten of an attempt
    CHECK(dropped("collector") == before + 7);
  }
  held = false;
}

TEST_CASE("a collector's certificate is verified") {
  test::TemporaryDirectory directory;
  const auto identity = test::transport_root().issue("collector", "collector");
  const auto chain = directory.path() / "chain.pem", key = directory.path() / "key.pem",
             root = directory.path() / "root.pem";
  std::ofstream(chain) << identity.chain_pem;
  std::ofstream(key) << identity.private_key_pem.reveal();
  std::ofstream(root) << test::transport_root().pem;
  OtlpReceiver collector(chain.c_str(), key.c_str());
  {
    LogCapture log;
    SpanExporter exporter(impatient(collector.endpoint("https")));
    exporter.add(ended_span());
    exporter.stop();
    CHECK(collector.requests() == 0);
    CHECK(lines_with(log.take(), kFailing) == 1);
  }
  auto options = impatient(collector.endpoint("https"));
  options.ca_file = root;
  SpanExporter exporter(options);
  exporter.add(ended_span());
  exporter.stop();
  CHECK(collector.spans().size() == 1);
}

TEST_CASE("what cannot be used is refused before anything is sent") {
  test::TemporaryDirectory directory;
  const auto file = directory.path() / "headers";
  const auto write = [&](const std::string& text, mode_t mode) {
    std::ofstream(file) << text;
    REQUIRE(::chmod(file.c_str(), mode) == 0);
  };
  const auto refused = [](const SpanExportOptions& options) {
    const auto begun = begin_span_export("set-test", options);
    CHECK(test::code_of(begun) == ErrorCode::bad_config);
    CHECK(begun.error().detail.find("secret") == std::string::npos);
    return begun.error().detail;
  };
  write("authorization: secret\n", 0600);
  const std::string https = "https://c.example";
  CHECK(refused({"http://c.example", file, ""}).find("in the clear") != std::string::npos);
  CHECK(refused({https, (directory.path() / "none").string(), ""}) != "");
  CHECK(refused({https, "", (directory.path() / "none").string()}) != "");
  write("secret\n", 0600);
  CHECK(refused({https, file, ""}).find("headers: line 1 ") != std::string::npos);
  write("authorization: secret\n", 0644);
  CHECK(refused({https, file, ""}) != "");
  // Without an endpoint nothing begins, whatever else is named.
  CHECK(begin_span_export("set-test", {"", file, ""}));
}

}  // namespace
}  // namespace set
