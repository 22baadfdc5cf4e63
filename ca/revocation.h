// Revocation at the CA: which certificates are to be revoked, when a list or the BrandCRLIdentifier
// must be made anew, and how they are made (set-1997 §1.7). Pure; publication.cpp runs it,
// store_revocation.cpp remembers.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "ca/hierarchy.h"
#include "common/message/revocation.h"

namespace set::ca {

/// How long what we publish lasts and how often it is made anew.
struct PublicationTimes {
  Duration bci_life = std::chrono::hours(24);
  Duration bci_every = std::chrono::hours(1);
  Duration crl_life = std::chrono::hours(24 * 7);  ///< made anew at half of it
};
/// invalid_argument unless each is made anew well before it ends.
Result<void> check_times(const PublicationTimes& times);

/// What an operator names.
struct BySerial {
  std::string hex;
};
struct ByThumbprint {
  Thumbprint thumbprint;
};
struct ByParty {
  std::string party_id;      ///< "400000/shop-1"
  std::optional<Role> role;  ///< none: the one that has this id
};
struct RevocationOrder {
  std::variant<BySerial, ByThumbprint, ByParty> which;
  RevocationReason reason = RevocationReason::unspecified;
};

/// The CA whose list names a certificate of this role ("cardholder" → "cca"); empty: one whose key
/// is not online.
std::string_view issuer_of_role(std::string_view role);

/// The state of one issuer's list, without its bytes.
struct CrlState {
  std::string issuer;  ///< "root", "brand", "cca", "mca", "pca"
  std::uint64_t number = 0;
  std::int64_t wanted = 0;     ///< moves with each revocation
  std::int64_t published = 0;  ///< `wanted` as it was when the list was made
  Instant next_update;
};
bool is_due(const CrlState& state, const PublicationTimes& times, Instant now);

/// The state of the BCI.
struct BciState {
  std::uint64_t sequence_num = 0;  ///< 0: there was none yet
  Instant not_before, not_after;
};
bool is_due(const BciState& state, const PublicationTimes& times, Instant now);

/// cRLNumber and sequenceNum: one more, and at least the seconds since 1970. So a CA that was made
/// anew, or comes from a backup, goes on above what everybody has seen.
std::uint64_t next_number(std::uint64_t before, Instant now);

/// The next list of an online CA.
Result<Crl> make_crl(const Authority& issuer, std::uint64_t number,
                     std::span<const RevokedCertificate> revoked, const PublicationTimes& times,
                     Instant now);
/// The next BCI over these lists. `issuers`: certificates above the signer and of the lists' CAs.
Result<Bytes> make_brand_bci(const Authority& signer, std::uint64_t sequence_num,
                             std::span<const Crl> crls, std::span<const Certificate> issuers,
                             const PublicationTimes& times, Instant now);

/// The list of a key that is kept offline: empty, with a long life; made at the ceremony.
Result<Crl> make_offline_crl(const Authority& issuer, std::uint64_t number,
                             std::span<const RevokedCertificate> revoked, Instant now);
/// The next one: what `before` names, and these. `before` itself if it names them all.
Result<Crl> revoke_offline(const Authority& issuer, const Crl& before,
                           std::span<const Certificate> revoked, RevocationReason reason,
                           Instant now);

}  // namespace set::ca
