#include "common/base/log.h"

#include <algorithm>
#include <atomic>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include "common/base/log_context.h"

namespace set {
namespace {

std::atomic<bool> json_format{false};
std::string daemon_name;  // written once by log_open, before any thread

// Values are short and ours; still, nothing may break out of a line or a JSON string.
std::string in_quotes(std::string_view value) {
  std::string out = "\"";
  for (const char c : value) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    } else {
      out += c;
    }
  }
  return out + '"';
}

bool needs_quotes(std::string_view value) {
  return value.empty() || value.find_first_of(" \"\\=\n\r\t") != std::string_view::npos;
}

std::string_view level_name(LogLevel level) {
  switch (level) {
    case LogLevel::trace: return "trace";
    case LogLevel::info: return "info";
    case LogLevel::warning: return "warning";
    case LogLevel::error: return "error";
  }
  return "error";
}

spdlog::level::level_enum spdlog_level(LogLevel level) {
  switch (level) {
    case LogLevel::trace: return spdlog::level::trace;
    case LogLevel::info: return spdlog::level::info;
    case LogLevel::warning: return spdlog::level::warn;
    case LogLevel::error: return spdlog::level::err;
  }
  return spdlog::level::err;
}

spdlog::logger& logger() {
  static const auto instance = [] {
    auto made = std::make_shared<spdlog::logger>(
        "set", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    made->set_pattern("%v");
    made->set_level(spdlog::level::info);
    made->flush_on(spdlog::level::trace);
    return made;
  }();
  return *instance;
}

// What was said on the line itself counts.
std::vector<LogField> with_context(std::initializer_list<LogField> fields) {
  std::vector<LogField> out(fields);
  const auto add = [&](std::string_view name, std::string value) {
    if (!value.empty() && std::ranges::find(out, name, &LogField::name) == out.end())
      out.push_back({name, std::move(value)});
  };
  const auto& context = log_context();
  if (context.rrpid) add("rrpid", context.rrpid->hex());
  if (context.xid) add("xid", context.xid->hex());
  add("peer", context.peer);
  add("trace_id", context.trace_id);
  add("span_id", context.span_id);
  return out;
}

}  // namespace

LogContext& log_context() {
  thread_local LogContext context;
  return context;
}

void log_open(std::string_view daemon, LogLevel level, LogFormat format) {
  // Once it serves a daemon calls this again for level and format alone.
  if (daemon_name != daemon) daemon_name = daemon;
  json_format = format == LogFormat::json;
  logger().set_level(spdlog_level(level));
}

void log_write(LogLevel level, std::string_view event, std::initializer_list<LogField> fields) {
  if (!logger().should_log(spdlog_level(level))) return;
  const auto now = to_string(system_clock()());
  const auto all = with_context(fields);
  std::string line;
  if (json_format) {
    line = fmt::format(R"({{"time":"{}","level":"{}","daemon":"{}","event":{})", now,
                       level_name(level), daemon_name, in_quotes(event));
    for (const auto& field : all) line += fmt::format(R"(,"{}":{})", field.name, in_quotes(field.value));
    line += '}';
  } else {
    line = fmt::format("{} {:7} {} {}", now, level_name(level), daemon_name, event);
    for (const auto& field : all) {
      line += fmt::format(" {}={}", field.name,
                          needs_quotes(field.value) ? in_quotes(field.value) : field.value);
    }
  }
  logger().log(spdlog_level(level), "{}", line);
}

}  // namespace set
