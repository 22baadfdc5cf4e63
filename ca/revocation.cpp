#include "ca/revocation.h"

#include <algorithm>

#include "ca/profile.h"

namespace set::ca {

Result<void> check_times(const PublicationTimes& times) {
  CHECK_OR_FAIL(times.bci_every >= std::chrono::seconds(1) && times.bci_every <= times.bci_life / 2,
                ErrorCode::invalid_argument,
                "--bci-every must be at least 1s and at most half of --bci-life");
  CHECK_OR_FAIL(times.crl_life >= times.bci_life, ErrorCode::invalid_argument,
                "--crl-life must be at least --bci-life");
  return {};
}

std::string_view issuer_of_role(std::string_view role) {
  if (role == to_string(Role::cardholder)) return "cca";
  if (role == to_string(Role::merchant)) return "mca";
  return role == to_string(Role::gateway) ? "pca" : "";
}

bool is_due(const CrlState& state, const PublicationTimes& times, Instant now) {
  return state.number == 0 || state.wanted != state.published ||
         now + times.crl_life / 2 >= state.next_update;
}

bool is_due(const BciState& state, const PublicationTimes& times, Instant now) {
  // Also after the clock was set back: a BCI from the future helps nobody.
  return state.sequence_num == 0 || now >= state.not_before + kBackdating + times.bci_every ||
         now < state.not_before;
}

std::uint64_t next_number(std::uint64_t before, Instant now) {
  const auto seconds =
      std::chrono::floor<std::chrono::seconds>(now.time_since_epoch()).count();
  return std::max(before + 1, static_cast<std::uint64_t>(std::max<std::int64_t>(seconds, 1)));
}

Result<Crl> make_crl(const Authority& issuer, std::uint64_t number,
                     std::span<const RevokedCertificate> revoked, const PublicationTimes& times,
                     Instant now) {
  return issue_crl({number, now - kBackdating, now + times.crl_life, revoked}, issuer.certificate,
                   issuer.key);
}

Result<Bytes> make_brand_bci(const Authority& signer, std::uint64_t sequence_num,
                             std::span<const Crl> crls, std::span<const Certificate> issuers,
                             const PublicationTimes& times, Instant now) {
  BrandCRLIdentifier bci{.sequence_num = sequence_num,
                         .brand = signer.certificate.brand(),
                         .not_before = now - kBackdating,
                         .not_after = now + times.bci_life,
                         .crls = {}};
  for (const auto& crl : crls) bci.crls.push_back({crl.issuer(), crl.number()});
  return make_bci(bci, {signer.key, signer.certificate}, issuers);
}

Result<Crl> make_offline_crl(const Authority& issuer, std::uint64_t number,
                             std::span<const RevokedCertificate> revoked, Instant now) {
  return issue_crl({number, now - kBackdating, now + kOfflineCrlValidity, revoked},
                   issuer.certificate, issuer.key);
}

Result<Crl> revoke_offline(const Authority& issuer, const Crl& before,
                           std::span<const Certificate> revoked, RevocationReason reason,
                           Instant now) {
  auto entries = before.entries();
  for (const auto& certificate : revoked) {
    if (before.find(certificate)) continue;
    auto serial = TRY(from_hex(certificate.serial_hex()));
    entries.push_back({std::move(serial), now, reason});
  }
  if (entries.size() == before.size()) return before;
  return make_offline_crl(issuer, next_number(before.number(), now), entries, now);
}

}  // namespace set::ca
