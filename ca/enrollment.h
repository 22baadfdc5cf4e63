// Registration from the CA's side: what it checks of each request and what it answers (set-1997
// §3.1, §3.2; protocol §3). Pure. service.cpp runs these; store.cpp keeps the states between them.
#pragma once

#include <variant>

#include "ca/enrollment_state.h"
#include "ca/form.h"
#include "ca/issuance.h"
#include "ca/issuer.h"
#include "common/message/account.h"
#include "common/message/verified.h"

namespace set::ca {

// --- cardholder ---

/// "brand served?; store RRPID, LID-EE, Chall-EE". Errors: message_not_supported.
Result<CardInitiated> accept_card_c_init_req(const Unsigned<CardCInitReq>& req,
                                             std::string_view brand, Instant now, Rng& rng);
CardCInitRes make_card_c_init_res(const CardInitiated& session, const CardCInitReq& req,
                                  const Thumbprint& cae_thumb);

/// What the CA holds ready for cardholders.
struct CardDesk {
  const Issuer& issuer;
  const FormBook& forms;
  std::string_view brand;
};

/// Not here: another request type or another issuer's card.
struct Referred {
  ReferralData data;
};
/// From CardInitiated or CardFormSent. A repeat finds the Chall-CA and NonceCCA it was given.
/// Errors: unknown_lid.
Result<std::variant<CardFormSent, Referred>> accept_reg_form_req(const Session& session,
                                                                 const Unsigned<RegFormReq>& req,
                                                                 const PANOnly& account,
                                                                 const CardDesk& desk, Rng& rng);
/// invalid_argument if the form file has no form for this card any more.
Result<RegFormRes> make_reg_form_res(const CardFormSent& session, const RegFormReq& req,
                                     const CardDesk& desk);
RegFormRes make_reg_form_res(const Referred& referral, const RegFormReq& req, Rng& rng);

/// A cardholder's request that only the issuer may still refuse.
struct AcceptedCard {
  CardFormSent session;
  std::string cardholder_name;
};
/// Errors: unknown_lid, challenge_mismatch.
Result<std::variant<AcceptedCard, Refusal>> accept_card_cert_req(const CardFormSent& session,
                                                                 const Verified<CertReq>& req,
                                                                 const PANData0& account,
                                                                 const CardDesk& desk);

/// What is to be certified, with the pseudonym instead of the card number.
/// Secrets: CardSecret and PANSecret are used and forgotten.
ToCertify card_to_certify(const CardFormSent& session, const Verified<CertReq>& req,
                          const PANData0& account, const Digest& card, std::string_view brand);

// --- merchant and gateway ---

struct InitiatedParty {
  PartyInitiated next;
  Bytes kem_challenge_encapsulated, kem_challenge;
};
/// Errors: message_not_supported (brand), decoding_failure (no key of our KEM).
Result<std::variant<InitiatedParty, Referred>> accept_me_aq_c_init_req(
    const Unsigned<MeAqCInitReq>& req, std::string_view brand, const FormBook& forms, Instant now,
    Rng& rng);
/// `token_required` false where an operator decides.
MeAqCInitRes make_me_aq_c_init_res(const InitiatedParty& party, const MeAqCInitReq& req,
                                   const Thumbprint& cae_thumb, const RegFormData& form,
                                   bool token_required);
MeAqCInitRes make_me_aq_c_init_res(const Referred& referral, const MeAqCInitReq& req,
                                   const Thumbprint& cae_thumb, Rng& rng);

/// None: nothing is against it but the token, which token.h checks.
/// Errors: unknown_lid, challenge_mismatch.
Result<std::optional<Refusal>> accept_party_cert_req(const PartyInitiated& session,
                                                     const Verified<CertReq>& req,
                                                     std::string_view brand,
                                                     const FormBook& forms);

/// What the form's answers say of the party where no token does; what they leave open is empty.
PartyFacts facts_of_answers(const std::vector<RegFormAnswer>& answers);

ToCertify party_to_certify(const PartyInitiated& session, const Verified<CertReq>& req,
                           PartyFacts facts);

// --- both ---

CertRes make_cert_res(const Certified& session, const Challenge& chall_ee3);
CertRes make_cert_res(const SessionHead& head, const Refusal& refusal, const Challenge& chall_ee3);

/// requestPended, or the operator's no. An approved one reads as requestInProgress: its
/// certificates are being made. `retry_after` is the time suggested for an inquiry.
CertRes make_cert_res(const Pended& session, const Challenge& chall_ee3, Duration retry_after);

/// What a CertReq finds that is repeated in other bytes, or comes after the end. None: the session
/// is still open. Errors: unknown_lid.
Result<std::optional<CertRes>> accept_repeated_cert_req(const Session& session,
                                                        const Verified<CertReq>& req,
                                                        Duration retry_after);

/// What the last CertRes of a registration said.
using CertState = std::variant<Certified, LastRefusal, Pended>;

/// The key that an inquiry must be signed with. Errors: unknown_lid, as if there were no session.
Result<Bytes> inquiry_key(const Session& session);
/// Errors: unknown_lid.
Result<CertState> accept_cert_inq_req(const Session& session, const Verified<CertInqReq>& req);
CertInqRes make_cert_inq_res(const SessionHead& head, const CertState& state,
                             const Challenge& chall_ee3, Duration retry_after);

// --- issuing, for both and for either approval ---

struct IssuingParts {
  const OperatingAuthorities& authorities;
  const TransportRoot& transport;
  std::string public_url;
  std::string issuer_name;  ///< OU of cardholders
  Lifetimes lifetimes = {};
};
struct Issued {
  Certified next;
  std::string tls_pem;  ///< next.tls_certificates is filled by the caller, who can read PEM
};
/// A cardholder's signature certificate; a party's signature, key-exchange and TLS certificates, or
/// that last one alone.
/// Errors: invalid_argument where the profile says no.
Result<Issued> issue_certificates(const ToCertify& request, const IssuingParts& parts, Instant now,
                                  Rng& rng);

}  // namespace set::ca
