#include "tests/flow/authorities.h"

#include "ca/profile.h"
#include "tests/support/pki.h"

namespace set::flow {
namespace {

Rng& rng() { return Rng::system(); }

Authorities make_authorities() {
  auto h = must(ca::make_hierarchy({std::string(test::kBrand), ""}, kStart, rng()));
  auto trust = std::make_shared<const Trust>(must(Trust::parse(h.trust_pem, "", kStart)));
  auto& keys = h.messages;
  auto party = std::make_shared<const Party>(Party{
      trust, std::make_shared<const StoredSigner>(std::move(keys.signature)),
      keys.signature_chain, std::make_shared<const KemPrivateKey>(std::move(keys.key_exchange)),
      keys.key_exchange_chain});
  return {std::move(h.root), std::move(h.brand),
          ca::LoadedCa{{std::string(test::kBrand), {"localhost"}, ""},
                       std::move(h.operating),
                       std::move(h.bci),
                       {},
                       std::move(h.transport),
                       std::move(party),
                       rng().secret(32),
                       {}}};
}

ca::Authority make_authority(const CertificateTemplate& contents, const ca::Authority& issuer) {
  auto key = StoredSigner::generate(SignatureAlgorithm::ml_dsa_65, rng());
  auto certificate =
      must(issue_certificate(contents, key.public_key(), &issuer.certificate, issuer.key, rng()));
  return {std::move(key), std::move(certificate)};
}

}  // namespace

const Authorities& home() {
  static const Authorities authorities = make_authorities();
  return authorities;
}

const Authorities& foreign() {
  static const Authorities authorities = make_authorities();
  return authorities;
}

const OtherBrand& other_brand() {
  static const OtherBrand other = [] {
    const ca::ProfileContext context{std::string(kOtherBrand), ""};
    auto brand_key = StoredSigner::generate(SignatureAlgorithm::ml_dsa_87, rng());
    auto certificate =
        must(issue_certificate(ca::brand_profile(context, kStart), brand_key.public_key(),
                               &home().root.certificate, home().root.key, rng()));
    ca::Authority brand{std::move(brand_key), std::move(certificate)};
    const auto operating = [&](Role role) {
      return make_authority(ca::authority_profile(context, role, kStart), brand);
    };
    ca::OperatingAuthorities authorities{operating(Role::cca), operating(Role::mca),
                                         operating(Role::pca)};
    return OtherBrand{std::move(brand), std::move(authorities)};
  }();
  return other;
}

}  // namespace set::flow
