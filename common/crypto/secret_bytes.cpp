#include "common/crypto/secret_bytes.h"

#include <botan/mem_ops.h>

namespace set {

bool same_secret(ByteView a, ByteView b) { return Botan::constant_time_compare(a, b); }

}  // namespace set
