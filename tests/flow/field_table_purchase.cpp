// PInit, P and Inq: wallet and merchant (set-1997 §3.3 to §3.5; docs/protocol.md §6).
#include "tests/flow/field_table.h"

namespace set::flow {

using namespace say;

namespace {

constexpr const char* kOwn = "the sender's own, made for this message";
constexpr const char* kOffer = "the merchant's own offer; the cardholder sees it and signs it";

// clang-format off

Table amount_rows(const std::string& path, const char* another, const char* absent, const char* why = "") {
  return {
      {path,                  none,    absent, none,   none, none, why},
      {path + ".currency",    decode,  decode, decode, none, none},
      {path + ".amount",      another, decode, decode, none, another, why},
      {path + ".amt_exp10",   decode,  decode, decode, none, none},
  };
}

Table thumbs_rows(const std::string& path, bool there) {
  constexpr const char* why = "what the sender says it holds; the answer leaves that out";
  if (!there) {
    return {{path, free, none, none, decode, none, why}, {path + ".*", none, none, none, none, none, "not there"}};
  }
  return {
      {path,                          none,   free, none,   none, none, why},
      {path + ".cert_thumbs",         free,   decode, decode, free, free, why},
      {path + ".crl_thumbs",          decode, none, decode, none, none},
      {path + ".brand_crl_id_thumbs", decode, none, decode, none, none},
  };
}

Table pinit_req() {
  return Table{
      {"language",     free,   decode, decode, none, none, "of the texts; comes back in TransIDs"},
      {"lid_c",        free,   decode, decode, none, free, kOwn},
      {"lid_m",        no_lid, decode, decode, none, no_lid},
      {"chall_c",      free,   decode, decode, none, free, kOwn},
      {"brand_id",     "unspecifiedFailure", decode, decode, none, none},
      {"bin",          free,   decode, decode, none, none, "any card of the brand; OIData must repeat it"},
      {"order_secret", no_lid, decode, decode, none, no_lid},
  } + thumbs_rows("thumbs", true);
}

Table pinit_res() {
  return Table{
      {"header.trans_ids",              none,   no_xid, none,   none, none},
      {"header.trans_ids.lid_c",        no_lid, decode, decode, none, no_lid},
      {"header.trans_ids.lid_m",        no_lid, no_lid, decode, none, no_lid},
      {"header.trans_ids.xid",          free,   decode, decode, none, free, "the merchant makes it here"},
      {"header.trans_ids.preq_date_ms", free,   decode, decode, none, free, "the merchant makes it here"},
      {"header.trans_ids.pay_sys_id",   free,   none,   decode, none, none, "the network's, if there is one"},
      {"header.trans_ids.language",     free,   decode, decode, none, none, "of the texts"},
      {"chall_c",           chall,   decode, decode, none, chall},
      {"chall_m",           free,    decode, decode, none, free, "the merchant's challenge; PReq must repeat it"},
      {"pe_thumb",          no_cert, decode, decode, none, no_cert},
      {"order_description", free,    free,   decode, none, free, kOffer},
      {"offer_ends_ms",     free,    decode, decode, none, free, kOffer},
      {"brand_id",          differ,  decode, decode, none, none},
  } + amount_rows("purch_amt", free, decode, kOffer)
    + optional_rows("install_recur_data", free, kOffer);
}

// PI-TBS at the merchant: the content of PReq.
Table preq() {
  return Table{
      {"header.trans_ids",              none,   no_xid, none,   none, none},
      {"header.trans_ids.lid_c",        no_lid, decode, decode, none, no_lid},
      {"header.trans_ids.lid_m",        no_lid, no_lid, decode, none, no_lid},
      {"header.trans_ids.xid",          no_xid, decode, decode, none, no_xid},
      {"header.trans_ids.preq_date_ms", differ, decode, decode, none, differ},
      {"header.trans_ids.pay_sys_id",   differ, none,   decode, none, none},
      {"header.trans_ids.language",     differ, decode, decode, none, none},
      {"hpi_data",       no_gateway, decode, decode, none, no_gateway},
      {"hoi_data",       crypto,   decode, decode, none, crypto},
      {"gateway",        differ,   decode, decode, none, differ},
      {"merchant",       "thumbsMismatch", decode, decode, none, "thumbsMismatch"},
      {"brand_id",       rejected, decode, decode, none, none},
      {"valid_until_ms", free,     decode, decode, none, free, "any moment to come: how long the cardholder's word holds"},
  } + amount_rows("purch_amt", rejected, decode)
    + optional_rows("install_recur_data", rejected);
}

Table oi_data() {
  return Table{
      {"trans_ids",              none,   decode, none,   none, none},
      {"trans_ids.lid_c",        differ, decode, decode, none, differ},
      {"trans_ids.lid_m",        differ, differ, decode, none, differ},
      {"trans_ids.xid",          differ, decode, decode, none, differ},
      {"trans_ids.preq_date_ms", differ, decode, decode, none, differ},
      {"trans_ids.pay_sys_id",   differ, none,   decode, none, none},
      {"trans_ids.language",     differ, decode, decode, none, none},
      {"rrpid",    differ,   decode, decode, none, differ},
      {"chall_c",  chall,    decode, decode, none, chall},
      {"hod",      rejected, decode, decode, none, rejected},
      {"od_salt",  rejected, decode, decode, none, rejected},
      {"chall_m",  chall,    decode, decode, none, chall},
      {"brand_id", crypto,   decode, decode, none, none},
      {"bin",      rejected, decode, decode, none, none},
  } + extensions_table();
}

// The two halves beside the signature: bound by HOIData, by the gateway's name, by the PI's aad.
Table preq_baggage() {
  return {
      {"oi_data",         crypto,     crypto,     crypto,     none, crypto},
      {"pi",              none,       differ,     none,       none, none},
      {"pi.recipient",    differ,     differ,     differ,     none, differ},
      {"pi.encapsulated", no_gateway, no_gateway, no_gateway, none, no_gateway},
      {"pi.body",         no_gateway, no_gateway, no_gateway, none, no_gateway},
      {"pi.account",      no_gateway, no_gateway, no_gateway, none, no_gateway},
  };
}

Table pres(const char* not_received) {
  constexpr const char* said = "the merchant's own word, under its signature";
  constexpr const char* issuer = "the issuer's, handed on by gateway and merchant";
  return Table{
      {"header.trans_ids",              none,   no_xid, none,   none, none},
      {"header.trans_ids.lid_c",        no_xid, decode, decode, none, no_xid},
      {"header.trans_ids.lid_m",        no_xid, free,   decode, none, no_xid, "left out, it says nothing else"},
      {"header.trans_ids.xid",          no_xid, decode, decode, none, no_xid},
      {"header.trans_ids.preq_date_ms", free,   decode, decode, none, free, "XID and LID-C name the purchase"},
      {"header.trans_ids.pay_sys_id",   free,   none,   decode, none, none, "the network may have added it"},
      {"header.trans_ids.language",     free,   decode, decode, none, none, "of the texts"},
      {"chall_c",         chall,  decode,       decode, none, chall},
      {"completion_code", free,   decode,       decode, none, none, said},
      {"hoi_data",        differ, not_received, decode, none, differ},
      {"hpi_data",        differ, not_received, decode, none, differ},
      {"gateway",         differ, not_received, decode, none, differ},
      {"payloads",                           none,   decode, none,   differ, none},
      {"payloads.auth_rrpid",                free,   decode, decode, none, free, "merchant and gateway know it"},
      {"payloads.acq_card_msg",              free,   none,   decode, none, none, "shown if it opens"},
      {"payloads.auth_status",               none,   decode, none,   none, none},
      {"payloads.auth_status.auth_date_ms",  free,   decode, decode, none, free, issuer},
      {"payloads.auth_status.auth_code",     decode, decode, decode, none, none},
      {"payloads.auth_status.approval_code", free,   decode, decode, none, free, issuer},
      {"payloads.cap_status",                none,   free,   none,   none, none, said},
      {"payloads.cap_status.cap_date_ms",    free,   decode, decode, none, free, said},
      {"payloads.cap_status.cap_code",       decode, decode, decode, none, none},
  } + amount_rows("purch_amt", differ, not_received)
    + Table{
      {"payloads.auth_status.auth_amt",           none,   decode, none,   none, none},
      {"payloads.auth_status.auth_amt.currency",  decode, decode, decode, none, none},
      {"payloads.auth_status.auth_amt.amount",    differ, decode, decode, none, differ},
      {"payloads.auth_status.auth_amt.amt_exp10", decode, decode, decode, none, none},
    }
    + amount_rows("payloads.cap_status.cap_amt", differ, decode)
    + Table{
      {"payloads.cap_status.cap_amt.amount",      differ, decode, decode, none, free, "less than was authorised is captured"},
    }
    + optional_rows("payloads.auth_status.curr_conv", free, issuer)
    + optional_rows("payloads.cred_status_seq", free, said);
}

Table inq_req() {
  return Table{
      {"header.trans_ids",              none,   no_xid, none,   none, none},
      {"header.trans_ids.lid_c",        no_lid, decode, decode, none, no_lid},
      {"header.trans_ids.lid_m",        no_lid, no_lid, decode, none, no_lid},
      {"header.trans_ids.xid",          no_xid, decode, decode, none, no_xid},
      {"header.trans_ids.preq_date_ms", free,   decode, decode, none, free, "XID, LID-C and LID-M name the purchase"},
      {"header.trans_ids.pay_sys_id",   free,   none,   decode, none, none, "the network's"},
      {"header.trans_ids.language",     free,   decode, decode, none, none, "of the texts"},
      {"chall_c2", free, decode, decode, none, free, kOwn},
  } + thumbs_rows("thumbs", true);
}

// --- where Body is not as everywhere ---

Table preq_body() {
  return {
      {"baggage", no_gateway, crypto, decode, none, crypto},
  };
}

// The wallet holds the merchant's chain, so the bag brings the gateway's, which PEThumb names.
Table pinit_res_body() {
  return {
      {"bag",              none,    no_cert, none,     none, none},
      {"bag.certificates", no_cert, no_cert, bad_cert, free, no_cert, "the same one twice"},
  };
}

// … and here it could bring nothing: the wallet holds all that is needed.
Table pres_body() {
  constexpr const char* held = "the wallet holds the merchant's certificates";
  return {
      {"bag",              none, free, none,     none, none, held},
      {"bag.certificates", free, free, bad_cert, free, free, held},
  };
}

// … and here it does bring nothing.
Table inq_res_body() {
  return {
      {"bag",              none,     free, none,     none, none, "nothing in it"},
      {"bag.certificates", bad_cert, none, bad_cert, none, none},
  };
}

// clang-format on

}  // namespace

Table purchase_table(MessageType type, std::string_view part) {
  if (part == "OIData") return oi_data();
  if (part == "baggage") return preq_baggage();
  const bool content = part == "content";
  const bool body = part == "Body";
  switch (static_cast<int>(type)) {
    case wire::MESSAGE_TYPE_PINIT_REQ:
      return content ? pinit_req() : Table{};
    case wire::MESSAGE_TYPE_PINIT_RES:
      return content ? pinit_res() : body ? pinit_res_body() : Table{};
    case wire::MESSAGE_TYPE_P_REQ:
      return content ? preq() : body ? preq_body() : Table{};
    case wire::MESSAGE_TYPE_P_RES:
      return content ? pres(decode) : body ? pres_body() : Table{};
    case wire::MESSAGE_TYPE_INQ_REQ:
      return content ? inq_req() : Table{};
    case wire::MESSAGE_TYPE_INQ_RES:
      return content ? pres(decode) : body ? inq_res_body() : Table{};
    default:
      return {};
  }
}

}  // namespace set::flow
