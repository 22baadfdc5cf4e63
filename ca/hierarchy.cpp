#include "ca/hierarchy.h"

#include "ca/profile.h"
#include "common/crypto/certificate_pem.h"
#include "common/crypto/digest.h"
#include "common/enrollment/enrollee.h"

namespace set::ca {
namespace {

constexpr std::string_view kDaemonName = "set-ca";

Result<void> check_spec(const HierarchySpec& spec) {
  CHECK_OR_FAIL(brand_from_wire(spec.brand), ErrorCode::invalid_argument,
                "--brand must have 1 to 40 letters, digits, spaces or : . _ -");
  CHECK_OR_FAIL(spec.brand != kAnyBrand, ErrorCode::invalid_argument,
                "--brand: \"any\" asks for whichever brand a CA serves, so no brand has that name");
  CHECK_OR_FAIL(spec.public_url.empty() ||
                    (spec.public_url.starts_with("http://") && !spec.public_url.ends_with('/')),
                ErrorCode::invalid_argument,
                "--public-url must be http://host[:port] without a slash at its end");
  return {};
}

Result<Authority> make_root(const SoftwareSigner& next_root, Instant now, Rng& rng) {
  auto key = SoftwareSigner::generate(SignatureAlgorithm::ml_dsa_87, rng);
  // "R(n) carries hashedRootKey = digest of the SubjectPublicKeyInfo of R(n+1)" (set-1997 §1.2)
  const auto contents = root_profile(now, bytes_of(sha384(next_root.public_key()).view()));
  auto certificate = TRY(issue_certificate(contents, key.public_key(), nullptr, key, rng));
  return Authority{std::move(key), std::move(certificate)};
}

Result<Authority> make_authority(const CertificateTemplate& contents, SignatureAlgorithm algorithm,
                                 const Authority& issuer, Rng& rng) {
  auto key = SoftwareSigner::generate(algorithm, rng);
  auto certificate =
      TRY(issue_certificate(contents, key.public_key(), &issuer.certificate, issuer.key, rng));
  return Authority{std::move(key), std::move(certificate)};
}

Result<OperatingAuthorities> make_operating(const ProfileContext& context, const Authority& brand,
                                            Instant now, Rng& rng) {
  const auto make = [&](Role role) {
    return make_authority(authority_profile(context, role, now), SignatureAlgorithm::ml_dsa_65,
                          brand, rng);
  };
  auto cca = TRY(make(Role::cca));
  auto mca = TRY(make(Role::mca));
  auto pca = TRY(make(Role::pca));
  return OperatingAuthorities{std::move(cca), std::move(mca), std::move(pca)};
}

Result<MessageKeys> make_message_keys(const ProfileContext& context, const Authority& brand,
                                      Instant now, Rng& rng) {
  auto signature = TRY(make_authority(message_key_profile(context, KeyUse::signature, now),
                                      SignatureAlgorithm::ml_dsa_65, brand, rng));
  auto kem = KemPrivateKey::generate(rng);
  auto key_exchange =
      TRY(issue_certificate(message_key_profile(context, KeyUse::key_exchange, now),
                            kem.public_key().spki(), &brand.certificate, brand.key, rng));
  return MessageKeys{std::move(signature.key), Chain{signature.certificate, {brand.certificate}},
                     std::move(kem), Chain{std::move(key_exchange), {brand.certificate}}};
}

}  // namespace

Result<Hierarchy> make_hierarchy(const HierarchySpec& spec, Instant now, Rng& rng) {
  TRY(check_spec(spec));
  const ProfileContext context{spec.brand, spec.public_url};
  auto next_root = SoftwareSigner::generate(SignatureAlgorithm::ml_dsa_87, rng);
  auto root = TRY(make_root(next_root, now, rng));
  auto brand =
      TRY(make_authority(brand_profile(context, now), SignatureAlgorithm::ml_dsa_87, root, rng));
  auto operating = TRY(make_operating(context, brand, now, rng));
  auto messages = TRY(make_message_keys(context, brand, now, rng));

  auto tls_key = TlsKey::generate(rng);
  const auto tls_root = transport_root_profile(context, now);
  auto tls_pem =
      TRY(issue_tls_certificate(tls_root, tls_key.public_key, "", tls_key.private_key_pem, rng));
  const auto cross = TRY(cross_certify_transport_root(
      tls_pem, root.certificate, root.key, tls_root.not_before, tls_root.not_after, rng));
  auto trust_pem = root.certificate.pem() + tls_pem + certificate_pem(cross);
  return Hierarchy{
      std::move(root),     std::move(next_root),
      std::move(brand),    std::move(operating),
      std::move(messages), TransportRoot{std::move(tls_key.private_key_pem), std::move(tls_pem)},
      std::move(trust_pem)};
}

Result<DaemonTls> issue_daemon_tls(const TransportRoot& transport, const std::string& brand,
                                   const std::vector<std::string>& hosts, Instant now, Rng& rng) {
  auto key = TlsKey::generate(rng);
  const auto contents = tls_profile({brand, ""}, "ca", kDaemonName, hosts, now);
  auto certificate = TRY(issue_tls_certificate(contents, key.public_key, transport.certificate_pem,
                                               transport.private_key_pem, rng));
  return DaemonTls{std::move(key.private_key_pem), std::move(certificate)};
}

}  // namespace set::ca
