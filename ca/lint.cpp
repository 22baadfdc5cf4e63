#include "ca/lint.h"

#include <algorithm>

#include "ca/profile.h"
#include "common/crypto/certificate_details.h"
#include "common/crypto/kem.h"

namespace set::ca {
namespace {

// SubjectPublicKeyInfo of ML-DSA keys: 1952 and 2592 octets and 22 of DER around them. That the key
// works is known from the signature that came with it.
constexpr std::size_t kMlDsa65SpkiBytes = 1974;
constexpr std::size_t kMlDsa87SpkiBytes = 2614;
constexpr std::size_t kMaxNameBytes = 64;       // X.520's bound of each of the three
constexpr std::size_t kPseudonymCharacters = 64;  // base64url of 48 octets
constexpr std::size_t kFewestSerialDigits = 16;  // 64 bits
constexpr std::size_t kMostSerialDigits = 40;    // 20 octets
constexpr std::uint8_t kP256[] = {0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce,
                                  0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d,
                                  0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04};
constexpr std::size_t kP256SpkiBytes = 91;

bool is_end_entity(Role role) {
  return role == Role::cardholder || role == Role::merchant || role == Role::gateway;
}

bool is_operating(Role role) { return role == Role::cca || role == Role::mca || role == Role::pca; }

/// The CA daemon's message keys are of three roles; everything else is of one.
bool is(const LintSubject& s, Role role) {
  return s.contents.roles.size() == 1 && s.contents.roles.front() == role;
}

bool is_end_entity(const LintSubject& s) {
  return s.contents.roles.size() == 1 && is_end_entity(s.contents.roles.front());
}

// --- names ---

bool is_plain(std::string_view text) {
  const auto control = [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
  };
  return std::ranges::none_of(text, control) && !text.starts_with(' ') && !text.ends_with(' ');
}

bool names_are_short(const LintSubject& s) {
  const auto& c = s.contents;
  return c.organization.size() <= kMaxNameBytes && c.organizational_unit.size() <= kMaxNameBytes &&
         c.common_name.size() <= kMaxNameBytes;
}

bool names_are_plain(const LintSubject& s) {
  const auto& c = s.contents;
  return is_plain(c.organization) && is_plain(c.organizational_unit) && is_plain(c.common_name);
}

bool has_organization(const LintSubject& s) { return !s.contents.organization.empty(); }

bool is_of_issuers_brand(const LintSubject& s) {
  return !s.issuer || s.issuer->has_role(Role::rca) || s.contents.organization == s.issuer->brand();
}

bool has_common_name(const LintSubject& s) {
  return !is_end_entity(s) || !s.contents.common_name.empty();
}

bool is_pseudonym(const LintSubject& s) {
  if (!is(s, Role::cardholder)) return true;
  const auto base64url = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
  };
  const auto& name = s.contents.common_name;
  return name.size() == kPseudonymCharacters && std::ranges::all_of(name, base64url);
}

// --- dates ---

bool ends_after_it_begins(const LintSubject& s) {
  return s.contents.not_before < s.contents.not_after;
}

bool lies_within_issuer(const LintSubject& s) {
  return !s.issuer || (s.contents.not_before >= s.issuer->not_before() &&
                       s.contents.not_after <= s.issuer->not_after());
}

Duration longest_life(const LintSubject& s) {
  if (is(s, Role::cardholder)) return kCardholderValidity;
  if (is_end_entity(s)) return kPartyValidity;
  if (is(s, Role::rca)) return kRootValidity;
  return kBrandValidity;
}

bool lives_no_longer(const LintSubject& s) {
  return s.contents.not_after - s.contents.not_before <= longest_life(s) + kBackdating;
}

// --- roles, usage, constraints ---

bool has_one_role(const LintSubject& s) {
  const auto& roles = s.contents.roles;
  const bool message_key = s.contents.key_use != KeyUse::certificate_signing && roles.size() > 1 &&
                           std::ranges::all_of(roles, [](Role role) { return is_operating(role); });
  return roles.size() == 1 || message_key;
}

bool issuer_permits(Role subject, const Certificate& issuer) {
  switch (subject) {
    case Role::cardholder:
      return issuer.has_role(Role::cca);
    case Role::merchant:
      return issuer.has_role(Role::mca);
    case Role::gateway:
      return issuer.has_role(Role::pca);
    case Role::cca:
    case Role::mca:
    case Role::pca:
      return issuer.has_role(Role::bca) || issuer.has_role(Role::gca);
    case Role::gca:
      return issuer.has_role(Role::bca);
    case Role::bca:
    case Role::rca:
      break;
  }
  return issuer.has_role(Role::rca);
}

bool issuer_permits_roles(const LintSubject& s) {
  // The brand certifies a key of its own for its BCI (ADR 0017).
  const bool bci = is(s, Role::bca) && s.contents.key_use == KeyUse::signature;
  if (bci) return !s.issuer || s.issuer->has_role(Role::bca);
  return !s.issuer || std::ranges::all_of(s.contents.roles, [&](Role role) {
    return issuer_permits(role, *s.issuer);
  });
}

bool use_fits_role(const LintSubject& s) {
  const auto use = s.contents.key_use;
  if (is(s, Role::cardholder)) return use == KeyUse::signature;
  if (is_end_entity(s) || s.contents.roles.size() > 1) return use != KeyUse::certificate_signing;
  if (is(s, Role::bca)) return use != KeyUse::key_exchange;  // its BCI has a key of its own
  return !s.contents.roles.empty() &&
         (use == KeyUse::certificate_signing || is_operating(s.contents.roles.front()));
}

bool basic_constraints_fit(const LintSubject& s) {
  const bool signs = s.contents.key_use == KeyUse::certificate_signing;
  return s.contents.is_ca == signs && s.contents.path_limit.has_value() == signs;
}

bool operating_ca_ends_path(const LintSubject& s) {
  const bool operating = s.contents.roles.size() == 1 && is_operating(s.contents.roles.front()) &&
                         s.contents.is_ca;
  return !operating || s.contents.path_limit == 0u;
}

bool policies_fit(const LintSubject& s) {
  return s.policies.size() == s.contents.roles.size() &&
         std::ranges::all_of(s.contents.roles, [&](Role role) {
           return std::ranges::find(s.policies, policy_oid(role)) != s.policies.end();
         });
}

// --- SET's extensions ---

bool merchant_data_fits(const LintSubject& s) {
  return s.contents.merchant_data.has_value() == is(s, Role::merchant);
}

bool merchant_data_is_well_formed(const LintSubject& s) {
  const auto& data = s.contents.merchant_data;
  if (!data) return true;
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  return !data->merchant_id.empty() && data->merchant_id.size() <= 30 &&
         data->acquirer_bin.size() == 6 && std::ranges::all_of(data->acquirer_bin, digit) &&
         !data->name.empty() && data->name.size() <= kMaxNameBytes && is_plain(data->name) &&
         !data->city.empty() && data->city.size() <= kMaxNameBytes && is_plain(data->city) &&
         data->country >= 1 && data->country <= 999;
}

bool merchant_gets_no_pan(const LintSubject& s) {
  return !s.contents.merchant_data || !s.contents.merchant_data->auth_flag;
}

bool gateway_requires_certificates(const LintSubject& s) {
  const bool gateway_kem = is(s, Role::gateway) && s.contents.key_use == KeyUse::key_exchange;
  return gateway_kem ? s.contents.card_cert_required == true : !s.contents.card_cert_required;
}

bool root_key_hash_is_roots(const LintSubject& s) {
  return !s.contents.hashed_root_key || is(s, Role::rca);
}

// --- keys, serial, URLs ---

bool key_fits(const LintSubject& s) {
  if (s.contents.key_use == KeyUse::key_exchange)
    return KemPublicKey::from_spki(s.public_key).has_value();
  const bool strong = s.contents.key_use == KeyUse::certificate_signing &&
                      (is(s, Role::rca) || is(s, Role::bca));
  const auto size = s.public_key.size();
  return size == (strong ? kMlDsa87SpkiBytes : kMlDsa65SpkiBytes) ||
         (is(s, Role::gca) && size == kMlDsa87SpkiBytes);
}

bool serial_is_random(const LintSubject& s) {
  return !s.serial_hex ||
         (s.serial_hex->size() >= kFewestSerialDigits && s.serial_hex->size() <= kMostSerialDigits);
}

bool is_http(std::string_view url) {
  return url.empty() || (url.starts_with("http://") && url.size() > 7 &&
                         std::ranges::all_of(url, [](char c) { return c > ' ' && c <= '~'; }));
}

bool urls_are_http(const LintSubject& s) {
  return is_http(s.contents.crl_url) && is_http(s.contents.issuer_url);
}

bool has_crl_url(const LintSubject& s) { return is(s, Role::rca) || !s.contents.crl_url.empty(); }
bool has_issuer_url(const LintSubject& s) {
  return is(s, Role::rca) || !s.contents.issuer_url.empty();
}

constexpr LintRule kRules[] = {
    {"name-brand-present", "set-1997 §1.3", "O is there: the BrandID", Severity::error,
     has_organization},
    {"name-brand-of-issuer", "set-1997 §1.2", "O is the issuer's brand below the root",
     Severity::error, is_of_issuers_brand},
    {"name-common-name", "set-1997 §1.3", "an end entity has a CN", Severity::error,
     has_common_name},
    {"name-pseudonym", "protocol §3", "a cardholder's CN is base64url of 48 octets",
     Severity::error, is_pseudonym},
    {"name-length", "RFC 5280 appendix A.1", "each name has at most 64 octets", Severity::error,
     names_are_short},
    {"name-characters", "RFC 5280 §4.1.2.4",
     "no control characters in names, no spaces at their ends", Severity::error, names_are_plain},
    {"validity-order", "RFC 5280 §4.1.2.5", "notAfter lies after notBefore", Severity::error,
     ends_after_it_begins},
    {"validity-within-issuer", "set-1997 §1.8", "the issuer's certificate is valid all the time",
     Severity::error, lies_within_issuer},
    {"validity-length", "set-1997 §1.8", "it lives no longer than its role's certificates may",
     Severity::error, lives_no_longer},
    {"type-one-role", "set-1997 §1.5", "certificateType names one role, or the CA's three",
     Severity::error, has_one_role},
    {"type-of-issuer", "set-1997 §1.6 step 5", "the issuer's type permits the subject's",
     Severity::error, issuer_permits_roles},
    {"key-usage", "set-1997 §1.5", "keyUsage is one that the role has", Severity::error,
     use_fits_role},
    {"basic-constraints", "RFC 5280 §4.2.1.9", "cA and a path limit for signers of certificates only",
     Severity::error, basic_constraints_fit},
    {"path-limit", "set-1997 §1.2", "an operating CA certifies no other CA", Severity::error,
     operating_ca_ends_path},
    {"policy", "protocol §3", "one policy for each role, and no other", Severity::error,
     policies_fit},
    {"merchant-data", "set-1997 §1.5", "merchantData for merchants only", Severity::error,
     merchant_data_fits},
    {"merchant-data-form", "set-1997 §1.5", "merchantData's parts are in their bounds",
     Severity::error, merchant_data_is_well_formed},
    {"merchant-no-pan", "protocol §4", "merAuthFlag is FALSE: no merchant gets a card number",
     Severity::error, merchant_gets_no_pan},
    {"card-cert-required", "protocol §4", "cardCertRequired TRUE in a gateway's key exchange only",
     Severity::error, gateway_requires_certificates},
    {"hashed-root-key", "set-1997 §1.5", "hashedRootKey in a root only", Severity::error,
     root_key_hash_is_roots},
    {"key-algorithm", "RFC 9881, protocol §1",
     "ML-DSA-87 for root and brand, ML-DSA-65 below, the hybrid KEM for key exchange",
     Severity::error, key_fits},
    {"serial-entropy", "RFC 5280 §4.1.2.2, protocol §3", "64 bits or more, at most 20 octets",
     Severity::error, serial_is_random},
    {"url-form", "RFC 5280 §4.2.1.13", "URLs are http:// and printable", Severity::error,
     urls_are_http},
    {"crl-url", "protocol §3", "a CRL distribution point (serve and init with --public-url)",
     Severity::notice, has_crl_url},
    {"issuer-url", "protocol §3", "authority information access (serve and init with --public-url)",
     Severity::notice, has_issuer_url},
};

// --- the transport ---

bool tls_names_are_plain(const TlsLintSubject& s) {
  const auto& c = s.contents;
  return is_plain(c.organization) && is_plain(c.organizational_unit) && is_plain(c.common_name) &&
         c.organization.size() <= kMaxNameBytes && c.common_name.size() <= kMaxNameBytes;
}

bool tls_names_its_role(const TlsLintSubject& s) {
  const auto& unit = s.contents.organizational_unit;
  return unit == "ca" || unit == "merchant" || unit == "gateway";
}

bool tls_lives_a_week(const TlsLintSubject& s) {
  return s.contents.not_before < s.contents.not_after &&
         s.contents.not_after - s.contents.not_before <= kTlsValidity + kBackdating;
}

bool tls_has_hosts(const TlsLintSubject& s) {
  const auto host = [](const std::string& name) {
    const auto fits = [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
             std::string_view("-._:").find(c) != std::string_view::npos;
    };
    return !name.empty() && name.size() <= 253 && std::ranges::all_of(name, fits);
  };
  return !s.contents.hosts.empty() && std::ranges::all_of(s.contents.hosts, host);
}

bool tls_is_no_ca(const TlsLintSubject& s) { return !s.contents.is_ca; }

bool tls_key_is_p256(const TlsLintSubject& s) {
  return s.public_key.size() == kP256SpkiBytes &&
         std::equal(std::begin(kP256), std::end(kP256), s.public_key.begin());
}

constexpr TlsLintRule kTlsRules[] = {
    {"tls-names", "RFC 5280 §4.1.2.4", "names of at most 64 octets without control characters",
     tls_names_are_plain, true},
    {"tls-role", "protocol §3", "OU says ca, merchant or gateway", tls_names_its_role, false},
    {"tls-validity", "protocol §3", "it lives seven days at most", tls_lives_a_week, false},
    {"tls-hosts", "RFC 6125 §6.4", "subjectAltName has DNS names and IP addresses, at least one",
     tls_has_hosts, false},
    {"tls-no-ca", "RFC 5280 §4.2.1.9", "it certifies nobody", tls_is_no_ca, false},
    {"tls-key", "protocol §1", "the key is ECDSA P-256", tls_key_is_p256, true},
};

std::string sentence(std::string_view id, std::string_view text) {
  return "the certificate would break the rule " + std::string(id) + ": " + std::string(text);
}

}  // namespace

LintSubject lint_subject(const CertificateTemplate& contents, ByteView public_key,
                         const Certificate* issuer) {
  LintSubject out{contents, {}, bytes_of(public_key), std::nullopt, std::nullopt};
  if (issuer != nullptr) out.issuer = *issuer;
  if (!contents.policy_oid.empty()) {
    out.policies.push_back(contents.policy_oid);
  } else {
    for (const Role role : contents.roles) out.policies.emplace_back(policy_oid(role));
  }
  return out;
}

LintSubject lint_subject(const Certificate& certificate, const Certificate* issuer) {
  const auto details = details_of(certificate);
  LintSubject out;
  auto& c = out.contents;
  c.organization = certificate.brand();
  c.organizational_unit = certificate.organizational_unit();
  c.common_name = certificate.common_name();
  c.roles = certificate.roles();
  c.key_use = certificate.key_use();
  c.is_ca = details.is_ca;
  c.path_limit = details.path_limit;
  c.not_before = certificate.not_before();
  c.not_after = certificate.not_after();
  c.merchant_data = certificate.merchant_data();
  c.card_cert_required = certificate.card_cert_required();
  c.hashed_root_key = certificate.hashed_root_key();
  c.crl_url = details.crl_url;
  c.issuer_url = details.issuer_url;
  out.policies = certificate.policies();
  out.public_key = certificate.public_key();
  out.serial_hex = certificate.serial_hex();
  if (issuer != nullptr) out.issuer = *issuer;
  return out;
}

std::span<const LintRule> lint_rules() { return kRules; }
std::span<const TlsLintRule> tls_lint_rules() { return kTlsRules; }

std::vector<const LintRule*> lint(const LintSubject& subject) {
  std::vector<const LintRule*> broken;
  for (const auto& rule : kRules) {
    if (!rule.holds(subject)) broken.push_back(&rule);
  }
  return broken;
}

Result<TlsLintSubject> tls_lint_subject(ByteView der) {
  auto details = TRY(tls_details_of(der));
  return TlsLintSubject{std::move(details.contents), std::move(details.public_key)};
}

std::vector<const TlsLintRule*> lint(const TlsLintSubject& subject) {
  std::vector<const TlsLintRule*> broken;
  for (const auto& rule : kTlsRules) {
    if ((rule.of_ca || !subject.contents.is_ca) && !rule.holds(subject)) broken.push_back(&rule);
  }
  return broken;
}

Result<void> require_clean(const LintSubject& subject) {
  for (const auto* rule : lint(subject)) {
    CHECK_OR_FAIL(rule->severity != Severity::error, ErrorCode::invalid_argument,
                  sentence(rule->id, rule->text));
  }
  return {};
}

Result<void> require_clean(const TlsLintSubject& subject) {
  for (const auto& rule : kTlsRules) {
    CHECK_OR_FAIL(rule.holds(subject), ErrorCode::invalid_argument, sentence(rule.id, rule.text));
  }
  return {};
}

bool is_end_entity_key(ByteView public_key, KeyUse use) {
  if (use == KeyUse::key_exchange) return KemPublicKey::from_spki(public_key).has_value();
  return use == KeyUse::signature && public_key.size() == kMlDsa65SpkiBytes;
}

}  // namespace set::ca
