// What trust_file.cpp also needs of TLS certificates.
#pragma once

#include <botan/pk_keys.h>
#include <botan/x509cert.h>

#include <string_view>

#include "common/base/result.h"

namespace set::detail {

bool is_p256(const Botan::Public_Key& key);
/// The first certificate of a PEM text.
Result<Botan::X509_Certificate> parse_tls_certificate(std::string_view pem);

}  // namespace set::detail
