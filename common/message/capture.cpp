#include "common/message/capture.h"

#include "common/message/payment_fields.h"

namespace set {
namespace {

wire::CapItem to_wire(const CapItem& item) {
  wire::CapItem out;
  *out.mutable_trans_ids() = to_wire(item.trans_ids);
  out.set_auth_rrpid(item.auth_rrpid.str());
  auto& payload = *out.mutable_payload();
  payload.set_cap_date_ms(to_millis(item.cap_date));
  *payload.mutable_cap_req_amt() = to_wire(item.cap_req_amt);
  if (item.sale_detail) *payload.mutable_sale_detail() = to_wire(*item.sale_detail);
  payload.set_final_capture_ind(item.final_capture);
  return out;
}

CapItem read_cap_item(FieldReader& fields, const wire::CapItem& item) {
  const auto& payload = item.payload();
  return {
      .trans_ids = fields.take(from_wire(item.trans_ids())),
      .auth_rrpid = fields.id<RRPID>(item.auth_rrpid()),
      .cap_date = fields.instant(payload.cap_date_ms(), "CapDate"),
      .cap_req_amt = fields.amount(payload.cap_req_amt()),
      .sale_detail = read_sale_detail(fields, payload.has_sale_detail(), payload.sale_detail()),
      .final_capture = payload.final_capture_ind(),
  };
}

CapResItem read_cap_res_item(FieldReader& fields, const wire::CapResItem& item) {
  return {
      .trans_ids = fields.take(from_wire(item.trans_ids())),
      .auth_rrpid = fields.id<RRPID>(item.auth_rrpid()),
      .payload = read_cap_res_payload(fields, item.payload()),
  };
}

/// "AuthRRPID: key of CapItem" (§3.0).
template <class Item>
std::pair<XID, RRPID> key_of(const Item& item) {
  return {item.trans_ids.xid, item.auth_rrpid};
}

}  // namespace

wire::CapReqData to_wire(const CapReq& message) {
  wire::CapReqData out;
  for (const auto& item : message.items) *out.add_items() = to_wire(item);
  if (!message.thumbs.empty()) *out.mutable_m_thumbs() = to_wire(message.thumbs);
  return out;
}

Result<CapReq> from_wire(const wire::CapReqData& message) {
  FieldReader fields;
  const auto item = [&](const wire::CapItem& asked) { return read_cap_item(fields, asked); };
  CapReq out{
      .items = fields.list(message.items(), 1, kMaxPaymentItems, "CapItemSeq", item),
      .thumbs = fields.thumbs(message.has_m_thumbs(), message.m_thumbs()),
  };
  require_unique(fields, out.items, key_of<CapItem>, "an authorisation is captured twice at once");
  return fields.finish(std::move(out));
}

wire::CapResData to_wire(const CapRes& message) {
  wire::CapResData out;
  for (const auto& item : message.items) {
    auto& added = *out.add_items();
    *added.mutable_trans_ids() = to_wire(item.trans_ids);
    added.set_auth_rrpid(item.auth_rrpid.str());
    *added.mutable_payload() = to_wire(item.payload);
  }
  for (const auto& status : message.batch_status_seq) *out.add_batch_status_seq() = to_wire(status);
  out.set_pe_thumb(message.pe_thumb.str());
  return out;
}

Result<CapRes> from_wire(const wire::CapResData& message) {
  FieldReader fields;
  const auto item = [&](const wire::CapResItem& answer) {
    return read_cap_res_item(fields, answer);
  };
  CapRes out{
      .items = fields.list(message.items(), 1, kMaxPaymentItems, "CapResItemSeq", item),
      .batch_status_seq = read_batch_status_seq(fields, message.batch_status_seq()),
      .pe_thumb = fields.id<Thumbprint>(message.pe_thumb()),
  };
  require_unique(fields, out.items, key_of<CapResItem>, "an authorisation is answered twice");
  return fields.finish(std::move(out));
}

wire::CapTokenSeq to_wire(const CapTokenSeq& tokens) {
  wire::CapTokenSeq out;
  for (const auto& token : tokens.cap_tokens) out.add_cap_tokens(string_of(token));
  return out;
}

Result<CapTokenSeq> from_wire(const wire::CapTokenSeq& tokens) {
  FieldReader fields;
  const auto token = [&](const std::string& bytes) {
    return fields.bytes(bytes, 0, kMaxOpaqueBytes, "CapToken");
  };
  return fields.finish(
      CapTokenSeq{fields.list(tokens.cap_tokens(), 1, kMaxPaymentItems, "CapTokenSeq", token)});
}

Result<std::vector<Bytes>> open_cap_token_seq(ByteView baggage, std::size_t items) {
  auto tokens = TRY(from_wire(TRY(parse_as<wire::CapTokenSeq>(baggage))));
  // "CapTokenSeq is parallel to CapItemSeq" (§3.8).
  CHECK_OR_FAIL(tokens.cap_tokens.size() == items, ErrorCode::decoding_failure,
                "there is not one CapToken for each item");
  return std::move(tokens.cap_tokens);
}

}  // namespace set
