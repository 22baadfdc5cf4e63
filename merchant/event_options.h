// What an operator says about events and webhooks: options of `event list`, `webhook …` and `serve`.
// Called by config.cpp.
#pragma once

#include <CLI/CLI.hpp>

#include "common/daemon/list_limit.h"
#include "merchant/event_dispatcher.h"

namespace set::merchant {

enum class WebhookAction { add, list, remove, enable, disable, rotate, test, deliveries, resend };

/// `set-merchant event list`
struct EventQuery {
  std::string since;  ///< a cursor; empty: from the oldest that is kept
  bool follow = false;
  ListLimit limit{0};  ///< a cursor must miss nothing
  std::vector<std::string> types;
};

/// `set-merchant webhook …`
struct WebhookWish {
  WebhookAction action = WebhookAction::list;
  std::string id;
  std::string url;
  std::vector<std::string> types;
  AllowedTargets allowed;
  std::string since;                ///< a cursor; add: empty = from now on
  std::string until;                ///< resend: a cursor; empty: the newest
  std::vector<std::string> events;  ///< resend: ids or numbers
  bool failed = false;              ///< resend, deliveries: those that were given up
  ListLimit limit;
  Duration overlap = std::chrono::hours(24);  ///< rotate
  Duration wait = std::chrono::seconds(30);   ///< test
};

void add_events(CLI::App& app, EventQuery& query);
void add_webhook(CLI::App& app, WebhookWish& wish);
void add_event_options(CLI::App& serve, EventOptions& options);
WebhookAction webhook_action_of(const CLI::App& app);

}  // namespace set::merchant
