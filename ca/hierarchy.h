// The certification hierarchy of one brand: root → brand → [geopolitical] → CCA, MCA, PCA, the CA
// daemon's own message keys, and the transport root that the SET root cross-certifies. Made in one
// go by `set-ca init`, or in steps on two machines by `set-ca ceremony` (ceremony.h): root and
// brand here, the online keys there, and what certifies the ones by the others. Pure: time and
// randomness come in.
#pragma once

#include <map>
#include <string>

#include "ca/profile.h"
#include "common/crypto/crl.h"
#include "common/crypto/stored_signer.h"
#include "common/message/party.h"

namespace set::ca {

/// What the operator chooses.
struct HierarchySpec {
  std::string brand;       ///< BrandID, 1 to 40 characters
  std::string public_url;  ///< "http://host:port" without a slash at the end; empty = no URLs in
                           ///< certificates
  std::string geopolitical = {};  ///< name of the CA between brand and operating CAs; empty = none
};
/// invalid_argument if one of them cannot stand in a certificate.
Result<void> check_spec(const HierarchySpec& spec);

/// A key that signs certificates, in software or in a token, with its own certificate.
struct Authority {
  StoredSigner key;
  Certificate certificate;
};

/// The operating CA of one kind of end entity.
struct OperatingAuthorities {
  Authority cca, mca, pca;
  std::optional<Certificate> geopolitical = std::nullopt;  ///< certifies the three, if there is one
};

struct TransportRoot {
  Secret<std::string> private_key_pem;
  std::string certificate_pem;
};

/// Keys that sign and open the CA's own messages, certified by the brand.
struct MessageKeys {
  StoredSigner signature;
  Chain signature_chain;
  KemPrivateKey key_exchange;
  Chain key_exchange_chain;
};

// --- the keys that lie in a safe ---

/// R(n) and the key of R(n+1), whose digest stands in R(n)'s hashedRootKey.
struct RootKeys {
  Authority root;
  StoredSigner next;
};
/// `token`, here and below: where signature keys are made, if it does ML-DSA; null = in software.
Result<RootKeys> make_root(Instant now, Rng& rng, const KeyToken* token = nullptr);
/// R(n+1) from the key that R(n) announced; it announces R(n+2).
Result<RootKeys> make_next_root(StoredSigner announced, StoredSigner next, Instant now, Rng& rng);

struct BrandKeys {
  Authority brand;
  std::optional<Authority> geopolitical;
};
Result<BrandKeys> make_brand(const HierarchySpec& spec, const Authority& root, Instant now,
                             Rng& rng, const KeyToken* token = nullptr);
/// The same brand, name and key, under another root.
Result<Certificate> certify_brand(const HierarchySpec& spec, const Signer& brand,
                                  const Authority& root, Instant now, Rng& rng);

// --- the keys that the daemon has ---

struct OnlineKeys {
  /// By the names of online_key_rows(), but for the KEM's.
  std::map<std::string, StoredSigner> signers;
  KemPrivateKey key_exchange;
  TransportRoot transport;
};
Result<OnlineKeys> make_online_keys(const std::string& brand, Instant now, Rng& rng,
                                    const KeyToken* token = nullptr);

inline constexpr std::string_view kKeyExchangeName = "key-exchange";

/// What the brand certifies for the daemon: one row a key. Names are those of the entries in
/// keys.set and of the files NAME.pem.
struct OnlineKeyRow {
  std::string_view name;
  Role role;  ///< one of its certificate's
  KeyUse use;
  bool by_geopolitical;  ///< certified by the geopolitical CA, where there is one
};
std::span<const OnlineKeyRow> online_key_rows();

/// SubjectPublicKeyInfo of each row's key.
using PublicKeys = std::map<std::string, Bytes>;
PublicKeys public_keys_of(const OnlineKeys& keys);

// --- both together ---

struct Certifiers {
  const Authority& root;
  const Authority& brand;
  const Authority* geopolitical;  ///< may be null
};
/// One chain a row, by name.
using OnlineChains = std::map<std::string, Chain>;
/// invalid_argument if a key is missing or does not fit its use.
Result<OnlineChains> certify_online(const HierarchySpec& spec, const Certifiers& by,
                                    const PublicKeys& keys, Instant now, Rng& rng);

/// Lists of revoked certificates of the keys in the safe, with a long life.
struct OfflineCrls {
  std::vector<Crl> roots;  ///< of each root that has reigned, oldest first
  Crl brand;
  std::optional<Crl> geopolitical;
};
/// Empty ones, of the root that reigns.
Result<OfflineCrls> make_offline_crls(const Certifiers& by, Instant now);

/// The trust file: the roots, oldest first, the transport root and its certificate by the newest
/// root (whose key is `newest`), the brands that successors certified anew.
Result<std::string> make_trust_pem(const std::vector<Certificate>& roots,
                                   const Signer& newest,
                                   const std::string& transport_root_pem,
                                   const std::vector<Certificate>& brands, Instant now, Rng& rng);

struct Hierarchy {
  Authority root;
  StoredSigner next_root;  ///< its digest stands in the root's hashedRootKey
  Authority brand;
  std::optional<Authority> geopolitical;
  OperatingAuthorities operating;
  MessageKeys messages;
  Authority bci;        ///< signs the brand's BCI online (ADR 0017)
  OfflineCrls crls;         ///< empty lists of the keys that are put away
  TransportRoot transport;
  std::string trust_pem;  ///< root, transport root, cross-certificate
  OnlineChains chains;    ///< of `operating` and `messages`, by name
};

/// Where the signature keys of a hierarchy are made: those of the safe, and the daemon's.
struct KeyPlaces {
  const KeyToken* safe = nullptr;
  const KeyToken* online = nullptr;
};
/// All of it. Errors: invalid_argument if the brand or the URL cannot stand in a certificate, the
/// token's.
Result<Hierarchy> make_hierarchy(const HierarchySpec& spec, Instant now, Rng& rng,
                                 const KeyPlaces& places = {});

/// A TLS certificate of the CA daemon itself, with a fresh key.
struct DaemonTls {
  Secret<std::string> private_key_pem;
  std::string certificate_pem;
};
Result<DaemonTls> issue_daemon_tls(const TransportRoot& transport, const std::string& brand,
                                   const std::vector<std::string>& hosts,
                                   const Lifetimes& lifetimes, Instant now, Rng& rng);

}  // namespace set::ca
