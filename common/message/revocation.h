// The BrandCRLIdentifier: made by the CA, accepted by everybody together with the CRLs that it
// names (set-1997 §1.7), and what of them goes along with an answer. Called by the CA's
// publication, by seal.h and open.h, and by whoever fetches or keeps them. Pure; any thread.
#pragma once

#include "common/crypto/trust.h"
#include "common/message/trans_ids.h"
#include "set/v1/revocation.pb.h"
#include "set/v1/sealed.pb.h"

namespace set {

/// SET's name for a BCI on its way (2.23.42.0.82).
inline constexpr std::string_view kBCIContentType = "BCIDistributionTBS";

struct BrandCRLIdentifier {
  std::uint64_t sequence_num = 1;
  std::string brand;
  Instant not_before, not_after;
  std::vector<CRLIdentifier> crls;
};
wire::BrandCRLIdentifierTBS to_wire(const BrandCRLIdentifier& bci);
Result<BrandCRLIdentifier> from_wire(const wire::BrandCRLIdentifierTBS& bci);

/// Who signs a BCI: the brand's online signature key and its certificate.
struct BCISigner {
  const Signer& key;
  const Certificate& certificate;
};

/// The bytes that travel. `certificates`: those above the signer, and of the CRLs' issuers.
Result<Bytes> make_bci(const BrandCRLIdentifier& bci, const BCISigner& signer,
                       std::span<const Certificate> certificates);

/// Verifies BCI and CRLs under the trust's root, without asking what is revoked, and then that the
/// set itself does not revoke its signer. CRLs that it names may come along or be known already;
/// others are passed over. The result is what Revocation::adopt takes.
/// Errors: decoding_failure, unrecognized_extension, invalid_certificate (signer, or a CRL's
/// issuer, of another role or brand), signature_failure, missing_certificate (a CRL that is named),
/// revoked_certificate, message_too_new, conflict (a lower sequence number than the known one).
Result<BrandRevocations> accept_bci(ByteView bci, std::span<const Crl> crls, const Trust& trust,
                                    Instant now);

/// Whatever of these is newer than what is known: lists of trusted roots, which count by
/// themselves; then all of a brand or nothing. What is older or the same is passed over; anything
/// else that is wrong is an Error of Crl::verify, accept_bci or Revocation::adopt.
Result<void> adopt_revocations(const wire::CertificateBag& bag, const Trust& trust, Instant now);

/// Adds what the trust knows of revocations to a request's Thumbs.
void add_held_revocations(wire::Thumbs& thumbs, const Trust& trust);

/// Puts a brand's set into a bag, without the CRLs that the other side holds; nothing if it holds
/// the BCI, or if it would be more than `max_bytes`: then it asks the CA itself.
void add_revocations(wire::CertificateBag& bag, const BrandRevocations& set, const Thumbs& held,
                     std::size_t max_bytes);
/// Puts the roots' own lists into a bag, without those that the other side holds.
void add_root_lists(wire::CertificateBag& bag, const Revocation& known, const Thumbs& held);
/// Of an answer, which has at most 256 KiB and other things to say.
inline constexpr std::size_t kMaxRevocationsInAnswer = 128 << 10;

}  // namespace set
