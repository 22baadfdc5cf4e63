#include "merchant/webhook.h"

#include <algorithm>

#include "common/crypto/hmac_sha256.h"

namespace set::merchant {
namespace {

// RFC 4648 §4, which differs from the base64url of SET in two characters and by its padding.
std::string to_base64(ByteView bytes) {
  auto out = to_base64url(bytes);
  std::ranges::replace(out, '-', '+');
  std::ranges::replace(out, '_', '/');
  out.resize((out.size() + 3) / 4 * 4, '=');
  return out;
}

}  // namespace

std::string make_webhook_id(Rng& rng) { return "wh_" + to_hex(rng.bytes(8)); }

std::string secret_text(ByteView secret) { return "whsec_" + to_base64(secret); }

std::string sign_webhook(std::span<const SecretBytes> secrets, std::string_view event_id,
                         Instant now, std::string_view body) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count();
  const auto content =
      std::string(event_id) + "." + std::to_string(seconds) + "." + std::string(body);
  std::string out;
  for (const auto& secret : secrets) {
    const auto signature = to_base64(hmac_sha256(secret.reveal(), view_of(content)));
    out += (out.empty() ? "v1," : " v1,") + signature;
  }
  return out;
}

}  // namespace set::merchant
