// What cardholder, merchant and gateway have in common in their registration. Internal to
// common/enrollment; pure.
#pragma once

#include "common/enrollment/enrollee.h"

namespace set::detail {

LIDEE make_lid_ee(Rng& rng);

/// The account block of a party's renewal, where no token stands.
SecretBytes renewal_account(Rng& rng);

/// What an init answer says, as far as it is the same for all.
struct InitAnswer {
  LIDCA lid_ca;
  Thumbprint cae_thumb;
  const Certificate& signer;
  std::span<const Certificate> bag;
};
/// "chain and signature → … → CAEThumb names a valid CCA key-exchange certificate of that brand";
/// the signer must be a CA for `role`'s certificates.
Result<Registration> registration_of(std::string_view brand, LIDEE lid_ee, const InitAnswer& answer,
                                     Role role, const Trust& trust, Instant now);

/// The answer is signed by the CA for this kind of end entity: CCA, MCA or PCA, of the right brand.
Result<void> check_ca(const Certificate& signer, Role end_entity, std::string_view brand);

/// ids and challenge of an answer are those of the request.
Result<void> check_ids(const LIDEE& sent_lid, const LIDEE& lid, const Challenge& sent_challenge,
                       const Challenge& challenge);
Result<void> check_registration(const Registration& registration, const LIDEE& lid_ee,
                                const LIDCA& lid_ca);

/// Of the certificates that CertThumbs names, the one of this key and use, verified for the role,
/// with its issuers out of the bag.
Result<Chain> certified_chain(const CertAnswer& answer, ByteView public_key,
                              const Expected& expected, const Trust& trust, Instant now);

CertRefused refused(const CertRes& res);

}  // namespace set::detail
