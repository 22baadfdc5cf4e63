// The end entity's half of registration: what a wallet, a merchant and a gateway send to their CA,
// and what they check before they believe its answer (set-1997 §3.1, §3.2; protocol §3). Pure.
// register.h runs these in order; nobody else needs to.
//
//  state                  message in     next                              message out
//  (none)                                AwaitingCardCInitRes              CardCInitReq
//  AwaitingCardCInitRes   CardCInitRes   CardCInitiated
//  CardCInitiated                        AwaitingRegFormRes                RegFormReq
//  AwaitingRegFormRes     RegFormRes     FormReceived | ReferralData
//  FormReceived                          AwaitingCardCertRes               CertReq
//  AwaitingCardCertRes    CertRes        CardCertified | CertRefused
//  (none)                                AwaitingMeAqCInitRes              MeAqCInitReq
//  AwaitingMeAqCInitRes   MeAqCInitRes   PartyInitiated | ReferralData
//  PartyInitiated                        AwaitingPartyCertRes              CertReq
//  AwaitingPartyCertRes   CertRes        PartyCertified | CertRefused
//  Awaiting…CertRes                      (same)                            CertInqReq
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "common/crypto/stored_signer.h"
#include "common/message/account.h"
#include "common/message/open.h"

namespace set {

/// A BrandID that asks for whichever brand the CA serves. Its signed answer says which that is.
inline constexpr std::string_view kAnyBrand = "any";

/// A message ready to be sent, and what to wait in.
template <class State>
struct Sent {
  State next;
  Request request;
};

/// What both kinds of requester know of the registration they are in.
struct Registration {
  std::string brand;
  LIDEE lid_ee;
  LIDCA lid_ca;
  Certificate cae;  ///< the CA's key-exchange certificate, verified
};

// --- cardholder ---

struct AwaitingCardCInitRes {
  std::string brand;
  LIDEE lid_ee;
  Challenge chall_ee;
};
struct CardCInitiated {
  Registration registration;
};
struct AwaitingRegFormRes {
  Registration registration;
  Challenge chall_ee2;
  RequestType request_type = RequestType::card_initial_sig;
};
struct FormReceived {
  Registration registration;
  Challenge chall_ca;
  Digest nonce_cca_commitment;
  RegFormData form;
  RequestType request_type = RequestType::card_initial_sig;
};
/// The card as it is entered. Lives as long as the registration runs.
struct CardToRegister {
  Pan pan;
  CardExpiry expiry;
  std::optional<CardVerificationValue> cvv;
};
struct AwaitingCardCertRes {
  Registration registration;
  Challenge chall_ee3;
  Digest nonce_cca_commitment;
  SecretBytes card_secret;  ///< 32 bytes, made by us
  Bytes public_key;         ///< SubjectPublicKeyInfo of the new key
};
struct CardCertified {
  Chain certificate;
  SecretBytes card_secret;
  SecretBytes pan_secret;
};

/// The CA's no, in its own words; also requestPended and requestInProgress, which are not final.
struct CertRefused {
  CertStatusCode status;
  std::string ee_message;  ///< for the user, from the CA; never for a log
  std::vector<FailedItem> failed_items;
  std::optional<Duration> retry_after;
};

/// An opened CertRes, or the CertRes inside an opened CertInqRes; nothing else makes one.
class CertAnswer {
 public:
  // NOLINTBEGIN(google-explicit-constructor): implicit by design
  CertAnswer(const OpenedAnswer<CertRes>& opened)
      : res_(*opened.message), bag_(opened.bag), signer_(opened.message.signer()) {}
  CertAnswer(const OpenedAnswer<CertInqRes>& opened)
      : res_(opened.message->state), bag_(opened.bag), signer_(opened.message.signer()) {}
  // NOLINTEND(google-explicit-constructor)
  const CertRes& operator*() const { return res_; }
  const CertRes* operator->() const { return &res_; }
  std::span<const Certificate> bag() const { return bag_; }
  const Certificate& signer() const { return signer_; }

 private:
  const CertRes& res_;
  std::span<const Certificate> bag_;
  const Certificate& signer_;
};

/// `self` of all functions: trust; from CertReq on `signer` is the new key. No certificate yet.
Result<Sent<AwaitingCardCInitRes>> make_card_c_init_req(const Party& self, std::string_view brand,
                                                        Instant now, Rng& rng);
/// Errors: unknown_lid, challenge_mismatch, missing_certificate, Trust::verify's.
Result<CardCInitiated> accept_card_c_init_res(AwaitingCardCInitRes state,
                                              const OpenedAnswer<CardCInitRes>& res,
                                              const Trust& trust, Instant now);
Result<Sent<AwaitingRegFormRes>> make_reg_form_req(CardCInitiated state, const Party& self,
                                                   const Pan& pan, std::string_view language,
                                                   Instant now, Rng& rng,
                                                   RequestType type = RequestType::card_initial_sig);
Result<std::variant<FormReceived, ReferralData>> accept_reg_form_res(
    AwaitingRegFormRes state, const OpenedAnswer<RegFormRes>& res);
/// `renewed`: the cardholder with the certificate being renewed, if that is the form's request type.
Result<Sent<AwaitingCardCertRes>> make_card_cert_req(FormReceived state, const Party& self,
                                                     const CardToRegister& card,
                                                     std::vector<RegFormAnswer> answers,
                                                     Instant now, Rng& rng,
                                                     const Party* renewed = nullptr);
/// Checks the commitment, recomputes the pseudonym and compares it with the CN.
/// Errors: unknown_lid, challenge_mismatch, missing_certificate, invalid_certificate,
/// verification_failed, Trust::verify's.
Result<std::variant<CardCertified, CertRefused>> accept_card_cert_res(AwaitingCardCertRes state,
                                                                      const CardToRegister& card,
                                                                      const CertAnswer& res,
                                                                      const Trust& trust,
                                                                      Instant now);

// --- merchant and gateway ---

/// The keys that an enrolment makes. Kept until the certificates are there.
struct PartyKeys {
  StoredSigner signature;
  KemPrivateKey key_exchange;
  TlsKey tls;
  static PartyKeys generate(Rng& rng);
  /// The signature key in the lock's token, if it does ML-DSA.
  static Result<PartyKeys> generate(const KeyLock& lock, Rng& rng);
};
/// What a merchant or gateway asks for.
enum class RenewalOf {
  nothing,   ///< a first enrolment, with a token
  all,       ///< both SET certificates and the TLS certificate
  tls_alone  ///< the TLS certificate
};
/// Who asks. The merchant's name, city and country come from the token's record at the CA, or from
/// the certificate being renewed.
struct PartyToEnroll {
  Role role = Role::merchant;      ///< merchant or gateway
  std::string brand;               ///< empty = whichever the CA serves
  std::string bin;                 ///< acquirer's, 6 digits
  std::string id;                  ///< merchant's or gateway's id, 1 to 30 characters
  std::vector<std::string> hosts = {};  ///< names and addresses for the TLS certificate, 1 to 16;
                                        ///< none in a renewal, which changes none
  std::string language = "en";     ///< of the form
  RenewalOf renewal = RenewalOf::nothing;
};
IDData id_data_of(const PartyToEnroll& party);
RequestType request_type_of(const PartyToEnroll& party);
/// Who this signature certificate says it is. bad_config if it is no merchant's and no gateway's.
Result<PartyToEnroll> party_to_renew(const Certificate& signature, RenewalOf of);

struct AwaitingMeAqCInitRes {
  PartyToEnroll party;
  LIDEE lid_ee;
  Challenge chall_ee;
};
struct PartyInitiated {
  PartyToEnroll party;
  Registration registration;
  Challenge chall_ca;
  RegFormData form;
  std::vector<RegFormAnswer> answers;  ///< to be filled in before make_party_cert_req
  SecretBytes kem_answer;              ///< the opened challenge
};
struct AwaitingPartyCertRes {
  PartyToEnroll party;
  Registration registration;
  Challenge chall_ee3;
};
/// Of a renewal of the TLS certificate alone.
struct TlsCertified {
  std::vector<Bytes> tls_chain;  ///< DER, leaf first; not looked into yet
};
struct PartyCertified {
  Chain signature;
  Chain key_exchange;
  std::vector<Bytes> tls_chain;  ///< DER, leaf first; not looked into yet
};

/// `kem` is the key-exchange key that will be challenged: a new one, or the current one where only
/// the TLS certificate is renewed.
Result<Sent<AwaitingMeAqCInitRes>> make_me_aq_c_init_req(const PartyToEnroll& party,
                                                         const KemPrivateKey& kem,
                                                         const Party& self, Instant now, Rng& rng);
/// Opens the KEM challenge, too: signature_failure if it is not for our key.
Result<std::variant<PartyInitiated, ReferralData>> accept_me_aq_c_init_res(
    AwaitingMeAqCInitRes state, const KemPrivateKey& kem, const OpenedAnswer<MeAqCInitRes>& res,
    const Trust& trust, Instant now);
Result<Sent<AwaitingPartyCertRes>> make_party_cert_req(PartyInitiated state, const PartyKeys& keys,
                                                       const Party& self,
                                                       const Secret<std::string>& token,
                                                       Instant now, Rng& rng);
/// The same without a token, signed as well by `renewed` with the certificate being renewed.
Result<Sent<AwaitingPartyCertRes>> make_party_renewal_cert_req(PartyInitiated state,
                                                               const PartyKeys& keys,
                                                               const Party& self,
                                                               const Party& renewed, Instant now,
                                                               Rng& rng);
/// For the TLS certificate alone: signed by `self` with its certificate; there is no new SET key.
Result<Sent<AwaitingPartyCertRes>> make_tls_cert_req(PartyInitiated state, const TlsKey& key,
                                                     const Party& self, Instant now, Rng& rng);
Result<std::variant<TlsCertified, CertRefused>> accept_tls_cert_res(AwaitingPartyCertRes state,
                                                                    const CertAnswer& res);
/// Certificates of our keys, of our brand and id, under our root.
Result<std::variant<PartyCertified, CertRefused>> accept_party_cert_res(AwaitingPartyCertRes state,
                                                                        const PartyKeys& keys,
                                                                        const CertAnswer& res,
                                                                        const Trust& trust,
                                                                        Instant now);

// --- inquiry, for both ---

/// Signed with the new key. The answer's state goes to accept_card_cert_res or
/// accept_party_cert_res, with `state.chall_ee3` set to this inquiry's.
struct CertInquiry {
  Challenge chall_ee3;
  Request request;
};
Result<CertInquiry> make_cert_inq_req(const Registration& registration, const Party& self,
                                      Instant now, Rng& rng);

}  // namespace set
