// A TLS handshake replayed by hand, for `doctor`: which step fails, where gRPC only says that none
// came about. Called by doctor_peer.cpp; any thread.
#pragma once

#include <string>
#include <vector>

#include "common/daemon/tls.h"

namespace set {

/// What was seen, as far as it went, and the step that failed.
struct TlsProbe {
  std::string version, cipher;     ///< "TLSv1.3", "TLS_AES_256_GCM_SHA384"
  std::string chain_pem;           ///< the server's, leaf first
  std::vector<std::string> names;  ///< of the leaf's subjectAltName
  std::optional<Error> failed;
  std::string fix;  ///< what a person can do about it
};

/// Name, connection, TLS 1.3, chain to the root, dates, names: in this order, to the first that
/// fails. `own` may be null: then no certificate is shown. `address` is "host:port".
/// Codes: invalid_argument, peer_unavailable, invalid_certificate, expired_certificate.
TlsProbe probe_tls(const std::string& address, const std::string& transport_root_pem,
                   const TlsIdentity* own, Instant now);

}  // namespace set
