// BatchAdmin: merchant and gateway (set-1997 §3.10; docs/protocol.md §9). The merchant reconciles,
// and wants the summary and the items.
#include "tests/flow/field_table.h"

namespace set::flow {

using namespace say;

namespace {

constexpr const char* kSaidByGateway = "the gateway's own word, under its signature";
constexpr const char* kLessIsWanted = "the merchant asks for less";
constexpr const char* kOutOfBalance = "BAStatus totalsOutOfBalance";

// clang-format off

Table batch_req() {
  return Table{
      {"batch_id",                 decode, decode, decode, none, none},
      {"batch_operation",          "BAStatus batchAlreadyOpen", none, decode, none, none},
      {"return_batch_summary_ind", free,   free,   none,   none, none, kLessIsWanted},
      {"return_transaction_detail",                 none, free,   none,   none, none, kLessIsWanted},
      {"return_transaction_detail.starting_point",  free, none,   decode, none, none, "the first item's number is 1"},
      {"return_transaction_detail.maximum_items",   decode, decode, decode, none, none},
      {"return_transaction_detail.errors_only_ind", free, none,   none,   none, none, kLessIsWanted},
      {"return_transaction_detail.brand_id",        "BAStatus brandBatchMismatch", none, decode, none, none},
      {"batch_status",              none,   free,   none,   none, none, kLessIsWanted},
      {"batch_status.batch_id",     decode, decode, decode, none, none},
      {"batch_status.open_date_ms", free,   decode, decode, none, free, "each side has its own clock"},
      {"batch_status.totals",       none,   kOutOfBalance, none, decode, none},
      {"batch_status.totals.currency",     decode, decode, decode, none, none},
      {"batch_status.totals.credit_count", decode, none,   decode, none, none},
      {"batch_status.totals.debit_count",  kOutOfBalance, decode, decode, none, none},
      {"trans_details",   free, none, none, free, none, "it names no item"},
      {"trans_details.*", none, none, none, none, none, "not there"},
  } + optional_rows("brands_and_bins", decode)
    + optional_rows("batch_status.closed_when", decode)
    + optional_rows("batch_status.totals.credit_total", decode)
    + money_rows("batch_status.totals.debit_total", kOutOfBalance, decode, kOutOfBalance)
    + sent_thumbs_rows("m_thumbs");
}

Table detail_rows(const std::string& path) {
  const auto ids = path + ".trans_ids";
  return Table{
      {path, none, free, none, free, none, kSaidByGateway},
      {ids,                   none, decode, none,   none, none},
      {ids + ".lid_c",        free, decode, decode, none, free, kSaidByGateway},
      {ids + ".lid_m",        free, free,   decode, none, free, kSaidByGateway},
      {ids + ".xid",          free, decode, decode, none, free, kSaidByGateway},
      {ids + ".preq_date_ms", free, decode, decode, none, free, kSaidByGateway},
      {ids + ".pay_sys_id",   free, none,   decode, none, none, kSaidByGateway},
      {ids + ".language",     free, decode, decode, none, none, kSaidByGateway},
      {path + ".auth_rrpid",         free,   decode, decode, none, free, kSaidByGateway},
      {path + ".brand_id",           free,   decode, decode, none, none, kSaidByGateway},
      {path + ".batch_sequence_num", free,   free,   free,   none, none, kSaidByGateway},
      {path + ".amount_type",        decode, decode, decode, none, none},
      {path + ".transaction_status", free,   free,   decode, none, none, kSaidByGateway},
  } + money_rows(path + ".transaction_amt", free, decode, free);
}

Table batch_res() {
  return Table{
      {"batch_id",                  decode, decode, decode, none, none},
      {"ba_status",                 "BAStatus brandNotSupported", decode, decode, none, none},
      {"batch_status",              none,   free,   none,   none, none, kSaidByGateway},
      {"batch_status.batch_id",     decode, decode, decode, none, none},
      {"batch_status.open_date_ms", free,   decode, decode, none, free, kSaidByGateway},
      {"batch_status.totals",       none,   free,   none,   decode, none, kSaidByGateway},
      {"batch_status.totals.currency",     decode, decode, decode, none, none},
      {"batch_status.totals.credit_count", decode, none,   decode, none, none},
      {"batch_status.totals.debit_count",  free,   decode, decode, none, none, kSaidByGateway},
      {"transmission_status",       free,   free,   decode, none, none, kSaidByGateway},
      {"trans_details",             none,   free,   none,   none, none, kSaidByGateway},
      {"trans_details.next_starting_point", free, none, decode, none, none, kSaidByGateway},
      {"pe_thumb",                  free,   decode, decode, none, free, "a hint: the merchant then asks with PCertReq"},
  } + optional_rows("batch_status.closed_when", decode)
    + optional_rows("batch_status.totals.credit_total", decode)
    + money_rows("batch_status.totals.debit_total", free, decode, free)
    + optional_rows("settlement_info", decode)
    + detail_rows("trans_details.items");
}

// clang-format on

}  // namespace

bool is_batch(MessageType type) {
  return type == wire::MESSAGE_TYPE_BATCH_ADMIN_REQ || type == wire::MESSAGE_TYPE_BATCH_ADMIN_RES;
}

Table batch_table(MessageType type, std::string_view part) {
  if (part != "content") return {};
  return type == wire::MESSAGE_TYPE_BATCH_ADMIN_REQ ? batch_req() : batch_res();
}

}  // namespace set::flow
