#include "common/daemon/reload.h"

#include <algorithm>

#include "common/base/assert.h"
#include "common/base/log.h"
#include "common/daemon/stop.h"

namespace set {
namespace {

constexpr Duration kLookForHangup = std::chrono::milliseconds(250);
// Taken in here, for every program.
constexpr std::string_view kLogLevelKey = "log-level", kLogFormatKey = "log-format";

std::string listed(const std::vector<std::string>& keys) {
  std::string list;
  for (const auto& key : keys) list += (list.empty() ? "" : ", ") + key;
  return list;
}

void say_changes(const ReloadLoop::Changes& changes) {
  if (!changes.taken.empty()) {
    log_info("settings read again", LogWord{"taken", listed(changes.taken)});
  }
  if (!changes.waiting.empty()) {
    log_warning("settings changed that need a restart", LogWord{"keys", listed(changes.waiting)});
  }
  if (changes.taken.empty() && changes.waiting.empty()) {
    log_info("settings read again: nothing changed");
  }
}

}  // namespace

ReloadLoop::ReloadLoop(CommonOptions common, std::set<std::string> live, Read read)
    : common_(std::move(common)), live_(std::move(live)), read_(std::move(read)) {
  for (const auto& key : live_) {
    SET_ASSERT(std::ranges::find(common_.settings, key, &Setting::key) != common_.settings.end());
  }
}

ReloadLoop::~ReloadLoop() = default;

Result<ReloadLoop::Changes> ReloadLoop::reload() {
  std::vector<const char*> arguments;
  for (const auto& argument : common_.arguments) arguments.push_back(argument.c_str());
  const auto read = TRY(read_(static_cast<int>(arguments.size()), arguments.data()));
  Changes changes;
  for (auto& held : common_.settings) {
    const auto now = std::ranges::find(read.common.settings, held.key, &Setting::key);
    if (now == read.common.settings.end() || *now == held) continue;
    const bool of_log = held.key == kLogLevelKey || held.key == kLogFormatKey;
    if (!of_log && !live_.contains(held.key)) {
      changes.waiting.push_back(held.key);
      continue;
    }
    if (of_log) {
      log_open(common_.program, read.common.log_level, read.common.log_format);
    } else {
      read.take(held.key);
    }
    held = *now;
    changes.taken.push_back(held.key);
  }
  return changes;
}

void ReloadLoop::start() {
  thread_ = std::jthread([this](const std::stop_token& ended) { run(ended); });
}

void ReloadLoop::run(const std::stop_token& ended) {
  // A signal that came before this thread did counts as well.
  for (int seen = 0; !ended.stop_requested() && !wait_for_stop(kLookForHangup);) {
    if (hangups() == seen) continue;
    seen = hangups();
    const auto changes = reload();
    if (changes) {
      say_changes(*changes);
    } else {
      log_error("settings cannot be read again; the old ones stay", changes.error());
    }
  }
}

}  // namespace set
