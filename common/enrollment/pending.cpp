#include "common/enrollment/pending.h"

#include <nlohmann/json.hpp>

namespace set::detail {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr std::string_view kEnrolling = "enrolling.set", kRenewing = "renewing.set";
// The last entry written: with it the file is complete.
constexpr std::string_view kState = "state";

tl::unexpected<Error> malformed(const fs::path& path) {
  return failure(ErrorCode::bad_config,
                 path.string() + " is damaged: remove it and begin anew" +
                     (path.filename() == kEnrolling ? ", with a new token" : ""));
}

std::string state_text(const AwaitingPartyCertRes& state) {
  const auto& registration = state.registration;
  return json{{"role", state.party.role == Role::gateway ? "gateway" : "merchant"},
              {"brand", registration.brand},
              {"bin", state.party.bin},
              {"id", state.party.id},
              {"hosts", state.party.hosts},
              {"renewal", static_cast<int>(state.party.renewal)},
              {"lid_ee", to_hex(view_of(registration.lid_ee.value))},
              {"lid_ca", to_hex(view_of(registration.lid_ca.value))},
              {"cae", to_hex(registration.cae.der())},
              {"chall_ee3", state.chall_ee3.hex()}}
      .dump();
}

Result<Bytes> hex_of(const json& object, const char* name) {
  return from_hex(object.value(name, std::string()));
}

// The file is ours and under our key: a field that is missing reads as empty and is refused below.
Result<AwaitingPartyCertRes> read_state(ByteView text) {
  const auto object = json::parse(text.begin(), text.end(), nullptr, /*allow_exceptions=*/false);
  CHECK_OR_FAIL(object.is_object() && object.value("hosts", json()).is_array(),
                ErrorCode::bad_config, "the state of the enrolment is malformed");
  const auto text_of = [&](const char* name) { return object.value(name, std::string()); };
  PartyToEnroll party{text_of("role") == "gateway" ? Role::gateway : Role::merchant,
                      text_of("brand"),
                      text_of("bin"),
                      text_of("id"),
                      {}};
  party.renewal = static_cast<RenewalOf>(object.value("renewal", 0));
  for (const auto& host : object["hosts"]) {
    if (host.is_string()) party.hosts.push_back(host.get<std::string>());
  }
  auto lid_ee = TRY(LIDEE::parse(string_of(TRY(hex_of(object, "lid_ee")))));
  auto lid_ca = TRY(LIDCA::parse(string_of(TRY(hex_of(object, "lid_ca")))));
  const auto challenge = TRY(Challenge::parse(ByteView(TRY(hex_of(object, "chall_ee3")))));
  auto cae = TRY(Certificate::parse(TRY(hex_of(object, "cae"))));
  Registration registration{text_of("brand"), std::move(lid_ee), std::move(lid_ca), std::move(cae)};
  return AwaitingPartyCertRes{std::move(party), std::move(registration), challenge};
}

Result<void> remove_file(const fs::path& path) {
  std::error_code error;
  fs::remove(path, error);
  CHECK_OR_FAIL(!error, ErrorCode::storage_unavailable, "cannot remove " + path.string());
  return {};
}

fs::path path_of(const fs::path& directory, const AwaitingPartyCertRes& state) {
  const bool renewal = state.party.renewal != RenewalOf::nothing;
  return directory / (renewal ? kRenewing : kEnrolling);
}

Result<void> put_tls(KeyFile& file, const TlsKey& key, Rng& rng) {
  TRY(file.put("tls", view_of(key.private_key_pem.reveal()), rng));
  return file.put("tls-public", key.public_key, rng);
}

Result<TlsKey> get_tls(const KeyFile& file) {
  const auto tls = TRY(file.get("tls"));
  const auto tls_public = TRY(file.get("tls-public"));
  return TlsKey{Secret<std::string>(string_of(tls.reveal())), bytes_of(tls_public.reveal())};
}

/// A pending file, opened; none if there is none or it was never finished.
struct OpenedPending {
  KeyFile file;
  AwaitingPartyCertRes state;
};
Result<std::optional<OpenedPending>> open_pending(const fs::path& path, const KeyLock& lock) {
  if (!fs::exists(path)) return std::optional<OpenedPending>();
  auto file = TRY(KeyFile::open(path, lock));
  const auto text = file.get(kState);
  if (!text) return std::optional<OpenedPending>();
  auto state = read_state(text->reveal());
  if (!state) return malformed(path);
  return std::optional(OpenedPending{std::move(file), std::move(*state)});
}

Result<PendingEnrollment> with_all_keys(OpenedPending opened, const fs::path& path,
                                        const KeyLock& lock) {
  const auto signature = TRY(opened.file.get("signature"));
  const auto key_exchange = TRY(opened.file.get("key-exchange"));
  auto tls = TRY(get_tls(opened.file));
  auto signer = StoredSigner::load(signature.reveal(), lock);
  auto kem = KemPrivateKey::from_seed(key_exchange.reveal());
  if (!signer || !kem) return malformed(path);
  return PendingEnrollment{PartyKeys{std::move(*signer), std::move(*kem), std::move(tls)},
                           std::move(opened.state)};
}

}  // namespace

Result<void> save_pending(const fs::path& directory, const PendingEnrollment& pending,
                          const KeyLock& lock, Rng& rng) {
  const auto path = path_of(directory, pending.state);
  TRY(remove_file(path));
  auto file = TRY(KeyFile::create(path, lock, Argon2Cost{}, rng));
  TRY(file.put("signature", pending.keys.signature.stored().reveal(), rng));
  TRY(file.put("key-exchange", pending.keys.key_exchange.seed().reveal(), rng));
  TRY(put_tls(file, pending.keys.tls, rng));
  return file.put(kState, view_of(state_text(pending.state)), rng);
}

Result<void> save_pending(const fs::path& directory, const PendingTls& pending,
                          const KeyLock& lock, Rng& rng) {
  const auto path = path_of(directory, pending.state);
  TRY(remove_file(path));
  auto file = TRY(KeyFile::create(path, lock, Argon2Cost{}, rng));
  TRY(put_tls(file, pending.key, rng));
  return file.put(kState, view_of(state_text(pending.state)), rng);
}

Result<std::optional<PendingEnrollment>> load_pending(const fs::path& directory,
                                                      const KeyLock& lock) {
  const auto path = directory / kEnrolling;
  auto opened = TRY(open_pending(path, lock));
  if (!opened) return std::optional<PendingEnrollment>();
  return std::optional(TRY(with_all_keys(std::move(*opened), path, lock)));
}

Result<std::optional<PendingRenewal>> load_pending_renewal(const fs::path& directory,
                                                           const KeyLock& lock) {
  const auto path = directory / kRenewing;
  auto opened = TRY(open_pending(path, lock));
  if (!opened) return std::optional<PendingRenewal>();
  if (opened->state.party.renewal == RenewalOf::tls_alone) {
    auto key = TRY(get_tls(opened->file));
    return std::optional<PendingRenewal>(PendingTls{std::move(key), std::move(opened->state)});
  }
  return std::optional<PendingRenewal>(TRY(with_all_keys(std::move(*opened), path, lock)));
}

Result<void> remove_pending(const fs::path& directory) { return remove_file(directory / kEnrolling); }

Result<void> remove_pending_renewal(const fs::path& directory) {
  return remove_file(directory / kRenewing);
}

}  // namespace set::detail
