// PCertReq and PCertRes: a merchant asks which of the gateway's certificates to use (set-1997
// §3.9). Called by service.cpp. Pure; any thread.
#pragma once

#include "common/message/gateway_certificate.h"
#include "common/message/party.h"
#include "common/message/verified.h"
#include "gateway/authorization.h"

namespace set::gateway {

/// A PCertReq by a merchant of ours.
struct AcceptedPCertReq {
  std::vector<BrandAndBIN> asked;
};

/// Spec:    set-1997.md §3.9
/// Errors:  invalid_certificate: a merchant of another brand or acquirer.
Result<AcceptedPCertReq> accept_pcert_req(const Verified<PCertReq>& pcert_req, const Party& self,
                                          const GatewayTerms& gateway);

/// Items in the order asked; the certificate travels enclosed (in_use below).
PCertRes make_pcert_res(const AcceptedPCertReq& request, const Party& self,
                        const GatewayTerms& gateway);

/// What this gateway uses now, without the root: signature and key-exchange certificates, each with
/// its issuers, nothing twice.
std::vector<Certificate> certificates_in_use(const Party& self);
/// The ones named and their issuers, of these and of earlier ones. Unknown ones are passed over.
std::vector<Certificate> certificates_named(const Party& self, std::span<const Thumbprint> named);

}  // namespace set::gateway
