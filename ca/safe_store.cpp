#include "ca/safe_store.h"

#include <nlohmann/json.hpp>

#include "ca/revocation.h"
#include "common/crypto/key_file.h"
#include "common/daemon/files.h"
#include "common/daemon/identity.h"

namespace set::ca {
namespace {

namespace fs = std::filesystem;
using SafeJson = nlohmann::json;

constexpr const char* kSafeState = "safe.json";
constexpr const char* kBrandName = "brand";
constexpr const char* kGeopoliticalName = "gca";
constexpr const char* kRootName = "root";
constexpr const char* kTransportRoot = "transport";
constexpr unsigned kMaxRoots = 10;

std::string numbered(const char* name, unsigned number) {
  return std::string(name) + "-" + std::to_string(number);
}

fs::path key_file(const fs::path& directory, const std::string& name) {
  return directory / (name + ".keys.set");
}

Result<Certificate> certificate_in_safe(const fs::path& directory, const std::string& name) {
  const auto path = directory / (name + ".pem");
  auto chain = TRY(parse_chain_pem(TRY(read_text_file(path)), path.string()));
  return std::move(chain.leaf);
}

Result<void> save_state(const fs::path& directory, const SafeState& state) {
  const SafeJson text{{"brand", state.spec.brand},
                  {"public_url", state.spec.public_url},
                  {"geopolitical", state.spec.geopolitical},
                  {"root", state.root},
                  {"brand_revoked", state.brand_revoked}};
  return write_file_atomically(directory / kSafeState, std::string_view(text.dump(2) + "\n"));
}

Error about(const fs::path& file, const Error& error) {
  return {error.code, file.string() + ": " + error.detail};
}

Result<KeyFile> open_file(const fs::path& file, const KeyLock& lock) {
  auto opened = KeyFile::open(file, lock);
  if (!opened) return failure(about(file, opened.error()));
  return opened;
}

Result<StoredSigner> load_key(const fs::path& directory, const std::string& file,
                                const char* name, const KeyLock& lock) {
  const auto opened = TRY(open_file(key_file(directory, file), lock));
  const auto secret = TRY(opened.get(name));
  return StoredSigner::load(secret.reveal(), lock);
}

Result<Authority> load_from_safe(const fs::path& directory, const std::string& file,
                                 const char* name, const std::string& certificate,
                                 const KeyLock& lock) {
  auto loaded = TRY(certificate_in_safe(directory, certificate));
  auto key = TRY(load_key(directory, file, name, lock));
  CHECK_OR_FAIL(equal(key.public_key(), loaded.public_key()), ErrorCode::bad_config,
                (directory / (certificate + ".pem")).string() + ": the key in " + file +
                    ".keys.set is not this certificate's");
  return Authority{std::move(key), std::move(loaded)};
}

fs::path list_file(const fs::path& directory, const std::string& name) {
  return directory / (name + ".crl");
}

/// What was saved; none before the first time.
Result<std::optional<Crl>> saved_list(const fs::path& directory, const std::string& name,
                                      const Certificate& issuer) {
  const auto path = list_file(directory, name);
  std::error_code error;
  if (!fs::exists(path, error)) return std::optional<Crl>();
  auto list = Crl::parse(TRY(read_file(path, kMaxCrlBytes)));
  if (!list) return failure(about(path, list.error()));
  const auto verified = list->verify(issuer);
  if (!verified) return failure(about(path, verified.error()));
  return std::optional(std::move(*list));
}

/// `made`, or what was saved in its place.
Result<Crl> load_list(const fs::path& directory, const std::string& name, const Authority& issuer,
                      Crl made) {
  return TRY(saved_list(directory, name, issuer.certificate)).value_or(std::move(made));
}

/// Everything of a brand that was revoked goes out of the way of the next one, once; a repetition
/// after an interruption finds the rest.
Result<void> put_away_brand(const fs::path& directory) {
  unsigned number = 1;
  const auto place = [&] { return directory / numbered("revoked-brand", number); };
  // The last one is unfinished as long as the brand's key has not followed: it goes last.
  while (fs::exists(place() / "brand.keys.set")) ++number;
  TRY(make_private_directory(place()));
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(directory)) {
    const auto name = entry.path().filename().string();
    const bool of_brand = name.starts_with("brand-") || name.starts_with("gca.") ||
                          name == "brand.crl" || name == "transport.pem" || name == "trust.pem";
    if (of_brand) files.push_back(entry.path());
  }
  if (fs::exists(key_file(directory, kBrandName))) files.push_back(key_file(directory, kBrandName));
  for (const auto& file : files) {
    std::error_code error;
    fs::rename(file, place() / file.filename(), error);
    CHECK_OR_FAIL(!error, ErrorCode::storage_unavailable, "cannot move " + file.string());
  }
  return sync_directory(directory);
}

/// A new key file under the lock of `like`, with one key.
Result<void> put_beside(const KeyFile& like, const fs::path& directory, const std::string& file,
                        const char* name, const StoredSigner& key, Rng& rng) {
  auto made = like.create_like(key_file(directory, file));
  if (!made) return failure(about(key_file(directory, file), made.error()));
  return made->put(name, key.stored().reveal(), rng);
}

}  // namespace

Result<void> write_pem(const fs::path& directory, const std::string& name, const std::string& pem) {
  return write_file_atomically(directory / (name + ".pem"), std::string_view(pem));
}

fs::path root_key_file(const fs::path& directory, unsigned number) {
  return key_file(directory, numbered(kRootName, number));
}

Result<void> save_root(const fs::path& directory, const Authority& root, const StoredSigner& next,
                       const KeyLock& lock, Rng& rng) {
  TRY(make_private_directory(directory));
  CHECK_OR_FAIL(!fs::exists(root_key_file(directory, 1)), ErrorCode::conflict,
                "there is a root in " + directory.string() + " already");
  auto file = TRY(KeyFile::create(root_key_file(directory, 1), lock, Argon2Cost{}, rng));
  TRY(file.put(kRootName, root.key.stored().reveal(), rng));
  TRY(put_beside(file, directory, numbered(kRootName, 2), kRootName, next, rng));
  TRY(write_pem(directory, numbered(kRootName, 1), root.certificate.pem()));
  return save_state(directory, {});
}

Result<void> save_brand(const fs::path& directory, const HierarchySpec& spec,
                        const Authority& brand, const Authority* geopolitical, const KeyLock& lock,
                        Rng& rng) {
  auto state = TRY(load_safe(directory));
  CHECK_OR_FAIL(
      state.spec.brand.empty() || state.brand_revoked, ErrorCode::conflict,
      "there is the brand " + state.spec.brand + " in " + directory.string() + " already");
  const auto root = TRY(open_file(root_key_file(directory, state.root), lock));
  if (state.brand_revoked) TRY(put_away_brand(directory));
  // What an interrupted run has left has certified nothing yet.
  for (const char* name : {kBrandName, kGeopoliticalName}) {
    std::error_code ignored;
    fs::remove(key_file(directory, name), ignored);
  }
  TRY(put_beside(root, directory, kBrandName, kBrandName, brand.key, rng));
  TRY(write_pem(directory, numbered(kBrandName, state.root), brand.certificate.pem()));
  if (geopolitical != nullptr) {
    TRY(put_beside(root, directory, kGeopoliticalName, kGeopoliticalName, geopolitical->key, rng));
    TRY(write_pem(directory, kGeopoliticalName, geopolitical->certificate.pem()));
  }
  state.spec = spec;
  state.brand_revoked = false;
  return save_state(directory, state);
}

Result<void> save_transport(const fs::path& directory, const std::string& transport_root_pem,
                            const std::string& trust_pem) {
  TRY(write_pem(directory, kTransportRoot, transport_root_pem));
  return write_pem(directory, "trust", trust_pem);
}

Result<SafeState> load_safe(const fs::path& directory) {
  const auto path = directory / kSafeState;
  std::error_code error;
  CHECK_OR_FAIL(
      fs::exists(path, error), ErrorCode::bad_config,
      "there is no root in " + directory.string() + ": make one with `set-ca ceremony root`");
  TRY(check_private_directory(directory));
  const auto object = SafeJson::parse(TRY(read_text_file(path)), nullptr, /*allow_exceptions=*/false);
  const auto is_text = [&](const char* key) {
    return object.contains(key) && object[key].is_string();
  };
  CHECK_OR_FAIL(object.is_object() && is_text("brand") && is_text("public_url") &&
                    is_text("geopolitical") && object.contains("root") &&
                    object["root"].is_number_unsigned(),
                ErrorCode::bad_config, path.string() + " is malformed");
  const auto revoked = object.find("brand_revoked");
  return SafeState{{object["brand"].get<std::string>(), object["public_url"].get<std::string>(),
                    object["geopolitical"].get<std::string>()},
                   object["root"].get<unsigned>(),
                   revoked != object.end() && revoked->is_boolean() && revoked->get<bool>()};
}

Result<Authority> load_root(const fs::path& directory, unsigned number, const KeyLock& lock) {
  return load_from_safe(directory, numbered(kRootName, number), kRootName, numbered(kRootName, number), lock);
}

Result<OpenSafe> open_safe(const fs::path& directory, const SafeState& state, const KeyLock& lock) {
  CHECK_OR_FAIL(
      !state.spec.brand.empty(), ErrorCode::conflict,
      "there is no brand in " + directory.string() + " yet: make one with `set-ca ceremony brand`");
  CHECK_OR_FAIL(!state.brand_revoked, ErrorCode::conflict,
                "the brand in " + directory.string() +
                    " is revoked: make a new one with `set-ca ceremony brand`");
  auto root = TRY(load_root(directory, state.root, lock));
  auto brand = TRY(load_from_safe(directory, kBrandName, kBrandName, numbered(kBrandName, state.root), lock));
  std::optional<Authority> geopolitical;
  if (!state.spec.geopolitical.empty()) {
    geopolitical =
        TRY(load_from_safe(directory, kGeopoliticalName, kGeopoliticalName, kGeopoliticalName, lock));
  }
  return OpenSafe{std::move(root), std::move(brand), std::move(geopolitical)};
}

Result<std::vector<Certificate>> load_roots(const fs::path& directory, const SafeState& state) {
  std::vector<Certificate> roots;
  for (unsigned number = 1; number <= state.root; ++number) {
    roots.push_back(TRY(certificate_in_safe(directory, numbered(kRootName, number))));
  }
  return roots;
}

Result<std::vector<Certificate>> load_successors_brands(const fs::path& directory,
                                                        const SafeState& state) {
  std::vector<Certificate> brands;
  for (unsigned number = 2; number <= state.root; ++number) {
    // A brand that took a revoked one's place is certified by later roots only.
    const auto name = numbered(kBrandName, number);
    if (number != state.root && !fs::exists(directory / (name + ".pem"))) continue;
    brands.push_back(TRY(certificate_in_safe(directory, name)));
  }
  return brands;
}

Result<std::string> load_transport(const fs::path& directory) {
  const auto path = directory / (std::string(kTransportRoot) + ".pem");
  CHECK_OR_FAIL(fs::exists(path), ErrorCode::conflict,
                "no online CA has been certified from " + directory.string() +
                    " yet: `set-ca ceremony sign` comes first");
  return read_text_file(path);
}

Result<OfflineCrls> load_lists(const fs::path& directory, const SafeState& state,
                               const Certifiers& by, Instant now) {
  auto lists = TRY(make_offline_crls(by, now));
  std::vector<Crl> roots;
  for (unsigned number = 1; number < state.root; ++number) {
    const auto root = TRY(certificate_in_safe(directory, numbered_root(number)));
    if (auto saved = TRY(saved_list(directory, numbered_root(number), root)))
      roots.push_back(std::move(*saved));
  }
  roots.push_back(TRY(load_list(directory, numbered_root(state.root), by.root,
                                std::move(lists.roots.front()))));
  lists.roots = std::move(roots);
  lists.brand = TRY(load_list(directory, kBrandName, by.brand, std::move(lists.brand)));
  if (lists.geopolitical) {
    lists.geopolitical = TRY(
        load_list(directory, kGeopoliticalName, *by.geopolitical, std::move(*lists.geopolitical)));
  }
  return lists;
}

Result<void> save_list(const fs::path& directory, const std::string& name, const Crl& list) {
  return write_file_atomically(list_file(directory, name), list.der());
}

std::string numbered_root(unsigned number) { return numbered(kRootName, number); }

Result<std::vector<RootRevocation>> prepare_brand_revocation(const fs::path& directory,
                                                             const SafeState& state,
                                                             const KeyLock& lock, Instant now) {
  std::vector<RootRevocation> out;
  for (unsigned number = 1; number <= state.root; ++number) {
    const auto name = numbered(kBrandName, number);
    if (!fs::exists(directory / (name + ".pem"))) continue;
    auto root = TRY(load_root(directory, number, lock));
    auto brand = TRY(certificate_in_safe(directory, name));
    auto before = TRY(load_list(directory, numbered_root(number), root,
                                TRY(make_offline_crl(root, 1, {}, now))));
    out.push_back({numbered_root(number), std::move(root), std::move(brand), std::move(before)});
  }
  return out;
}

Result<void> save_brand_revocation(const fs::path& directory, SafeState state,
                                   const std::vector<std::pair<std::string, Crl>>& lists) {
  for (const auto& [name, list] : lists) TRY(save_list(directory, name, list));
  state.brand_revoked = true;
  return save_state(directory, state);
}

Result<AnnouncedKeys> prepare_rollover(const fs::path& directory, const SafeState& state,
                                       const KeyLock& lock, Rng& rng) {
  CHECK_OR_FAIL(state.root < kMaxRoots, ErrorCode::conflict,
                "a trust file holds ten roots: this line of roots has ended");
  const auto announced_file = root_key_file(directory, state.root + 1);
  CHECK_OR_FAIL(fs::exists(announced_file), ErrorCode::bad_config,
                announced_file.string() +
                    " is missing: a rollover needs the key that the present root announced");
  auto announced = TRY(load_key(directory, numbered(kRootName, state.root + 1), kRootName, lock));
  const auto next_name = numbered(kRootName, state.root + 2);
  if (fs::exists(key_file(directory, next_name))) {
    if (auto left = load_key(directory, next_name, kRootName, lock)) {
      return AnnouncedKeys{std::move(announced), std::move(*left)};
    }
    std::error_code ignored;
    fs::remove(key_file(directory, next_name), ignored);
  }
  auto next = TRY(StoredSigner::generate(SignatureAlgorithm::ml_dsa_87, lock.token, rng));
  const auto beside = TRY(open_file(announced_file, lock));
  TRY(put_beside(beside, directory, next_name, kRootName, next, rng));
  return AnnouncedKeys{std::move(announced), std::move(next)};
}

Result<void> save_next_root(const fs::path& directory, const SafeState& state,
                            const Certificate& root, const Certificate& brand) {
  TRY(write_pem(directory, numbered(kRootName, state.root + 1), root.pem()));
  return write_pem(directory, numbered(kBrandName, state.root + 1), brand.pem());
}

Result<void> enthrone(const fs::path& directory, SafeState state, const std::string& trust_pem) {
  TRY(write_pem(directory, "trust", trust_pem));
  ++state.root;
  return save_state(directory, state);
}

}  // namespace set::ca
