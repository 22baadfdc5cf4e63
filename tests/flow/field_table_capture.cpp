// Cap, CapRev, Cred and CredRev: merchant and gateway (set-1997 §3.8; docs/protocol.md §9).
#include "tests/flow/field_table.h"

namespace set::flow {

using namespace say;

bool is_about_items(MessageType type) {
  return type >= wire::MESSAGE_TYPE_CAP_REQ && type <= wire::MESSAGE_TYPE_CRED_REV_RES;
}

namespace {

constexpr const char* kItsGateways = "the gateway's own word, under its signature";
constexpr const char* kItsMerchants = "the merchant's own word, under its signature";

// clang-format off

Table cap_tokens(bool captures) {
  const char* invalid = captures ? "CapCode invalidCapToken" : "invalidCapToken";
  return {
      {"cap_tokens", invalid, decode, decode, decode, invalid},
  };
}

Table cap_req() {
  constexpr const char* another = "CapCode unknownLID";
  return purchase_ids_rows("items.trans_ids", another, decode) + Table{
      {"items",                          none, decode, none,   decode, none},
      {"items.trans_ids.xid",            "CapCode unknownXID", decode, decode, none, "CapCode unknownXID"},
      {"items.auth_rrpid",               "CapCode unknownXID", decode, decode, none, "CapCode unknownXID"},
      {"items.payload",                  none, decode, none,   none, none},
      {"items.payload.cap_date_ms",      free, decode, decode, none, free, "for the statement"},
      {"items.payload.final_capture_ind", free, none,  none,   none, none, kItsMerchants},
  } + money_rows("items.payload.cap_req_amt", "CapCode amountError", decode, free)
    + optional_rows("items.payload.sale_detail", free, kItsMerchants)
    + sent_thumbs_rows("m_thumbs");
}

// `reverses`: what is undone is named, and all of it must be asked for.
Table cap_rev_or_cred_req(bool reverses) {
  constexpr const char* another = "originalNotFound";
  return purchase_ids_rows("items.trans_ids", another, decode) + Table{
      {"items",              none, decode, none,   decode, none},
      {"items.auth_rrpid",   another, decode, decode, none, another},
      {"items.date_ms",      free, decode, decode, none, free, "for the statement"},
      {"items.new_batch_id", "batchUnknown", none, decode, none, none},
      reverses ? FieldRow{"items.reversed_rrpid", another, decode, decode, none, another}
               : FieldRow{"items.reversed_rrpid", decode, none, decode, none, none},
  } + money_rows("items.amt", "amountError", decode, reverses ? "amountError" : free)
    + sent_thumbs_rows("m_thumbs");
}

// One side of a batch's sums; `there`: something counts on it.
Table side_rows(const std::string& count, const std::string& total, bool there) {
  if (!there) {
    return Table{{count, decode, none, decode, none, none}} + optional_rows(total, decode);
  }
  return {
      {count,                free,   decode, decode, none, none, kItsGateways},
      {total,                none,   decode, none,   none, none},
      {total + ".currency",  decode, decode, decode, none, none},
      {total + ".amount",    free,   decode, decode, none, free, kItsGateways},
      {total + ".amt_exp10", decode, decode, decode, none, none},
  };
}

Table batch_status_rows(bool debits, bool credits) {
  const std::string path = "batch_status_seq";
  const auto totals = path + ".totals";
  Table table = Table{
      {path,                   none, free,   none,   decode, none, kItsGateways},
      {path + ".batch_id",     free, decode, decode, none,   none, kItsGateways},
      {path + ".open_date_ms", free, decode, decode, none,   free, kItsGateways},
  } + optional_rows(path + ".closed_when", decode);
  if (!debits && !credits) {
    return table + Table{
        {totals,        decode, none, none, decode, none},
        {totals + ".*", none,   none, none, none,   none, "nothing is left in the batch"},
    };
  }
  return table + Table{
      {totals,               none,   free,   none,   decode, none, kItsGateways},
      {totals + ".currency", decode, decode, decode, none,   none},
  } + side_rows(totals + ".debit_count", totals + ".debit_total", debits)
    + side_rows(totals + ".credit_count", totals + ".credit_total", credits);
}

Table items_res(const Table& own) {
  return purchase_ids_rows("items.trans_ids", differ, decode) + Table{
      {"items",            none,   decode, none,   decode, none},
      {"items.auth_rrpid", differ, decode, decode, none, differ},
      {"pe_thumb",         free,   decode, decode, none, free, "a hint: the merchant then asks with PCertReq"},
  } + own;
}

// The code, what was moved, and where it is in a batch.
Table outcome_rows(const std::string& path, const std::string& code, const std::string& amount) {
  return Table{
      {path + code, decode, decode, decode, none, none},
      {path + ".batch_id",           free, free, decode, none, none, kItsGateways},
      {path + ".batch_sequence_num", free, free, free,   none, none, kItsGateways},
  } + money_rows(path + amount, differ, decode, differ);
}

Table cap_res() {
  return items_res(Table{{"items.payload", none, decode, none, none, none}}
    + outcome_rows("items.payload", ".cap_code", ".cap_amt") + batch_status_rows(true, false));
}

Table cap_rev_or_cred_res(bool reverses, bool debits, bool credits) {
  return items_res(Table{
      reverses ? FieldRow{"items.reversed_rrpid", differ, decode, decode, none, differ}
               : FieldRow{"items.reversed_rrpid", decode, none, decode, none, none},
  } + outcome_rows("items", ".cap_rev_or_cred_code", ".actual_amt")
    + batch_status_rows(debits, credits));
}

// clang-format on

}  // namespace

Table capture_table(MessageType type, std::string_view part) {
  if (part == "baggage") return cap_tokens(type == wire::MESSAGE_TYPE_CAP_REQ);
  const bool asks = static_cast<int>(type) % 2 == 1;
  if (part == "Body" && asks) return {{"baggage", crypto, crypto, crypto, none, crypto}};
  if (part != "content") return {};
  switch (static_cast<int>(type)) {
    case wire::MESSAGE_TYPE_CAP_REQ:
      return cap_req();
    case wire::MESSAGE_TYPE_CAP_RES:
      return cap_res();
    case wire::MESSAGE_TYPE_CAP_REV_REQ:
    case wire::MESSAGE_TYPE_CRED_REV_REQ:
      return cap_rev_or_cred_req(true);
    case wire::MESSAGE_TYPE_CRED_REQ:
      return cap_rev_or_cred_req(false);
    case wire::MESSAGE_TYPE_CAP_REV_RES:
      return cap_rev_or_cred_res(true, false, false);
    case wire::MESSAGE_TYPE_CRED_RES:
      return cap_rev_or_cred_res(false, true, true);
    default:
      return cap_rev_or_cred_res(true, true, false);
  }
}

}  // namespace set::flow
