// EventDispatcher: what the daemon does for the event feed, in a thread of its own. It delivers
// events to webhooks, at least once and in order for each, until they answer or patience ends
// (ADR 0053); it tells of orders that expired and forgets old events. Of several daemons on one
// database the one that holds the lease does it. Made by main.
#pragma once

#include <atomic>
#include <filesystem>
#include <map>
#include <thread>

#include "common/base/live_setting.h"
#include "common/store/leases.h"
#include "merchant/event_store.h"
#include "merchant/webhook_client.h"
#include "merchant/webhook_keys.h"
#include "merchant/webhook_store.h"

namespace set::merchant {

/// Of `serve`.
struct EventOptions {
  Duration keep = std::chrono::hours(24 * 90);          ///< an event is kept
  Duration timeout = std::chrono::seconds(15);          ///< of one attempt
  Duration retry = std::chrono::seconds(5);             ///< the first pause
  Duration max_age = std::chrono::hours(24 * 3);        ///< then one delivery is given up
  Duration disable_after = std::chrono::hours(24 * 5);  ///< without success
  std::filesystem::path ca_file;                        ///< empty: the system's certificates
};

class EventDispatcher {
 public:
  struct Parts {
    Database& database;
    LiveSetting<EventOptions> options;  ///< but timeout and ca_file, which stay
    std::filesystem::path directory;    ///< with webhooks.set
    KeyLock lock;
    Clock clock;
    Rng& rng;
    Duration tick = std::chrono::milliseconds(200);
  };
  explicit EventDispatcher(Parts parts);
  ~EventDispatcher() { stop(); }

  /// invalid_argument, bad_config: an option that will not do.
  Result<void> start();
  /// What is under way is broken off, and sent again by whoever comes next.
  void stop();

 private:
  void run();
  Result<void> work();
  void keep_house();
  Result<void> send_due();
  void send(const DeliveryJob& job);
  void finished(const WebhookAnswer& answer);
  void save(const DeliveryJob& job, const WebhookAnswer& answer);
  static std::vector<SecretBytes> secrets_of(const WebhookKeys& keys, const Webhook& webhook,
                                             Instant now);
  Attempt judge(const DeliveryJob& job, const WebhookAnswer& answer, Instant now);

  Parts parts_;
  EventFeed feed_;
  WebhookStore webhooks_;
  LiveWebhookKeys keys_;
  WebhookClient client_;
  leases::Leadership leader_;  ///< which of the daemons on this database sends
  Instant house_kept_at_ = {}, pruned_at_ = {};
  bool without_keys_ = false;
  std::map<std::string, DeliveryJob, std::less<>> under_way_;  ///< by webhook
  std::atomic<bool> stopping_ = false;
  std::thread thread_;
};

}  // namespace set::merchant
