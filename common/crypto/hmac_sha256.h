// HMAC-SHA-256 (RFC 2104), which is not of SET's suite: for what others define, such as the
// signatures of Standard Webhooks. Pure; any thread.
#pragma once

#include "common/crypto/secret_bytes.h"

namespace set {

/// 32 bytes.
Bytes hmac_sha256(ByteView key, ByteView message);

}  // namespace set
