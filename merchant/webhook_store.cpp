#include "merchant/webhook_store.h"

#include <algorithm>

#include "merchant/event_store.h"
#include "merchant/store_rows.h"

namespace set::merchant {
namespace {

constexpr int kLookedThrough = 500;  // events, for the next one that a webhook is told of

constexpr std::string_view kWebhookColumns =
    "w.id, w.url, w.types, w.created_at, w.enabled, w.disabled_why, w.plain_http, w.any_address,"
    " w.key_name, w.generation, w.former_until, w.handed, w.failing_since";
constexpr std::size_t kAfterWebhookColumns = 13;

std::optional<Instant> instant_if_any(const Row& row, std::size_t column) {
  return row.is_null(column) ? std::nullopt : std::optional(row.instant(column));
}

Result<Webhook> webhook_of(const Row& row) {
  auto types = TRY(EventFilter::from_text(row.text(2)));
  return Webhook{row.text(0),
                 row.text(1),
                 std::move(types),
                 row.instant(3),
                 row.integer(4) == 1,
                 row.text(5),
                 {row.integer(6) == 1, row.integer(7) == 1},
                 row.text(8),
                 row.integer(9),
                 instant_if_any(row, 10),
                 row.integer(11),
                 instant_if_any(row, 12)};
}

constexpr std::string_view kDeliverySelect =
    "SELECT d.webhook, d.event, COALESCE(e.id, ''), COALESCE(e.type, ''), d.in_order, d.state,"
    " d.since, d.attempts, d.next_attempt_at, d.last_attempt_at, COALESCE(d.status, 0), d.error"
    " FROM deliveries d LEFT JOIN events e ON e.sequence = d.event";

Delivery delivery_of(const Row& row) {
  return {row.text(0),
          row.integer(1),
          row.text(2),
          row.text(3),
          row.integer(4) == 1,
          row.text(5),
          row.instant(6),
          row.integer(7),
          instant_if_any(row, 8),
          instant_if_any(row, 9),
          static_cast<int>(row.integer(10)),
          row.text(11)};
}

Result<Webhook> find_webhook(Transaction& t, std::string_view beginning) {
  // Few enough to look at all of them, and no wildcard of LIKE can be typed.
  std::optional<Webhook> out;
  for (const auto& row :
       TRY(t.query("SELECT " + std::string(kWebhookColumns) + " FROM webhooks w"))) {
    if (beginning.empty() || !row.text(0).starts_with(beginning)) continue;
    CHECK_OR_FAIL(!out, ErrorCode::invalid_argument, "several webhooks begin so: write more of it");
    out = TRY(webhook_of(row));
  }
  CHECK_OR_FAIL(out, ErrorCode::not_found,
                "there is no such webhook: see set-merchant webhook list");
  return std::move(*out);
}

// A test is for the webhook that was tested, by its own way (WebhookStore::test).
bool is_told(const Webhook& webhook, EventType type) {
  return type != EventType::webhook_test && webhook.types.wants(type);
}

Result<void> insert_delivery(Transaction& t, const std::string& webhook, std::int64_t event,
                             bool in_order, Instant now) {
  TRY(
      t.execute("INSERT INTO deliveries (webhook, event, in_order, state, since, next_attempt_at)"
                " VALUES ($1, $2, $3, 'waiting', $4, $4)",
                {webhook, event, in_order ? 1 : 0, now}));
  return {};
}

// The next event that this webhook is told of; it may have had it before, by a resend.
Result<void> hand_next(Transaction& t, const Webhook& webhook, Instant now) {
  auto handed = webhook.handed;
  const auto rows =
      TRY(t.query("SELECT e.sequence, e.type, d.state FROM events e LEFT JOIN deliveries d ON"
                  " d.event = e.sequence AND d.webhook = $1"
                  " WHERE e.sequence > $2 ORDER BY e.sequence LIMIT $3",
                  {webhook.id, webhook.handed, kLookedThrough}));
  for (const auto& row : rows) {
    handed = row.integer(0);
    const bool has_it = !row.is_null(2);
    if (has_it || !is_told(webhook, TRY(parse_event_type(row.text(1))))) continue;
    TRY(insert_delivery(t, webhook.id, handed, true, now));
    break;
  }
  if (handed == webhook.handed) return {};
  TRY(t.execute("UPDATE webhooks SET handed = $2 WHERE id = $1", {webhook.id, handed}));
  return {};
}

Result<void> disable_webhook(Transaction& t, const std::string& id, const std::string& why,
                             Instant now) {
  TRY(moved(TRY(t.execute("UPDATE webhooks SET enabled = 0, disabled_why = $2"
                          " WHERE id = $1 AND enabled = 1",
                          {id, why})),
            "this webhook is disabled already"));
  TRY(append(t, webhook_disabled_event(id, why, now)));
  return {};
}

/// What an operator did, in the audit log.
Result<void> book_webhook(Transaction& t, std::string_view words, const std::string& id,
                          Instant now) {
  auto entry = set::audit::by_operator(words, now);
  entry.subject = id;
  return set::audit::append(t, entry);
}

}  // namespace

Result<void> WebhookStore::insert(const Webhook& webhook) {
  return database_->in_transaction("merchant:webhook", [&](Transaction& t) -> Result<void> {
    TRY(
        t.execute("INSERT INTO webhooks (id, url, types, created_at, plain_http, any_address,"
                  " key_name, handed) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
                  {webhook.id, webhook.url, webhook.types.str(), webhook.created_at,
                   webhook.allowed.plain_http ? 1 : 0, webhook.allowed.any_address ? 1 : 0,
                   webhook.key_name, webhook.handed}));
    return book_webhook(t, "webhook add", webhook.id, webhook.created_at);
  });
}

Result<std::vector<Webhook>> WebhookStore::list() {
  return database_->in_transaction(
      "merchant:list_webhooks", [&](Transaction& t) -> Result<std::vector<Webhook>> {
        std::vector<Webhook> out;
        const auto rows = TRY(t.query("SELECT " + std::string(kWebhookColumns) +
                                      " FROM webhooks w ORDER BY w.created_at, w.id"));
        for (const auto& row : rows) out.push_back(TRY(webhook_of(row)));
        return out;
      });
}

Result<Webhook> WebhookStore::find(std::string_view id) {
  return database_->in_transaction("merchant:find_webhook", [&](Transaction& t) -> Result<Webhook> {
    return find_webhook(t, id);
  });
}

Result<void> WebhookStore::remove(const std::string& id) {
  return database_->in_transaction("merchant:remove_webhook", [&](Transaction& t) -> Result<void> {
    TRY(t.execute("DELETE FROM deliveries WHERE webhook = $1", {id}));
    TRY(t.execute("DELETE FROM webhooks WHERE id = $1", {id}));
    return book_webhook(t, "webhook remove", id, system_clock()());
  });
}

Result<void> WebhookStore::enable(const std::string& id, Instant now) {
  return database_->in_transaction("merchant:enable_webhook", [&](Transaction& t) -> Result<void> {
    TRY(moved(
        TRY(t.execute("UPDATE webhooks SET enabled = 1, disabled_why = '', failing_since = NULL,"
                      " handed = CASE WHEN handed < (SELECT pruned FROM event_counter WHERE id = 1)"
                      " THEN (SELECT pruned FROM event_counter WHERE id = 1) ELSE handed END"
                      " WHERE id = $1 AND enabled = 0",
                      {id})),
        "this webhook is enabled already"));
    TRY(
        t.execute("UPDATE deliveries SET since = $2, next_attempt_at = $2, attempts = 0"
                  " WHERE webhook = $1 AND state = 'waiting'",
                  {id, now}));
    return book_webhook(t, "webhook enable", id, now);
  });
}

Result<void> WebhookStore::disable(const std::string& id, const std::string& why, Instant now) {
  return database_->in_transaction("merchant:disable_webhook", [&](Transaction& t) -> Result<void> {
    return disable_webhook(t, id, why, now);
  });
}

Result<std::int64_t> WebhookStore::rotate(const std::string& id, const std::string& key_name,
                                          Instant former_until) {
  return database_->in_transaction(
      "merchant:rotate_webhook", [&](Transaction& t) -> Result<std::int64_t> {
        const auto row =
            TRY(t.query_one("UPDATE webhooks SET generation = generation + 1, key_name = $2,"
                            " former_until = CASE WHEN key_name = $2 THEN $3 END"
                            " WHERE id = $1 RETURNING generation",
                            {id, key_name, former_until}));
        CHECK_OR_FAIL(row, ErrorCode::not_found, "the webhook is removed");
        TRY(book_webhook(t, "webhook rotate", id, system_clock()()));
        return row->integer(0);
      });
}

Result<std::vector<Delivery>> WebhookStore::deliveries(const std::string& id,
                                                       std::string_view state, int limit) {
  return database_->in_transaction(
      "merchant:deliveries", [&](Transaction& t) -> Result<std::vector<Delivery>> {
        std::vector<Delivery> out;
        const auto rows = TRY(t.query(std::string(kDeliverySelect) +
                                          " WHERE d.webhook = $1 AND (d.state = $2 OR $3 = 1)"
                                          " ORDER BY d.event DESC LIMIT $4",
                                      {id, state, state.empty() ? 1 : 0, limit}));
        for (const auto& row : rows) out.push_back(delivery_of(row));
        return out;
      });
}

Result<Delivery> WebhookStore::delivery(const std::string& id, std::int64_t event) {
  return database_->in_transaction("merchant:delivery", [&](Transaction& t) -> Result<Delivery> {
    const auto row = TRY(t.query_one(
        std::string(kDeliverySelect) + " WHERE d.webhook = $1 AND d.event = $2", {id, event}));
    CHECK_OR_FAIL(row, ErrorCode::not_found, "the webhook was not told of this event");
    return delivery_of(*row);
  });
}

Result<std::int64_t> WebhookStore::resend(const std::string& id,
                                          const std::vector<std::int64_t>& events, Instant now) {
  return database_->in_transaction("merchant:resend", [&](Transaction& t) -> Result<std::int64_t> {
    std::int64_t wanted = 0;
    for (const auto event : events) {
      const auto before = TRY(t.query_one(
          "SELECT state FROM deliveries WHERE webhook = $1 AND event = $2", {id, event}));
      if (before && before->text(0) == "waiting") continue;
      ++wanted;
      if (!before) {
        TRY(insert_delivery(t, id, event, false, now));
        continue;
      }
      TRY(
          t.execute("UPDATE deliveries SET state = 'waiting', in_order = 0, since = $3,"
                    " next_attempt_at = $3, attempts = 0 WHERE webhook = $1 AND event = $2",
                    {id, event, now}));
    }
    return wanted;
  });
}

Result<std::vector<std::int64_t>> WebhookStore::events_for(const Webhook& webhook,
                                                           std::int64_t from, std::int64_t to) {
  return database_->in_transaction(
      "merchant:events_for", [&](Transaction& t) -> Result<std::vector<std::int64_t>> {
        std::vector<std::int64_t> out;
        const auto rows =
            TRY(t.query("SELECT sequence, type FROM events"
                        " WHERE sequence > $1 AND sequence <= $2 ORDER BY sequence",
                        {from, to}));
        for (const auto& row : rows) {
          if (is_told(webhook, TRY(parse_event_type(row.text(1))))) out.push_back(row.integer(0));
        }
        return out;
      });
}

Result<std::int64_t> WebhookStore::test(const std::string& id, Instant now) {
  return database_->in_transaction("merchant:test_webhook",
                                   [&](Transaction& t) -> Result<std::int64_t> {
                                     const auto event = TRY(append(t, webhook_test_event(id, now)));
                                     TRY(insert_delivery(t, id, event, false, now));
                                     return event;
                                   });
}

// --- the dispatcher ---

Result<void> WebhookStore::hand_over(Instant now) {
  const auto idle = TRY(database_->in_transaction(
      "merchant:idle_webhooks", [&](Transaction& t) -> Result<std::vector<std::string>> {
        std::vector<std::string> out;
        const auto rows =
            TRY(t.query("SELECT w.id FROM webhooks w WHERE w.enabled = 1"
                        " AND w.handed < (SELECT newest FROM event_counter WHERE id = 1)"
                        " AND NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.webhook = w.id"
                        " AND d.state = 'waiting' AND d.in_order = 1)"));
        for (const auto& row : rows) out.push_back(row.text(0));
        return out;
      }));
  for (const auto& id : idle) {
    TRY(database_->in_transaction("merchant:hand_over", [&](Transaction& t) -> Result<void> {
      return hand_next(t, TRY(find_webhook(t, id)), now);
    }));
  }
  return {};
}

Result<std::vector<DeliveryJob>> WebhookStore::due(Instant now, int limit) {
  return database_->in_transaction(
      "merchant:due_deliveries", [&](Transaction& t) -> Result<std::vector<DeliveryJob>> {
        std::vector<DeliveryJob> out;
        const auto rows = TRY(
            t.query("SELECT " + std::string(kWebhookColumns) +
                        ", e.sequence, e.type, e.at, e.id, e.body, d.in_order, d.attempts, d.since"
                        " FROM deliveries d JOIN webhooks w ON w.id = d.webhook"
                        " JOIN events e ON e.sequence = d.event"
                        " WHERE d.state = 'waiting' AND d.next_attempt_at <= $1"
                        " AND (w.enabled = 1 OR d.in_order = 0)"
                        " ORDER BY d.next_attempt_at, d.event LIMIT $2",
                    {now, limit}));
        constexpr auto c = kAfterWebhookColumns;
        for (const auto& row : rows) {
          const auto type = TRY(parse_event_type(row.text(c + 1)));
          ShopEvent event{row.integer(c), type, row.instant(c + 2), row.text(c + 3),
                          row.text(c + 4)};
          auto webhook = TRY(webhook_of(row));
          out.push_back({std::move(webhook), std::move(event), row.integer(c + 5) == 1,
                         row.integer(c + 6), row.instant(c + 7)});
        }
        return out;
      });
}

Result<void> WebhookStore::save(const DeliveryJob& job, const Attempt& attempt, Instant now) {
  const std::string_view state = attempt.delivered         ? "delivered"
                                 : attempt.next_attempt_at ? "waiting"
                                                           : "given up";
  const auto& id = job.webhook.id;
  return database_->in_transaction("merchant:attempt", [&](Transaction& t) -> Result<void> {
    const auto rows = TRY(
        t.execute("UPDATE deliveries SET state = $3, attempts = attempts + 1, next_attempt_at = $4,"
                  " last_attempt_at = $5, status = $6, error = $7"
                  " WHERE webhook = $1 AND event = $2 AND state = 'waiting'",
                  {id, job.event.sequence, state, attempt.next_attempt_at, now,
                   attempt.status == 0 ? SqlValue() : SqlValue(attempt.status), attempt.error}));
    if (rows == 0) return {};
    if (attempt.delivered) {
      TRY(
          t.execute("UPDATE webhooks SET failing_since = NULL"
                    " WHERE id = $1 AND failing_since IS NOT NULL",
                    {id}));
    } else if (job.in_order) {
      TRY(
          t.execute("UPDATE webhooks SET failing_since = $2"
                    " WHERE id = $1 AND failing_since IS NULL",
                    {id, now}));
    }
    if (attempt.disable.empty()) return {};
    const auto enabled = TRY(t.query_one("SELECT enabled FROM webhooks WHERE id = $1", {id}));
    if (!enabled || enabled->integer(0) == 0) return {};
    return disable_webhook(t, id, attempt.disable, now);
  });
}

}  // namespace set::merchant
