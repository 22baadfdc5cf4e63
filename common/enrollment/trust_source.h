// Where a program's trust comes from: the CA's trust.pem as a file or from its plain HTTP port, and
// the root's fingerprint, given out of band (protocol §3). There is no trust on first use.
// Called by main of wallet, merchant and gateway.
#pragma once

#include <filesystem>
#include <string>

#include "common/crypto/trust.h"

namespace CLI {
class App;
class Option;
}

namespace set {

struct TrustSource {
  std::string location;          ///< path of a file, or "http://host:port/trust.pem"
  std::string root_fingerprint;  ///< 64 hex digits; may be empty for a file
  std::filesystem::path root_fingerprint_file;  ///< holds it, in the place of the one above
};

/// Adds --trust FILE|URL, --root-fingerprint HEX and --root-fingerprint-file FILE. Gives the first,
/// for whom it is required.
CLI::Option* add_trust_options(CLI::App& app, TrustSource& source);

/// The fingerprint, also where a file holds it; empty if none was given. bad_config: the file.
Result<std::string> root_fingerprint_of(const TrustSource& source);

/// True if it names a URL, which can be asked again, and no file.
bool is_trust_url(const TrustSource& source);

/// The text behind a URL; nothing is verified. peer_unavailable, verification_failed (too long).
Result<std::string> fetch_trust(const std::string& url);

/// invalid_argument: a URL without a fingerprint, or a URL that is not plain http;
/// peer_unavailable: the URL does not answer; bad_config: the file cannot be read;
/// verification_failed: what was read does not fit the fingerprint or itself.
Result<Trust> load_trust(const TrustSource& source, Instant now);

}  // namespace set
