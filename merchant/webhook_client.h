// WebhookClient: POSTs to webhooks, by HttpPosts and under its rules; the address is judged when it
// is connected to. Nobody looks at what is answered. One thread, but for wake().
#pragma once

#include "common/daemon/http_posts.h"
#include "merchant/webhook.h"

namespace set::merchant {

struct WebhookPost {
  std::string url;
  AllowedTargets allowed;
  std::string event_id, signature, body;
  Instant now;  ///< of the signature
};

using WebhookAnswer = HttpAnswer;

class WebhookClient {
 public:
  /// `ca_file`: instead of the system's certificates, if not empty.
  WebhookClient(Duration timeout, std::filesystem::path ca_file);
  ~WebhookClient() = default;  ///< What is under way is broken off.

  /// One at a time for each key.
  void start(const std::string& key, const WebhookPost& post);
  bool busy(const std::string& key) const { return posts_.busy(key); }
  bool idle() const { return posts_.idle(); }
  /// What has ended, within this time or until wake().
  std::vector<WebhookAnswer> wait(Duration at_most) { return posts_.wait(at_most); }
  /// Any thread: ends wait().
  void wake() { posts_.wake(); }

 private:
  HttpPosts posts_;
};

}  // namespace set::merchant
