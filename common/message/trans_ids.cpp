#include "common/message/trans_ids.h"

#include "common/message/fields.h"

namespace set {
namespace {

constexpr int kMaxThumbs = 64;
constexpr std::size_t kMaxPaySysIdBytes = 64;

}  // namespace

wire::TransIDs to_wire(const TransIDs& ids) {
  wire::TransIDs out;
  out.set_lid_c(ids.lid_c.value);
  if (ids.lid_m) out.set_lid_m(ids.lid_m->value);
  out.set_xid(ids.xid.str());
  out.set_preq_date_ms(to_millis(ids.preq_date));
  out.set_pay_sys_id(ids.pay_sys_id);
  out.set_language(ids.language);
  return out;
}

Result<TransIDs> from_wire(const wire::TransIDs& ids) {
  FieldReader fields;
  return fields.finish(TransIDs{
      .lid_c = fields.id<LIDC>(ids.lid_c()),
      .lid_m = fields.id_if_any<LIDM>(ids.lid_m()),
      .xid = fields.id<XID>(ids.xid()),
      .preq_date = fields.instant(ids.preq_date_ms(), "PReqDate"),
      .pay_sys_id = fields.visible(ids.pay_sys_id(), 0, kMaxPaySysIdBytes, "PaySysID"),
      .language = fields.language(ids.language()),
  });
}

bool same_purchase(const TransIDs& a, const TransIDs& b) {
  const bool lid_m_fits = !a.lid_m || !b.lid_m || *a.lid_m == *b.lid_m;
  return a.xid == b.xid && a.lid_c == b.lid_c && lid_m_fits;
}

wire::Thumbs to_wire(const Thumbs& thumbs) {
  wire::Thumbs out;
  for (const auto& thumbprint : thumbs.certificates) out.add_cert_thumbs(thumbprint.str());
  for (const auto& thumbprint : thumbs.crls) out.add_crl_thumbs(thumbprint.str());
  for (const auto& thumbprint : thumbs.brand_crl_ids) out.add_brand_crl_id_thumbs(thumbprint.str());
  return out;
}

Result<Thumbs> from_wire(const wire::Thumbs& thumbs) {
  FieldReader fields;
  const auto thumbprint = [&](const std::string& bytes) { return fields.id<Thumbprint>(bytes); };
  return fields.finish(Thumbs{
      .certificates = fields.list(thumbs.cert_thumbs(), 0, kMaxThumbs, "certThumbs", thumbprint),
      .crls = fields.list(thumbs.crl_thumbs(), 0, kMaxThumbs, "crlThumbs", thumbprint),
      .brand_crl_ids =
          fields.list(thumbs.brand_crl_id_thumbs(), 0, kMaxThumbs, "brandCRLIdThumbs", thumbprint),
  });
}

}  // namespace set
