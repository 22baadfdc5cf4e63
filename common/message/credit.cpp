#include "common/message/credit.h"

#include <algorithm>
#include <tuple>

#include "common/message/payment_fields.h"

namespace set {
namespace {

wire::CapRevOrCredReqItem to_wire(const CapRevOrCredReqItem& item) {
  wire::CapRevOrCredReqItem out;
  *out.mutable_trans_ids() = to_wire(item.trans_ids);
  out.set_auth_rrpid(item.auth_rrpid.str());
  if (item.reversed) out.set_reversed_rrpid(item.reversed->str());
  out.set_date_ms(to_millis(item.date));
  *out.mutable_amt() = to_wire(item.amt);
  out.set_new_batch_id(item.new_batch_id);
  return out;
}

CapRevOrCredReqItem read_req_item(FieldReader& fields, const wire::CapRevOrCredReqItem& item) {
  return {
      .trans_ids = fields.take(from_wire(item.trans_ids())),
      .auth_rrpid = fields.id<RRPID>(item.auth_rrpid()),
      .reversed = fields.id_if_any<RRPID>(item.reversed_rrpid()),
      .date = fields.instant(item.date_ms(), "CapRevOrCredReqDate"),
      .amt = fields.amount(item.amt()),
      .new_batch_id = fields.visible(item.new_batch_id(), 0, kMaxReferenceBytes, "NewBatchID"),
  };
}

wire::CapRevOrCredResItem to_wire(const CapRevOrCredResItem& item) {
  wire::CapRevOrCredResItem out;
  *out.mutable_trans_ids() = to_wire(item.trans_ids);
  out.set_auth_rrpid(item.auth_rrpid.str());
  if (item.reversed) out.set_reversed_rrpid(item.reversed->str());
  out.set_cap_rev_or_cred_code(code_to_wire(item.code));
  if (item.actual_amt) *out.mutable_actual_amt() = to_wire(*item.actual_amt);
  out.set_batch_id(item.batch_id);
  out.set_batch_sequence_num(item.batch_sequence_num);
  return out;
}

CapRevOrCredResItem read_res_item(FieldReader& fields, const wire::CapRevOrCredResItem& item) {
  CapRevOrCredResItem out{
      .trans_ids = fields.take(from_wire(item.trans_ids())),
      .auth_rrpid = fields.id<RRPID>(item.auth_rrpid()),
      .reversed = fields.id_if_any<RRPID>(item.reversed_rrpid()),
      .code = fields.code(item.cap_rev_or_cred_code(), CapRevOrCredCode::amount_error,
                          "CapRevOrCredCode"),
      .actual_amt = fields.amount_if(item.has_actual_amt(), item.actual_amt()),
      .batch_id = fields.visible(item.batch_id(), 0, kMaxReferenceBytes, "BatchID"),
      .batch_sequence_num = item.batch_sequence_num(),
  };
  fields.require(out.actual_amt.has_value() == (out.code == CapRevOrCredCode::success),
                 "what was done has an amount, and nothing else has");
  return out;
}

template <class Items>
void check_items(FieldReader& fields, const Items& items) {
  const auto key = [](const auto& item) {
    return std::tuple(item.trans_ids.xid, item.auth_rrpid, item.reversed);
  };
  require_unique(fields, items, key, "one thing is credited or reversed twice at once");
}

template <class Message>
Result<void> check_all(const Message& message, bool reverses) {
  const bool fits = std::ranges::all_of(
      message.items, [&](const auto& item) { return item.reversed.has_value() == reverses; });
  CHECK_OR_FAIL(fits, ErrorCode::decoding_failure,
                "a reversal names what it undoes, and a credit undoes nothing");
  return {};
}

}  // namespace

wire::CapRevOrCredReqData to_wire(const CapRevOrCredReq& message) {
  wire::CapRevOrCredReqData out;
  for (const auto& item : message.items) *out.add_items() = to_wire(item);
  if (!message.thumbs.empty()) *out.mutable_m_thumbs() = to_wire(message.thumbs);
  return out;
}

Result<CapRevOrCredReq> from_wire(const wire::CapRevOrCredReqData& message) {
  FieldReader fields;
  const auto item = [&](const wire::CapRevOrCredReqItem& asked) {
    return read_req_item(fields, asked);
  };
  CapRevOrCredReq out{
      .items = fields.list(message.items(), 1, kMaxPaymentItems, "CapRevOrCredReqItemSeq", item),
      .thumbs = fields.thumbs(message.has_m_thumbs(), message.m_thumbs()),
  };
  check_items(fields, out.items);
  return fields.finish(std::move(out));
}

wire::CapRevOrCredResData to_wire(const CapRevOrCredRes& message) {
  wire::CapRevOrCredResData out;
  for (const auto& item : message.items) *out.add_items() = to_wire(item);
  for (const auto& status : message.batch_status_seq) *out.add_batch_status_seq() = to_wire(status);
  out.set_pe_thumb(message.pe_thumb.str());
  return out;
}

Result<CapRevOrCredRes> from_wire(const wire::CapRevOrCredResData& message) {
  FieldReader fields;
  const auto item = [&](const wire::CapRevOrCredResItem& answer) {
    return read_res_item(fields, answer);
  };
  CapRevOrCredRes out{
      .items = fields.list(message.items(), 1, kMaxPaymentItems, "CapRevOrCredResItemSeq", item),
      .batch_status_seq = read_batch_status_seq(fields, message.batch_status_seq()),
      .pe_thumb = fields.id<Thumbprint>(message.pe_thumb()),
  };
  check_items(fields, out.items);
  return fields.finish(std::move(out));
}

Result<void> check_reversed(const CapRevOrCredReq& message, bool reverses) {
  return check_all(message, reverses);
}

Result<void> check_reversed(const CapRevOrCredRes& message, bool reverses) {
  return check_all(message, reverses);
}

}  // namespace set
