// One registration at the CA, key LID-CA. It lives an hour; a pended one as long as an operator may
// take; a completed one a day, so that a lost answer can be asked for again.
//
//  state            message in     next                        message out
//  (none)           CardCInitReq   CardInitiated               CardCInitRes
//  CardInitiated    RegFormReq     CardFormSent | (same)       RegFormRes: form | referral
//  CardFormSent     RegFormReq     CardFormSent | (same)       RegFormRes, with a new Chall-CA
//  CardFormSent     CertReq        Certified | Pended | (same) CertRes: requestComplete |
//                                                              requestPended | refused
//  (none)           MeAqCInitReq   PartyInitiated              MeAqCInitRes
//  PartyInitiated   CertReq        Certified | Pended | (same) CertRes, as above
//  Pended           CertInqReq     Certified | (same)          CertInqRes: requestPended until an
//                                                              operator has decided, then
//                                                              requestComplete | refused;
//                                                              requestInProgress while another
//                                                              inquiry is being answered
//  Certified        CertReq        (same)                      CertRes: the same certificates, to
//                                                              the same request only
//  Certified        CertInqReq     (same)                      CertInqRes: what the last CertRes
//                                                              said; also after a refusal
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "common/crypto/certificate.h"
#include "common/message/enrollment.h"

namespace set::ca {

inline constexpr Duration kSessionLife = std::chrono::hours(1);
inline constexpr Duration kCompletedLife = std::chrono::hours(24);
inline constexpr Duration kPendedLife = std::chrono::hours(24 * 30);
/// New RegFormReqs and refused CertReqs of one registration: each costs a signature and a row.
inline constexpr std::int64_t kMaxSteps = 64;

struct SessionHead {
  LIDCA lid_ca;
  LIDEE lid_ee;
  Digest opened_by;  ///< content digest of the init request: a repeat finds its session
  Instant expires_at;
  std::int64_t version = 0;
};

/// A no, as CertRes says it.
struct Refusal {
  CertStatusCode status;
  std::string message;  ///< ours, for the person at the other end
  std::vector<FailedItem> items;
};

/// The last no of a registration that may still succeed, for an inquiry.
struct LastRefusal {
  Bytes signature_key;  ///< whose CertReq it was: the inquiry is signed with it
  CertStatusCode status;
};

struct CardInitiated {
  SessionHead head;
};
struct CardFormSent {
  SessionHead head;
  Digest form_request;  ///< content digest of the RegFormReq
  Challenge chall_ca;
  NonceCCA nonce_cca;  ///< committed to in RegFormRes
  std::string bin;
  std::string language;
  std::optional<LastRefusal> refused;
  RequestType request_type = RequestType::card_initial_sig;
};
struct PartyInitiated {
  SessionHead head;
  RequestType request_type;
  IDData id_data;
  Challenge chall_ca;
  Bytes encryption_key;  ///< the key that was challenged
  Digest kem_answer;     ///< digest of the 32 octets that its owner can read
  std::string language;
  std::optional<LastRefusal> refused;
};

/// What a cardholder's certificate will say. Without the card number, so that it can be kept.
struct CardContents {
  NonceCCA nonce_cca;
  std::string pseudonym;
  Instant card_end;
  Digest card;  ///< the number under the CA's key: whose attempts are forgiven
};
/// What the token, or the operator, says of a merchant or gateway.
struct PartyFacts {
  std::string name, city;
  unsigned country = 0;
};
struct PartyContents {
  RequestType request_type;
  IDData id_data;
  Bytes encryption_key, tls_key;
  std::vector<std::string> tls_hosts;
  PartyFacts facts;
};
/// A CertReq that passed every check but, perhaps, an operator's.
struct ToCertify {
  SessionHead head;
  Digest cert_request;  ///< content digest of the CertReq
  Bytes signature_key;
  std::variant<CardContents, PartyContents> contents;
  std::optional<Thumbprint> renewed = {};  ///< the certificate being renewed
};

enum class Decision { none, approved, rejected };
/// Waits for an operator, or for its requester to ask what the operator decided.
struct Pended : ToCertify {
  Decision decision = Decision::none;
  Refusal refusal = {CertStatusCode::rejected_by_ca, {}, {}};  ///< iff rejected
};
struct Certified {
  SessionHead head;
  Digest cert_request;
  Bytes signature_key;
  std::optional<NonceCCA> nonce_cca;      ///< cardholders
  std::vector<Certificate> certificates;  ///< signature first
  std::vector<Bytes> tls_certificates;    ///< DER, leaf first
};
using Session = std::variant<CardInitiated, CardFormSent, PartyInitiated, Pended, Certified>;

inline const SessionHead& head_of(const Session& session) {
  return std::visit([](const auto& state) -> const SessionHead& { return state.head; }, session);
}

inline const std::string& bin_of(const IDData& id_data) {
  if (const auto* merchant = std::get_if<MerchantIDData>(&id_data)) return merchant->merchant_bin;
  return std::get<AcquirerIDData>(id_data).acquirer_bin;
}
inline const std::string& id_of(const IDData& id_data) {
  if (const auto* merchant = std::get_if<MerchantIDData>(&id_data)) return merchant->merchant_id;
  return std::get<AcquirerIDData>(id_data).business_id;
}

inline Role role_of(RequestType type) {
  switch (type) {
    case RequestType::mer_initial_both:
    case RequestType::mer_renewal_both:
    case RequestType::mer_renewal_tls:
      return Role::merchant;
    case RequestType::pgwy_initial_both:
    case RequestType::pgwy_renewal_both:
    case RequestType::pgwy_renewal_tls:
      return Role::gateway;
    case RequestType::card_initial_sig:
    case RequestType::card_renewal_sig:
      break;
  }
  return Role::cardholder;
}

}  // namespace set::ca
