// What a webhook's request says: the signature of Standard Webhooks 1.0. Pure but for the Rng; any
// thread.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "common/base/time.h"
#include "common/crypto/random.h"

namespace set::merchant {

/// What an operator allows for one webhook beyond the rule (webhook_url.h).
struct AllowedTargets {
  bool plain_http = false;   ///< http:// beyond this machine
  bool any_address = false;  ///< link-local addresses, where clouds keep their metadata
};

/// "wh_" and 16 hex digits; no "." and nothing that a shell would touch.
std::string make_webhook_id(Rng& rng);

/// "whsec_" and base64, as receivers' libraries take it.
std::string secret_text(ByteView secret);

/// The header webhook-signature: "v1,<base64>" of each secret, HMAC-SHA-256 over
/// "<event id>.<unix seconds>.<body>".
///
/// Spec: Standard Webhooks 1.0.0, "Signature scheme", "Webhook headers"
std::string sign_webhook(std::span<const SecretBytes> secrets, std::string_view event_id,
                         Instant now, std::string_view body);

/// Between two attempts.
inline constexpr Duration kMaxRetryPause = std::chrono::hours(1);

}  // namespace set::merchant
