#include "common/message/gateway_certificate.h"

#include "common/message/payment_fields.h"

namespace set {
namespace {

PCertResItem read_pcert_res_item(FieldReader& fields, const wire::PCertResItem& item) {
  PCertResItem out{
      .code = fields.code(item.pcert_code(), PCertCode::unknown_bin, "PCertCode"),
      .certificate = fields.id_if_any<Thumbprint>(item.cert_thumb()),
  };
  fields.require(out.certificate.has_value() == (out.code == PCertCode::success),
                 "a success names a certificate, and nothing else does");
  return out;
}

}  // namespace

wire::BrandAndBIN to_wire(const BrandAndBIN& item) {
  wire::BrandAndBIN out;
  out.set_brand_id(item.brand);
  out.set_bin(item.bin);
  return out;
}

BrandAndBIN read_brand_and_bin(FieldReader& fields, const wire::BrandAndBIN& item) {
  return {
      .brand = fields.brand(item.brand_id()),
      .bin = item.bin().empty() ? std::string() : fields.bin(item.bin()),
  };
}

wire::PCertReqData to_wire(const PCertReq& message) {
  wire::PCertReqData out;
  for (const auto& item : message.brands_and_bins) *out.add_brands_and_bins() = to_wire(item);
  if (!message.thumbs.empty()) *out.mutable_m_thumbs() = to_wire(message.thumbs);
  return out;
}

Result<PCertReq> from_wire(const wire::PCertReqData& message) {
  FieldReader fields;
  const auto item = [&](const wire::BrandAndBIN& asked) {
    return read_brand_and_bin(fields, asked);
  };
  return fields.finish(PCertReq{
      .brands_and_bins =
          fields.list(message.brands_and_bins(), 1, kMaxBrandsAndBINs, "BrandAndBINSeq", item),
      .thumbs = fields.thumbs(message.has_m_thumbs(), message.m_thumbs()),
  });
}

wire::PCertResData to_wire(const PCertRes& message) {
  wire::PCertResData out;
  for (const auto& item : message.items) {
    auto& added = *out.add_items();
    added.set_pcert_code(code_to_wire(item.code));
    if (item.certificate) added.set_cert_thumb(item.certificate->str());
  }
  return out;
}

Result<PCertRes> from_wire(const wire::PCertResData& message) {
  FieldReader fields;
  const auto item = [&](const wire::PCertResItem& answer) {
    return read_pcert_res_item(fields, answer);
  };
  return fields.finish(
      PCertRes{fields.list(message.items(), 1, kMaxBrandsAndBINs, "PCertResItems", item)});
}

}  // namespace set
