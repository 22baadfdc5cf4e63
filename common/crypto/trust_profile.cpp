#include "common/crypto/trust_profile.h"

#include <algorithm>

namespace set::detail {
namespace {

bool is_operating_ca(Role role) {
  return role == Role::cca || role == Role::mca || role == Role::pca;
}

// "certificateType of issuer permits the subject type (cca→card, mca→mer, pca→pgwy,
// bca→gca|cca|mca|pca, rca→bca)", and a geopolitical CA what its brand may below it.
bool may_certify(Role issuer, Role subject) {
  switch (issuer) {
    case Role::rca:
      return subject == Role::bca;
    case Role::bca:
      return subject == Role::gca || is_operating_ca(subject);
    case Role::gca:
      return is_operating_ca(subject);
    case Role::cca:
      return subject == Role::cardholder;
    case Role::mca:
      return subject == Role::merchant;
    case Role::pca:
      return subject == Role::gateway;
    case Role::cardholder:
    case Role::merchant:
    case Role::gateway:
      break;
  }
  return false;
}

Result<void> check_link(const Certificate& subject, const Certificate& issuer) {
  CHECK_OR_FAIL(issuer.key_use() == KeyUse::certificate_signing, ErrorCode::invalid_certificate,
                "an issuer's certificate is not for certificate signing");
  // The key that signs a brand's BCI is certified by the brand alone (ADR 0017).
  if (subject.has_role(Role::bca) && subject.key_use() == KeyUse::signature) {
    CHECK_OR_FAIL(issuer.has_role(Role::bca), ErrorCode::invalid_certificate,
                  "a brand's signature key is certified by the brand alone");
    return {};
  }
  const auto issuer_roles = issuer.roles();
  for (const Role role : subject.roles()) {
    const bool permitted = std::ranges::any_of(
        issuer_roles, [role](Role of_issuer) { return may_certify(of_issuer, role); });
    CHECK_OR_FAIL(permitted, ErrorCode::invalid_certificate,
                  "a " + std::string(to_string(issuer_roles.front())) + " may not certify a " +
                      std::string(to_string(role)));
  }
  // A CA daemon's own message keys are certified by its brand: were they below a
  // certificate-signing key of the same CA, that key could name other keys as the CA's.
  const bool ca_message_key =
      is_operating_ca(subject.roles().front()) && subject.key_use() != KeyUse::certificate_signing;
  CHECK_OR_FAIL(!ca_message_key || issuer.has_role(Role::bca), ErrorCode::invalid_certificate,
                "a CA's message keys are certified by the brand alone");
  return {};
}

}  // namespace

Result<void> check_path_profile(std::span<const Certificate> path, const Expected& expected) {
  CHECK_OR_FAIL(!path.empty() && path.size() <= kMaxPath, ErrorCode::invalid_certificate,
                "a certificate path has more than 5 certificates");
  const Certificate& leaf = path.front();
  CHECK_OR_FAIL(path.back().has_role(Role::rca), ErrorCode::invalid_certificate,
                "a path does not end at a root");
  for (std::size_t i = 0; i + 1 < path.size(); ++i) TRY(check_link(path[i], path[i + 1]));

  CHECK_OR_FAIL(leaf.has_role(expected.role), ErrorCode::invalid_certificate,
                "the certificate is not of a " + std::string(to_string(expected.role)));
  CHECK_OR_FAIL(leaf.key_use() == expected.use, ErrorCode::invalid_certificate,
                "the certificate is for another key use");

  // "every certificate's Organisation is the BrandID": the root alone stands above the brands.
  for (const Certificate& certificate : path.first(path.size() - 1)) {
    CHECK_OR_FAIL(certificate.brand() == leaf.brand(), ErrorCode::invalid_certificate,
                  "a path crosses brands");
  }
  CHECK_OR_FAIL(expected.brand.empty() || leaf.brand() == expected.brand,
                ErrorCode::invalid_certificate, "the certificate is of another brand");

  if (leaf.key_use() != KeyUse::certificate_signing) {
    const auto& policies = leaf.policies();
    const auto roles = leaf.roles();
    const bool named = std::ranges::any_of(roles, [&](Role role) {
      return std::ranges::find(policies, policy_oid(role)) != policies.end();
    });
    CHECK_OR_FAIL(named, ErrorCode::invalid_certificate,
                  "the certificate lacks the policy of its role");
  }
  return {};
}

}  // namespace set::detail
