// A certificate that exists only as DER, a cross-certificate or a TLS certificate from a message,
// as text. Pure.
#pragma once

#include <string>

#include "common/base/bytes.h"

namespace set {

/// One "CERTIFICATE" block. The bytes are not looked into.
std::string certificate_pem(ByteView der);

}  // namespace set
