// The CA's directory: key files, certificates and settings. Written once by `init`, read by
// `serve`.
//   root.keys.set  next-root.keys.set  brand.keys.set   never opened by the daemon: put them away
//   keys.set          cca, mca, pca, signature, key-exchange, transport, card
//   {root,brand,cca,mca,pca,signature,key-exchange}.pem, trust.pem
//   ca.json           settings; written last: with it the directory is complete
// Not for concurrent use.
#pragma once

#include <filesystem>
#include <map>

#include "ca/hierarchy.h"
#include "common/daemon/identity.h"

namespace set::ca {

struct Settings {
  std::string brand;
  std::vector<std::string> hosts;  ///< of the CA's own TLS certificate
  std::string public_url;
};

/// What the daemon works with. Immutable; any thread.
struct LoadedCa {
  Settings settings;
  OperatingAuthorities authorities;
  TransportRoot transport;
  std::shared_ptr<const Party> party;
  SecretBytes card_key;  ///< 32 bytes: card numbers under it are counted, never kept
  /// "cca.der" → DER: what the plain HTTP port serves beside trust.pem.
  std::map<std::string, Bytes> published;
};

/// conflict if something is in the directory already; bad_config if others may look into it.
Result<void> check_new_directory(const std::filesystem::path& directory);
Result<void> save_new_ca(const std::filesystem::path& directory, const Hierarchy& hierarchy,
                         const Settings& settings, const Passphrase& passphrase,
                         const Passphrase& root_passphrase, Rng& rng);

/// Of a complete directory only. Errors: bad_config.
Result<Settings> load_settings(const std::filesystem::path& directory);
/// Checks modes, that each key fits its certificate, and every chain against trust.pem.
/// Errors: bad_config, wrong_passphrase, Trust's.
Result<LoadedCa> load_ca(const std::filesystem::path& directory, const Passphrase& passphrase,
                         Instant now);

/// The daemon's TLS identity, made anew at every start.
Result<TlsIdentity> make_tls_identity(const LoadedCa& ca, Instant now, Rng& rng);

}  // namespace set::ca
