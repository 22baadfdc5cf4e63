#include "merchant/event_dispatcher.h"

#include <algorithm>

#include "common/base/log.h"
#include "common/daemon/files.h"
#include "common/store/crash_point.h"

namespace set::merchant {
namespace {

constexpr Duration kLease = std::chrono::seconds(5);
constexpr Duration kHouseEvery = std::chrono::seconds(5);
constexpr Duration kPruneEvery = std::chrono::hours(1);
constexpr Duration kAfterFailure = std::chrono::seconds(2);
constexpr Duration kShortest = std::chrono::milliseconds(10);
constexpr int kDueDeliveries = 64;
constexpr int kGone = 410;

LogWord webhook_word(const std::string& id) { return {"webhook", id}; }

}  // namespace

EventDispatcher::EventDispatcher(Parts parts)
    : parts_(std::move(parts)),
      feed_(parts_.database),
      webhooks_(parts_.database),
      keys_(parts_.directory, parts_.lock),
      client_(parts_.options().timeout, parts_.options().ca_file),
      leader_(parts_.database, "events", kLease, parts_.clock) {}

Result<void> EventDispatcher::start() {
  const auto options = parts_.options();
  CHECK_OR_FAIL(options.retry >= kShortest && options.timeout >= kShortest,
                ErrorCode::invalid_argument,
                "--webhook-retry and --webhook-timeout are at least 10ms");
  if (!options.ca_file.empty()) TRY(read_text_file(options.ca_file));
  thread_ = std::thread([this] { run(); });
  return {};
}

void EventDispatcher::stop() {
  if (!thread_.joinable()) return;
  stopping_ = true;
  client_.wake();
  thread_.join();
  leader_.give_back();
}

void EventDispatcher::run() {
  while (!stopping_) {
    auto pause = parts_.tick;
    if (const auto worked = work(); !worked) {
      log_error("events are not sent now", worked.error());
      pause = kAfterFailure;
    }
    for (const auto& answer : client_.wait(pause)) finished(answer);
  }
}

// A daemon that lost the lease goes on with what is under way: a webhook may hear an event twice.
Result<void> EventDispatcher::work() {
  if (!TRY(leader_.hold())) return {};
  keep_house();
  return send_due();
}

void EventDispatcher::keep_house() {
  const auto now = parts_.clock();
  if (now < house_kept_at_ + kHouseEvery) return;
  house_kept_at_ = now;
  const auto told = feed_.tell_expired(now);
  if (!told) log_error("expired orders not told of", told.error());
  if (now < pruned_at_ + kPruneEvery) return;
  const auto pruned = feed_.prune(now - parts_.options().keep);
  if (!pruned) log_error("old events not forgotten", pruned.error());
  // As long as there are more, a part at a time.
  if (!pruned || *pruned == 0) pruned_at_ = now;
}

Result<void> EventDispatcher::send_due() {
  const auto now = parts_.clock();
  TRY(webhooks_.hand_over(now));
  for (const auto& job : TRY(webhooks_.due(now, kDueDeliveries))) {
    if (!client_.busy(job.webhook.id)) send(job);
  }
  return {};
}

std::vector<SecretBytes> EventDispatcher::secrets_of(const WebhookKeys& keys,
                                                     const Webhook& webhook, Instant now) {
  std::vector<SecretBytes> out;
  out.push_back(keys.secret(webhook.id, webhook.generation));
  if (webhook.former_until && now < *webhook.former_until)
    out.push_back(keys.secret(webhook.id, webhook.generation - 1));
  return out;
}

void EventDispatcher::send(const DeliveryJob& job) {
  const auto now = parts_.clock();
  const auto* keys = keys_.get();
  if (keys == nullptr) {
    if (!without_keys_) log_error("webhooks wait: webhooks.set is missing or does not open");
    without_keys_ = true;
    return;
  }
  without_keys_ = false;
  if (keys->name() != job.webhook.key_name) {
    save(job, {job.webhook.id, 0,
               "its secret is of another webhooks.set: bring that file back, or `webhook rotate`"});
    return;
  }
  crash_point("merchant:before-webhook");
  const auto secrets = secrets_of(*keys, job.webhook, now);
  client_.start(job.webhook.id,
                {job.webhook.url, job.webhook.allowed, job.event.id,
                 sign_webhook(secrets, job.event.id, now, job.event.body), job.event.body, now});
  under_way_.insert_or_assign(job.webhook.id, job);
}

Attempt EventDispatcher::judge(const DeliveryJob& job, const WebhookAnswer& answer, Instant now) {
  Attempt out{answer.ok(), answer.status, answer.error};
  if (out.delivered) return out;
  const auto options = parts_.options();
  const bool test = job.event.type == EventType::webhook_test;
  if (!test && now < job.since + options.max_age) {
    auto pause = retry_pause(job.attempts + 1, std::max(options.retry, kShortest), kMaxRetryPause,
                             parts_.rng);
    if (answer.retry_after) pause = std::max(pause, *answer.retry_after);
    out.next_attempt_at = now + pause;
  }
  const auto failing_since = job.webhook.failing_since.value_or(now);
  if (test || !job.in_order) return out;
  if (answer.status == kGone) {
    out.disable = "it answered 410 Gone: it wants no more events";
  } else if (now >= failing_since + options.disable_after) {
    out.disable = "no event could be delivered since " + to_string(failing_since);
  }
  // Whoever enables it again goes on with this very event.
  if (!out.disable.empty()) out.next_attempt_at = now;
  return out;
}

void EventDispatcher::finished(const WebhookAnswer& answer) {
  const auto found = under_way_.find(answer.key);
  if (found == under_way_.end()) return;
  const auto job = std::move(found->second);
  under_way_.erase(found);
  crash_point("merchant:webhook-answered");
  save(job, answer);
}

void EventDispatcher::save(const DeliveryJob& job, const WebhookAnswer& answer) {
  const auto now = parts_.clock();
  const auto attempt = judge(job, answer, now);
  const auto saved = webhooks_.save(job, attempt, now);
  if (!saved) {
    log_error("a webhook's answer is not kept: it hears this event again",
              webhook_word(job.webhook.id), saved.error());
    return;
  }
  const LogWord type{"type", to_string(job.event.type)};
  const LogWord number{"event", job.event.id};
  if (attempt.delivered) {
    log_info("event delivered", webhook_word(job.webhook.id), type, number, answer.took);
  } else if (!attempt.disable.empty()) {
    log_error("webhook disabled", webhook_word(job.webhook.id), LogWord{"why", attempt.disable});
  } else if (attempt.next_attempt_at) {
    log_warning("event not delivered yet", webhook_word(job.webhook.id), type, number,
                LogWord{"why", attempt.error});
  } else {
    log_error("event given up", webhook_word(job.webhook.id), type, number,
              LogWord{"why", attempt.error});
  }
}

}  // namespace set::merchant
