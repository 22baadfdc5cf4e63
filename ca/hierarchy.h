// The certification hierarchy of one brand, made once by `set-ca init`: root → brand → CCA, MCA,
// PCA, the CA daemon's own message keys, and the transport root that the SET root cross-certifies.
// Pure: time and randomness come in.
#pragma once

#include <string>

#include "common/message/party.h"

namespace set::ca {

/// What the operator chooses.
struct HierarchySpec {
  std::string brand;       ///< BrandID, 1 to 40 characters
  std::string public_url;  ///< "http://host:port" without a slash at the end; empty = no URLs in
                           ///< certificates
};

/// A key that signs certificates, with its own certificate.
struct Authority {
  SoftwareSigner key;
  Certificate certificate;
};

/// The operating CA of one kind of end entity.
struct OperatingAuthorities {
  Authority cca, mca, pca;
};

struct TransportRoot {
  Secret<std::string> private_key_pem;
  std::string certificate_pem;
};

/// Keys that sign and open the CA's own messages, certified by the brand.
struct MessageKeys {
  SoftwareSigner signature;
  Chain signature_chain;
  KemPrivateKey key_exchange;
  Chain key_exchange_chain;
};

struct Hierarchy {
  Authority root;
  SoftwareSigner next_root;  ///< its digest stands in the root's hashedRootKey
  Authority brand;
  OperatingAuthorities operating;
  MessageKeys messages;
  TransportRoot transport;
  std::string trust_pem;  ///< root, transport root, cross-certificate
};

/// Errors: invalid_argument if the brand or the URL cannot stand in a certificate.
Result<Hierarchy> make_hierarchy(const HierarchySpec& spec, Instant now, Rng& rng);

/// A TLS certificate of the CA daemon itself; a fresh key at every start.
struct DaemonTls {
  Secret<std::string> private_key_pem;
  std::string certificate_pem;
};
Result<DaemonTls> issue_daemon_tls(const TransportRoot& transport, const std::string& brand,
                                   const std::vector<std::string>& hosts, Instant now, Rng& rng);

}  // namespace set::ca
