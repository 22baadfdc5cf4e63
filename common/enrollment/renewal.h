// Renewals as straight flows over the network (set-1997 §1.8; ADR 0020): of a merchant's or
// gateway's certificates together, of its TLS certificate alone, and of a cardholder's. No token
// and no form: the certificate being renewed signs. Called by the `renew` commands, the daemons'
// Renewer and the wallet. Each blocks until the CA has answered; one thread for one directory.
#pragma once

#include <filesystem>

#include "common/daemon/identity.h"
#include "common/enrollment/register.h"

namespace set {

/// Me-AqCInit, Cert; then Identity::save: new signature, key-exchange and TLS keys. What is
/// replaced goes on as earlier certificates until it ends. The new keys are saved before the CA is
/// asked for certificates: a renewal whose answer was lost, by whatever crash, is asked about with
/// them, and ends with the certificates that the CA granted. Errors: permission_denied (the sentence
/// is the CA's: revoked, somebody else's), expired_certificate (enrol anew), those of network and
/// storage.
Result<void> renew_party(const CaClient& ca, const Party& party,
                         const std::filesystem::path& directory, const KeyLock& lock,
                         const Clock& clock, Rng& rng);
/// The TLS certificate alone, under a new key; then Identity::save_tls. Otherwise as renew_party;
/// where a renewal of all was interrupted, that is what is finished.
Result<void> renew_tls(const CaClient& ca, const Party& party,
                       const std::filesystem::path& directory, const KeyLock& lock,
                       const Clock& clock, Rng& rng);

/// CardCInit, RegForm, Cert of type cardRenewalSig: a new key, CardSecret and PANSecret, and so a
/// new pseudonym. Of `registration` keep, forget, pended and on_refused count, as in
/// register_cardholder. Errors: declined (the issuer or the CA said no), expired_certificate.
Result<RegisteredCard> renew_cardholder(const CaClient& ca, const Party& cardholder,
                                        const CardToRegister& card, CardRegistration registration,
                                        const Clock& clock, Rng& rng);

/// Where the daemon of this directory finds its CA: written by enrolment beside the identity, so
/// that a renewal needs no option. Empty if it is not known.
std::string ca_address_of(const std::filesystem::path& directory);
Result<void> save_ca_address(const std::filesystem::path& directory, const std::string& address);

}  // namespace set
