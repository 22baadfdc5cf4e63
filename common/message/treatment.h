// Who signs each message, for whom it is sealed, and under which of SET's content types: the policy
// of the house in one table (set-1997 §2.2 as changed by protocol §2). seal.h and open.h obey it;
// docs/messages.md shows it to people.
#pragma once

#include <initializer_list>

#include "common/crypto/certificate.h"
#include "common/message/authorization.h"
#include "common/message/authorization_reversal.h"
#include "common/message/capture.h"
#include "common/message/credit.h"
#include "common/message/enrollment.h"
#include "common/message/gateway_certificate.h"
#include "common/message/purchase.h"
#include "common/message/wire.h"

namespace set {

enum class SignedBy {
  nobody,
  new_key,    ///< the key inside the CertReq that is not certified yet; a renewal: and the one before
  cardholder,
  merchant,
  gateway,
  ca,         ///< the CA daemon's message-signature certificate: cca, mca and pca
  any,        ///< Error: whoever was asked
};

enum class Protection {
  clear,   ///< holds nothing private
  sealed,  ///< HPKE to the receiver's key-exchange certificate
  reply,   ///< under the reply key of the request that it answers
};

struct TreatmentInfo {
  MessageType type;
  std::string_view content_type;  ///< SET's name under 2.23.42.0, or in that style where SET has none
  SignedBy signer;
  Protection protection;
  bool has_baggage = false;
  bool has_account = false;       ///< sequence 1 of the HPKE context holds the account block
  bool recipient_named = true;    ///< false: "any" stands in the header (clear, or named in the content)
};

template <class T>
struct Treatment;

/// The wire form where T has to_wire() and from_wire() of its own.
template <class T, class WireT>
struct PlainMapping {
  using Wire = WireT;
  static Wire to(const T& message) { return to_wire(message); }
  static Result<T> from(const Wire& message) { return from_wire(message); }
};
/// The wire form of the inquiry answers, which are another message's struct under their own name.
template <class T, class WireT>
struct StateMapping {
  using Wire = WireT;
  static Wire to(const T& message) { return to_wire(message.state); }
  static Result<T> from(const Wire& message) { return T{TRY(from_wire(message))}; }
};
/// The wire form of what credits or reverses, which is one for three messages.
template <class T, class WireT>
struct ReversalMapping {
  using Wire = WireT;
  static Wire to(const T& message) { return to_wire(message); }
  static Result<T> from(const Wire& message) {
    auto data = TRY(from_wire(message));
    TRY(check_reversed(data, T::kReverses));
    return T{std::move(data)};
  }
};

// clang-format off
#define SET_TREATMENT(Message, Mapping, WireType, ...)                  \
  template <> struct Treatment<Message> : Mapping<Message, WireType> {  \
    static constexpr TreatmentInfo info{__VA_ARGS__};                   \
  }

//            message       mapping       wire form               type                                     content type       signed by             protection
SET_TREATMENT(CardCInitReq, PlainMapping, wire::CardCInitReqData, wire::MESSAGE_TYPE_CARD_C_INIT_REQ,     "CardCInitReqData", SignedBy::nobody,     Protection::clear,  false, false, false);
SET_TREATMENT(CardCInitRes, PlainMapping, wire::CardCInitResTBS,  wire::MESSAGE_TYPE_CARD_C_INIT_RES,     "CardCInitResTBS",  SignedBy::ca,         Protection::clear,  false, false, false);
SET_TREATMENT(MeAqCInitReq, PlainMapping, wire::MeAqCInitReqData, wire::MESSAGE_TYPE_ME_AQ_C_INIT_REQ,    "MeAqCInitReqData", SignedBy::nobody,     Protection::clear,  false, false, false);
SET_TREATMENT(MeAqCInitRes, PlainMapping, wire::MeAqCInitResTBS,  wire::MESSAGE_TYPE_ME_AQ_C_INIT_RES,    "MeAqCInitResTBS",  SignedBy::ca,         Protection::clear,  false, false, false);
SET_TREATMENT(RegFormReq,   PlainMapping, wire::RegFormReqData,   wire::MESSAGE_TYPE_REG_FORM_REQ,        "RegFormReqTBE",    SignedBy::nobody,     Protection::sealed, false, true,  true);
SET_TREATMENT(RegFormRes,   PlainMapping, wire::RegFormResTBS,    wire::MESSAGE_TYPE_REG_FORM_RES,        "RegFormResTBS",    SignedBy::ca,         Protection::reply,  false, false, false);
SET_TREATMENT(CertReq,      PlainMapping, wire::CertReqData,      wire::MESSAGE_TYPE_CERT_REQ,            "CertReqTBS",       SignedBy::new_key,    Protection::sealed, false, true,  true);
SET_TREATMENT(CertRes,      PlainMapping, wire::CertResData,      wire::MESSAGE_TYPE_CERT_RES,            "CertResData",      SignedBy::ca,         Protection::reply,  false, false, false);
SET_TREATMENT(CertInqReq,   PlainMapping, wire::CertInqReqData,   wire::MESSAGE_TYPE_CERT_INQ_REQ,        "CertInqReqTBS",    SignedBy::new_key,    Protection::sealed, false, false, true);
SET_TREATMENT(CertInqRes,   StateMapping, wire::CertResData,      wire::MESSAGE_TYPE_CERT_INQ_RES,        "CertInqResData",   SignedBy::ca,         Protection::reply,  false, false, false);
SET_TREATMENT(PInitReq,     PlainMapping, wire::PInitReqData,     wire::MESSAGE_TYPE_PINIT_REQ,           "PInitReqData",     SignedBy::nobody,     Protection::sealed, false, false, true);
SET_TREATMENT(PInitRes,     PlainMapping, wire::PInitResData,     wire::MESSAGE_TYPE_PINIT_RES,           "PInitResData",     SignedBy::merchant,   Protection::reply,  false, false, false);
SET_TREATMENT(PReq,         PlainMapping, wire::PITBS,            wire::MESSAGE_TYPE_P_REQ,               "PI-TBS",           SignedBy::cardholder, Protection::sealed, true,  false, false);
SET_TREATMENT(PRes,         PlainMapping, wire::PResData,         wire::MESSAGE_TYPE_P_RES,               "PResData",         SignedBy::merchant,   Protection::reply,  false, false, true);
SET_TREATMENT(InqReq,       PlainMapping, wire::InqReqData,       wire::MESSAGE_TYPE_INQ_REQ,             "InqReqData",       SignedBy::cardholder, Protection::sealed, false, false, true);
SET_TREATMENT(InqRes,       StateMapping, wire::PResData,         wire::MESSAGE_TYPE_INQ_RES,             "InqResData",       SignedBy::merchant,   Protection::reply,  false, false, true);
SET_TREATMENT(AuthReq,      PlainMapping, wire::AuthReqData,      wire::MESSAGE_TYPE_AUTH_REQ,            "AuthReqTBS",       SignedBy::merchant,   Protection::sealed, true,  false, true);
SET_TREATMENT(AuthRes,      PlainMapping, wire::AuthResData,      wire::MESSAGE_TYPE_AUTH_RES,            "AuthResTBS",       SignedBy::gateway,    Protection::reply,  true,  false, true);
SET_TREATMENT(AuthRevReq,   PlainMapping, wire::AuthRevReqData,   wire::MESSAGE_TYPE_AUTH_REV_REQ,         "AuthRevReqTBS",    SignedBy::merchant,   Protection::sealed, true,   false, true);
SET_TREATMENT(AuthRevRes,   PlainMapping, wire::AuthRevResData,   wire::MESSAGE_TYPE_AUTH_REV_RES,         "AuthRevResTBS",    SignedBy::gateway,    Protection::reply,  true,   false, true);
SET_TREATMENT(CapReq,       PlainMapping, wire::CapReqData,       wire::MESSAGE_TYPE_CAP_REQ,              "CapReqTBS",        SignedBy::merchant,   Protection::sealed, true,   false, true);
SET_TREATMENT(CapRes,       PlainMapping, wire::CapResData,       wire::MESSAGE_TYPE_CAP_RES,              "CapResData",       SignedBy::gateway,    Protection::reply,  false,  false, true);
SET_TREATMENT(CapRevReq,    ReversalMapping, wire::CapRevOrCredReqData, wire::MESSAGE_TYPE_CAP_REV_REQ,          "CapRevReqTBS",     SignedBy::merchant,   Protection::sealed, true,   false, true);
SET_TREATMENT(CapRevRes,    ReversalMapping, wire::CapRevOrCredResData, wire::MESSAGE_TYPE_CAP_REV_RES,          "CapRevResData",    SignedBy::gateway,    Protection::reply,  false,  false, true);
SET_TREATMENT(CredReq,      ReversalMapping, wire::CapRevOrCredReqData, wire::MESSAGE_TYPE_CRED_REQ,             "CredReqTBS",       SignedBy::merchant,   Protection::sealed, true,   false, true);
SET_TREATMENT(CredRes,      ReversalMapping, wire::CapRevOrCredResData, wire::MESSAGE_TYPE_CRED_RES,             "CredResData",      SignedBy::gateway,    Protection::reply,  false,  false, true);
SET_TREATMENT(CredRevReq,   ReversalMapping, wire::CapRevOrCredReqData, wire::MESSAGE_TYPE_CRED_REV_REQ,         "CredRevReqTBS",    SignedBy::merchant,   Protection::sealed, true,   false, true);
SET_TREATMENT(CredRevRes,   ReversalMapping, wire::CapRevOrCredResData, wire::MESSAGE_TYPE_CRED_REV_RES,         "CredRevResData",   SignedBy::gateway,    Protection::reply,  false,  false, true);
SET_TREATMENT(PCertReq,     PlainMapping, wire::PCertReqData,     wire::MESSAGE_TYPE_PCERT_REQ,           "PCertReqData",     SignedBy::merchant,   Protection::sealed, false, false, true);
SET_TREATMENT(PCertRes,     PlainMapping, wire::PCertResData,     wire::MESSAGE_TYPE_PCERT_RES,           "PCertResTBS",      SignedBy::gateway,    Protection::reply,  false, false, true);
SET_TREATMENT(BatchAdminReq, PlainMapping, wire::BatchAdminReqData, wire::MESSAGE_TYPE_BATCH_ADMIN_REQ,      "BatchAdminReqData", SignedBy::merchant,   Protection::sealed, false,  false, true);
SET_TREATMENT(BatchAdminRes, PlainMapping, wire::BatchAdminResData, wire::MESSAGE_TYPE_BATCH_ADMIN_RES,      "BatchAdminResData", SignedBy::gateway,    Protection::reply,  false,  false, true);
#undef SET_TREATMENT
// clang-format on

/// SET's Error message: signed by whoever answers, in the clear or under the reply key.
inline constexpr TreatmentInfo kErrorInfo{wire::MESSAGE_TYPE_ERROR, "ErrorTBS", SignedBy::any,
                                          Protection::reply, false, false, false};

/// PReq's baggage is not linked by a digest in the header: HOIData, HPIData and the PI's aad bind it,
/// and a digest of the sealed PI inside what the PI's aad covers would be a circle.
template <class T>
inline constexpr bool kBaggageLinkedByHeader = true;
template <>
inline constexpr bool kBaggageLinkedByHeader<PReq> = false;

}  // namespace set
