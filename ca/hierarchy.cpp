#include "ca/hierarchy.h"

#include <algorithm>

#include "ca/lint.h"
#include "ca/profile.h"
#include "ca/revocation.h"
#include "common/crypto/certificate_pem.h"
#include "common/crypto/digest.h"
#include "common/enrollment/enrollee.h"

namespace set::ca {
namespace {

constexpr std::string_view kDaemonName = "set-ca";

constexpr OnlineKeyRow kOnlineKeys[] = {
    {"cca", Role::cca, KeyUse::certificate_signing, true},
    {"mca", Role::mca, KeyUse::certificate_signing, true},
    {"pca", Role::pca, KeyUse::certificate_signing, true},
    {"signature", Role::cca, KeyUse::signature, false},
    {"bci", Role::bca, KeyUse::signature, false},
    {kKeyExchangeName, Role::cca, KeyUse::key_exchange, false},
};

CertificateTemplate profile_of(const OnlineKeyRow& row, const ProfileContext& context,
                               Instant now) {
  if (row.role == Role::bca) return bci_profile(context, now);
  return row.use == KeyUse::certificate_signing ? authority_profile(context, row.role, now)
                                                : message_key_profile(context, row.use, now);
}

ProfileContext context_of(const HierarchySpec& spec) {
  ProfileContext context{spec.brand, spec.public_url};
  context.geopolitical = !spec.geopolitical.empty();
  return context;
}

/// What a CA's certificate is made by: signed, and then held to the profile like everybody's.
Result<Certificate> issue_linted(const CertificateTemplate& contents, ByteView public_key,
                                 const Certificate* issuer, const Signer& key, Rng& rng) {
  TRY(require_clean(lint_subject(contents, public_key, issuer)));
  return issue_certificate(contents, public_key, issuer, key, rng);
}

Result<RootKeys> certify_root(StoredSigner key, StoredSigner next, Instant now, Rng& rng) {
  // "R(n) carries hashedRootKey = digest of the SubjectPublicKeyInfo of R(n+1)" (set-1997 §1.2)
  const auto contents = root_profile(now, bytes_of(sha384(next.public_key()).view()));
  auto certificate = TRY(issue_linted(contents, key.public_key(), nullptr, key, rng));
  return RootKeys{{std::move(key), std::move(certificate)}, std::move(next)};
}

Result<Authority> make_authority(const CertificateTemplate& contents, const Authority& issuer,
                                 const KeyToken* token, Rng& rng) {
  auto key = TRY(StoredSigner::generate(SignatureAlgorithm::ml_dsa_87, token, rng));
  auto certificate =
      TRY(issue_linted(contents, key.public_key(), &issuer.certificate, issuer.key, rng));
  return Authority{std::move(key), std::move(certificate)};
}

/// keys.signers' entry of this name, moved out together with its certificate.
Authority take(OnlineKeys& keys, const OnlineChains& chains, const std::string& name) {
  return {std::move(keys.signers.at(name)), chains.at(name).leaf};
}

}  // namespace

Result<void> check_spec(const HierarchySpec& spec) {
  CHECK_OR_FAIL(brand_from_wire(spec.brand), ErrorCode::invalid_argument,
                "--brand must have 1 to 40 letters, digits, spaces or : . _ -");
  CHECK_OR_FAIL(spec.brand != kAnyBrand, ErrorCode::invalid_argument,
                "--brand: \"any\" asks for whichever brand a CA serves, so no brand has that name");
  CHECK_OR_FAIL(spec.public_url.empty() ||
                    (spec.public_url.starts_with("http://") && !spec.public_url.ends_with('/')),
                ErrorCode::invalid_argument,
                "--public-url must be http://host[:port] without a slash at its end");
  CHECK_OR_FAIL(spec.geopolitical.empty() || brand_from_wire(spec.geopolitical),
                ErrorCode::invalid_argument,
                "--geopolitical must have 1 to 40 letters, digits, spaces or : . _ -");
  return {};
}

Result<RootKeys> make_root(Instant now, Rng& rng, const KeyToken* token) {
  auto key = TRY(StoredSigner::generate(SignatureAlgorithm::ml_dsa_87, token, rng));
  auto next = TRY(StoredSigner::generate(SignatureAlgorithm::ml_dsa_87, token, rng));
  return certify_root(std::move(key), std::move(next), now, rng);
}

Result<RootKeys> make_next_root(StoredSigner announced, StoredSigner next, Instant now, Rng& rng) {
  return certify_root(std::move(announced), std::move(next), now, rng);
}

Result<BrandKeys> make_brand(const HierarchySpec& spec, const Authority& root, Instant now,
                             Rng& rng, const KeyToken* token) {
  TRY(check_spec(spec));
  const auto context = context_of(spec);
  auto brand = TRY(make_authority(brand_profile(context, now), root, token, rng));
  std::optional<Authority> geopolitical;
  if (context.geopolitical) {
    geopolitical =
        TRY(make_authority(geopolitical_profile(context, spec.geopolitical, now), brand, token, rng));
  }
  return BrandKeys{std::move(brand), std::move(geopolitical)};
}

Result<Certificate> certify_brand(const HierarchySpec& spec, const Signer& brand,
                                  const Authority& root, Instant now, Rng& rng) {
  return issue_linted(brand_profile(context_of(spec), now), brand.public_key(),
                      &root.certificate, root.key, rng);
}

Result<OnlineKeys> make_online_keys(const std::string& brand, Instant now, Rng& rng,
                                    const KeyToken* token) {
  std::map<std::string, StoredSigner> signers;
  for (const auto& row : kOnlineKeys) {
    if (row.use == KeyUse::key_exchange) continue;
    auto signer = TRY(StoredSigner::generate(SignatureAlgorithm::ml_dsa_65, token, rng));
    signers.emplace(row.name, std::move(signer));
  }
  auto tls_key = TlsKey::generate(rng);
  auto tls_pem = TRY(issue_tls_certificate(transport_root_profile({brand, ""}, now),
                                           tls_key.public_key, "", tls_key.private_key_pem, rng));
  return OnlineKeys{std::move(signers), KemPrivateKey::generate(rng),
                    TransportRoot{std::move(tls_key.private_key_pem), std::move(tls_pem)}};
}

std::span<const OnlineKeyRow> online_key_rows() { return kOnlineKeys; }

PublicKeys public_keys_of(const OnlineKeys& keys) {
  PublicKeys out;
  for (const auto& [name, signer] : keys.signers) out.emplace(name, signer.public_key());
  out.emplace(kKeyExchangeName, keys.key_exchange.public_key().spki());
  return out;
}

Result<OnlineChains> certify_online(const HierarchySpec& spec, const Certifiers& by,
                                    const PublicKeys& keys, Instant now, Rng& rng) {
  const auto context = context_of(spec);
  OnlineChains chains;
  for (const auto& row : kOnlineKeys) {
    const auto key = keys.find(std::string(row.name));
    CHECK_OR_FAIL(key != keys.end(), ErrorCode::invalid_argument,
                  "the key \"" + std::string(row.name) + "\" is missing");
    const bool below = row.by_geopolitical && by.geopolitical != nullptr;
    const Authority& issuer = below ? *by.geopolitical : by.brand;
    auto contents = profile_of(row, context, now);
    contents.not_after = std::min(contents.not_after, issuer.certificate.not_after());
    auto leaf = TRY(issue_linted(contents, key->second, &issuer.certificate, issuer.key, rng));
    Chain chain{std::move(leaf), {by.brand.certificate}};
    if (below) chain.issuers.insert(chain.issuers.begin(), issuer.certificate);
    chains.emplace(row.name, std::move(chain));
  }
  return chains;
}

Result<OfflineCrls> make_offline_crls(const Certifiers& by, Instant now) {
  auto root = TRY(make_offline_crl(by.root, 1, {}, now));
  auto brand = TRY(make_offline_crl(by.brand, 1, {}, now));
  OfflineCrls lists{{std::move(root)}, std::move(brand), std::nullopt};
  if (by.geopolitical != nullptr) {
    lists.geopolitical = TRY(make_offline_crl(*by.geopolitical, 1, {}, now));
  }
  return lists;
}

Result<std::string> make_trust_pem(const std::vector<Certificate>& roots,
                                   const Signer& newest,
                                   const std::string& transport_root_pem,
                                   const std::vector<Certificate>& brands, Instant now, Rng& rng) {
  const auto facts = TRY(tls_certificate_facts(transport_root_pem));
  const auto from = now - kBackdating;
  const auto cross =
      TRY(cross_certify_transport_root(transport_root_pem, roots.back(), newest, from,
                                       std::min(facts.not_after, roots.back().not_after()), rng));
  std::string pem;
  for (const auto& root : roots) pem += root.pem();
  pem += transport_root_pem + certificate_pem(cross);
  for (const auto& brand : brands) pem += brand.pem();
  return pem;
}

Result<Hierarchy> make_hierarchy(const HierarchySpec& spec, Instant now, Rng& rng,
                                 const KeyPlaces& places) {
  TRY(check_spec(spec));
  auto root = TRY(make_root(now, rng, places.safe));
  auto brand = TRY(make_brand(spec, root.root, now, rng, places.safe));
  auto keys = TRY(make_online_keys(spec.brand, now, rng, places.online));
  const Certifiers by{root.root, brand.brand, brand.geopolitical ? &*brand.geopolitical : nullptr};
  auto chains = TRY(certify_online(spec, by, public_keys_of(keys), now, rng));
  auto trust_pem = TRY(make_trust_pem({root.root.certificate}, root.root.key,
                                      keys.transport.certificate_pem, {}, now, rng));
  auto lists = TRY(make_offline_crls(by, now));
  auto bci = take(keys, chains, "bci");
  OperatingAuthorities operating{take(keys, chains, "cca"), take(keys, chains, "mca"),
                                 take(keys, chains, "pca")};
  if (brand.geopolitical) operating.geopolitical = brand.geopolitical->certificate;
  MessageKeys messages{std::move(keys.signers.at("signature")), chains.at("signature"),
                       std::move(keys.key_exchange), chains.at(std::string(kKeyExchangeName))};
  return Hierarchy{std::move(root.root),          std::move(root.next),   std::move(brand.brand),
                   std::move(brand.geopolitical), std::move(operating),   std::move(messages),
                   std::move(bci),                std::move(lists),       std::move(keys.transport),
                   std::move(trust_pem),          std::move(chains)};
}

Result<DaemonTls> issue_daemon_tls(const TransportRoot& transport, const std::string& brand,
                                   const std::vector<std::string>& hosts,
                                   const Lifetimes& lifetimes, Instant now, Rng& rng) {
  auto key = TlsKey::generate(rng);
  const ProfileContext context{brand, "", lifetimes};
  const auto contents =
      tls_profile(context, {PartyRole::ca, brand, std::string(kDaemonName)}, hosts, now);
  auto certificate = TRY(issue_tls_certificate(contents, key.public_key, transport.certificate_pem,
                                               transport.private_key_pem, rng));
  return DaemonTls{std::move(key.private_key_pem), std::move(certificate)};
}

}  // namespace set::ca
