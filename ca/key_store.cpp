#include "ca/key_store.h"

#include <nlohmann/json.hpp>

#include "common/crypto/key_file.h"
#include "common/daemon/files.h"

namespace set::ca {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr std::string_view kKeys = "keys.set";
constexpr std::string_view kSettings = "ca.json";
constexpr std::size_t kCardKeyBytes = 32;

Result<void> write_key_file(const fs::path& path, std::string_view name, const SoftwareSigner& key,
                            const Passphrase& passphrase, Rng& rng) {
  auto file = TRY(KeyFile::create(path, passphrase, Argon2Cost{}, rng));
  return file.put(name, key.pkcs8().reveal(), rng);
}

Result<void> write_daemon_keys(const fs::path& path, const Hierarchy& h,
                               const Passphrase& passphrase, Rng& rng) {
  auto file = TRY(KeyFile::create(path, passphrase, Argon2Cost{}, rng));
  TRY(file.put("cca", h.operating.cca.key.pkcs8().reveal(), rng));
  TRY(file.put("mca", h.operating.mca.key.pkcs8().reveal(), rng));
  TRY(file.put("pca", h.operating.pca.key.pkcs8().reveal(), rng));
  TRY(file.put("signature", h.messages.signature.pkcs8().reveal(), rng));
  TRY(file.put("key-exchange", h.messages.key_exchange.seed().reveal(), rng));
  TRY(file.put("transport", view_of(h.transport.private_key_pem.reveal()), rng));
  return file.put("card", rng.secret(kCardKeyBytes).reveal(), rng);
}

Result<void> write_certificates(const fs::path& directory, const Hierarchy& h) {
  const auto write = [&](const char* name, const std::string& pem) {
    return write_file_atomically(directory / name, std::string_view(pem));
  };
  const auto& brand = h.brand.certificate;
  TRY(write("root.pem", h.root.certificate.pem()));
  TRY(write("brand.pem", chain_pem({brand, {}})));
  TRY(write("cca.pem", chain_pem({h.operating.cca.certificate, {brand}})));
  TRY(write("mca.pem", chain_pem({h.operating.mca.certificate, {brand}})));
  TRY(write("pca.pem", chain_pem({h.operating.pca.certificate, {brand}})));
  TRY(write("signature.pem", chain_pem(h.messages.signature_chain)));
  TRY(write("key-exchange.pem", chain_pem(h.messages.key_exchange_chain)));
  return write("trust.pem", h.trust_pem);
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

Result<SoftwareSigner> load_signer(const fs::path& directory, const KeyFile& keys,
                                   const std::string& name, const Certificate& certificate) {
  const auto secret = TRY(entry(keys, directory, name));
  auto key = TRY(SoftwareSigner::from_pkcs8(secret.reveal()));
  CHECK_OR_FAIL(
      equal(key.public_key(), certificate.public_key()), ErrorCode::bad_config,
      (directory / (name + ".pem")).string() + ": the key in keys.set is not this certificate's");
  return key;
}

Result<Authority> load_authority(const fs::path& directory, const KeyFile& keys,
                                 const std::string& name, Role role, const Settings& settings,
                                 const Trust& trust, Instant now) {
  const Expected expected{role, KeyUse::certificate_signing, settings.brand};
  auto chain = TRY(load_chain(directory, name, trust, expected, now));
  auto key = TRY(load_signer(directory, keys, name, chain.leaf));
  return Authority{std::move(key), std::move(chain.leaf)};
}

Result<std::shared_ptr<const Party>> load_party(const fs::path& directory, const KeyFile& keys,
                                                const Settings& settings,
                                                std::shared_ptr<const Trust> trust, Instant now) {
  auto signature = TRY(load_chain(directory, "signature", *trust,
                                  {Role::cca, KeyUse::signature, settings.brand}, now));
  auto signer = TRY(load_signer(directory, keys, "signature", signature.leaf));
  auto exchange = TRY(load_chain(directory, "key-exchange", *trust,
                                 {Role::cca, KeyUse::key_exchange, settings.brand}, now));
  const auto seed = TRY(entry(keys, directory, "key-exchange"));
  auto kem = TRY(KemPrivateKey::from_seed(seed.reveal()));
  CHECK_OR_FAIL(equal(kem.public_key().spki(), exchange.leaf.public_key()), ErrorCode::bad_config,
                (directory / "key-exchange.pem").string() +
                    ": the key in keys.set is not this certificate's");
  return std::make_shared<const Party>(
      Party{std::move(trust), std::make_shared<const SoftwareSigner>(std::move(signer)),
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

Result<void> save_new_ca(const fs::path& directory, const Hierarchy& hierarchy,
                         const Settings& settings, const Passphrase& passphrase,
                         const Passphrase& root_passphrase, Rng& rng) {
  TRY(make_private_directory(directory));
  TRY(write_key_file(directory / "root.keys.set", "root", hierarchy.root.key, root_passphrase,
                     rng));
  TRY(write_key_file(directory / "next-root.keys.set", "root", hierarchy.next_root, root_passphrase,
                     rng));
  TRY(write_key_file(directory / "brand.keys.set", "brand", hierarchy.brand.key, root_passphrase,
                     rng));
  TRY(write_daemon_keys(directory / kKeys, hierarchy, passphrase, rng));
  TRY(write_certificates(directory, hierarchy));
  const json text{
      {"brand", settings.brand}, {"hosts", settings.hosts}, {"public_url", settings.public_url}};
  return write_file_atomically(directory / kSettings, std::string_view(text.dump(2) + "\n"));
}

Result<Settings> load_settings(const fs::path& directory) {
  std::error_code error;
  CHECK_OR_FAIL(fs::is_directory(directory, error), ErrorCode::bad_config,
                "there is no directory " + directory.string() + ": make a CA with `set-ca init`");
  TRY(check_private_directory(directory));
  const auto path = directory / kSettings;
  CHECK_OR_FAIL(fs::exists(path, error), ErrorCode::bad_config,
                "there is no CA in " + directory.string() + ": make one with `set-ca init`");
  const auto object = json::parse(TRY(read_text_file(path)), nullptr, /*allow_exceptions=*/false);
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

Result<LoadedCa> load_ca(const fs::path& directory, const Passphrase& passphrase, Instant now) {
  auto settings = TRY(load_settings(directory));
  const auto keys = TRY(KeyFile::open(directory / kKeys, passphrase));
  const auto trust_path = directory / "trust.pem";
  auto parsed = Trust::parse(TRY(read_text_file(trust_path)), "", now);
  if (!parsed)
    return failure(parsed.error().code, trust_path.string() + ": " + parsed.error().detail);
  auto trust = std::make_shared<const Trust>(std::move(*parsed));
  auto cca = TRY(load_authority(directory, keys, "cca", Role::cca, settings, *trust, now));
  auto mca = TRY(load_authority(directory, keys, "mca", Role::mca, settings, *trust, now));
  auto pca = TRY(load_authority(directory, keys, "pca", Role::pca, settings, *trust, now));
  auto party = TRY(load_party(directory, keys, settings, trust, now));
  const auto transport_key = TRY(entry(keys, directory, "transport"));
  auto card_key = TRY(entry(keys, directory, "card"));
  std::map<std::string, Bytes> published{{"root.der", trust->root().der()},
                                         {"brand.der", party->signature->issuers.front().der()},
                                         {"cca.der", cca.certificate.der()},
                                         {"mca.der", mca.certificate.der()},
                                         {"pca.der", pca.certificate.der()}};
  return LoadedCa{std::move(settings),
                  OperatingAuthorities{std::move(cca), std::move(mca), std::move(pca)},
                  TransportRoot{Secret<std::string>(string_of(transport_key.reveal())),
                                trust->transport_root_pem()},
                  std::move(party),
                  std::move(card_key),
                  std::move(published)};
}

Result<TlsIdentity> make_tls_identity(const LoadedCa& ca, Instant now, Rng& rng) {
  auto tls = TRY(issue_daemon_tls(ca.transport, ca.settings.brand, ca.settings.hosts, now, rng));
  return TlsIdentity{std::move(tls.certificate_pem), std::move(tls.private_key_pem),
                     ca.transport.certificate_pem};
}

}  // namespace set::ca
