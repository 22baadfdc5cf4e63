#include "common/daemon/metrics.h"

#include <catch2/catch_test_macros.hpp>

#include "common/base/pan.h"
#include "common/daemon/instruments.h"

namespace set {
namespace {

static_assert(MetricLabel<ErrorCode> && MetricLabel<v1::MessageType> && MetricLabel<AuthCode> &&
              MetricLabel<Role> && MetricLabel<Currency> && MetricLabel<LabelWord>);
// What has as many values as there are purchases, or is somebody's.
static_assert(!MetricLabel<XID> && !MetricLabel<RRPID> && !MetricLabel<Pan> &&
              !MetricLabel<Amount> && !MetricLabel<Thumbprint> && !MetricLabel<Error>);
static_assert(!MetricLabel<std::string> && !MetricLabel<const char*> && !MetricLabel<int>);

const Counter<ErrorCode, LabelWord> fruit("test_fruit_total", "Fruit, by code and colour",
                                          {"code", "colour"});
const Counter<> plain("test_plain_total", "Without labels");
const Counter<Currency> unused("test_unused_total", "Never counted", {"currency"});
const Gauge<LabelWord> depth("test_depth", "How deep", {"where"});
const Stopwatch<LabelWord> laps("test_lap_seconds", "How long", {"who"}, {0.01, 1});

bool has_line(const std::string& text, const std::string& line) {
  return ("\n" + text).find("\n" + line + "\n") != std::string::npos;
}

std::size_t count_of(const std::string& text, const std::string& words) {
  std::size_t count = 0;
  for (auto at = text.find(words); at != std::string::npos; at = text.find(words, at + 1)) ++count;
  return count;
}

TEST_CASE("what was counted, set and timed stands in the text") {
  fruit.count(ErrorCode::conflict, LabelWord{"red"});
  fruit.add(2.5, ErrorCode::conflict, LabelWord{"red"});
  fruit.count(ErrorCode::decoding_failure, LabelWord{"green"});
  plain.count();
  depth.set(7, LabelWord{"here"});
  depth.set(3, LabelWord{"here"});
  laps.observe(std::chrono::milliseconds(5), LabelWord{"us"});
  laps.observe(std::chrono::milliseconds(500), LabelWord{"us"});
  laps.observe(std::chrono::seconds(3), LabelWord{"us"});
  const auto text = metrics_text();
  CHECK(has_line(text, "# HELP test_fruit_total Fruit, by code and colour"));
  CHECK(has_line(text, "# TYPE test_fruit_total counter"));
  CHECK(has_line(text, R"(test_fruit_total{code="conflict",colour="red"} 3.5)"));
  CHECK(has_line(text, R"(test_fruit_total{code="decodingFailure",colour="green"} 1)"));
  CHECK(has_line(text, "test_plain_total 1"));
  CHECK(has_line(text, R"(test_depth{where="here"} 3)"));
  CHECK(has_line(text, "# TYPE test_lap_seconds histogram"));
  CHECK(has_line(text, R"(test_lap_seconds_bucket{who="us",le="0.01"} 1)"));
  CHECK(has_line(text, R"(test_lap_seconds_bucket{who="us",le="1"} 2)"));
  CHECK(has_line(text, R"(test_lap_seconds_bucket{who="us",le="+Inf"} 3)"));
  CHECK(has_line(text, R"(test_lap_seconds_count{who="us"} 3)"));
}

TEST_CASE("an instrument that was never used shows what it is, once") {
  const auto text = metrics_text();
  CHECK(has_line(text, "# TYPE test_unused_total counter"));
  CHECK(count_of(text, "# TYPE test_unused_total ") == 1);
  CHECK(text.find("test_unused_total{") == std::string::npos);
  const auto described = described_metrics();
  const auto found = std::ranges::find(described, "test_unused_total", &MetricDescription::name);
  REQUIRE(found != described.end());
  CHECK(found->labels == std::vector<std::string>{"currency"});
}

TEST_CASE("a reading is looked up when asked, and gone with its object") {
  double value = 1;
  {
    const Reading reading({MetricKind::gauge, "test_reading", "Looked up", {"side"}},
                          [&](const Reading::Show& show) {
                            show(value, {"left"});
                            show(-value, {"right"});
                          });
    CHECK(has_line(metrics_text(), R"(test_reading{side="left"} 1)"));
    value = 2;
    CHECK(has_line(metrics_text(), R"(test_reading{side="left"} 2)"));
    CHECK(has_line(metrics_text(), R"(test_reading{side="right"} -2)"));
  }
  CHECK(metrics_text().find("test_reading") == std::string::npos);
}

TEST_CASE("money is shown in the currency's base unit") {
  metrics::count_money({"test"}, *Amount::parse("49.95 EUR"));
  metrics::count_money({"test"}, *Amount::parse("0.05 EUR"));
  metrics::count_money({"test"}, *Amount::parse("500 JPY"));
  metrics::count_money({"test"}, *Amount::parse("1.234 KWD"));
  const auto text = metrics_text();
  CHECK(has_line(text, R"(set_money_total{currency="EUR",movement="test"} 50)"));
  CHECK(has_line(text, R"(set_money_total{currency="JPY",movement="test"} 500)"));
  CHECK(has_line(text, R"(set_money_total{currency="KWD",movement="test"} 1.234)"));
}

TEST_CASE("every instrument is named as Prometheus has it") {
  for (const auto& metric : described_metrics()) {
    INFO(metric.name);
    CHECK(metric.help.size() > 2);
    CHECK(metric.name.find_first_not_of("abcdefghijklmnopqrstuvwxyz_") == std::string::npos);
    if (metric.kind == MetricKind::counter) CHECK(metric.name.ends_with("_total"));
    if (metric.kind == MetricKind::histogram) CHECK(metric.name.ends_with("_seconds"));
    CHECK((metric.name.starts_with("set_") || metric.name.starts_with("grpc_") ||
           metric.name.starts_with("process_") || metric.name.starts_with("test_")));
  }
}

}  // namespace
}  // namespace set
