// The two registrations as straight flows over the network: register_cardholder() for the wallet's
// `card add`, enroll_party() for the `enroll` commands of set-merchant and set-gateway.
// Each blocks until the CA has answered; call it from one thread.
#pragma once

#include <filesystem>
#include <functional>

#include "common/crypto/key_lock.h"
#include "common/enrollment/ca_client.h"
#include "common/enrollment/enrollee.h"

namespace set {

/// Asks the user for a form's fields; or fills them from a file. Called again with what is wrong
/// with the last answers, item by item, as long as it comes back with answers.
using FillForm = std::function<Result<std::vector<RegFormAnswer>>(
    const RegFormData&, const std::vector<FailedItem>& failed)>;

/// Answers in the order of the form, those to no field at the end: failed_items() names them. An
/// empty value counts as none.
std::vector<RegFormAnswer> answers_by_name(
    const RegFormData& form, const std::vector<std::pair<std::string, std::string>>& values);

/// What a wallet kept before its CertReq left, to ask for the certificate later: the answer was
/// lost, or was "not decided yet".
struct PendedCard {
  SoftwareSigner key;
  AwaitingCardCertRes state;
};

struct CardRegistration {
  std::string brand;            ///< empty = whichever the CA serves
  std::string language = "en";  ///< of the form
  FillForm fill_form;
  /// Durable before the CertReq is sent; none = the registration cannot be taken up again.
  std::function<Result<void>(const SoftwareSigner& key, const AwaitingCardCertRes& state)> keep = {};
  /// What was kept may be forgotten: it ended without a certificate.
  std::function<Result<void>()> forget = {};
  /// The CA has not decided yet and suggests to ask again after this time.
  std::function<void(Duration)> on_pended = {};
  /// The CA said no, and why: EEMessage, as it wrote it. For the cardholder's eyes, for no log.
  std::function<void(const std::string&)> on_refused = {};
  /// An earlier registration of this card that was kept: asked about first.
  std::optional<PendedCard> pended = std::nullopt;
};
/// What the wallet keeps, encrypted: for Party {trust, signer, signature} and for PANData.
struct RegisteredCard {
  SoftwareSigner key;       ///< pkcs8() to store it, SoftwareSigner::from_pkcs8 to load it
  Chain certificate;        ///< cardholder's signature certificate with its issuers
  SecretBytes card_secret;  ///< 32 bytes: TransStain
  SecretBytes pan_secret;   ///< 32 bytes: PANData.pan_secret; gives the certificate's CN
};

/// CardCInit, RegForm, Cert; or CertInq about an earlier one. Errors beside those of network and
/// messages: declined (the issuer or the CA said no; the sentence says why), invalid_argument (the
/// form's answers are not acceptable), not_found (the CA does not serve this card and refers
/// elsewhere), in_progress (an operator has not decided yet: ask again with what was kept).
Result<RegisteredCard> register_cardholder(const CaClient& ca, std::shared_ptr<const Trust> trust,
                                           const CardToRegister& card,
                                           CardRegistration registration, const Clock& clock,
                                           Rng& rng);

/// How an enrolment is done, beside who asks.
struct EnrollmentOptions {
  std::vector<std::pair<std::string, std::string>> fields;  ///< of the CA's form, by name
  /// Shown the CA's policy before anything is asked for; an Error: it was not accepted.
  std::function<Result<void>(const std::string& policy)> accept_policy = {};
  bool wait = false;  ///< until an operator has decided, asking at the times that the CA suggests
  std::function<void(Duration)> on_pended = {};
};

/// Me-AqCInit, Cert; then Identity::save into `directory`, which Identity::load reads with the same
/// passphrase. The keys are saved before the CA is asked for certificates: a second run with the
/// same directory and lock after a crash takes up where the first one ended, without using
/// the token twice; so does one after "the CA has not decided yet".
/// An identity that is there already is replaced as a whole.
/// Errors: permission_denied (token unknown, used, expired or for somebody else; host not allowed;
/// the sentence is the CA's), wrong_passphrase (an older key file is there), conflict (an
/// interrupted enrolment with other options), not_found (referred elsewhere), invalid_argument (the
/// form's fields; the sentence names them), in_progress (an operator has not decided yet).
Result<PartyCertified> enroll_party(const CaClient& ca, const Trust& trust,
                                    const PartyToEnroll& party, const Secret<std::string>& token,
                                    const std::filesystem::path& directory,
                                    const KeyLock& lock, const Clock& clock, Rng& rng,
                                    const EnrollmentOptions& options = {});

/// The whole `enroll` command: reads the token's file (private, one line; none where an operator
/// decides), then enroll_party().
Result<PartyCertified> enroll_party_from_token_file(const CaClient& ca, const Trust& trust,
                                                    const PartyToEnroll& party,
                                                    const std::filesystem::path& token_file,
                                                    const std::filesystem::path& directory,
                                                    const KeyLock& lock,
                                                    const Clock& clock, Rng& rng,
                                                    const EnrollmentOptions& options = {});

}  // namespace set
