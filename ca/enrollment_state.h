// One registration at the CA, key LID-CA. It lives an hour; a completed one a day, so that a lost
// answer can be asked for again.
//
//  state            message in     next                        message out
//  (none)           CardCInitReq   CardInitiated               CardCInitRes
//  CardInitiated    RegFormReq     CardFormSent | (same)       RegFormRes: form | referral
//  CardFormSent     RegFormReq     CardFormSent | (same)       RegFormRes, with a new Chall-CA
//  CardFormSent     CertReq        Certified | (same)          CertRes: requestComplete | refused
//  (none)           MeAqCInitReq   PartyInitiated              MeAqCInitRes
//  PartyInitiated   CertReq        Certified | (same)          CertRes: requestComplete | refused
//  Certified        CertReq        (same)                      CertRes: the same certificates, for
//  the
//                                                              same request only
//  CardFormSent, PartyInitiated after a refusal; Certified:
//                   CertInqReq     (same)                      CertInqRes: what the last CertRes
//                   said
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
};
struct PartyInitiated {
  SessionHead head;
  RequestType request_type;
  IDData id_data;
  Challenge chall_ca;
  Bytes encryption_key;  ///< the key that was challenged
  Digest kem_answer;     ///< digest of the 32 octets that its owner can read
  std::optional<LastRefusal> refused;
};
struct Certified {
  SessionHead head;
  Digest cert_request;  ///< content digest of the CertReq
  Bytes signature_key;
  std::optional<NonceCCA> nonce_cca;      ///< cardholders
  std::vector<Certificate> certificates;  ///< signature first
  std::vector<Bytes> tls_certificates;    ///< DER, leaf first
};
using Session = std::variant<CardInitiated, CardFormSent, PartyInitiated, Certified>;

inline const SessionHead& head_of(const Session& session) {
  return std::visit([](const auto& state) -> const SessionHead& { return state.head; }, session);
}

inline Role role_of(RequestType type) {
  switch (type) {
    case RequestType::mer_initial_both:
    case RequestType::mer_renewal_both:
      return Role::merchant;
    case RequestType::pgwy_initial_both:
    case RequestType::pgwy_renewal_both:
      return Role::gateway;
    case RequestType::card_initial_sig:
    case RequestType::card_renewal_sig:
      break;
  }
  return Role::cardholder;
}

}  // namespace set::ca
