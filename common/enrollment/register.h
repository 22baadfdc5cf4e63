// The two registrations as straight flows over the network: register_cardholder() for the wallet's
// `card add`, enroll_party() for the `enroll` commands of set-merchant and set-gateway.
// Each blocks until the CA has answered; call it from one thread.
#pragma once

#include <filesystem>
#include <functional>

#include "common/enrollment/ca_client.h"
#include "common/enrollment/enrollee.h"

namespace set {

/// Asks the user for a form's fields; or fills them from a file. Called once.
using FillForm = std::function<Result<std::vector<RegFormAnswer>>(const RegFormData&)>;

/// Answers by field name where there is a value (an empty one counts as none); a required field
/// without a value is invalid_argument and names the field. The cardholder's name is the field
/// "cardholderName", which the sandbox CA requires; all others are optional.
Result<std::vector<RegFormAnswer>> answers_by_name(
    const RegFormData& form, const std::vector<std::pair<std::string, std::string>>& values);

struct CardRegistration {
  std::string brand;            ///< empty = whichever the CA serves
  std::string language = "en";  ///< of the form
  FillForm fill_form;
};
/// What the wallet keeps, encrypted: for Party {trust, signer, signature} and for PANData.
struct RegisteredCard {
  SoftwareSigner key;       ///< pkcs8() to store it, SoftwareSigner::from_pkcs8 to load it
  Chain certificate;        ///< cardholder's signature certificate with its issuers
  SecretBytes card_secret;  ///< 32 bytes: TransStain
  SecretBytes pan_secret;   ///< 32 bytes: PANData.pan_secret; gives the certificate's CN
};

/// CardCInit, RegForm, Cert. Errors beside those of network and messages: declined (the issuer or
/// the CA said no; the sentence says why), invalid_argument (the form's answers are not
/// acceptable), not_found (the CA does not serve this card and refers elsewhere).
Result<RegisteredCard> register_cardholder(const CaClient& ca, std::shared_ptr<const Trust> trust,
                                           const CardToRegister& card,
                                           const CardRegistration& registration, const Clock& clock,
                                           Rng& rng);

/// Me-AqCInit, Cert; then Identity::save into `directory`, which Identity::load reads with the same
/// passphrase. The keys are saved before the CA is asked for certificates: a second run with the
/// same directory and passphrase after a crash takes up where the first one ended, without using
/// the token twice.
/// An identity that is there already is replaced as a whole.
/// Errors: permission_denied (token unknown, used, expired or for somebody else; host not allowed;
/// the sentence is the CA's), wrong_passphrase (an older key file is there), conflict (an
/// interrupted enrolment with other options), not_found (referred elsewhere).
Result<PartyCertified> enroll_party(const CaClient& ca, const Trust& trust,
                                    const PartyToEnroll& party, const Secret<std::string>& token,
                                    const std::filesystem::path& directory,
                                    const Passphrase& passphrase, const Clock& clock, Rng& rng);

/// The whole `enroll` command: reads the token's file (private, one line), then enroll_party().
Result<PartyCertified> enroll_party_from_token_file(const CaClient& ca, const Trust& trust,
                                                    const PartyToEnroll& party,
                                                    const std::filesystem::path& token_file,
                                                    const std::filesystem::path& directory,
                                                    const Passphrase& passphrase,
                                                    const Clock& clock, Rng& rng);

}  // namespace set
