#include "ca/profile.h"

#include <algorithm>

namespace set::ca {
namespace {

constexpr std::string_view kRootName = "OpenSET Root";

std::string_view issuer_file(Role role) {
  switch (role) {
    case Role::rca:
      return "root";
    case Role::bca:
      return "brand";
    case Role::cca:
      return "cca";
    case Role::mca:
      return "mca";
    case Role::pca:
      return "pca";
    case Role::gca:
      return "gca";
    case Role::cardholder:
    case Role::merchant:
    case Role::gateway:
      break;
  }
  return "";
}

/// Where the issuer's certificate and its list of revoked certificates are to be had.
void add_urls(CertificateTemplate& contents, const ProfileContext& context, Role issuer) {
  if (context.public_url.empty()) return;
  const std::string name(issuer_file(issuer));
  contents.crl_url = context.public_url + "/crl/" + name + ".crl";
  contents.issuer_url = context.public_url + "/certs/" + name + ".der";
}

/// A short life begins less long before its first day, or it would be over too soon.
Duration backdating(Duration validity) { return std::min<Duration>(kBackdating, validity / 10); }

CertificateTemplate base(const ProfileContext& context, Role issuer, Instant now,
                         Duration validity) {
  CertificateTemplate out;
  out.organization = context.brand;
  out.not_before = now - backdating(validity);
  out.not_after = now + validity;
  add_urls(out, context, issuer);
  return out;
}

std::string_view unit_of(Role role) {
  return role == Role::cca   ? "Cardholder Certificate Authority"
         : role == Role::mca ? "Merchant Certificate Authority"
                             : "Payment Gateway Certificate Authority";
}

std::string acquirer_unit(std::string_view bin) { return "Acquirer " + std::string(bin); }

}  // namespace

CertificateTemplate root_profile(Instant now, Bytes hashed_root_key) {
  CertificateTemplate out;
  out.organization = kRootName;
  out.roles = {Role::rca};
  out.key_use = KeyUse::certificate_signing;
  out.is_ca = true;
  out.path_limit = 3;  // brand, [geopolitical], operating CA
  out.not_before = now - kBackdating;
  out.not_after = now + kRootValidity;
  out.hashed_root_key = std::move(hashed_root_key);
  return out;
}

CertificateTemplate brand_profile(const ProfileContext& context, Instant now) {
  auto out = base(context, Role::rca, now, kBrandValidity);
  out.organizational_unit = "Brand Certificate Authority";
  out.roles = {Role::bca};
  out.key_use = KeyUse::certificate_signing;
  out.is_ca = true;
  out.path_limit = 2;
  return out;
}

CertificateTemplate geopolitical_profile(const ProfileContext& context, std::string_view name,
                                         Instant now) {
  auto out = base(context, Role::bca, now, kGeopoliticalValidity);
  out.organizational_unit = name;
  out.roles = {Role::gca};
  out.key_use = KeyUse::certificate_signing;
  out.is_ca = true;
  out.path_limit = 1;
  return out;
}

CertificateTemplate authority_profile(const ProfileContext& context, Role role, Instant now) {
  auto out = base(context, context.geopolitical ? Role::gca : Role::bca, now, kAuthorityValidity);
  out.organizational_unit = unit_of(role);
  out.roles = {role};
  out.key_use = KeyUse::certificate_signing;
  out.is_ca = true;
  out.path_limit = 0;
  return out;
}

CertificateTemplate message_key_profile(const ProfileContext& context, KeyUse use, Instant now) {
  auto out = base(context, Role::bca, now, kAuthorityValidity);
  out.organizational_unit = "Certificate Authority";
  out.common_name = use == KeyUse::signature ? "Message signature" : "Key exchange";
  out.roles = {Role::cca, Role::mca, Role::pca};
  out.key_use = use;
  return out;
}

CertificateTemplate bci_profile(const ProfileContext& context, Instant now) {
  auto out = base(context, Role::bca, now, kAuthorityValidity);
  out.organizational_unit = "Brand Certificate Authority";
  out.common_name = "Brand CRL identifier";
  out.roles = {Role::bca};
  out.key_use = KeyUse::signature;
  return out;
}

CertificateTemplate cardholder_profile(const ProfileContext& context, std::string_view pseudonym,
                                       std::string_view issuer_name, Instant card_end,
                                       const Certificate& issuer, Instant now) {
  auto out = base(context, Role::cca, now, context.lifetimes.cardholder);
  out.organizational_unit = issuer_name;
  out.common_name = pseudonym;
  out.roles = {Role::cardholder};
  // "a cardholder certificate's notAfter may not lie beyond the card's expiry" (set-1997 §1.3)
  const Instant last = card_end - std::chrono::seconds(1);
  out.not_after = std::min({out.not_after, last, issuer.not_after()});
  return out;
}

CertificateTemplate merchant_profile(const ProfileContext& context, const MerchantData& merchant,
                                     KeyUse use, const Certificate& issuer, Instant now) {
  auto out = base(context, Role::mca, now, context.lifetimes.party);
  out.organizational_unit = acquirer_unit(merchant.acquirer_bin);
  out.common_name = merchant.name;
  out.roles = {Role::merchant};
  out.key_use = use;
  out.merchant_data = merchant;
  out.not_after = std::min(out.not_after, issuer.not_after());
  return out;
}

CertificateTemplate gateway_profile(const ProfileContext& context, std::string_view gateway_id,
                                    std::string_view bin, KeyUse use, const Certificate& issuer,
                                    Instant now) {
  auto out = base(context, Role::pca, now, context.lifetimes.party);
  out.organizational_unit = acquirer_unit(bin);
  out.common_name = gateway_id;
  out.roles = {Role::gateway};
  out.key_use = use;
  if (use == KeyUse::key_exchange) {
    out.card_cert_required = true;  // "No unsigned mode: a cardholder always signs" (protocol §4)
    out.tunneling = true;
  }
  out.not_after = std::min(out.not_after, issuer.not_after());
  return out;
}

TlsTemplate transport_root_profile(const ProfileContext& context, Instant now) {
  TlsTemplate out;
  out.organization = context.brand;
  out.organizational_unit = "Transport";
  out.common_name = "OpenSET Transport Root";
  out.is_ca = true;
  out.not_before = now - kBackdating;
  out.not_after = now + kBrandValidity;
  return out;
}

TlsTemplate tls_profile(const ProfileContext& context, const PartyName& party,
                        std::vector<std::string> hosts, Instant now) {
  TlsTemplate out;
  out.organization = party.brand;
  out.organizational_unit = to_string(party.role);
  out.common_name = party.name;
  out.hosts = std::move(hosts);
  out.not_before = now - backdating(context.lifetimes.tls);
  out.not_after = now + context.lifetimes.tls;
  return out;
}

}  // namespace set::ca
