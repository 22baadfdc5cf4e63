#include "common/message/purchase.h"

#include "common/message/auth_status.h"
#include "common/message/payment_fields.h"

namespace set {
namespace {

constexpr std::size_t kTransStainBytes = 48;

wire::CapStatus to_wire(const CapStatus& status) {
  wire::CapStatus out;
  out.set_cap_date_ms(to_millis(status.cap_date));
  out.set_cap_code(code_to_wire(status.cap_code));
  if (status.cap_amt) *out.mutable_cap_amt() = to_wire(*status.cap_amt);
  return out;
}

CapStatus read_cap_status(FieldReader& fields, const wire::CapStatus& status) {
  CapStatus out{
      .cap_date = fields.instant(status.cap_date_ms(), "CapDate"),
      .cap_code = fields.code(status.cap_code(), CapCode::amount_error, "CapCode"),
      .cap_amt = fields.amount_if(status.has_cap_amt(), status.cap_amt()),
  };
  fields.require(out.cap_amt.has_value() == (out.cap_code == CapCode::success),
                 "what was captured has an amount, and nothing else has");
  return out;
}

wire::CredStatus to_wire(const CredStatus& status) {
  wire::CredStatus out;
  out.set_credit_date_ms(to_millis(status.credit_date));
  out.set_credit_code(code_to_wire(status.credit_code));
  if (status.credit_amt) *out.mutable_credit_amt() = to_wire(*status.credit_amt);
  return out;
}

CredStatus read_cred_status(FieldReader& fields, const wire::CredStatus& status) {
  CredStatus out{
      .credit_date = fields.instant(status.credit_date_ms(), "CreditDate"),
      .credit_code =
          fields.code(status.credit_code(), CapRevOrCredCode::amount_error, "CreditCode"),
      .credit_amt = fields.amount_if(status.has_credit_amt(), status.credit_amt()),
  };
  fields.require(out.credit_amt.has_value() == (out.credit_code == CapRevOrCredCode::success),
                 "what was credited has an amount, and nothing else has");
  return out;
}

wire::PResPayload to_wire(const PResPayload& payload) {
  wire::PResPayload out;
  out.set_auth_rrpid(payload.auth_rrpid.str());
  write_auth_status(payload.auth_status, *out.mutable_auth_status());
  if (payload.cap_status) *out.mutable_cap_status() = to_wire(*payload.cap_status);
  out.set_acq_card_msg(string_of(payload.acq_card_msg));
  for (const auto& status : payload.cred_status_seq) *out.add_cred_status_seq() = to_wire(status);
  return out;
}

PResPayload read_pres_payload(FieldReader& fields, const wire::PResPayload& payload) {
  const auto credit = [&](const wire::CredStatus& status) {
    return read_cred_status(fields, status);
  };
  PResPayload out{
      .auth_rrpid = fields.id<RRPID>(payload.auth_rrpid()),
      .auth_status = read_auth_status(fields, payload.auth_status()),
      .cap_status = std::nullopt,
      .acq_card_msg = fields.bytes(payload.acq_card_msg(), 0, kMaxOpaqueBytes, "AcqCardMsg"),
      .cred_status_seq =
          fields.list(payload.cred_status_seq(), 0, kMaxCredStatuses, "CredStatusSeq", credit),
  };
  if (payload.has_cap_status()) out.cap_status = read_cap_status(fields, payload.cap_status());
  return out;
}

}  // namespace

wire::HODInput to_wire(const HODInput& input) {
  wire::HODInput out;
  out.set_od(input.od);
  *out.mutable_purch_amt() = to_wire(input.purch_amt);
  out.set_od_salt(input.od_salt.str());
  write_install_recur(input.install_recur, out);
  return out;
}

Digest hod_of(const HODInput& input) { return digest("HODInput", serialize(to_wire(input))); }

Digest hoi_data_of(ByteView oi_data) { return digest("OIData", oi_data); }

Digest pan_data_digest_of(ByteView account_block) { return digest("PANData", account_block); }

Digest hpi_data_of(ByteView pi_head, const Digest& pan_data_digest) {
  Bytes size;
  for (const unsigned shift : {24U, 16U, 8U, 0U}) {
    size.push_back(static_cast<std::uint8_t>(pi_head.size() >> shift));
  }
  return digest("PIData", concat({size, pi_head, pan_data_digest.view()}));
}

wire::PInitReqData to_wire(const PInitReq& message) {
  wire::PInitReqData out;
  out.set_language(message.language);
  out.set_lid_c(message.lid_c.value);
  out.set_lid_m(message.lid_m.value);
  out.set_chall_c(message.chall_c.str());
  out.set_brand_id(message.brand);
  out.set_bin(message.bin);
  out.set_order_secret(message.order_secret.str());
  if (!message.thumbs.empty()) *out.mutable_thumbs() = to_wire(message.thumbs);
  return out;
}

Result<PInitReq> from_wire(const wire::PInitReqData& message) {
  FieldReader fields;
  return fields.finish(PInitReq{
      .language = fields.language(message.language()),
      .lid_c = fields.id<LIDC>(message.lid_c()),
      .lid_m = fields.id<LIDM>(message.lid_m()),
      .chall_c = fields.id<Challenge>(message.chall_c()),
      .brand = fields.brand(message.brand_id()),
      .bin = fields.bin(message.bin()),
      .order_secret = fields.id<OrderSecret>(message.order_secret()),
      .thumbs = fields.thumbs(message.has_thumbs(), message.thumbs()),
  });
}

wire::PInitResData to_wire(const PInitRes& message) {
  wire::PInitResData out;
  out.set_chall_c(message.chall_c.str());
  out.set_chall_m(message.chall_m.str());
  out.set_pe_thumb(message.pe_thumb.str());
  out.set_order_description(message.order_description);
  *out.mutable_purch_amt() = to_wire(message.purch_amt);
  out.set_offer_ends_ms(to_millis(message.offer_ends));
  out.set_brand_id(message.brand);
  write_install_recur(message.install_recur, out);
  return out;
}

Result<PInitRes> from_wire(const wire::PInitResData& message) {
  FieldReader fields;
  PInitRes out{
      .chall_c = fields.id<Challenge>(message.chall_c()),
      .chall_m = fields.id<Challenge>(message.chall_m()),
      .pe_thumb = fields.id<Thumbprint>(message.pe_thumb()),
      .order_description =
          fields.text(message.order_description(), kMaxOrderDescriptionBytes, "OrderDescription"),
      .purch_amt = fields.amount(message.purch_amt()),
      .offer_ends = fields.instant(message.offer_ends_ms(), "the offer's end"),
      .brand = fields.brand(message.brand_id()),
  };
  out.install_recur = read_install_recur(fields, message, out.purch_amt);
  return fields.finish(std::move(out));
}

wire::OIData to_wire(const OIData& message) {
  wire::OIData out;
  *out.mutable_trans_ids() = to_wire(message.trans_ids);
  out.set_rrpid(message.rrpid.str());
  out.set_chall_c(message.chall_c.str());
  out.set_hod(message.hod.str());
  out.set_od_salt(message.od_salt.str());
  out.set_chall_m(message.chall_m.str());
  out.set_brand_id(message.brand);
  out.set_bin(message.bin);
  return out;
}

Result<OIData> from_wire(const wire::OIData& message) {
  FieldReader fields;
  return fields.finish(OIData{
      .trans_ids = fields.take(from_wire(message.trans_ids())),
      .rrpid = fields.id<RRPID>(message.rrpid()),
      .chall_c = fields.id<Challenge>(message.chall_c()),
      .hod = fields.id<Digest>(message.hod()),
      .od_salt = fields.id<ODSalt>(message.od_salt()),
      .chall_m = fields.id<Challenge>(message.chall_m()),
      .brand = fields.brand(message.brand_id()),
      .bin = fields.bin(message.bin()),
  });
}

wire::PIHead to_wire(const PIHead& message) {
  wire::PIHead out;
  *out.mutable_trans_ids() = to_wire(message.trans_ids);
  out.set_hod(message.hod.str());
  *out.mutable_purch_amt() = to_wire(message.purch_amt);
  out.set_merchant_id(message.merchant_id);
  out.set_trans_stain(string_of(message.trans_stain));
  out.set_sw_ident(std::string(kSwIdent));
  write_install_recur(message.install_recur, out);
  return out;
}

Result<PIHead> from_wire(const wire::PIHead& message) {
  FieldReader fields;
  // Said for the gateway's logs in 1997; nobody here decides by it.
  fields.visible(message.sw_ident(), 0, kMaxNameBytes, "SWIdent");
  PIHead out{
      .trans_ids = fields.take(from_wire(message.trans_ids())),
      .hod = fields.id<Digest>(message.hod()),
      .purch_amt = fields.amount(message.purch_amt()),
      .merchant_id = fields.visible(message.merchant_id(), 1, kMaxIdBytes, "MerchantID"),
      .trans_stain =
          fields.bytes(message.trans_stain(), kTransStainBytes, kTransStainBytes, "TransStain"),
  };
  out.install_recur = read_install_recur(fields, message, out.purch_amt);
  return fields.finish(std::move(out));
}

wire::PIOILink to_wire(const PIOILink& message) {
  wire::PIOILink out;
  out.set_pi_head(string_of(message.pi_head));
  out.set_hoi_data(message.hoi_data.str());
  out.set_pan_data_digest(message.pan_data_digest.str());
  return out;
}

Result<PIOILink> from_wire(const wire::PIOILink& message) {
  FieldReader fields;
  return fields.finish(PIOILink{
      .pi_head = fields.bytes(message.pi_head(), 1, kMaxOpaqueBytes, "PIHead"),
      .hoi_data = fields.id<Digest>(message.hoi_data()),
      .pan_data_digest = fields.id<Digest>(message.pan_data_digest()),
  });
}

wire::PITBS to_wire(const PReq& message) {
  wire::PITBS out;
  out.set_hpi_data(message.hpi_data.str());
  out.set_hoi_data(message.hoi_data.str());
  out.set_gateway(message.gateway.str());
  out.set_merchant(message.merchant.str());
  out.set_brand_id(message.brand);
  *out.mutable_purch_amt() = to_wire(message.purch_amt);
  out.set_valid_until_ms(to_millis(message.valid_until));
  write_install_recur(message.install_recur, out);
  return out;
}

Result<PReq> from_wire(const wire::PITBS& message) {
  FieldReader fields;
  PReq out{
      .hpi_data = fields.id<Digest>(message.hpi_data()),
      .hoi_data = fields.id<Digest>(message.hoi_data()),
      .gateway = fields.id<Thumbprint>(message.gateway()),
      .merchant = fields.id<Thumbprint>(message.merchant()),
      .brand = fields.brand(message.brand_id()),
      .purch_amt = fields.amount(message.purch_amt()),
      .valid_until = fields.instant(message.valid_until_ms(), "the PI's end"),
  };
  out.install_recur = read_install_recur(fields, message, out.purch_amt);
  return fields.finish(std::move(out));
}

wire::PResData to_wire(const PRes& message) {
  wire::PResData out;
  out.set_chall_c(message.chall_c.str());
  out.set_completion_code(code_to_wire(message.completion_code));
  if (message.hoi_data) out.set_hoi_data(message.hoi_data->str());
  if (message.hpi_data) out.set_hpi_data(message.hpi_data->str());
  if (message.gateway) out.set_gateway(message.gateway->str());
  if (message.purch_amt) *out.mutable_purch_amt() = to_wire(*message.purch_amt);
  for (const auto& payload : message.payloads) *out.add_payloads() = to_wire(payload);
  return out;
}

Result<PRes> from_wire(const wire::PResData& message) {
  FieldReader fields;
  const auto payload = [&](const wire::PResPayload& item) {
    return read_pres_payload(fields, item);
  };
  PRes out{
      .chall_c = fields.id<Challenge>(message.chall_c()),
      .completion_code = fields.code(message.completion_code(), CompletionCode::signature_required,
                                     "CompletionCode"),
      .hoi_data = fields.id_if_any<Digest>(message.hoi_data()),
      .hpi_data = fields.id_if_any<Digest>(message.hpi_data()),
      .gateway = fields.id_if_any<Thumbprint>(message.gateway()),
      .purch_amt = fields.amount_if(message.has_purch_amt(), message.purch_amt()),
      .payloads = fields.list(message.payloads(), 0, kMaxPResPayloads, "PResPayloadSeq", payload),
  };
  const bool received = out.completion_code != CompletionCode::order_not_received;
  fields.require(out.hoi_data.has_value() == received && out.hpi_data.has_value() == received &&
                     out.gateway.has_value() == received && out.purch_amt.has_value() == received,
                 "an order that was received has its digests, gateway and amount, no other has");
  return fields.finish(std::move(out));
}

wire::InqReqData to_wire(const InqReq& message) {
  wire::InqReqData out;
  out.set_chall_c2(message.chall_c2.str());
  if (!message.thumbs.empty()) *out.mutable_thumbs() = to_wire(message.thumbs);
  return out;
}

Result<InqReq> from_wire(const wire::InqReqData& message) {
  FieldReader fields;
  return fields.finish(InqReq{
      .chall_c2 = fields.id<Challenge>(message.chall_c2()),
      .thumbs = fields.thumbs(message.has_thumbs(), message.thumbs()),
  });
}

}  // namespace set
