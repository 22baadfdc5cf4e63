#include "common/crypto/hmac_sha256.h"

#include "common/crypto/hpke_schedule.h"

namespace set {

Bytes hmac_sha256(ByteView key, ByteView message) {
  return bytes_of(detail::hmac("SHA-256", key, {message}).reveal());
}

}  // namespace set
