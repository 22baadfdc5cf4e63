// What the flows of registration and renewal share. Internal to common/enrollment.
#pragma once

#include <filesystem>

#include "common/enrollment/ca_client.h"
#include "common/enrollment/enrollee.h"

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

/// The CA's no as an Error for the person who asked.
Error referred(const ReferralData& referral);
Error card_refusal(const CertRefused& refused);
Error party_refusal(const CertRefused& refused);

/// Checks the TLS certificate, too, and replaces the directory's identity.
Result<void> save_identity(const std::filesystem::path& directory, const PartyKeys& keys,
                           const PartyCertified& certified, const Trust& trust,
                           const KeyLock& lock, Instant now, Rng& rng);
/// PEM, leaf first.
std::string tls_chain_pem(const std::vector<Bytes>& chain);

}  // namespace set::detail
