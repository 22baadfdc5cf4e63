#include "common/daemon/otlp.h"

#include <nlohmann/json.hpp>

#include <catch2/catch_test_macros.hpp>

#include "common/base/log_context.h"
#include "common/daemon/span_subject.h"
#include "tests/daemon/transport.h"

namespace set {
namespace {

using nlohmann::json;
using test::code_of;

const auto kOtlpParent =
    *parse_traceparent("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");

SpanRecord otlp_span(Span::Kind kind, const std::string& status) {
  SpanRecord out;
  out.name = "set.v1.GatewayService/Authorize";
  out.kind = kind;
  out.context = kOtlpParent;
  out.context.span_id = {0, 1, 2, 3, 4, 5, 6, 7};
  out.parent = kOtlpParent;
  out.begun = std::chrono::system_clock::time_point(std::chrono::nanoseconds(1764268800123456789));
  out.took = std::chrono::nanoseconds(1500000);
  out.status = status;
  return out;
}

json otlp_json_of(const SpanRecord& span) {
  const std::vector<SpanRecord> spans{span};
  const auto out = json::parse(otlp_traces({"set-gateway", "0.9", "here"}, spans));
  return out.at("resourceSpans").at(0).at("scopeSpans").at(0).at("spans").at(0);
}

std::string otlp_attribute(const json& attributes, const std::string& key) {
  for (const auto& each : attributes) {
    if (each.at("key") == key) return each.at("value").at("stringValue");
  }
  return "none";
}

TEST_CASE("a span is written as OTLP's JSON encoding has it") {
  auto span = otlp_span(Span::Kind::server, "OK");
  XID xid;
  xid.value.fill(0xab);
  span.xid = xid;
  const std::vector<SpanRecord> spans{span, span};
  const auto text = otlp_traces({"set-gateway", "0.9", "here"}, spans);
  const auto whole = json::parse(text);
  CHECK(whole.size() == 1);
  const auto& resource = whole.at("resourceSpans").at(0);
  CHECK(otlp_attribute(resource.at("resource").at("attributes"), "service.name") == "set-gateway");
  CHECK(otlp_attribute(resource.at("resource").at("attributes"), "service.version") == "0.9");
  CHECK(otlp_attribute(resource.at("resource").at("attributes"), "service.instance.id") == "here");
  CHECK(resource.at("scopeSpans").at(0).at("scope").at("name") == "openset");
  CHECK(resource.at("scopeSpans").at(0).at("spans").size() == 2);

  // Identifiers in hex, 64-bit numbers as text, enumerations as numbers.
  const auto written = resource.at("scopeSpans").at(0).at("spans").at(0);
  const auto expected = json::parse(R"({
    "traceId": "0af7651916cd43dd8448eb211c80319c", "spanId": "0001020304050607",
    "parentSpanId": "b7ad6b7169203331", "flags": 769,
    "name": "set.v1.GatewayService/Authorize", "kind": 2,
    "startTimeUnixNano": "1764268800123456789", "endTimeUnixNano": "1764268800124956789",
    "attributes": [
      {"key": "rpc.system", "value": {"stringValue": "grpc"}},
      {"key": "rpc.service", "value": {"stringValue": "set.v1.GatewayService"}},
      {"key": "rpc.method", "value": {"stringValue": "Authorize"}},
      {"key": "set.xid", "value": {"stringValue": "abababababababababababababababababababab"}}],
    "status": {"code": 0}})");
  CHECK(written == expected);
}

TEST_CASE("a root span has no parent, and what is no call has no method") {
  auto span = otlp_span(Span::Kind::internal, "OK");
  span.parent.reset();
  span.name = "pay";
  const auto written = otlp_json_of(span);
  CHECK_FALSE(written.contains("parentSpanId"));
  CHECK(written.at("kind") == 1);
  CHECK(written.at("flags") == 0x101);
  CHECK(written.at("attributes").empty());
}

TEST_CASE("whose failure a status is depends on the side") {
  struct {
    Span::Kind kind;
    const char* status;
    int code;
  } const rows[] = {{Span::Kind::client, "OK", 0},
                    {Span::Kind::server, "OK", 0},
                    {Span::Kind::client, "UNAVAILABLE", 2},
                    {Span::Kind::server, "UNAVAILABLE", 2},
                    {Span::Kind::client, "PERMISSION_DENIED", 2},
                    {Span::Kind::server, "PERMISSION_DENIED", 0},
                    {Span::Kind::server, "INTERNAL", 2},
                    {Span::Kind::client, "unfinished", 2},
                    {Span::Kind::server, "unfinished", 2},
                    {Span::Kind::internal, "unfinished", 2}};
  for (const auto& row : rows) {
    INFO(row.status << " of kind " << static_cast<int>(row.kind));
    const auto written = otlp_json_of(otlp_span(row.kind, row.status));
    CHECK(written.at("status").at("code") == row.code);
    CHECK(written.at("status").contains("message") == (row.code == 2));
    const auto type = otlp_attribute(written.at("attributes"), "error.type");
    CHECK(type == (std::string(row.status) == "OK" ? "none" : row.status));
  }
  CHECK(otlp_json_of(otlp_span(Span::Kind::client, "OK")).at("kind") == 3);
}

TEST_CASE("a record keeps a span whole, with the XID that its thread knew") {
  const LogContextScope before;
  XID xid;
  xid.value.fill(7);
  log_context().xid = xid;
  static std::optional<SpanRecord> kept;
  observe_spans([](const EndedSpan& span) { kept = record_of(span); });
  {
    Span span("work", Span::Kind::client, kOtlpParent);
    span.end("ABORTED");
  }
  observe_spans(nullptr);
  REQUIRE(kept);
  CHECK(kept->name == "work");
  CHECK(kept->status == "ABORTED");
  CHECK(kept->kind == Span::Kind::client);
  CHECK(kept->context.trace_id == kOtlpParent.trace_id);
  CHECK(kept->parent->span_id == kOtlpParent.span_id);
  CHECK(kept->xid == xid);
}

TEST_CASE("a span keeps what it was about when the log has forgotten it, and no other span's") {
  static std::vector<SpanRecord> kept;
  kept.clear();
  observe_spans([](const EndedSpan& span) { kept.push_back(record_of(span)); });
  XID xid;
  xid.value.fill(9);
  {
    const SpanScope call("call");
    {
      const LogContextScope handling;
      work_is_about(xid);
      CHECK(log_context().xid == xid);
      const SpanScope inner("inner");
    }
    CHECK_FALSE(log_context().xid);
    const SpanScope later("later");
  }
  { const SpanScope next("next"); }
  observe_spans(nullptr);
  REQUIRE(kept.size() == 4);
  CHECK((kept[0].name == "inner" && kept[0].xid == xid));
  CHECK((kept[1].name == "later" && !kept[1].xid));
  CHECK((kept[2].name == "call" && kept[2].xid == xid));
  CHECK((kept[3].name == "next" && !kept[3].xid));
}

TEST_CASE("how many spans were rejected is heard from any answer") {
  struct {
    const char* answer;
    std::uint64_t rejected;
  } const rows[] = {{"", 0},
                    {"{}", 0},
                    {"no json", 0},
                    {"[1]", 0},
                    {R"({"partialSuccess":{}})", 0},
                    {R"({"partialSuccess":7})", 0},
                    {R"({"partialSuccess":{"rejectedSpans":"3","errorMessage":"x"}})", 3},
                    {R"({"partialSuccess":{"rejectedSpans":3}})", 3},
                    {R"({"partialSuccess":{"rejectedSpans":"0","errorMessage":"slow"}})", 0},
                    {R"({"partialSuccess":{"rejectedSpans":"-3"}})", 0},
                    {R"({"partialSuccess":{"rejectedSpans":-3}})", 0},
                    {R"({"partialSuccess":{"rejectedSpans":"3x"}})", 0}};
  for (const auto& row : rows) {
    INFO(row.answer);
    CHECK(rejected_spans(row.answer) == row.rejected);
  }
  for (const int status : {0, 429, 502, 503, 504}) CHECK(is_retryable(status));
  for (const int status : {301, 400, 401, 404, 413, 415, 500, 501})
    CHECK_FALSE(is_retryable(status));
}

TEST_CASE("an endpoint is a plain URL of a collector") {
  for (const auto& [text, url] : std::vector<std::pair<std::string, std::string>>{
           {"http://127.0.0.1:4318", "http://127.0.0.1:4318/v1/traces"},
           {"http://127.0.0.1:4318/", "http://127.0.0.1:4318/v1/traces"},
           {"https://tempo.example/otlp", "https://tempo.example/otlp/v1/traces"},
           {"https://collector.example/v1/traces", "https://collector.example/v1/traces"}}) {
    INFO(text);
    const auto parsed = parse_otlp_endpoint(text);
    REQUIRE(parsed);
    CHECK(otlp_traces_url(*parsed) == url);
  }
  CHECK(parse_otlp_endpoint("")->empty());
  for (const std::string text :
       {"127.0.0.1:4318", "grpc://127.0.0.1:4317", "http://", "http:///x", "http://a b/", "HTTP//a",
        "https://user:secret@c.example", "https://user@c.example", "https://c.example/?key=1",
        "https://c.example/#a", "http://c.example:99999", "file:///etc/passwd",
        "http://c.example\r\nx: y"}) {
    INFO(text);
    const auto parsed = parse_otlp_endpoint(text);
    CHECK(code_of(parsed) == ErrorCode::invalid_argument);
    CHECK(parsed.error().detail.find("secret") == std::string::npos);
  }
  CHECK(code_of(parse_otlp_endpoint("https://" + std::string(2000, 'a'))) ==
        ErrorCode::invalid_argument);
  for (const char* near : {"http://127.0.0.1:4318", "http://127.9.9.9", "http://localhost:1",
                           "http://[::1]:4318", "https://c.example"}) {
    INFO(near);
    CHECK_FALSE(is_plain_and_remote(near));
  }
  for (const char* far : {"http://c.example", "http://127.example", "http://10.0.0.1:4318",
                          "http://localhost.example", "http://[::2]"}) {
    INFO(far);
    CHECK(is_plain_and_remote(far));
  }
}

TEST_CASE("headers stand one a line, and a wrong one is not quoted") {
  const auto good =
      parse_otlp_headers("# for Tempo\r\n\nAuthorization:Bearer a b=\r\n  x-scope:  1\t\nlast: x");
  REQUIRE(good);
  CHECK(*good == std::vector<std::string>{"Authorization: Bearer a b=", "x-scope: 1", "last: x"});
  CHECK(parse_otlp_headers("")->empty());
  for (const std::string bad :
       {"secret", "secret: ", ": secret", "sec ret: x", "x-scope : secret", "a: sec\x01ret",
        "a: s\xc3\xa9"
        "cret",
        "authorization=secret"}) {
    INFO(bad);
    const auto parsed = parse_otlp_headers("a: b\n" + bad + "\n");
    CHECK(code_of(parsed) == ErrorCode::bad_config);
    CHECK(parsed.error().detail.find("line 2 ") != std::string::npos);
    CHECK(parsed.error().detail.find("ecret") == std::string::npos);
  }
  std::string many;
  for (int i = 0; i < 33; ++i) many += "a: b\n";
  CHECK(code_of(parse_otlp_headers(many)) == ErrorCode::bad_config);
}

}  // namespace
}  // namespace set
