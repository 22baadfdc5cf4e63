// Webhooks in the merchant's database: where events are sent, and what became of each. A webhook
// goes through the feed in order: `handed` is the newest event that was handed to it; that one's
// delivery waits until it is delivered or given up, and only then the next is taken. What an
// operator wants sent again waits beside that. Written by commands and by the daemon's dispatcher
// (event_dispatcher.h). Any thread. Errors: storage_unavailable.
#pragma once

#include <optional>

#include "common/store/database.h"
#include "merchant/event.h"
#include "merchant/webhook.h"

namespace set::merchant {

inline constexpr std::string_view kWebhookSchema = R"sql(
  CREATE TABLE webhooks (
    id TEXT PRIMARY KEY CHECK (length(id) BETWEEN 4 AND 32),
    url TEXT NOT NULL CHECK (length(url) BETWEEN 8 AND 2000),
    types TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    enabled INTEGER NOT NULL DEFAULT 1 CHECK (enabled IN (0, 1)),
    disabled_why TEXT NOT NULL DEFAULT '',
    plain_http INTEGER NOT NULL DEFAULT 0 CHECK (plain_http IN (0, 1)),
    any_address INTEGER NOT NULL DEFAULT 0 CHECK (any_address IN (0, 1)),
    -- which secret signs (webhook_keys.h): of which key, and its rotation; the one before it signs
    -- too until then
    key_name TEXT NOT NULL,
    generation INTEGER NOT NULL DEFAULT 1 CHECK (generation > 0),
    former_until INTEGER,
    handed INTEGER NOT NULL CHECK (handed >= 0),
    failing_since INTEGER
  ) STRICT;

  CREATE TABLE deliveries (
    webhook TEXT NOT NULL REFERENCES webhooks (id),
    event INTEGER NOT NULL,
    -- 0: wanted by a person, beside the order
    in_order INTEGER NOT NULL CHECK (in_order IN (0, 1)),
    state TEXT NOT NULL CHECK (state IN ('waiting', 'delivered', 'given up')),
    since INTEGER NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    next_attempt_at INTEGER,
    last_attempt_at INTEGER,
    status INTEGER,
    error TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (webhook, event),
    CHECK ((state = 'waiting') = (next_attempt_at IS NOT NULL))
  ) STRICT;
  CREATE INDEX deliveries_due ON deliveries (next_attempt_at) WHERE state = 'waiting';
  CREATE UNIQUE INDEX deliveries_one_in_order ON deliveries (webhook)
    WHERE state = 'waiting' AND in_order = 1;
)sql";

struct Webhook {
  std::string id;  ///< "wh_…"
  std::string url;
  EventFilter types;
  Instant created_at;
  bool enabled = true;
  std::string disabled_why = {};
  AllowedTargets allowed = {};
  std::string key_name = {};
  std::int64_t generation = 1;
  std::optional<Instant> former_until = std::nullopt;
  std::int64_t handed = 0;
  std::optional<Instant> failing_since = std::nullopt;  ///< no success since then
};

struct Delivery {
  std::string webhook;
  std::int64_t event;
  std::string event_id;  ///< empty if the event is forgotten
  std::string type;
  bool in_order = true;
  std::string state;  ///< waiting, delivered, given up
  Instant since;      ///< when it was handed over
  std::int64_t attempts = 0;
  std::optional<Instant> next_attempt_at, last_attempt_at;
  int status = 0;          ///< of HTTP; 0: no answer
  std::string error = {};  ///< a sentence of ours
};

/// A delivery that is due.
struct DeliveryJob {
  Webhook webhook;
  ShopEvent event;
  bool in_order;
  std::int64_t attempts;
  Instant since;
};

/// What became of an attempt.
struct Attempt {
  bool delivered = false;
  int status = 0;
  std::string error = {};
  std::optional<Instant> next_attempt_at = std::nullopt;  ///< none: not again
  std::string disable = {};  ///< why the webhook is disabled by this; empty: it is not
};

class WebhookStore {
 public:
  explicit WebhookStore(Database& database) : database_(&database) {}

  Result<void> insert(const Webhook& webhook);
  Result<std::vector<Webhook>> list();
  /// By its id or the beginning of it. not_found, invalid_argument (several)
  Result<Webhook> find(std::string_view id);
  Result<void> remove(const std::string& id);
  /// Goes on where it stopped, or after what was forgotten meanwhile. conflict if it is enabled.
  Result<void> enable(const std::string& id, Instant now);
  /// conflict if it is disabled.
  Result<void> disable(const std::string& id, const std::string& why, Instant now);
  /// The next secret signs, the present one too until then if it is of the same key. The new
  /// generation.
  Result<std::int64_t> rotate(const std::string& id, const std::string& key_name,
                              Instant former_until);

  /// Newest first. `state`: only these, unless it is empty.
  Result<std::vector<Delivery>> deliveries(const std::string& id, std::string_view state,
                                           int limit);
  /// not_found
  Result<Delivery> delivery(const std::string& id, std::int64_t event);
  /// Wants these sent (again), beside the order. How many; one that waits already is not counted.
  Result<std::int64_t> resend(const std::string& id, const std::vector<std::int64_t>& events,
                              Instant now);
  /// Those of the feed in (from, to] that this webhook is told of.
  Result<std::vector<std::int64_t>> events_for(const Webhook& webhook, std::int64_t from,
                                               std::int64_t to);
  /// A webhook.test for this one alone; its number.
  Result<std::int64_t> test(const std::string& id, Instant now);

  // --- the dispatcher ---

  /// Hands the next event to each webhook that has none waiting.
  Result<void> hand_over(Instant now);
  Result<std::vector<DeliveryJob>> due(Instant now, int limit);
  /// Nothing if the delivery or its webhook has gone meanwhile.
  Result<void> save(const DeliveryJob& job, const Attempt& attempt, Instant now);

 private:
  Database* database_;
};

}  // namespace set::merchant
