#include "merchant/webhook_command.h"

#include <fmt/format.h>

#include <algorithm>
#include <thread>

#include "common/daemon/terminal.h"
#include "merchant/command_output.h"
#include "merchant/event_command.h"
#include "merchant/webhook_keys.h"
#include "merchant/webhook_store.h"
#include "merchant/webhook_url.h"

namespace set::merchant {
namespace {

constexpr Duration kLookAtTestEvery = std::chrono::milliseconds(100);
constexpr int kAllDeliveries = 1'000'000;

Json when(const std::optional<Instant>& instant) {
  return instant ? Json(to_string(*instant)) : Json();
}

std::string types_text(const Webhook& webhook) {
  const auto text = webhook.types.str();
  return text.empty() ? "all" : text;
}

Json json_of(const Webhook& webhook, std::int64_t newest) {
  return {{"webhook", webhook.id},
          {"url", webhook.url},
          {"types", types_text(webhook)},
          {"enabled", webhook.enabled},
          {"disabled_why", webhook.disabled_why.empty() ? Json() : Json(webhook.disabled_why)},
          {"created_at", to_string(webhook.created_at)},
          {"cursor", webhook.handed},
          {"behind", newest - webhook.handed},
          {"failing_since", when(webhook.failing_since)},
          {"former_secret_until", when(webhook.former_until)}};
}

Json json_of(const Delivery& delivery) {
  return {{"event", delivery.event_id.empty() ? Json() : Json(delivery.event_id)},
          {"sequence", delivery.event},
          {"type", delivery.type.empty() ? Json() : Json(delivery.type)},
          {"state", delivery.state},
          {"attempts", delivery.attempts},
          {"status", delivery.status == 0 ? Json() : Json(delivery.status)},
          {"error", delivery.error.empty() ? Json() : Json(delivery.error)},
          {"since", to_string(delivery.since)},
          {"last_attempt_at", when(delivery.last_attempt_at)},
          {"next_attempt_at", when(delivery.next_attempt_at)}};
}

Result<WebhookKeys> open_keys(const Config& config) {
  const auto access = TRY(KeyAccess::read(config.keys, config.dir / "keys.set"));
  return WebhookKeys::open_or_make(config.dir, access.lock(), Rng::system());
}

void show_secret(const Config& config, Json about, const std::string& secret) {
  if (config.common.json) {
    about["secret"] = secret;
    print(about);
    return;
  }
  fmt::print("{}\n", secret);
  say(fmt::format("Webhook {}: this secret is not shown again; its receiver checks signatures with it",
                  about.at("webhook").get<std::string>()));
}

Result<void> add(const Config& config, WebhookStore& webhooks, EventFeed& feed) {
  const auto& wish = config.webhook;
  TRY(check_webhook_url(wish.url, wish.allowed));
  auto types = TRY(EventFilter::parse(wish.types));
  auto cursor = TRY(feed.newest());
  if (!wish.since.empty()) {
    cursor = TRY(parse_cursor(wish.since));
    TRY(feed.after(cursor, 1));  // is there, and not forgotten
  }
  const auto keys = TRY(open_keys(config));
  Webhook webhook{make_webhook_id(Rng::system()), wish.url, std::move(types), system_clock()()};
  webhook.allowed = wish.allowed;
  webhook.key_name = keys.name();
  webhook.handed = cursor;
  TRY(webhooks.insert(webhook));
  show_secret(config,
              {{"webhook", webhook.id}, {"url", webhook.url}, {"types", types_text(webhook)}},
              secret_text(keys.secret(webhook.id, webhook.generation).reveal()));
  return {};
}

Result<void> list(const Config& config, WebhookStore& webhooks, EventFeed& feed) {
  const auto newest = TRY(feed.newest());
  const auto all = TRY(webhooks.list());
  if (config.common.json) {
    Json out = Json::array();
    for (const auto& webhook : all) out.push_back(json_of(webhook, newest));
    print(out);
    return {};
  }
  for (const auto& webhook : all) {
    const auto* state = !webhook.enabled        ? "disabled"
                        : webhook.failing_since ? "failing"
                                                : "enabled";
    fmt::print("{}  {:<8}  {:>6} behind  {}  {}\n", webhook.id, state, newest - webhook.handed,
               webhook.url, types_text(webhook));
    if (!webhook.enabled) fmt::print("    {}\n", webhook.disabled_why);
  }
  return {};
}

void show_state(const Config& config, const Webhook& webhook, const char* what) {
  if (config.common.json) {
    print({{"webhook", webhook.id}, {"state", what}});
  } else {
    fmt::print("Webhook {} is {}\n", webhook.id, what);
  }
}

Result<void> rotate(const Config& config, WebhookStore& webhooks, const Webhook& webhook) {
  const auto keys = TRY(open_keys(config));
  const auto until = system_clock()() + config.webhook.overlap;
  const auto generation = TRY(webhooks.rotate(webhook.id, keys.name(), until));
  show_secret(config, {{"webhook", webhook.id}, {"former_secret_until", to_string(until)}},
              secret_text(keys.secret(webhook.id, generation).reveal()));
  return {};
}

Result<void> test(const Config& config, WebhookStore& webhooks, const Webhook& webhook) {
  const auto clock = system_clock();
  const auto end = clock() + config.webhook.wait;
  const auto event = TRY(webhooks.test(webhook.id, clock()));
  auto delivery = TRY(webhooks.delivery(webhook.id, event));
  while (delivery.state == "waiting" && clock() < end) {
    std::this_thread::sleep_for(kLookAtTestEvery);
    delivery = TRY(webhooks.delivery(webhook.id, event));
  }
  if (config.common.json) {
    print(json_of(delivery));
  } else if (delivery.state == "delivered") {
    fmt::print("{} took it: HTTP status {}\n", webhook.url, delivery.status);
  }
  CHECK_OR_FAIL(delivery.state != "waiting", ErrorCode::outcome_unknown,
                "no answer yet; it is sent as soon as set-merchant serves");
  CHECK_OR_FAIL(delivery.state == "delivered", ErrorCode::peer_unavailable,
                "the webhook did not take it: " + delivery.error);
  return {};
}

Result<void> deliveries(const Config& config, WebhookStore& webhooks, const Webhook& webhook) {
  const auto& wish = config.webhook;
  auto all = TRY(webhooks.deliveries(webhook.id, wish.failed ? "given up" : "",
                                     static_cast<int>(wish.limit.to_fetch())));
  keep_within(wish.limit, all);
  if (config.common.json) {
    Json out = Json::array();
    for (const auto& delivery : all) out.push_back(json_of(delivery));
    print(out);
    return {};
  }
  for (const auto& delivery : all) {
    fmt::print("{:>8}  {:<30} {:<10} {:>3} attempts  {}  {}\n", delivery.event,
               delivery.type.empty() ? "(forgotten)" : delivery.type, delivery.state,
               delivery.attempts,
               delivery.last_attempt_at ? to_string(*delivery.last_attempt_at) : "not tried yet",
               delivery.error.empty() && delivery.status != 0
                   ? "HTTP status " + std::to_string(delivery.status)
                   : delivery.error);
  }
  return {};
}

// By number, or by the id that the receiver has.
Result<std::int64_t> event_number(EventFeed& feed, const std::string& word) {
  if (word.starts_with("evt_")) return TRY(feed.find(word)).sequence;
  const auto number = TRY(parse_cursor(word));
  CHECK_OR_FAIL(number > 0, ErrorCode::invalid_argument, "events are numbered from 1");
  TRY(feed.after(number - 1, 1));
  return number;
}

Result<std::vector<std::int64_t>> wanted_again(const Config& config, WebhookStore& webhooks,
                                               EventFeed& feed, const Webhook& webhook) {
  const auto& wish = config.webhook;
  std::vector<std::int64_t> out;
  for (const auto& word : wish.events) out.push_back(TRY(event_number(feed, word)));
  if (wish.failed) {
    for (const auto& delivery : TRY(webhooks.deliveries(webhook.id, "given up", kAllDeliveries)))
      if (!delivery.event_id.empty()) out.push_back(delivery.event);
  }
  if (!wish.since.empty()) {
    const auto from = TRY(parse_cursor(wish.since));
    const auto newest = TRY(feed.after(from, 1)).newest;
    const auto to = wish.until.empty() ? newest : TRY(parse_cursor(wish.until));
    // What it has not come to yet, it gets in its turn.
    out = TRY(webhooks.events_for(webhook, from, std::min(to, webhook.handed)));
  }
  return out;
}

Result<void> resend(const Config& config, WebhookStore& webhooks, EventFeed& feed,
                    const Webhook& webhook) {
  const auto& wish = config.webhook;
  CHECK_OR_FAIL(!wish.events.empty() || wish.failed || !wish.since.empty(),
                ErrorCode::invalid_argument, "say what: --event, --since or --failed");
  const auto events = TRY(wanted_again(config, webhooks, feed, webhook));
  const auto wanted = TRY(webhooks.resend(webhook.id, events, system_clock()()));
  if (config.common.json) {
    print({{"webhook", webhook.id}, {"resent", wanted}});
  } else {
    fmt::print("{} events are sent again, as soon as set-merchant serves\n", wanted);
  }
  return {};
}

}  // namespace

Result<void> run_webhook(const Config& config) {
  auto database = TRY(open_database(config));
  TRY(Store::open(database));
  WebhookStore webhooks(database);
  EventFeed feed(database);
  const auto action = config.webhook.action;
  if (action == WebhookAction::add) return add(config, webhooks, feed);
  if (action == WebhookAction::list) return list(config, webhooks, feed);
  const auto webhook = TRY(webhooks.find(config.webhook.id));
  const auto now = system_clock()();
  switch (action) {
    case WebhookAction::add:
    case WebhookAction::list:
      return {};
    case WebhookAction::remove:
      TRY(webhooks.remove(webhook.id));
      show_state(config, webhook, "removed");
      return {};
    case WebhookAction::enable:
      TRY(webhooks.enable(webhook.id, now));
      show_state(config, webhook, "enabled");
      return {};
    case WebhookAction::disable:
      TRY(webhooks.disable(webhook.id, "an operator disabled it", now));
      show_state(config, webhook, "disabled");
      return {};
    case WebhookAction::rotate:
      return rotate(config, webhooks, webhook);
    case WebhookAction::test:
      return test(config, webhooks, webhook);
    case WebhookAction::deliveries:
      return deliveries(config, webhooks, webhook);
    case WebhookAction::resend:
      return resend(config, webhooks, feed, webhook);
  }
  return {};
}

}  // namespace set::merchant
