// Registration: the structs of CardCInit, Me-AqCInit, RegForm, Cert and CertInq (set-1997 §3.1,
// §3.2; protocol §3). Pure.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "common/message/trans_ids.h"
#include "set/v1/enrollment.pb.h"

namespace set {

/// SET's numbers (set-1997 §3.1).
enum class RequestType { card_initial_sig = 1, mer_initial_both = 6, pgwy_initial_both = 9,
  card_renewal_sig = 10, mer_renewal_both = 15, pgwy_renewal_both = 18,
  mer_renewal_tls = 101, pgwy_renewal_tls = 102 };  ///< the last two are ours (ADR 0020)

inline bool is_renewal(RequestType type) { return type >= RequestType::card_renewal_sig; }
/// Of the TLS certificate alone.
inline bool is_tls_renewal(RequestType type) { return type >= RequestType::mer_renewal_tls; }

/// SET's numbers (set-1997 §4.2).
enum class CertStatusCode { request_complete = 1, invalid_language = 2, invalid_bin = 3, sig_validation_fail = 4,
  decryption_error = 5, request_in_progress = 6, rejected_by_issuer = 7, request_pended = 8,
  rejected_by_acquirer = 9, reg_form_answer_malformed = 10, rejected_by_ca = 11, unable_to_encrypt_response = 12 };
std::string_view to_string(CertStatusCode code);  ///< SET's spelling
inline LogField log_field(CertStatusCode code) { return {"cert_status", std::string(to_string(code))}; }

/// CardCInitReq, wallet → CCA, in the clear.
struct CardCInitReq {
  LIDEE lid_ee;
  Challenge chall_ee;
  std::string brand;
  Thumbs thumbs;
};
/// CardCInitRes, CCA → wallet, signed.
struct CardCInitRes {
  LIDEE lid_ee;
  Challenge chall_ee;
  LIDCA lid_ca;
  Thumbprint cae_thumb;
};

/// RegFormReq, wallet → CCA, sealed with PANOnly as account block.
struct RegFormReq {
  LIDEE lid_ee;
  Challenge chall_ee2;
  LIDCA lid_ca;
  RequestType request_type;
  std::string language = "en";
  Thumbs thumbs;
};

/// What a value must look like (reg_form.h checks it).
enum class RegFieldType { text = 0, digits = 1, date = 2, email = 3, telephone = 4, choice = 5 };

struct RegField {
  std::string field_id;    ///< OID under 2.23.42.2 or empty
  std::string field_name;
  std::string field_desc;
  unsigned field_len = 0;  ///< greatest number of characters
  bool required = false;
  bool invisible = false;
  RegFieldType type = RegFieldType::text;
  std::vector<std::string> choices = {};  ///< iff type is choice
};
struct RegFormData {
  std::uint32_t reg_form_id = 0;
  std::vector<RegField> fields;  ///< at most 32
  std::string policy_text;
};
struct ReferralData {
  std::string reason;
  std::vector<std::string> urls;
};
using RegFormOrReferral = std::variant<RegFormData, ReferralData>;

/// RegFormRes, CCA → wallet, signed; commits to NonceCCA.
struct RegFormRes {
  LIDEE lid_ee;
  Challenge chall_ee2;
  LIDCA lid_ca;
  Challenge chall_ca;
  RequestType request_type;
  RegFormOrReferral form;
  std::optional<Digest> nonce_cca_commitment;  ///< iff a form
};
/// digest("NonceCCA", NonceCCA).
Digest nonce_cca_commitment(const NonceCCA& nonce);

/// IDData: who a merchant or gateway says it is.
struct MerchantIDData {
  std::string merchant_bin;  ///< 6 digits, the acquirer's
  std::string merchant_id;   ///< 1 to 30 characters
};
struct AcquirerIDData {
  std::string acquirer_bin;  ///< 6 digits
  std::string business_id;   ///< the gateway's id, 1 to 30 characters
};
using IDData = std::variant<MerchantIDData, AcquirerIDData>;

/// Me-AqCInitReq, merchant → MCA or gateway → PCA, in the clear.
struct MeAqCInitReq {
  LIDEE lid_ee;
  Challenge chall_ee;
  RequestType request_type;
  IDData id_data;
  std::string brand;
  std::string language = "en";
  Bytes encryption_key;  ///< SubjectPublicKeyInfo of the key-exchange key
  Thumbs thumbs;
};
/// Me-AqCInitRes, CA → merchant or gateway, signed.
struct MeAqCInitRes {
  LIDEE lid_ee;
  Challenge chall_ee;
  LIDCA lid_ca;
  Challenge chall_ca;
  RequestType request_type;
  RegFormOrReferral form;
  std::optional<RegField> acct_data_field;  ///< asks for the enrolment token
  Thumbprint cae_thumb;
  Bytes kem_challenge_encapsulated;
  Bytes kem_challenge;
};

struct RegFormAnswer {
  std::string field_name;
  std::string field_id;
  std::string field_value;
};

/// CertReq, end entity → CA, sealed and signed with the new signature key, a renewal also with the
/// key of the certificate being renewed; account block: PANData0 (cardholder) or AcctData with the
/// enrolment token.
struct CertReq {
  LIDEE lid_ee;
  Challenge chall_ee3;
  LIDCA lid_ca;
  Challenge chall_ca;
  RequestType request_type;
  Instant request_date;
  std::optional<IDData> id_data;  ///< not for cardholders
  std::uint32_t reg_form_id = 0;
  std::vector<RegFormAnswer> answers;
  Bytes signature_key;         ///< SubjectPublicKeyInfo; empty in a renewal of the TLS certificate
  Bytes encryption_key;        ///< SubjectPublicKeyInfo, or empty for cardholders
  Bytes kem_challenge_answer;  ///< 32 octets, iff encryption_key
  Bytes tls_key;               ///< SubjectPublicKeyInfo, or empty for cardholders
  std::vector<std::string> tls_hosts;  ///< none in a renewal
  Thumbs thumbs;
  std::optional<Thumbprint> ee_thumb = {};  ///< iff a renewal: the certificate being renewed
};

struct FailedItem {
  unsigned item_number = 0;  ///< from 1 by the form's fields; beyond them: answers to no field
  std::string reason;
};

/// CertRes, CA → end entity, signed, under the reply key.
struct CertRes {
  LIDEE lid_ee;
  Challenge chall_ee3;
  LIDCA lid_ca;
  CertStatusCode status;
  std::optional<NonceCCA> nonce_cca;
  std::string ee_message;
  std::vector<FailedItem> failed_items;
  std::vector<Thumbprint> cert_thumbs;  ///< enclosed in the bag
  std::vector<Bytes> tls_certificates;  ///< DER, leaf first
  std::optional<Duration> retry_after;
};
/// CertInqReq, end entity → CA, signed with the new key.
struct CertInqReq {
  LIDEE lid_ee;
  Challenge chall_ee3;
  LIDCA lid_ca;
};
/// CertInqRes is CertRes with its own message type.
struct CertInqRes {
  CertRes state;
};

wire::CardCInitReqData to_wire(const CardCInitReq& message);
Result<CardCInitReq> from_wire(const wire::CardCInitReqData& message);
wire::CardCInitResTBS to_wire(const CardCInitRes& message);
Result<CardCInitRes> from_wire(const wire::CardCInitResTBS& message);
wire::RegFormReqData to_wire(const RegFormReq& message);
Result<RegFormReq> from_wire(const wire::RegFormReqData& message);
wire::RegFormResTBS to_wire(const RegFormRes& message);
Result<RegFormRes> from_wire(const wire::RegFormResTBS& message);
wire::MeAqCInitReqData to_wire(const MeAqCInitReq& message);
Result<MeAqCInitReq> from_wire(const wire::MeAqCInitReqData& message);
wire::MeAqCInitResTBS to_wire(const MeAqCInitRes& message);
Result<MeAqCInitRes> from_wire(const wire::MeAqCInitResTBS& message);
wire::CertReqData to_wire(const CertReq& message);
Result<CertReq> from_wire(const wire::CertReqData& message);
wire::CertResData to_wire(const CertRes& message);
Result<CertRes> from_wire(const wire::CertResData& message);
wire::CertInqReqData to_wire(const CertInqReq& message);
Result<CertInqReq> from_wire(const wire::CertInqReqData& message);

}  // namespace set
