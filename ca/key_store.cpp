#include "ca/key_store.h"

#include <algorithm>
#include <mutex>

#include <nlohmann/json.hpp>

#include "ca/safe_store.h"
#include "common/base/log.h"
#include "common/crypto/key_file.h"
#include "common/daemon/files.h"
#include "common/base/renewal_due.h"

namespace set::ca {
namespace {

namespace fs = std::filesystem;
using SettingsJson = nlohmann::json;

constexpr std::string_view kKeys = "keys.set";
constexpr std::string_view kSettings = "ca.json";
constexpr std::string_view kInitMark = "init.unfinished";
constexpr std::string_view kTransport = "transport", kCard = "card";
// Public, but kept with the keys until trust.pem has it.
constexpr std::string_view kTransportCertificate = "transport-certificate";
constexpr std::size_t kCardKeyBytes = 32;

using Secrets = std::map<std::string, SecretBytes>;

Result<void> write_keys(const fs::path& directory, const Secrets& secrets, const KeyLock& lock,
                        Rng& rng) {
  auto file = TRY(KeyFile::create(directory / kKeys, lock, Argon2Cost{}, rng));
  for (const auto& [name, secret] : secrets) TRY(file.put(name, secret.reveal(), rng));
  return file.put(kCard, rng.secret(kCardKeyBytes).reveal(), rng);
}

Secrets secrets_of(const KemPrivateKey& key_exchange, const TransportRoot& transport) {
  Secrets secrets;
  secrets.emplace(kKeyExchangeName, key_exchange.seed());
  secrets.emplace(kTransport, SecretBytes::copy_of(view_of(transport.private_key_pem.reveal())));
  return secrets;
}

Secrets secrets_of(const Hierarchy& h) {
  auto secrets = secrets_of(h.messages.key_exchange, h.transport);
  secrets.emplace("cca", h.operating.cca.key.stored());
  secrets.emplace("mca", h.operating.mca.key.stored());
  secrets.emplace("pca", h.operating.pca.key.stored());
  secrets.emplace("signature", h.messages.signature.stored());
  secrets.emplace("bci", h.bci.key.stored());
  return secrets;
}

Result<SecretBytes> entry(const KeyFile& keys, const fs::path& directory, std::string_view name) {
  auto secret = keys.get(name);
  CHECK_OR_FAIL(secret, ErrorCode::bad_config,
                (directory / kKeys).string() + ": has no entry \"" + std::string(name) + "\"");
  return secret;
}

Result<Chain> load_chain(const fs::path& directory, const std::string& name, const Trust& trust,
                         const Expected& expected, Instant now) {
  const auto path = directory / (name + ".pem");
  auto chain = TRY(parse_chain_pem(TRY(read_text_file(path)), path.string()));
  const auto verified = trust.verify(chain.leaf, chain.issuers, expected, now);
  if (!verified)
    return failure(verified.error().code, path.string() + ": " + verified.error().detail);
  return chain;
}

/// What is read with the directory's key file.
struct OpenKeys {
  const fs::path& directory;
  const KeyFile& file;
  const KeyLock& lock;
};

Result<StoredSigner> load_signer(const OpenKeys& keys, const std::string& name,
                                 const Certificate& certificate) {
  const auto secret = TRY(entry(keys.file, keys.directory, name));
  auto key = TRY(StoredSigner::load(secret.reveal(), keys.lock));
  CHECK_OR_FAIL(
      equal(key.public_key(), certificate.public_key()), ErrorCode::bad_config,
      (keys.directory / (name + ".pem")).string() +
          ": the key in keys.set is not this certificate's");
  return key;
}

struct LoadedAuthority {
  Authority authority;
  Chain chain;
};

Result<LoadedAuthority> load_authority(const OpenKeys& keys, const std::string& name, Role role,
                                       const Settings& settings, const Trust& trust, Instant now) {
  const Expected expected{role, KeyUse::certificate_signing, settings.brand};
  auto chain = TRY(load_chain(keys.directory, name, trust, expected, now));
  auto key = TRY(load_signer(keys, name, chain.leaf));
  return LoadedAuthority{{std::move(key), chain.leaf}, std::move(chain)};
}

Result<Authority> load_bci(const OpenKeys& keys, const Settings& settings, const Trust& trust,
                           Instant now) {
  const Expected expected{Role::bca, KeyUse::signature, settings.brand};
  auto chain = TRY(load_chain(keys.directory, "bci", trust, expected, now));
  auto key = TRY(load_signer(keys, "bci", chain.leaf));
  return Authority{std::move(key), std::move(chain.leaf)};
}

Result<OfflineCrl> load_offline_crl(const fs::path& directory, const std::string& name,
                                    const Certificate& issuer) {
  const auto path = directory / (name + ".crl");
  auto crl = Crl::parse(TRY(read_file(path, kMaxCrlBytes)));
  const auto verified = crl ? crl->verify(issuer) : Result<void>(failure(crl.error()));
  if (!verified)
    return failure(verified.error().code, path.string() + ": " + verified.error().detail);
  return OfflineCrl{name, issuer, std::move(*crl)};
}

/// Of whichever root made the list.
Result<OfflineCrl> load_root_crl(const fs::path& directory, const std::string& name,
                                 const Trust& trust) {
  for (const auto& root : trust.roots()) {
    auto loaded = load_offline_crl(directory, name, root);
    if (loaded) return loaded;
  }
  return load_offline_crl(directory, name, trust.root());
}

/// All there are: "root" always, those of its successors since their lists came.
Result<std::vector<OfflineCrl>> load_root_crls(const fs::path& directory, const Trust& trust) {
  std::vector<OfflineCrl> out;
  for (std::size_t place = 0;; ++place) {
    const auto name = root_list_name(place);
    if (place > 0 && !fs::exists(directory / (name + ".crl"))) return out;
    out.push_back(TRY(load_root_crl(directory, name, trust)));
  }
}

Result<std::shared_ptr<const Party>> load_party(const OpenKeys& keys, const Settings& settings,
                                                std::shared_ptr<const Trust> trust, Instant now) {
  const auto& directory = keys.directory;
  auto signature = TRY(load_chain(directory, "signature", *trust,
                                  {Role::cca, KeyUse::signature, settings.brand}, now));
  auto signer = TRY(load_signer(keys, "signature", signature.leaf));
  auto exchange = TRY(load_chain(directory, "key-exchange", *trust,
                                 {Role::cca, KeyUse::key_exchange, settings.brand}, now));
  const auto seed = TRY(entry(keys.file, directory, "key-exchange"));
  auto kem = TRY(KemPrivateKey::from_seed(seed.reveal()));
  CHECK_OR_FAIL(equal(kem.public_key().spki(), exchange.leaf.public_key()), ErrorCode::bad_config,
                (directory / "key-exchange.pem").string() +
                    ": the key in keys.set is not this certificate's");
  return std::make_shared<const Party>(
      Party{std::move(trust), std::make_shared<const StoredSigner>(std::move(signer)),
            std::move(signature), std::make_shared<const KemPrivateKey>(std::move(kem)),
            std::move(exchange)});
}

}  // namespace

Result<void> check_new_directory(const fs::path& directory) {
  std::error_code error;
  if (!fs::exists(directory, error)) return {};
  CHECK_OR_FAIL(fs::is_directory(directory, error), ErrorCode::bad_config,
                directory.string() + " is no directory");
  TRY(check_private_directory(directory));
  CHECK_OR_FAIL(!fs::exists(directory / kSettings, error), ErrorCode::conflict,
                "there is a CA in " + directory.string() + " already: choose another --dir");
  CHECK_OR_FAIL(fs::is_empty(directory, error) && !error, ErrorCode::conflict,
                directory.string() +
                    " is not empty: choose another --dir, or empty it if an `init` failed there");
  return {};
}

bool is_interrupted_init(const fs::path& directory) {
  std::error_code ignored;
  return fs::exists(directory / kInitMark, ignored);
}

bool is_complete_ca(const fs::path& directory) {
  std::error_code ignored;
  return fs::exists(directory / kSettings, ignored) && !is_interrupted_init(directory);
}

Result<void> begin_init(const fs::path& directory) {
  std::error_code error;
  if (is_interrupted_init(directory)) {
    TRY(check_private_directory(directory));
    // The mark goes last: an end in the middle of this is again an interrupted `init`.
    for (fs::directory_iterator entry(directory, error), end; !error && entry != end;
         entry.increment(error)) {
      if (entry->path().filename() != kInitMark) fs::remove_all(entry->path(), error);
    }
    CHECK_OR_FAIL(!error, ErrorCode::storage_unavailable,
                  "cannot empty " + directory.string() + ", where an `init` was interrupted");
    return {};
  }
  TRY(check_new_directory(directory));
  TRY(make_private_directory(directory));
  return write_file_atomically(directory / kInitMark, std::string_view());
}

Result<void> end_init(const fs::path& directory) {
  std::error_code error;
  fs::remove(directory / kInitMark, error);
  CHECK_OR_FAIL(!error, ErrorCode::storage_unavailable, "cannot write " + directory.string());
  return sync_directory(directory);
}

Result<void> save_online_keys(const fs::path& directory, const OnlineKeys& keys,
                              const KeyLock& lock, Rng& rng) {
  TRY(make_private_directory(directory));
  auto secrets = secrets_of(keys.key_exchange, keys.transport);
  secrets.emplace(kTransportCertificate,
                  SecretBytes::copy_of(view_of(keys.transport.certificate_pem)));
  for (const auto& [name, signer] : keys.signers) secrets.emplace(name, signer.stored());
  return write_keys(directory, secrets, lock, rng);
}

Result<OnlineKeys> load_online_keys(const fs::path& directory, const KeyLock& lock) {
  const auto file = TRY(KeyFile::open(directory / kKeys, lock));
  std::map<std::string, StoredSigner> signers;
  for (const auto& row : online_key_rows()) {
    if (row.use == KeyUse::key_exchange) continue;
    const auto secret = TRY(entry(file, directory, row.name));
    signers.emplace(row.name, TRY(StoredSigner::load(secret.reveal(), lock)));
  }
  const auto seed = TRY(entry(file, directory, kKeyExchangeName));
  auto kem = TRY(KemPrivateKey::from_seed(seed.reveal()));
  const auto key = TRY(entry(file, directory, kTransport));
  const auto certificate = TRY(entry(file, directory, kTransportCertificate));
  return OnlineKeys{
      std::move(signers), std::move(kem),
      TransportRoot{Secret<std::string>(string_of(key.reveal())), string_of(certificate.reveal())}};
}

Result<void> save_online_certificates(const fs::path& directory, const OnlineChains& chains,
                                      const Certificate& root, const std::string& trust_pem,
                                      const OfflineCrls& crls, const Settings& settings) {
  for (const auto& [name, chain] : chains) TRY(write_pem(directory, name, chain_pem(chain)));
  TRY(write_pem(directory, "brand", chains.at("signature").issuers.front().pem()));
  const auto& operating = chains.at("cca");
  if (operating.issuers.size() == 2) {
    TRY(write_pem(directory, "gca", operating.issuers.front().pem()));
  }
  for (std::size_t place = 0; place < crls.roots.size(); ++place) {
    TRY(write_file_atomically(directory / (root_list_name(place) + ".crl"),
                              crls.roots[place].der()));
  }
  TRY(write_file_atomically(directory / "brand.crl", crls.brand.der()));
  if (crls.geopolitical) {
    TRY(write_file_atomically(directory / "gca.crl", crls.geopolitical->der()));
  }
  TRY(write_pem(directory, "root", root.pem()));
  TRY(save_trust(directory, trust_pem));
  const SettingsJson text{
      {"brand", settings.brand}, {"hosts", settings.hosts}, {"public_url", settings.public_url}};
  return write_file_atomically(directory / kSettings, std::string_view(text.dump(2) + "\n"));
}

std::string root_list_name(std::size_t place) {
  return place == 0 ? "root" : "root-" + std::to_string(place + 1);
}

Result<void> save_trust(const fs::path& directory, const std::string& trust_pem) {
  return write_pem(directory, "trust", trust_pem);
}

Result<void> save_new_ca(const fs::path& directory, const Hierarchy& hierarchy,
                         const Settings& settings, const KeyLock& lock, const KeyLock& root_lock,
                         Rng& rng) {
  const auto& h = hierarchy;
  TRY(make_private_directory(directory));
  const HierarchySpec spec{
      settings.brand, settings.public_url,
      h.geopolitical ? h.geopolitical->certificate.organizational_unit() : std::string()};
  TRY(save_root(directory, h.root, h.next_root, root_lock, rng));
  TRY(save_brand(directory, spec, h.brand, h.geopolitical ? &*h.geopolitical : nullptr, root_lock,
                 rng));
  TRY(save_transport(directory, h.transport.certificate_pem, h.trust_pem));
  TRY(write_keys(directory, secrets_of(h), lock, rng));
  return save_online_certificates(directory, h.chains, h.root.certificate, h.trust_pem,
                                  h.crls, settings);
}

std::vector<Certificate> certificates_of(const OnlineChains& chains, const Certificate& root) {
  std::vector<Certificate> out{root};
  const auto add = [&out](const Certificate& certificate) {
    const auto same = std::ranges::find(out, certificate.thumbprint(), &Certificate::thumbprint);
    if (same == out.end()) out.push_back(certificate);
  };
  for (const auto& [name, chain] : chains) {
    std::ranges::for_each(chain.issuers, add);
    add(chain.leaf);
  }
  return out;
}

Result<Settings> load_settings(const fs::path& directory) {
  std::error_code error;
  CHECK_OR_FAIL(fs::is_directory(directory, error), ErrorCode::bad_config,
                "there is no directory " + directory.string() + ": make a CA with `set-ca init`");
  TRY(check_private_directory(directory));
  const auto path = directory / kSettings;
  CHECK_OR_FAIL(fs::exists(path, error), ErrorCode::bad_config,
                "there is no CA in " + directory.string() + ": make one with `set-ca init`");
  const auto object = SettingsJson::parse(TRY(read_text_file(path)), nullptr, /*allow_exceptions=*/false);
  const auto is_text = [&](const char* key) {
    return object.contains(key) && object[key].is_string();
  };
  CHECK_OR_FAIL(object.is_object() && is_text("brand") && is_text("public_url") &&
                    object.contains("hosts") && object["hosts"].is_array(),
                ErrorCode::bad_config, path.string() + " is malformed");
  Settings settings{
      object["brand"].get<std::string>(), {}, object["public_url"].get<std::string>()};
  for (const auto& host : object["hosts"]) {
    CHECK_OR_FAIL(host.is_string(), ErrorCode::bad_config, path.string() + " is malformed");
    settings.hosts.push_back(host.get<std::string>());
  }
  return settings;
}

Result<LoadedCa> load_ca(const fs::path& directory, const KeyLock& lock, Instant now) {
  auto settings = TRY(load_settings(directory));
  const auto keys = TRY(KeyFile::open(directory / kKeys, lock));
  const auto trust_path = directory / "trust.pem";
  auto parsed = Trust::parse(TRY(read_text_file(trust_path)), "", now);
  if (!parsed)
    return failure(parsed.error().code, trust_path.string() + ": " + parsed.error().detail);
  auto trust = std::make_shared<const Trust>(std::move(*parsed));
  const OpenKeys opened{directory, keys, lock};
  auto cca = TRY(load_authority(opened, "cca", Role::cca, settings, *trust, now));
  auto mca = TRY(load_authority(opened, "mca", Role::mca, settings, *trust, now));
  auto pca = TRY(load_authority(opened, "pca", Role::pca, settings, *trust, now));
  auto party = TRY(load_party(opened, settings, trust, now));
  auto bci = TRY(load_bci(opened, settings, *trust, now));
  auto offline_crls = TRY(load_root_crls(directory, *trust));
  offline_crls.push_back(
      TRY(load_offline_crl(directory, "brand", party->signature->issuers.front())));
  if (cca.chain.issuers.size() == 2) {
    offline_crls.push_back(TRY(load_offline_crl(directory, "gca", cca.chain.issuers.front())));
  }
  const auto transport_key = TRY(entry(keys, directory, "transport"));
  auto card_key = TRY(entry(keys, directory, "card"));
  std::map<std::string, Bytes> published{{"root.der", trust->root().der()},
                                         {"brand.der", party->signature->issuers.front().der()},
                                         {"cca.der", cca.chain.leaf.der()},
                                         {"mca.der", mca.chain.leaf.der()},
                                         {"pca.der", pca.chain.leaf.der()}};
  OperatingAuthorities operating{std::move(cca.authority), std::move(mca.authority),
                                 std::move(pca.authority)};
  // Operating CA, geopolitical CA, brand.
  if (cca.chain.issuers.size() == 2) {
    operating.geopolitical = cca.chain.issuers.front();
    published.emplace("gca.der", operating.geopolitical->der());
  }
  return LoadedCa{std::move(settings),
                  std::move(operating),
                  std::move(bci),
                  std::move(offline_crls),
                  TransportRoot{Secret<std::string>(string_of(transport_key.reveal())),
                                trust->transport_root_pem()},
                  std::move(party),
                  std::move(card_key),
                  std::move(published)};
}

Result<TlsIdentity> make_tls_identity(const LoadedCa& ca, Instant now, Rng& rng) {
  auto tls = TRY(issue_daemon_tls(ca.transport, ca.settings.brand, ca.settings.hosts,
                                  ca.settings.lifetimes, now, rng));
  return TlsIdentity{std::move(tls.certificate_pem), std::move(tls.private_key_pem),
                     ca.transport.certificate_pem};
}

namespace {

constexpr Duration kRetryAfter = std::chrono::minutes(1);

/// Asked at each handshake; whoever asks after the two thirds makes the next one.
class TlsKeeper {
 public:
  TlsKeeper(const LoadedCa& ca, Clock clock, Rng& rng) : ca_(ca), clock_(std::move(clock)), rng_(rng) {}

  Result<void> renew() {
    const auto now = clock_();
    auto made = TRY(make_tls_identity(ca_, now, rng_));
    const auto facts = TRY(tls_certificate_facts(made.chain_pem));
    due_ = renewal_due(facts.not_before, facts.not_after, facts.fingerprint_hex);
    tls_ = std::make_shared<const TlsIdentity>(std::move(made));
    return {};
  }

  std::shared_ptr<const TlsIdentity> get() {
    const std::lock_guard lock(mutex_);
    if (clock_() < due_) return tls_;
    const auto renewed = renew();
    if (renewed) {
      log_info("the CA's TLS certificate was renewed");
    } else {
      log_error("the CA's TLS certificate was not renewed", renewed.error());
      due_ = clock_() + kRetryAfter;
    }
    return tls_;
  }

 private:
  const LoadedCa& ca_;
  Clock clock_;
  Rng& rng_;
  std::mutex mutex_;
  Instant due_ = {};
  std::shared_ptr<const TlsIdentity> tls_;
};

}  // namespace

Result<Current<const TlsIdentity>> keep_tls_identity(const LoadedCa& ca, Clock clock, Rng& rng) {
  auto keeper = std::make_shared<TlsKeeper>(ca, std::move(clock), rng);
  TRY(keeper->renew());
  return Current<const TlsIdentity>([keeper = std::move(keeper)] { return keeper->get(); });
}

}  // namespace set::ca
