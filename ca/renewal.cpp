#include "ca/renewal.h"

#include "ca/enrollment_parts.h"

namespace set::ca {

using namespace parts;

std::optional<Refusal> check_renewal(const Verified<CertReq>& req,
                                     const std::optional<IssuedBefore>& before,
                                     const RenewedFor& who) {
  // "signed twice: with the new key and with the key of the certificate being renewed"
  if (!req.renewed()) {
    return Refusal{CertStatusCode::sig_validation_fail,
                   "A renewal is signed with the key of the certificate being renewed, too.",
                   {}};
  }
  const auto& renewed = *req.renewed();
  // "EEThumb = thumbprint of the certificate being renewed"
  if (req->ee_thumb != renewed.thumbprint()) {
    return rejected("The request names another certificate than the one that signed it.");
  }
  // "the old certificate is valid and of the same subject"
  if (!before) return rejected("The certificate being renewed is not of this authority's records.");
  if (before->revoked) {
    return rejected("The certificate being renewed was revoked: register anew.");
  }
  const bool same_role = renewed.has_role(role_of(req->request_type)) &&
                         before->role == to_string(role_of(req->request_type));
  if (!same_role || before->party_id != who.party_id || before->card != who.card) {
    return rejected("The certificate being renewed is somebody else's.");
  }
  return std::nullopt;
}

ToCertify renewal_to_certify(const PartyInitiated& session, const Verified<CertReq>& req,
                             const IssuedBefore& before) {
  const auto& renewed = req.renewed().value();
  PartyFacts facts{renewed.common_name(), {}, 0};
  if (const auto& merchant = renewed.merchant_data()) {
    facts = {merchant->name, merchant->city, merchant->country};
  }
  auto out = party_to_certify(session, req, std::move(facts));
  std::get<PartyContents>(out.contents).tls_hosts = before.tls_hosts;
  if (is_tls_renewal(session.request_type)) out.signature_key = renewed.public_key();
  out.renewed = renewed.thumbprint();
  return out;
}

}  // namespace set::ca
