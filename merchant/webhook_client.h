// WebhookClient: POSTs to webhooks, several at once without a thread each, by libcurl. Each has one
// deadline over all of it; redirects are not followed, proxies of the environment not used, answers
// not read beyond a limit, and the address is judged when it is connected to. One thread, but for
// wake().
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <vector>

#include "merchant/webhook.h"

namespace set::merchant {

struct WebhookPost {
  std::string url;
  AllowedTargets allowed;
  std::string event_id, signature, body;
  Instant now;  ///< of the signature
};

struct WebhookAnswer {
  std::string key;         ///< as start() had it
  int status = 0;          ///< of HTTP; 0: there was none
  std::string error = {};  ///< a sentence of ours; empty for a status 200 to 299
  std::optional<Duration> retry_after = std::nullopt;
  Duration took = {};

  bool ok() const { return status >= 200 && status < 300; }
};

class WebhookClient {
 public:
  /// `ca_file`: instead of the system's certificates, if not empty.
  WebhookClient(Duration timeout, std::filesystem::path ca_file);
  ~WebhookClient();  ///< What is under way is broken off.

  /// One at a time for each key.
  void start(const std::string& key, const WebhookPost& post);
  bool busy(const std::string& key) const;
  bool idle() const;
  /// What has ended, within this time or until wake().
  std::vector<WebhookAnswer> wait(Duration at_most);
  /// Any thread: ends wait().
  void wake();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace set::merchant
