// CardCInit, RegForm, Me-AqCInit, Cert and CertInq: end entity and CA (set-1997 §3.1, §3.2;
// docs/protocol.md §8).
#include "tests/flow/field_table.h"

namespace set::flow {

using namespace say;

namespace {

constexpr const char* kRequestersOwn = "the requester's own, made for this message";
constexpr const char* kCas = "the CA's own word, under its signature";
constexpr const char* kLater = "checked when the CertReq comes";
constexpr const char* kMalformed = "regFormAnswerMalformed";
constexpr const char* kRejected = "rejectedByCA";
constexpr const char* kBrokenPromise = "verification_failed";  // the wallet's own doubt

// clang-format off

Table thumbs_rows() {
  return {
      {"thumbs",   free, none, none, decode, none, "what the sender says it holds; the answer leaves that out"},
      {"thumbs.*", none, none, none, none,   none, "not there"},
  };
}

Table card_c_init_req() {
  return Table{
      {"lid_ee",   free, decode, decode, none, free, kRequestersOwn},
      {"chall_ee", free, decode, decode, none, free, kRequestersOwn},
      {"brand_id", unsupported, decode, decode, none, none},
  } + thumbs_rows();
}

Table card_c_init_res() {
  return {
      {"lid_ee",    no_lid,  decode, decode, none, no_lid},
      {"chall_ee",  chall,   decode, decode, none, chall},
      {"lid_ca",    free,    decode, decode, none, free, "the CA makes it here"},
      {"cae_thumb", no_cert, decode, decode, none, none},
  };
}

Table reg_form_req() {
  return Table{
      {"lid_ee",       no_lid, decode, decode, none, no_lid},
      {"chall_ee2",    free,   decode, decode, none, free, kRequestersOwn},
      {"lid_ca",       no_lid, decode, decode, none, no_lid},
      {"request_type", decode, decode, decode, none, none},
      {"language",     free,   decode, decode, none, none, "the CertRes says if there is no such form"},
  } + thumbs_rows();
}

Table form_rows(const char* absent_fields) {
  return {
      {"reg_form",                        none,   decode, none,   none, none},
      {"reg_form.reg_form_id",            free,   free,   free,   none, none, kCas},
      {"reg_form.fields",                 none,   absent_fields, none, free, none, kCas},
      {"reg_form.policy_text",            free,   free,   decode, none, none, kCas},
      {"referral.*",                      none,   none,   none,   none, none, "not there"},
  };
}

Table reg_form_res() {
  return Table{
      {"lid_ee",       no_lid, decode, decode, none, no_lid},
      {"chall_ee2",    chall,  decode, decode, none, chall},
      {"lid_ca",       no_lid, decode, decode, none, no_lid},
      {"chall_ca",     free,   decode, decode, none, free, "the CA makes it here; the CertReq must repeat it"},
      {"request_type", decode, decode, decode, none, none},
      {"referral",     decode, none,   none,   decode, none},
      {"nonce_cca_commitment", free, decode, decode, none, free, "the CertRes must fit it"},
      {"reg_form.fields.field_id",        free,   free,   decode, none, none, kCas},
      {"reg_form.fields.field_name",      free,   decode, decode, none, none, kCas},
      {"reg_form.fields.field_desc",      free,   free,   decode, none, none, kCas},
      {"reg_form.fields.field_len",       free,   free,   decode, none, none, kCas},
      {"reg_form.fields.field_required",  free,   free,   none,   none, none, kCas},
      {"reg_form.fields.field_invisible", free,   none,   none,   none, none, kCas},
      {"reg_form.fields.field_type",      free,   none,   decode, none, none, kCas},
      {"reg_form.fields.choices",         decode, none,   decode, none, none},
  } + form_rows(free);
}

Table me_aq_c_init_req() {
  return Table{
      {"lid_ee",                       free,   decode, decode, none, free, kRequestersOwn},
      {"chall_ee",                     free,   decode, decode, none, free, kRequestersOwn},
      {"request_type",                 decode, decode, decode, none, none},
      {"id_data",                      none,   decode, none,   none, none},
      {"id_data.merchant_bin",         free,   decode, decode, none, none, kLater},
      {"id_data.merchant_id",          free,   decode, decode, none, none, kLater},
      {"id_data.acquirer_bin",         decode, none,   decode, none, none},
      {"id_data.acquirer_business_id", decode, none,   decode, none, none},
      {"brand_id",       unsupported, decode, decode, none, none},
      {"language",       free,        decode, decode, none, none, "of the texts"},
      {"encryption_key", free,        decode, decode, none, free, "nobody could then answer the challenge to it"},
  } + thumbs_rows();
}

Table me_aq_c_init_res() {
  return Table{
      {"lid_ee",       no_lid, decode, decode, none, no_lid},
      {"chall_ee",     chall,  decode, decode, none, chall},
      {"lid_ca",       crypto, decode, decode, none, crypto},
      {"chall_ca",     free,   decode, decode, none, free, "the CA makes it here; the CertReq must repeat it"},
      {"request_type", decode, decode, decode, none, none},
      {"referral",     "referral", none, none, "referral", none, "the CA's own word: register elsewhere"},
      {"acct_data_field",                 none,   free,   none,   none, none, kCas},
      {"acct_data_field.field_id",        decode, none,   decode, none, none},
      {"acct_data_field.field_name",      free,   decode, decode, none, none, kCas},
      {"acct_data_field.field_desc",      free,   free,   decode, none, none, kCas},
      {"acct_data_field.field_len",       free,   free,   decode, none, none, kCas},
      {"acct_data_field.field_required",  free,   free,   none,   none, none, kCas},
      {"acct_data_field.field_invisible", free,   free,   none,   none, none, kCas},
      {"acct_data_field.field_type",      free,   none,   decode, none, none, kCas},
      {"acct_data_field.choices",         decode, none,   decode, none, none},
      {"cae_thumb",                  no_cert, decode, decode, none, none},
      {"kem_challenge_encapsulated", crypto,  decode, decode, none, crypto},
      {"kem_challenge",              crypto,  decode, decode, none, crypto},
      {"reg_form.fields.*",          none,    none,   none,   none, none, "not there"},
      {"reg_form.fields",            free,    none,   none,   decode, none, kCas},
  } + Table{
      {"reg_form",             none, decode, none,   none, none},
      {"reg_form.reg_form_id", free, free,   free,   none, none, kCas},
      {"reg_form.policy_text", free, free,   decode, none, none, kCas},
      {"referral.*",           none, none,   none,   none, none, "not there"},
  };
}

Table cert_req(bool cardholder) {
  const Table both = Table{
      {"lid_ee",          no_lid, decode, decode, none, no_lid},
      {"chall_ee3",       free,   decode, decode, none, free, kRequestersOwn},
      {"lid_ca",          no_lid, decode, decode, none, no_lid},
      {"chall_ca",        chall,  decode, decode, none, chall},
      {"request_type",    decode, decode, decode, none, none},
      {"request_date_ms", free,   decode, decode, none, free, "the date of the header counts"},
      {"signature_key",   crypto, decode, decode, none, crypto},
      {"ee_thumb",        decode, none,   decode, none, none, "a first registration renews nothing"},
  } + thumbs_rows();
  if (cardholder) {
    return both + Table{
      {"id_data",              decode,     none,   none,   decode, none},
      {"id_data.*",            none,       none,   none,   none, none, "not there"},
      {"reg_form_id",          kMalformed, kMalformed, kMalformed, none, none},
      {"reg_form",             none,       kMalformed, none, kMalformed, none},
      {"reg_form.field_name",  kMalformed, decode, decode, none, none},
      {"reg_form.field_id",    kMalformed, free,   decode, none, none, "the name says which field"},
      {"reg_form.field_value", "rejectedByIssuer", kMalformed, decode, none, none},
      {"encryption_key",       decode,     none,   decode, none, none},
      {"kem_challenge_answer", decode,     none,   decode, none, none},
      {"tls_key",              decode,     none,   decode, none, none},
      {"tls_hosts",            decode,     none,   decode, none, none},
    };
  }
  return both + Table{
      {"id_data",                      none,      decode, none,   none, none},
      {"id_data.merchant_bin",         kRejected, decode, decode, none, none},
      {"id_data.merchant_id",          kRejected, decode, decode, none, none},
      {"id_data.acquirer_bin",         decode,    none,   decode, none, none},
      {"id_data.acquirer_business_id", decode,    none,   decode, none, none},
      {"reg_form_id",                  kMalformed, kMalformed, kMalformed, none, none},
      {"reg_form",                     kMalformed, none,  none,   decode, none},
      {"reg_form.*",                   none,      none,   none,   none, none, "not there"},
      {"encryption_key",               kRejected, decode, decode, none, kRejected},
      {"kem_challenge_answer",         kRejected, decode, decode, none, kRejected},
      {"tls_key",                      kRejected, decode, decode, none, free, "any key of its kind; TLS proves possession"},
      {"tls_hosts",                    kRejected, kRejected, decode, free, none, "the same one twice"},
  };
}

Table cert_res(bool cardholder) {
  const Table both = {
      {"lid_ee",           no_lid, decode, decode, none, no_lid},
      {"chall_ee3",        chall,  decode, decode, none, chall},
      {"lid_ca",           no_lid, decode, decode, none, no_lid},
      {"cert_status_code", "invalidLanguage", decode, decode, none, none, "the CA's own word: refused"},
      {"ee_message",       free,   none,   decode, none, none, kCas},
      {"failed_items",     free,   none,   none,   decode, none, "of no meaning beside a certificate"},
      {"failed_items.*",   none,   none,   none,   none, none, "not there"},
      {"cert_thumbs",      no_cert, no_cert, decode, free, no_cert, "the same one twice"},
      {"retry_after_ms",   free,   none,   decode, none, none, "of no meaning beside a certificate"},
  };
  if (cardholder) {
    return both + Table{
      {"nonce_cca",        kBrokenPromise, kBrokenPromise, decode, none, kBrokenPromise},
      {"tls_certificates", free, none, decode, none, none, "cardholders have none and look at none"},
    };
  }
  return both + Table{
      {"nonce_cca",        decode, none, decode, none, none},
      {"tls_certificates", free, no_cert, decode, free, free, "looked at by check_tls_identity before anything is saved"},
  };
}

Table cert_inq_req() {
  return {
      {"lid_ee",    no_lid, decode, decode, none, no_lid},
      {"chall_ee3", free,   decode, decode, none, free, kRequestersOwn},
      {"lid_ca",    no_lid, decode, decode, none, crypto},
  };
}

// The last field of the content is the brand.
Table card_c_init_req_body() {
  return {
      {"unsigned_statement.content", unsupported, decode, decode, none, differ},
  };
}

// The key is found by LID-CA, the content's last field.
Table cert_inq_req_body() {
  return {
      {"signed_statement.content", no_lid, decode, decode, none, crypto},
  };
}

// clang-format on

}  // namespace

Table registration_table(MessageType type, std::string_view part, bool cardholder) {
  if (part == "Body" && type == wire::MESSAGE_TYPE_CERT_INQ_REQ) return cert_inq_req_body();
  if (part == "Body" && type == wire::MESSAGE_TYPE_CARD_C_INIT_REQ) return card_c_init_req_body();
  if (part != "content") return {};
  switch (static_cast<int>(type)) {
    case wire::MESSAGE_TYPE_CARD_C_INIT_REQ:
      return card_c_init_req();
    case wire::MESSAGE_TYPE_CARD_C_INIT_RES:
      return card_c_init_res();
    case wire::MESSAGE_TYPE_REG_FORM_REQ:
      return reg_form_req();
    case wire::MESSAGE_TYPE_REG_FORM_RES:
      return reg_form_res();
    case wire::MESSAGE_TYPE_ME_AQ_C_INIT_REQ:
      return me_aq_c_init_req();
    case wire::MESSAGE_TYPE_ME_AQ_C_INIT_RES:
      return me_aq_c_init_res();
    case wire::MESSAGE_TYPE_CERT_REQ:
      return cert_req(cardholder);
    case wire::MESSAGE_TYPE_CERT_RES:
    case wire::MESSAGE_TYPE_CERT_INQ_RES:
      return cert_res(cardholder);
    case wire::MESSAGE_TYPE_CERT_INQ_REQ:
      return cert_inq_req();
    default:
      return {};
  }
}

}  // namespace set::flow
