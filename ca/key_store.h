// The online CA's directory: key file, certificates and settings. Written by `init`, or by
// `ceremony request` and `ceremony install`; read by `serve`.
//   keys.set          cca, mca, pca, signature, key-exchange, bci, transport, card
//   {root,brand,cca,mca,pca,signature,key-exchange,bci}.pem, trust.pem
//   {root,root-2,…,brand,gca}.crl  lists of revoked certificates of the keys that are put away
//   ca.json           settings; written last: with it the directory is complete
// `init` puts the safe (safe_store.h) into the same directory. Not for concurrent use.
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
  Lifetimes lifetimes = {};  ///< not of the directory: `serve` is told
};

/// The newest list of a key that is not here.
struct OfflineCrl {
  std::string name;  ///< "root", "root-2" of a successor …, "brand" or "gca"
  Certificate issuer;
  Crl crl;
};

/// What the daemon works with. Immutable; any thread.
struct LoadedCa {
  Settings settings;
  OperatingAuthorities authorities;
  Authority bci;  ///< signs the brand's BCI
  std::vector<OfflineCrl> offline_crls;
  TransportRoot transport;
  std::shared_ptr<const Party> party;
  SecretBytes card_key;  ///< 32 bytes: card numbers under it are counted, never kept
  /// "cca.der" → DER: what the plain HTTP port serves beside trust.pem.
  std::map<std::string, Bytes> published;
};

/// conflict if something is in the directory already; bad_config if others may look into it.
Result<void> check_new_directory(const std::filesystem::path& directory);

/// An `init` under way. What it has written when a crash ends it was never given to anybody: the
/// next `init` may begin anew. From begin_init() to end_init() the directory is marked.
bool is_complete_ca(const std::filesystem::path& directory);
bool is_interrupted_init(const std::filesystem::path& directory);
/// Makes the directory, or empties it of what an interrupted `init` left. Errors as
/// check_new_directory().
Result<void> begin_init(const std::filesystem::path& directory);
Result<void> end_init(const std::filesystem::path& directory);

/// keys.set, in a directory that may be new. conflict if there is one.
Result<void> save_online_keys(const std::filesystem::path& directory, const OnlineKeys& keys,
                              const KeyLock& lock, Rng& rng);
Result<OnlineKeys> load_online_keys(const std::filesystem::path& directory, const KeyLock& lock);
/// What belongs to keys.set: with it the directory is complete.
Result<void> save_online_certificates(const std::filesystem::path& directory,
                                      const OnlineChains& chains, const Certificate& root,
                                      const std::string& trust_pem, const OfflineCrls& crls,
                                      const Settings& settings);
/// "root" for the first of them, "root-2", … : the names of the roots' lists.
std::string root_list_name(std::size_t place);
/// The trust file with a new root, for a complete directory.
Result<void> save_trust(const std::filesystem::path& directory, const std::string& trust_pem);
/// Safe and online CA in one directory, as `init` makes them.
Result<void> save_new_ca(const std::filesystem::path& directory, const Hierarchy& hierarchy,
                         const Settings& settings, const KeyLock& lock, const KeyLock& root_lock,
                         Rng& rng);
/// Of the chains, each certificate once, and the root.
std::vector<Certificate> certificates_of(const OnlineChains& chains, const Certificate& root);

/// Of a complete directory only. Errors: bad_config.
Result<Settings> load_settings(const std::filesystem::path& directory);
/// Checks modes, that each key fits its certificate, and every chain against trust.pem.
/// Errors: bad_config, wrong_passphrase, Trust's.
Result<LoadedCa> load_ca(const std::filesystem::path& directory, const KeyLock& lock, Instant now);

/// The daemon's TLS identity, made anew at every start.
Result<TlsIdentity> make_tls_identity(const LoadedCa& ca, Instant now, Rng& rng);
/// The same, and again when two thirds of its life are over. `ca` outlives what is returned.
Result<Current<const TlsIdentity>> keep_tls_identity(const LoadedCa& ca, Clock clock, Rng& rng);

}  // namespace set::ca
