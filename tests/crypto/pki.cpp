#include "pki.h"

namespace set::test {
namespace {

const KemPrivateKey& kem_of(const std::string& name) { return kem_key(name); }

Bytes spki(const std::string& kem_name) { return kem_of(kem_name).public_key().spki(); }

Certificate make_root() {
  const auto& key = signer("root", SignatureAlgorithm::ml_dsa_87);
  return must(issue_certificate(root_template(), key.public_key(), nullptr, key, Rng::system()));
}

CertificateTemplate ca_message_template(KeyUse use) {
  auto contents = ca_template({Role::cca, Role::mca, Role::pca});
  contents.key_use = use;
  contents.is_ca = false;
  contents.path_limit.reset();
  return contents;
}

struct TransportFiles {
  std::string root_pem;
  Bytes cross;
};

TransportFiles make_transport(const Certificate& root) {
  static const TlsKey key = TlsKey::generate(Rng::system());
  const TlsTemplate contents{.organization = "OpenSET Test",
                             .organizational_unit = "Transport",
                             .common_name = "Transport Root",
                             .hosts = {},
                             .is_ca = true,
                             .not_before = kNow - kDay,
                             .not_after = kNow + 365 * kDay};
  auto pem =
      must(issue_tls_certificate(contents, key.public_key, "", key.private_key_pem, Rng::system()));
  auto cross =
      must(cross_certify_transport_root(pem, root, signer("root", SignatureAlgorithm::ml_dsa_87),
                                        kNow - kDay, kNow + 365 * kDay, Rng::system()));
  return {std::move(pem), std::move(cross)};
}

}  // namespace

const SoftwareSigner& signer(const std::string& name, SignatureAlgorithm algorithm) {
  static std::map<std::string, SoftwareSigner> keys;
  const auto found = keys.find(name);
  if (found != keys.end()) return found->second;
  return keys.emplace(name, SoftwareSigner::generate(algorithm, Rng::system())).first->second;
}

const KemPrivateKey& kem_key(const std::string& name) {
  static std::map<std::string, KemPrivateKey> keys;
  const auto found = keys.find(name);
  if (found != keys.end()) return found->second;
  return keys.emplace(name, KemPrivateKey::generate(Rng::system())).first->second;
}

CertificateTemplate root_template() {
  CertificateTemplate contents;
  contents.organization = "SET Root";
  contents.roles = {Role::rca};
  contents.key_use = KeyUse::certificate_signing;
  contents.is_ca = true;
  contents.not_before = kNow - 10 * kDay;
  contents.not_after = kNow + 3650 * kDay;
  contents.crl_url = "https://ca.example/root.crl";
  return contents;
}

CertificateTemplate ca_template(std::vector<Role> roles, const std::string& brand) {
  auto contents = root_template();
  contents.organization = brand;
  contents.organizational_unit = "Test CA";
  contents.common_name = to_string(roles.front());
  contents.roles = std::move(roles);
  contents.not_after = kNow + 1000 * kDay;
  contents.issuer_url = "https://ca.example/issuer.cer";
  return contents;
}

CertificateTemplate end_template(Role role, KeyUse use, const std::string& brand) {
  CertificateTemplate contents;
  contents.organization = brand;
  contents.organizational_unit = "Test Bank";
  contents.common_name = std::string("a ") + std::string(to_string(role));
  contents.roles = {role};
  contents.key_use = use;
  contents.not_before = kNow - std::chrono::minutes(5);
  contents.not_after = kNow + 365 * kDay;
  contents.crl_url = "https://ca.example/ee.crl";
  contents.issuer_url = "https://ca.example/ca.cer";
  if (role == Role::merchant) {
    contents.merchant_data = MerchantData{.merchant_id = "M-4711",
                                          .acquirer_bin = "400000",
                                          .name = "Café Zürich",
                                          .city = "Zürich",
                                          .country = 756,
                                          .auth_flag = false};
  }
  if (role == Role::gateway && use == KeyUse::key_exchange) {
    contents.card_cert_required = true;
    contents.tunneling = true;
  }
  return contents;
}

Certificate Pki::issue(const CertificateTemplate& contents, ByteView subject_key,
                       const Certificate& issuer, const std::string& issuer_key) const {
  return must(issue_certificate(contents, subject_key, &issuer, signer(issuer_key), Rng::system()));
}

Pki::Pki()
    : root(make_root()),
      brand(issue(ca_template({Role::bca}),
                  signer("brand", SignatureAlgorithm::ml_dsa_87).public_key(), root, "root")),
      geopolitical(issue(ca_template({Role::gca}), signer("gca").public_key(), brand, "brand")),
      cca(issue(ca_template({Role::cca}), signer("cca").public_key(), brand, "brand")),
      mca(issue(ca_template({Role::mca}), signer("mca").public_key(), brand, "brand")),
      pca(issue(ca_template({Role::pca}), signer("pca").public_key(), brand, "brand")),
      cardholder(
          issue(end_template(Role::cardholder), signer("cardholder").public_key(), cca, "cca")),
      merchant(issue(end_template(Role::merchant), signer("merchant").public_key(), mca, "mca")),
      merchant_kem(
          issue(end_template(Role::merchant, KeyUse::key_exchange), spki("merchant"), mca, "mca")),
      gateway(issue(end_template(Role::gateway), signer("gateway").public_key(), pca, "pca")),
      gateway_kem(
          issue(end_template(Role::gateway, KeyUse::key_exchange), spki("gateway"), pca, "pca")),
      ca_messages(issue(ca_message_template(KeyUse::signature), signer("ca messages").public_key(),
                        brand, "brand")),
      ca_kem(issue(ca_message_template(KeyUse::key_exchange), spki("ca"), brand, "brand")) {
  const auto transport = make_transport(root);
  transport_root_pem = transport.root_pem;
  trust_pem = root.pem() + transport.root_pem + certificate_pem(transport.cross);
}

Trust Pki::trust() const { return must(Trust::parse(trust_pem, root.thumbprint().hex(), kNow)); }

const Pki& pki() {
  static const Pki built;
  return built;
}

}  // namespace set::test
