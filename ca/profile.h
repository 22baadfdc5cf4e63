// What a certificate of each role contains: names, extensions, policies, validity (set-1997 §1.3,
// §1.5, §1.8; protocol §3). The one place where these are decided. Pure.
#pragma once

#include <string>
#include <vector>

#include "common/crypto/certificate.h"
#include "common/message/party.h"

namespace set::ca {

inline constexpr Duration kBackdating = std::chrono::minutes(5);  ///< notBefore lies in the past
inline constexpr Duration kYear = std::chrono::hours(24 * 365);
inline constexpr Duration kRootValidity = 10 * kYear;
inline constexpr Duration kBrandValidity = 8 * kYear;
inline constexpr Duration kGeopoliticalValidity = 7 * kYear;
inline constexpr Duration kAuthorityValidity = 5 * kYear;  ///< CCA, MCA, PCA and the message keys
inline constexpr Duration kCardholderValidity = 2 * kYear;
inline constexpr Duration kPartyValidity = kYear;  ///< merchant, gateway
inline constexpr Duration kOfflineCrlValidity = kAuthorityValidity;  ///< of root and brand
inline constexpr Duration kTlsValidity = std::chrono::hours(24 * 7);

/// How long end entities' certificates are good. Shorter ones are for looking at renewals.
struct Lifetimes {
  Duration cardholder = kCardholderValidity;
  Duration party = kPartyValidity;
  Duration tls = kTlsValidity;
};

/// The CA's words in certificates.
struct ProfileContext {
  std::string brand;
  std::string public_url;  ///< empty = certificates have no URLs
  Lifetimes lifetimes = {};
  bool geopolitical = false;  ///< a geopolitical CA certifies the operating CAs
};

CertificateTemplate root_profile(Instant now, Bytes hashed_root_key);
CertificateTemplate brand_profile(const ProfileContext& context, Instant now);
/// `name` stands in OU: the region that it is for.
CertificateTemplate geopolitical_profile(const ProfileContext& context, std::string_view name,
                                         Instant now);
/// `role` is cca, mca or pca.
CertificateTemplate authority_profile(const ProfileContext& context, Role role, Instant now);
CertificateTemplate message_key_profile(const ProfileContext& context, KeyUse use, Instant now);
/// The brand's online key, which signs its BCI and nothing else (ADR 0017).
CertificateTemplate bci_profile(const ProfileContext& context, Instant now);

/// `not_after` of the three is cut to the issuer's; a cardholder's also to the card's expiry.
CertificateTemplate cardholder_profile(const ProfileContext& context, std::string_view pseudonym,
                                       std::string_view issuer_name, Instant card_end,
                                       const Certificate& issuer, Instant now);
CertificateTemplate merchant_profile(const ProfileContext& context, const MerchantData& merchant,
                                     KeyUse use, const Certificate& issuer, Instant now);
CertificateTemplate gateway_profile(const ProfileContext& context, std::string_view gateway_id,
                                    std::string_view bin, KeyUse use, const Certificate& issuer,
                                    Instant now);

TlsTemplate transport_root_profile(const ProfileContext& context, Instant now);
/// Names the party as its SET certificates do (party_name): peers compare the two.
TlsTemplate tls_profile(const ProfileContext& context, const PartyName& party,
                        std::vector<std::string> hosts, Instant now);

}  // namespace set::ca
