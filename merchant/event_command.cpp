#include "merchant/event_command.h"

#include <fmt/format.h>

#include <cerrno>
#include <charconv>
#include <cstdio>

#include "common/daemon/stop.h"
#include "merchant/command_output.h"
#include "merchant/event_store.h"

namespace set::merchant {
namespace {

constexpr Duration kFollowEvery = std::chrono::milliseconds(200);
constexpr int kPageSize = 500;

std::string word_of(const Json& data, const char* name) {
  const auto found = data.find(name);
  if (found == data.end()) return "";
  if (found->is_object()) return found->value("text", "");
  return found->is_string() ? found->get<std::string>() : "";
}

// What each type of event is about, and how much.
std::string row_of(const ShopEvent& event) {
  const auto data = Json::parse(event.body).at("data");
  std::string about;
  for (const auto* name : {"order", "batch_id", "webhook", "certificate"}) {
    if (about.empty()) about = word_of(data, name);
  }
  return fmt::format("{:>8}  {}  {:<30} {:<20} {:>18}  {}", event.sequence, to_string(event.at),
                     to_string(event.type), about.substr(0, 20), word_of(data, "amount"),
                     word_of(data, "code") + word_of(data, "auth_code") + word_of(data, "reason"));
}

// All of it, or false: who reads us has gone.
Result<bool> write_out(const std::string& lines) {
  errno = 0;
  const bool written = std::fwrite(lines.data(), 1, lines.size(), stdout) == lines.size() &&
                       std::fflush(stdout) == 0;
  CHECK_OR_FAIL(written || errno == EPIPE, ErrorCode::storage_unavailable,
                "the events cannot be written to standard output: is the disk full?");
  return written;
}

}  // namespace

Result<std::int64_t> parse_cursor(const std::string& text) {
  std::int64_t out = -1;
  const auto* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, out);
  CHECK_OR_FAIL(parsed.ec == std::errc{} && parsed.ptr == end && out >= 0,
                ErrorCode::invalid_argument,
                "a cursor is the number of an event, as `sequence` has it");
  return out;
}

Result<void> show_events(const Config& config) {
  const auto& query = config.events;
  const auto types = TRY(EventFilter::parse(query.types));
  auto database = TRY(open_database(config));
  TRY(Store::open(database));
  EventFeed feed(database);
  auto cursor = query.since.empty() ? TRY(feed.oldest()) : TRY(parse_cursor(query.since));
  std::size_t shown = 0;
  if (query.follow) expect_stop();  // Ctrl-C ends us between two lines
  while (!stop_requested()) {
    const auto page = TRY(feed.after(cursor, kPageSize));
    std::string lines;
    bool left_out = false;
    for (const auto& event : page.events) {
      const bool wanted = types.wants(event.type);
      left_out = wanted && query.limit.is_full(shown);
      if (left_out) break;
      cursor = event.sequence;
      if (!wanted) continue;
      lines += (config.common.json ? event.body : row_of(event)) + "\n";
      ++shown;
    }
    if (!TRY(write_out(lines))) return {};
    if (left_out) say_rows_left_out(query.limit);
    const bool enough = left_out || (query.follow && query.limit.is_full(shown));
    if (enough || (!query.follow && cursor >= page.newest)) return {};
    if (cursor >= page.newest) wait_for_stop(kFollowEvery);
  }
  return {};
}

}  // namespace set::merchant
