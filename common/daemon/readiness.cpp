#include "common/daemon/readiness.h"

#include "common/base/log.h"

namespace set {

std::string Readiness::State::reason() const {
  std::string out;
  for (const auto& [name, error] : conditions) {
    if (error) out += (out.empty() ? "" : "; ") + name + ": " + error->detail;
  }
  return out;
}

void Readiness::require(const std::string& name, Condition condition) {
  const std::lock_guard lock(mutex_);
  conditions_.insert_or_assign(name, std::move(condition));
}

void Readiness::hold(const std::string& name, const std::string& reason) {
  require(name, [reason]() -> Result<void> {
    return failure(ErrorCode::in_progress, reason);
  });
}

void Readiness::release(const std::string& name) {
  const std::lock_guard lock(mutex_);
  conditions_.erase(name);
}

Readiness::State Readiness::look() {
  const std::lock_guard one_at_a_time(looking_);
  std::map<std::string, Condition> conditions;
  {
    const std::lock_guard lock(mutex_);
    conditions = conditions_;
  }
  State now{.ready = true, .conditions = {}};
  for (const auto& [name, condition] : conditions) {
    auto met = condition();
    now.ready = now.ready && met.has_value();
    now.conditions.emplace(name, met ? std::nullopt : std::optional(std::move(met).error()));
  }
  const auto before = last();
  for (const auto& [name, error] : now.conditions) {
    const auto was = before.conditions.find(name);
    const bool was_bad = was != before.conditions.end() && was->second.has_value();
    if (error && !was_bad) log_warning("not ready", LogWord{"condition", name}, *error);
    if (!error && was_bad) log_info("ready again", LogWord{"condition", name});
  }
  const std::lock_guard lock(mutex_);
  last_ = now;
  return now;
}

Readiness::State Readiness::last() const {
  const std::lock_guard lock(mutex_);
  return last_;
}

}  // namespace set
