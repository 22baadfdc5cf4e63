// The trust file: certificates that fit together, or nothing. Only trust.cpp includes this.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/crypto/certificate.h"

namespace set::detail {

struct TrustFile {
  /// The root that is trusted by itself, then its successors in their order. Never empty; one of
  /// them at least is valid.
  std::vector<Certificate> roots;
  std::vector<Certificate> earlier;  ///< roots before the first one: known, not trusted
  std::string transport_root_pem;
  std::vector<Certificate> brands;  ///< certified anew by a successor; they help to build paths
  std::string pem;                  ///< all of it, the first root first
};

/// See Trust::parse.
Result<TrustFile> parse_trust_file(std::string_view pem, std::string_view fingerprint, Instant now);

/// The trust file `held` with what `offered` brings: its transport root, its successors, its
/// brands. Nothing is verified beyond what parse_trust_file() does with the result under the
/// fingerprint of held's first root. See Trust::renew.
Result<TrustFile> renew_trust_file(const TrustFile& held, std::string_view offered, Instant now);

}  // namespace set::detail
