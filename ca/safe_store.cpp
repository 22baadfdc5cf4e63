#include "ca/safe_store.h"

#include <nlohmann/json.hpp>

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
                  {"root", state.root}};
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

Result<SoftwareSigner> load_key(const fs::path& directory, const std::string& file,
                                const char* name, const KeyLock& lock) {
  const auto opened = TRY(open_file(key_file(directory, file), lock));
  const auto secret = TRY(opened.get(name));
  return SoftwareSigner::from_pkcs8(secret.reveal());
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

/// `made`, or what was saved in its place.
Result<Crl> load_list(const fs::path& directory, const std::string& name, const Authority& issuer,
                      Crl made) {
  const auto path = list_file(directory, name);
  std::error_code error;
  if (!fs::exists(path, error)) return made;
  auto list = Crl::parse(TRY(read_file(path, kMaxCrlBytes)));
  if (!list) return failure(about(path, list.error()));
  const auto verified = list->verify(issuer.certificate);
  if (!verified) return failure(about(path, verified.error()));
  return list;
}

/// A new key file under the lock of `like`, with one key.
Result<void> put_beside(const KeyFile& like, const fs::path& directory, const std::string& file,
                        const char* name, const SoftwareSigner& key, Rng& rng) {
  auto made = like.create_like(key_file(directory, file));
  if (!made) return failure(about(key_file(directory, file), made.error()));
  return made->put(name, key.pkcs8().reveal(), rng);
}

}  // namespace

Result<void> write_pem(const fs::path& directory, const std::string& name, const std::string& pem) {
  return write_file_atomically(directory / (name + ".pem"), std::string_view(pem));
}

fs::path root_key_file(const fs::path& directory, unsigned number) {
  return key_file(directory, numbered(kRootName, number));
}

Result<void> save_root(const fs::path& directory, const Authority& root, const SoftwareSigner& next,
                       const KeyLock& lock, Rng& rng) {
  TRY(make_private_directory(directory));
  CHECK_OR_FAIL(!fs::exists(root_key_file(directory, 1)), ErrorCode::conflict,
                "there is a root in " + directory.string() + " already");
  auto file = TRY(KeyFile::create(root_key_file(directory, 1), lock, Argon2Cost{}, rng));
  TRY(file.put(kRootName, root.key.pkcs8().reveal(), rng));
  TRY(put_beside(file, directory, numbered(kRootName, 2), kRootName, next, rng));
  TRY(write_pem(directory, numbered(kRootName, 1), root.certificate.pem()));
  return save_state(directory, {});
}

Result<void> save_brand(const fs::path& directory, const HierarchySpec& spec,
                        const Authority& brand, const Authority* geopolitical, const KeyLock& lock,
                        Rng& rng) {
  auto state = TRY(load_safe(directory));
  CHECK_OR_FAIL(
      state.spec.brand.empty(), ErrorCode::conflict,
      "there is the brand " + state.spec.brand + " in " + directory.string() + " already");
  const auto root = TRY(open_file(root_key_file(directory, state.root), lock));
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
  return SafeState{{object["brand"].get<std::string>(), object["public_url"].get<std::string>(),
                    object["geopolitical"].get<std::string>()},
                   object["root"].get<unsigned>()};
}

Result<Authority> load_root(const fs::path& directory, unsigned number, const KeyLock& lock) {
  return load_from_safe(directory, numbered(kRootName, number), kRootName, numbered(kRootName, number), lock);
}

Result<OpenSafe> open_safe(const fs::path& directory, const SafeState& state, const KeyLock& lock) {
  CHECK_OR_FAIL(
      !state.spec.brand.empty(), ErrorCode::conflict,
      "there is no brand in " + directory.string() + " yet: make one with `set-ca ceremony brand`");
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
    brands.push_back(TRY(certificate_in_safe(directory, numbered(kBrandName, number))));
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

Result<OfflineCrls> load_lists(const fs::path& directory, const Certifiers& by, Instant now) {
  auto lists = TRY(make_offline_crls(by, now));
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
  auto next = SoftwareSigner::generate(SignatureAlgorithm::ml_dsa_87, rng);
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
