#include "merchant/webhook_client.h"

#include "merchant/webhook_url.h"

namespace set::merchant {

WebhookClient::WebhookClient(Duration timeout, std::filesystem::path ca_file)
    : posts_({timeout, std::move(ca_file), "OpenSET-merchant/" SET_VERSION}) {}

void WebhookClient::start(const std::string& key, const WebhookPost& post) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(post.now).time_since_epoch();
  const bool https = post.url.starts_with("https:");
  posts_.start(key, {.url = post.url,
                     .headers = {"content-type: application/json", "webhook-id: " + post.event_id,
                                 "webhook-timestamp: " + std::to_string(seconds.count()),
                                 "webhook-signature: " + post.signature},
                     .body = post.body,
                     .why_refused = [https, allowed = post.allowed](const sockaddr& address) {
                       return why_refused(address, https, allowed);
                     }});
}

}  // namespace set::merchant
