#include "common/daemon/otlp.h"

#include <curl/curl.h>

#include <algorithm>
#include <charconv>
#include <memory>

#include <nlohmann/json.hpp>

#include "common/base/bytes.h"
#include "common/daemon/span_subject.h"

namespace set {
namespace {

using OtlpJson = nlohmann::ordered_json;

constexpr std::size_t kMaxEndpoint = 2000;
constexpr std::size_t kMaxHeaders = 32;

// trace.proto's numbers.
constexpr int kStatusUnset = 0, kStatusError = 2;
constexpr unsigned kRemoteIsKnown = 0x100, kParentIsRemote = 0x200;

int otlp_kind(Span::Kind kind) {
  switch (kind) {
    case Span::Kind::internal:
      return 1;
    case Span::Kind::server:
      return 2;
    case Span::Kind::client:
      return 3;
  }
  return 1;
}

std::string nanoseconds_text(std::chrono::nanoseconds since_1970) {
  return std::to_string(since_1970.count());  // 64 bits, which JSON has as text
}

OtlpJson attribute(std::string_view key, std::string_view value) {
  return {{"key", key}, {"value", {{"stringValue", value}}}};
}

// That a caller was refused what it may not have is no failure of who refused it.
//
// Spec: OpenTelemetry semantic conventions for gRPC, "gRPC Status"
bool is_failure(Span::Kind kind, std::string_view status) {
  if (status == "OK") return false;
  if (kind != Span::Kind::server) return true;
  static constexpr std::string_view kOfTheServer[] = {
      "UNKNOWN",     "DEADLINE_EXCEEDED", "UNIMPLEMENTED", "INTERNAL",
      "UNAVAILABLE", "DATA_LOSS",         "unfinished"};
  return std::ranges::find(kOfTheServer, status) != std::end(kOfTheServer);
}

OtlpJson attributes_of(const SpanRecord& span) {
  auto out = OtlpJson::array();
  if (const auto slash = span.name.find('/'); slash != std::string::npos) {
    out.push_back(attribute("rpc.system", "grpc"));
    out.push_back(attribute("rpc.service", span.name.substr(0, slash)));
    out.push_back(attribute("rpc.method", span.name.substr(slash + 1)));
  }
  if (span.status != "OK") out.push_back(attribute("error.type", span.status));
  if (span.xid) out.push_back(attribute("set.xid", span.xid->hex()));
  return out;
}

OtlpJson span_json(const SpanRecord& span) {
  const bool from_elsewhere = span.kind == Span::Kind::server && span.parent;
  const auto begun =
      std::chrono::duration_cast<std::chrono::nanoseconds>(span.begun.time_since_epoch());
  OtlpJson out = {{"traceId", to_hex(span.context.trace_id)},
                  {"spanId", to_hex(span.context.span_id)}};
  if (span.parent) out["parentSpanId"] = to_hex(span.parent->span_id);
  out["flags"] = span.context.flags | kRemoteIsKnown | (from_elsewhere ? kParentIsRemote : 0U);
  out["name"] = span.name;
  out["kind"] = otlp_kind(span.kind);
  out["startTimeUnixNano"] = nanoseconds_text(begun);
  out["endTimeUnixNano"] = nanoseconds_text(begun + span.took);
  out["attributes"] = attributes_of(span);
  const bool failed = is_failure(span.kind, span.status);
  out["status"] = {{"code", failed ? kStatusError : kStatusUnset}};
  if (failed) out["status"]["message"] = span.status;
  return out;
}

struct EndpointCloser {
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
};
using EndpointUrl = std::unique_ptr<CURLU, EndpointCloser>;

EndpointUrl parsed_url(const std::string& text) {
  EndpointUrl url(curl_url());
  if (curl_url_set(url.get(), CURLUPART_URL, text.c_str(), 0) != CURLUE_OK) return nullptr;
  return url;
}

std::optional<std::string> part(const EndpointUrl& url, CURLUPart which) {
  char* text = nullptr;
  if (curl_url_get(url.get(), which, &text, 0) != CURLUE_OK) return std::nullopt;
  std::string out(text);
  curl_free(text);
  return out;
}

// RFC 9110 §5.6.2
bool is_token(std::string_view text) {
  static constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           kMarks.find(c) != std::string_view::npos;
  });
}

std::string_view without_blanks(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r";
  const auto from = text.find_first_not_of(kBlanks);
  if (from == std::string_view::npos) return {};
  return text.substr(from, text.find_last_not_of(kBlanks) - from + 1);
}

}  // namespace

SpanRecord record_of(const EndedSpan& span) {
  return {.name = std::string(span.name),
          .kind = span.kind,
          .context = span.context,
          .parent = span.parent,
          .begun = span.begun,
          .took = span.took,
          .status = std::string(span.status),
          .xid = subject_of(span.context)};
}

std::string otlp_traces(const OtlpResource& resource, std::span<const SpanRecord> spans) {
  auto list = OtlpJson::array();
  for (const auto& span : spans) list.push_back(span_json(span));
  const OtlpJson whose = {{"attributes",
                           {attribute("service.name", resource.service_name),
                            attribute("service.version", resource.version),
                            attribute("service.instance.id", resource.instance_id)}}};
  const OtlpJson scope = {{"name", "openset"}, {"version", resource.version}};
  auto scope_spans = OtlpJson::array();
  scope_spans.push_back({{"scope", scope}, {"spans", std::move(list)}});
  auto resource_spans = OtlpJson::array();
  resource_spans.push_back({{"resource", whose}, {"scopeSpans", std::move(scope_spans)}});
  return OtlpJson{{"resourceSpans", std::move(resource_spans)}}.dump(
      -1, ' ', false, OtlpJson::error_handler_t::replace);
}

std::uint64_t rejected_spans(std::string_view answer) {
  const auto parsed = nlohmann::json::parse(answer, nullptr, false);
  if (!parsed.is_object()) return 0;
  const auto partial = parsed.find("partialSuccess");
  if (partial == parsed.end() || !partial->is_object()) return 0;
  const auto rejected = partial->find("rejectedSpans");
  if (rejected == partial->end()) return 0;
  if (rejected->is_number_unsigned()) return rejected->get<std::uint64_t>();
  if (!rejected->is_string()) return 0;
  const auto text = rejected->get<std::string>();
  std::uint64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  return error == std::errc() && end == text.data() + text.size() ? count : 0;
}

bool is_retryable(int http_status) {
  return http_status == 0 || http_status == 429 || (http_status >= 502 && http_status <= 504);
}

Result<std::string> parse_otlp_endpoint(std::string_view text) {
  if (text.empty()) return std::string();
  std::string out(text);
  const bool plain = std::ranges::all_of(out, [](char c) { return c > ' ' && c < 0x7f; });
  const bool of_http = out.starts_with("http://") || out.starts_with("https://");
  const bool without_host =
      out.find(":///") != std::string::npos;  // where curl takes the path for it
  const auto url =
      plain && of_http && !without_host && out.size() <= kMaxEndpoint ? parsed_url(out) : nullptr;
  CHECK_OR_FAIL(url && !part(url, CURLUPART_HOST).value_or("").empty(), ErrorCode::invalid_argument,
                "the endpoint of a collector is a URL such as http://127.0.0.1:4318");
  CHECK_OR_FAIL(!part(url, CURLUPART_USER) && !part(url, CURLUPART_PASSWORD),
                ErrorCode::invalid_argument,
                "the endpoint of a collector holds no user and no password: --otlp-headers-file "
                "names a file with what proves who we are");
  CHECK_OR_FAIL(out.find_first_of("?#") == std::string::npos, ErrorCode::invalid_argument,
                "the endpoint of a collector has no ? and no # part");
  while (out.ends_with('/')) out.pop_back();
  return out;
}

std::string otlp_traces_url(const std::string& endpoint) {
  constexpr std::string_view kTraces = "/v1/traces";
  return endpoint.ends_with(kTraces) ? endpoint : endpoint + std::string(kTraces);
}

bool is_plain_and_remote(const std::string& endpoint) {
  if (endpoint.starts_with("https://")) return false;
  const auto host = part(parsed_url(endpoint), CURLUPART_HOST).value_or("");
  // A name such as 127.example is somebody's.
  const bool of_digits = host.find_first_not_of("0123456789.") == std::string::npos;
  return host != "localhost" && host != "[::1]" && !(of_digits && host.starts_with("127."));
}

Result<std::vector<std::string>> parse_otlp_headers(std::string_view text) {
  std::vector<std::string> out;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const auto end = std::min(text.find('\n'), text.size());
    const auto line = without_blanks(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.empty() || line.starts_with('#')) continue;
    const auto colon = line.find(':');
    const auto name = line.substr(0, colon);
    const auto value =
        colon == std::string_view::npos ? "" : without_blanks(line.substr(colon + 1));
    const bool printable = std::ranges::all_of(value, [](char c) { return c >= ' ' && c < 0x7f; });
    CHECK_OR_FAIL(is_token(name) && !value.empty() && printable && out.size() < kMaxHeaders,
                  ErrorCode::bad_config,
                  "line " + std::to_string(number) +
                      " is no header such as `authorization: Bearer TOKEN` (32 at most)");
    out.push_back(std::string(name) + ": " + std::string(value));
  }
  return out;
}

}  // namespace set
