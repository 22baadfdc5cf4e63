// The trust file: three certificates that fit together, or nothing. Only trust.cpp includes this.
#pragma once

#include <string>
#include <string_view>

#include "common/crypto/certificate.h"

namespace set::detail {

struct TrustFile {
  Certificate root;
  std::string transport_root_pem;
  std::string pem;  ///< the three, root first
};

/// See Trust::parse.
Result<TrustFile> parse_trust_file(std::string_view pem, std::string_view fingerprint, Instant now);

}  // namespace set::detail
