// What a webhook's request says and when it is made: the signature of Standard Webhooks 1.0 and the
// pauses between attempts. Pure but for the Rng; any thread.
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

inline constexpr Duration kMaxRetryPause = std::chrono::hours(1);

/// Twice as long after each failed attempt, from `first` to an hour, give or take a fifth so that
/// many do not come back at the same moment. `failures` counts from 1.
Duration retry_pause(std::int64_t failures, Duration first, Rng& rng);

}  // namespace set::merchant
