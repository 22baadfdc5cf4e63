// Renewal from the CA's side: what it checks beside the registration's own rules (enrollment.h)
// when a CertReq is to replace a certificate of ours (set-1997 §1.8, §3.1; ADR 0020). Pure. Called
// by service.cpp, which looks up what is known of the certificate.
#pragma once

#include "ca/enrollment.h"

namespace set::ca {

/// What the CA wrote down when it issued the certificate that is being renewed.
struct IssuedBefore {
  bool revoked = false;
  std::string role;
  std::string party_id;                ///< "400000/shop-1"; empty for cardholders
  std::optional<Digest> card;          ///< cardholders: whose card, as card_digest() names it
  std::vector<std::string> tls_hosts;  ///< parties: those of its TLS certificate
};

/// Whose certificate it would be.
struct RenewedFor {
  std::string party_id;        ///< empty for cardholders
  std::optional<Digest> card;  ///< cardholders
};

/// None: nothing is against it. The signatures are verified, and that the certificate has not
/// ended; here, that both are there and that the certificate is ours, not revoked, and the
/// requester's.
///
/// Spec: set-1997 §3.1, CA's check 3: "renewal → verify both; the old certificate is valid and of
/// the
///       same subject".
std::optional<Refusal> check_renewal(const Verified<CertReq>& req,
                                     const std::optional<IssuedBefore>& before,
                                     const RenewedFor& who);

/// What is to be certified: as the old certificates say it, since a renewal changes none of it.
/// Where only TLS is renewed, inquiries are signed with the key that signed the request.
ToCertify renewal_to_certify(const PartyInitiated& session, const Verified<CertReq>& req,
                             const IssuedBefore& before);

}  // namespace set::ca
