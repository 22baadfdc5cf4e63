// What the flows of registration and renewal share. Internal to common/enrollment.
#pragma once

#include <filesystem>

#include "common/enrollment/ca_client.h"
#include "common/enrollment/enrollee.h"
#include "common/enrollment/register.h"

namespace set::detail {

/// A shared_ptr to what lives longer anyway.
template <class T>
std::shared_ptr<const T> borrowed(const T& object) {
  return {std::shared_ptr<const T>(), &object};
}

/// Sends and opens; `self` as in enrollee.h.
template <class Res>
Result<OpenedAnswer<Res>> exchange(const CaClient& ca, const Request& request, const Party& self,
                                   const std::string& brand, const Clock& clock) {
  const auto envelope = TRY(ca.send(request, clock));
  const ExpectedSigner expected{brand == kAnyBrand ? std::string() : brand};
  return Opener::answer<Res>(envelope, request.pending, self, expected, clock());
}

/// Not "not yet".
inline bool is_final(CertStatusCode status) {
  return status != CertStatusCode::request_pended && status != CertStatusCode::request_in_progress;
}

/// The CA's no as an Error for the person who asked.
Error referred(const ReferralData& referral);
Error card_refusal(const CertRefused& refused);
Error party_refusal(const CertRefused& refused);

/// Checks the TLS certificate, too, and replaces the directory's identity.
Result<void> save_identity(const std::filesystem::path& directory, const PartyKeys& keys,
                           const PartyCertified& certified, const Trust& trust,
                           const KeyLock& lock, Instant now, Rng& rng);
/// CertInq about a cardholder's registration or renewal that was kept. None: the CA does not know
/// it (any more), and what was kept is forgotten.
Result<std::optional<RegisteredCard>> collect_card(const CaClient& ca,
                                                   const std::shared_ptr<const Trust>& trust,
                                                   const CardToRegister& card, PendedCard pended,
                                                   const CardRegistration& registration,
                                                   const Clock& clock, Rng& rng);
/// The CA's answer to a cardholder's CertReq: the card; or its no, after what was kept for a yes is
/// forgotten; or its "not yet".
Result<RegisteredCard> card_of_answer(std::variant<CardCertified, CertRefused> answer,
                                      SoftwareSigner key, const CardRegistration& registration);

/// A stranger's Party with this key: it signs, and no certificate says whose it is.
Party with_key(const std::shared_ptr<const Trust>& trust, const Signer& key);
/// CertInq: its answer, and the challenge that it must have. None: the CA's final word is that it
/// knows no such registration.
struct InquiryAnswer {
  OpenedAnswer<CertInqRes> answer;
  Challenge chall_ee3;
};
Result<std::optional<InquiryAnswer>> inquire(const CaClient& ca, const Registration& registration,
                                             const Party& self, const Clock& clock, Rng& rng);

/// PEM, leaf first.
std::string tls_chain_pem(const std::vector<Bytes>& chain);

}  // namespace set::detail
