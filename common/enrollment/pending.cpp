#include "common/enrollment/pending.h"

#include <nlohmann/json.hpp>

namespace set::detail {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr std::string_view kFile = "enrolling.set";
// The last entry written: with it the file is complete.
constexpr std::string_view kState = "state";

tl::unexpected<Error> malformed(const fs::path& directory) {
  return failure(ErrorCode::bad_config, (directory / kFile).string() +
                                            " is damaged: remove it and enrol with a new token");
}

std::string state_text(const AwaitingPartyCertRes& state) {
  const auto& registration = state.registration;
  return json{{"role", state.party.role == Role::gateway ? "gateway" : "merchant"},
              {"brand", registration.brand},
              {"bin", state.party.bin},
              {"id", state.party.id},
              {"hosts", state.party.hosts},
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

}  // namespace

Result<void> save_pending(const fs::path& directory, const PendingEnrollment& pending,
                          const KeyLock& lock, Rng& rng) {
  TRY(remove_pending(directory));
  auto file = TRY(KeyFile::create(directory / kFile, lock, Argon2Cost{}, rng));
  TRY(file.put("signature", pending.keys.signature.stored().reveal(), rng));
  TRY(file.put("key-exchange", pending.keys.key_exchange.seed().reveal(), rng));
  TRY(file.put("tls", view_of(pending.keys.tls.private_key_pem.reveal()), rng));
  TRY(file.put("tls-public", pending.keys.tls.public_key, rng));
  return file.put(kState, view_of(state_text(pending.state)), rng);
}

Result<std::optional<PendingEnrollment>> load_pending(const fs::path& directory,
                                                      const KeyLock& lock) {
  if (!fs::exists(directory / kFile)) return std::optional<PendingEnrollment>();
  const auto file = TRY(KeyFile::open(directory / kFile, lock));
  const auto text = file.get(kState);
  if (!text) return std::optional<PendingEnrollment>();
  auto state = read_state(text->reveal());
  if (!state) return malformed(directory);
  const auto signature = TRY(file.get("signature"));
  const auto key_exchange = TRY(file.get("key-exchange"));
  const auto tls = TRY(file.get("tls"));
  const auto tls_public = TRY(file.get("tls-public"));
  auto signer = StoredSigner::load(signature.reveal(), lock);
  auto kem = KemPrivateKey::from_seed(key_exchange.reveal());
  if (!signer || !kem) return malformed(directory);
  TlsKey tls_key{Secret<std::string>(string_of(tls.reveal())), bytes_of(tls_public.reveal())};
  return std::optional<PendingEnrollment>(PendingEnrollment{
      PartyKeys{std::move(*signer), std::move(*kem), std::move(tls_key)}, std::move(*state)});
}

Result<void> remove_pending(const fs::path& directory) {
  std::error_code error;
  fs::remove(directory / kFile, error);
  CHECK_OR_FAIL(!error, ErrorCode::storage_unavailable,
                "cannot remove " + (directory / kFile).string());
  return {};
}

}  // namespace set::detail
