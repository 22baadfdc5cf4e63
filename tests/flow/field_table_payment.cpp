// Auth and PCert: merchant and gateway (set-1997 §3.6, §3.9; docs/protocol.md §6).
#include "tests/flow/field_table.h"

namespace set::flow {

using namespace say;

// clang-format off

Table sent_thumbs_rows(const std::string& path) {
  return {
      {path,        free, none, none, decode, none, "what the sender says it holds; the answer leaves that out"},
      {path + ".*", none, none, none, none,   none, "not there"},
  };
}

Table money_rows(const std::string& path, const char* more, const char* absent, const char* other) {
  constexpr const char* why = "less than the cardholder signed may be asked for";
  return {
      {path,                none,   absent, none,   none, none},
      {path + ".currency",  decode, decode, decode, none, none},
      {path + ".amount",    more,   decode, decode, none, other, why},
      {path + ".amt_exp10", decode, decode, decode, none, none},
  };
}

// "XID equal, LID-C equal, LID-M equal if in both" (set-1997 §3.6).
Table purchase_ids_rows(const std::string& path, const char* another, const char* absent) {
  return {
      {path,                   none,    absent, none,   none, none},
      {path + ".lid_c",        another, decode, decode, none, another},
      {path + ".lid_m",        another, free,   decode, none, another, "equal if in both"},
      {path + ".xid",          another, decode, decode, none, another},
      {path + ".preq_date_ms", free,    decode, decode, none, free, "XID and LID-C name the purchase"},
      {path + ".pay_sys_id",   free,    none,   decode, none, none, "the network's"},
      {path + ".language",     free,    decode, decode, none, none, "of the texts"},
  };
}

// clang-format on

namespace {

constexpr const char* kMerchantsWord = "told to the acquirer, under the merchant's signature";
constexpr const char* kGatewaysWord = "the gateway's own word, under its signature";

// clang-format off

Table auth_req() {
  return purchase_ids_rows("header.trans_ids", other_pi, decode) + Table{
      {"check_digests",          none,     decode, none,   none, none},
      {"check_digests.hoi_data", other_pi, decode, decode, none, other_pi},
      {"check_digests.hod2",     other_pi, decode, decode, none, other_pi},
      {"check_digests.hpi_data", other_pi, decode, decode, none, other_pi},
      {"payload",                none,     decode, none,   none, none},
      {"payload.subsequent_auth_ind", free, none, none, none, none, "an AuthToken is wanted"},
      {"payload.merch_cat_code", decode,   none,   decode, none, none},
      {"payload.special_processing", free, none,   decode, none, none, kMerchantsWord},
      {"payload.card_suspect",   free,     none,   decode, none, none, kMerchantsWord},
      {"payload.request_card_type_ind", free, none, none,  none, none, kMerchantsWord},
      {"payload.merch_group",    free,     none,   decode, none, none, kMerchantsWord},
      {"capture_now",            free,     free,   none,   none, none, "an authorisation alone, then"},
      {"auth_ret_num",           free,     none,   decode, none, none, "the merchant's own mark, sent back"},
  } + money_rows("payload.auth_req_amt", "amountError", decode, free)
    + optional_rows("payload.install_recur_data", "installRecurMismatch")
    + optional_rows("payload.avs_data", free, kMerchantsWord)
    + optional_rows("payload.market_spec_auth_data", free, kMerchantsWord)
    + optional_rows("sale_detail", free, kMerchantsWord)
    + sent_thumbs_rows("m_thumbs");
}

// What the cardholder signed, as the gateway sees it: header fields of the exchange with the merchant
// are the merchant's to check.
Table pi_tbs() {
  constexpr const char* merchants = "of the exchange between wallet and merchant, which checks it";
  return purchase_ids_rows("header.trans_ids", other_pi, other_pi) + Table{
      {"header",                 none,    too_old, none,    none, none},
      {"header.version",         too_new, too_old, too_new, none, none},
      {"header.content_type",    differ,  differ,  differ,  none, none},
      {"header.sender",          differ,  differ,  differ,  none, differ},
      {"header.recipient",       free,    free,    free,    none, none, merchants},
      {"header.rrpid",           free,    decode,  decode,  none, free, merchants},
      {"header.created_at_ms",   free,    free,    free,    none, free, merchants},
      {"header.request_digest",  free,    none,    free,    none, none, merchants},
      {"header.baggage_digest",  free,    none,    free,    none, none, merchants},
      {"header.account_digest",  free,    none,    free,    none, none, merchants},
      {"header.audit_head",      decode,  none,    decode,  none, none, "a wallet tells no head"},
      {"hpi_data",       crypto,   decode, decode, none, crypto},
      {"hoi_data",       crypto,   decode, decode, none, crypto},
      {"gateway",        other_pi, decode, decode, none, other_pi},
      {"merchant",       other_pi, decode, decode, none, other_pi},
      {"brand_id",       "cardMerchBrandMismatch", decode, decode, none, none},
      {"valid_until_ms", free,     decode, decode, none, free, "any moment to come: how long the cardholder's word holds"},
  } + money_rows("purch_amt", other_pi, decode, other_pi)
    + optional_rows("install_recur_data", other_pi)
    + extensions_table();
}

Table pi_head() {
  return purchase_ids_rows("trans_ids", other_pi, decode) + Table{
      {"hod",         other_pi, decode, decode, none, other_pi},
      {"merchant_id", other_pi, decode, decode, none, other_pi},
      {"trans_stain", free,     decode, decode, none, free, "only the CA and the cardholder have the CardSecret that it is made with"},
      {"sw_ident",    free,     free,   decode, none, none, "the sender's software; nobody decides by it"},
  } + money_rows("purch_amt", other_pi, decode, other_pi)
    + optional_rows("install_recur_data", other_pi)
    + extensions_table();
}

Table pi_oi_link() {
  return {
      {"pi_head",         crypto, decode, decode, none, crypto},
      {"hoi_data",        crypto, decode, decode, none, crypto},
      {"pan_data_digest", crypto, decode, decode, none, crypto},
  };
}

// The PI as the merchant hands it on, with the merchant's own signature over the change.
Table pi() {
  return {
      {"pi_tbs",              none,     decode,   none,     none, none},
      {"pi_tbs.content_type", differ,   differ,   differ,   none, none},
      {"pi_tbs.content",      crypto,   crypto,   crypto,   none, crypto},
      {"pi_tbs.signer",       no_cert,  decode,   decode,   none, no_cert},
      {"pi_tbs.form",         decode,   decode,   decode,   none, none},
      {"pi_tbs.signature",    crypto,   crypto,   crypto,   none, crypto},
      {"pi_tbs.renewed",           decode, none, decode, none, none},
      {"pi_tbs.renewed_signature", decode, none, decode, none, none},
      {"sealed",              none,     bad_cert, none,     none, none},
      {"sealed.recipient",    bad_cert, bad_cert, bad_cert, none, bad_cert},
      {"sealed.encapsulated", crypto,   crypto,   crypto,   none, crypto},
      {"sealed.body",         crypto,   crypto,   crypto,   none, crypto},
      {"sealed.account",      crypto,   crypto,   crypto,   none, crypto},
      {"bag",                 none,     no_cert,  none,     none, none},
      {"bag.certificates",    no_cert,  no_cert,  bad_cert, free, no_cert, "the same one twice"},
      {"bag.crls",            free,     none,     free,     none, none, "lists come in answers only"},
      {"bag.brand_crl_ids",   free,     none,     free,     none, none, "lists come in answers only"},
      {"auth_token",          decode,   none,     decode,   none, none},
  };
}

Table auth_res() {
  return purchase_ids_rows("header.trans_ids", differ, differ) + Table{
      {"hoi_data",              differ, decode, decode, none, differ},
      {"hpi_data",              differ, decode, decode, none, differ},
      {"merchant",              differ, decode, decode, none, differ},
      {"payload",               none,   decode, none,   none, none},
      {"payload.auth_code",     decode, decode, decode, none, none},
      {"payload.auth_date_ms",  free,   decode, decode, none, free, kGatewaysWord},
      {"payload.approval_code", free,   decode, decode, none, free, kGatewaysWord},
      {"payload.resp_reason",   free,   free,   decode, none, none, kGatewaysWord},
      {"payload.card_type",     free,   none,   decode, none, none, kGatewaysWord},
      {"payload.avs_result",    free,   none,   decode, none, none, kGatewaysWord},
      {"payload.log_ref_id",    free,   free,   decode, none, free, kGatewaysWord},
      {"payload.cap_res",       none,   "authorized", none, none, none, "authorised and not captured: the gateway's own word"},
      {"payload.cap_res.cap_code", decode, decode, decode, none, none},
      {"payload.cap_res.batch_id", free, free,  decode, none, none, kGatewaysWord},
      {"payload.cap_res.batch_sequence_num", free, free, free, none, none, kGatewaysWord},
      {"pe_thumb",              free,   decode, decode, none, free, "a hint: the merchant then asks with PCertReq"},
      {"auth_ret_num",          free,   none,   decode, none, none, "the merchant's own mark, which this one does not use"},
  } + money_rows("purch_amt", differ, decode, differ)
    + money_rows("payload.auth_amt", differ, decode, differ)
    + money_rows("payload.cap_res.cap_amt", differ, decode, differ)
    + optional_rows("payload.curr_conv", free, kGatewaysWord)
    + optional_rows("payload.auth_val_codes", free, kGatewaysWord)
    + optional_rows("payload.batch_status", free, kGatewaysWord);
}

Table auth_res_baggage() {
  constexpr const char* opaque = "opaque to the merchant; the gateway checks it when it comes back";
  return {
      {"cap_token",    free, free, decode, none, free, opaque},
      {"acq_card_msg", free, none, decode, none, none, opaque},
      {"auth_token",   free, none, decode, none, none, opaque},
  };
}

Table auth_rev_req() {
  constexpr const char* another = "invalidTransaction";
  return purchase_ids_rows("header.trans_ids", another, decode) + Table{
      {"auth_rrpid",   "invalidCapToken", decode, decode, none, "invalidCapToken"},
      {"auth_ret_num", free, none, decode, none, none, "the merchant's own mark, which comes back"},
  } + money_rows("auth_new_amt", free, free, free) + Table{
      {"auth_new_amt", none, free, none, none, none, "then it is cancelled"},
  } + sent_thumbs_rows("m_thumbs");
}

Table auth_rev_res() {
  return purchase_ids_rows("header.trans_ids", differ, differ) + Table{
      {"auth_rrpid",       differ, decode, decode, none, differ},
      {"auth_rev_code",    decode, decode, decode, none, none},
      {"auth_rev_date_ms", free,   decode, decode, none, free, kGatewaysWord},
      {"log_ref_id",       free,   none,   decode, none, none, kGatewaysWord},
      {"pe_thumb",         free,   decode, decode, none, free, "a hint: the merchant then asks with PCertReq"},
      {"auth_ret_num",     free,   none,   decode, none, none, "the merchant's own mark, which this one does not use"},
  } + money_rows("auth_new_amt", differ, differ, differ);
}

Table auth_rev_baggage(bool request) {
  constexpr const char* opaque = "opaque to the merchant; the gateway checks it when it comes back";
  if (request) return {{"cap_token", "invalidCapToken", "missingCapToken", decode, none, "invalidCapToken"}};
  return {
      {"cap_token_new",  free, free, decode, none, free, opaque},
      {"auth_token_new", free, none, decode, none, none, opaque},
  };
}

Table pcert_req() {
  return Table{
      {"header.trans_ids",   free, none, none, decode, none, "of no purchase; comes back as it was"},
      {"header.trans_ids.*", none, none, none, none,   none, "not there"},
      {"brands_and_bins",          none, decode, none,   free, none, "asked twice, answered twice"},
      {"brands_and_bins.brand_id", "brandNotSupported", decode, decode, none, none},
      {"brands_and_bins.bin",      decode, none, decode, none, none},
  } + sent_thumbs_rows("m_thumbs");
}

Table pcert_res() {
  return {
      {"items",            none,    decode, none,   decode, none},
      {"items.pcert_code", decode,  decode, decode, none, none},
      {"items.cert_thumb", no_cert, decode, decode, none, no_cert},
  };
}

Table auth_body() {
  return {
      {"baggage", crypto, crypto, crypto, none, crypto},
  };
}

// clang-format on

}  // namespace

Table payment_table(MessageType type, std::string_view part) {
  const bool auth_request = type == wire::MESSAGE_TYPE_AUTH_REQ;
  const bool auth = auth_request || type == wire::MESSAGE_TYPE_AUTH_RES;
  const bool reversal_request = type == wire::MESSAGE_TYPE_AUTH_REV_REQ;
  if (reversal_request || type == wire::MESSAGE_TYPE_AUTH_REV_RES) {
    if (part == "baggage") return auth_rev_baggage(reversal_request);
    if (part == "Body") return auth_body();
    if (part != "content") return {};
    return reversal_request ? auth_rev_req() : auth_rev_res();
  }
  if (part == "PI-TBS") return pi_tbs();
  if (part == "PIHead") return pi_head();
  if (part == "PI-OILink") return pi_oi_link();
  if (part == "baggage") return auth_request ? pi() : auth_res_baggage();
  if (part == "Body") return auth ? auth_body() : Table{};
  if (part != "content") return {};
  if (auth) return auth_request ? auth_req() : auth_res();
  return type == wire::MESSAGE_TYPE_PCERT_REQ ? pcert_req() : pcert_res();
}

}  // namespace set::flow
