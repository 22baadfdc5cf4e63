#include "tests/support/pki.h"

#include "ca/hierarchy.h"
#include "ca/issuance.h"
#include "ca/profile.h"
#include "common/base/assert.h"

namespace set::test {
namespace {

template <class T>
T must(Result<T> result) {
  SET_ASSERT(result.has_value());
  return std::move(*result);
}

/// System randomness: test PKIs are made anew in every process.
Rng& rng() { return Rng::system(); }

}  // namespace

struct TestPki::Impl {
  ca::Hierarchy hierarchy;
  ca::ProfileContext context;
  Instant now;
  std::shared_ptr<const Trust> trust;
  std::shared_ptr<const Party> ca;

  Chain chain(Certificate leaf, const ca::Authority& issuer) const {
    return {std::move(leaf), {issuer.certificate, hierarchy.brand.certificate}};
  }
  TestParty party(const ca::Authority& issuer, const CertificateTemplate& signature,
                  const CertificateTemplate& key_exchange, std::vector<std::string> hosts) const;
};

PANData TestCardholder::pan_data(Rng& random) const {
  return PANData{must(Pan::parse(pan)), must(CardExpiry::parse(expiry)), pan_secret.clone(),
                 random.secret(kCardSecretBytes),
                 must(CardVerificationValue::parse(kVerification))};
}

TlsIdentity TestParty::tls() const {
  return {tls_chain_pem, Secret<std::string>(tls_key_pem), tls_root_pem};
}

NewIdentity TestParty::identity() const {
  return NewIdentity{
      .signature_key = signature_key.clone(),
      .key_exchange_key = key_exchange_key.clone(),
      .signature = party->signature.value(),
      .key_exchange = party->key_exchange,
      .tls = tls(),
      .trust_pem = trust_pem,
  };
}

TestPki::TestPki(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
TestPki::TestPki(TestPki&&) noexcept = default;
TestPki::~TestPki() = default;

const TestPki& TestPki::get() {
  static const TestPki pki = make(kBrand, system_clock()(), rng());
  return pki;
}

TestPki TestPki::make(std::string_view brand, Instant now, Rng& random) {
  auto hierarchy = must(ca::make_hierarchy({std::string(brand), ""}, now, random));
  auto trust = std::make_shared<const Trust>(must(Trust::parse(hierarchy.trust_pem, "", now)));
  const auto& keys = hierarchy.messages;
  const auto signer = keys.signature.stored();
  const auto seed = keys.key_exchange.seed();
  auto party = std::make_shared<const Party>(Party{
      trust,
      std::make_shared<const SoftwareSigner>(must(SoftwareSigner::from_pkcs8(signer.reveal()))),
      keys.signature_chain,
      std::make_shared<const KemPrivateKey>(must(KemPrivateKey::from_seed(seed.reveal()))),
      keys.key_exchange_chain});
  return TestPki(std::make_unique<Impl>(Impl{
      std::move(hierarchy), {std::string(brand), ""}, now, std::move(trust), std::move(party)}));
}

Instant TestPki::now() const { return impl_->now; }
std::shared_ptr<const Trust> TestPki::trust() const { return impl_->trust; }
const std::string& TestPki::trust_pem() const { return impl_->hierarchy.trust_pem; }
std::string TestPki::root_fingerprint() const { return impl_->trust->root().thumbprint().hex(); }
const std::string& TestPki::brand() const { return impl_->context.brand; }
std::shared_ptr<const Party> TestPki::ca() const { return impl_->ca; }

TestCardholder TestPki::cardholder(std::string_view pan, std::string_view expiry) const {
  const auto& cca = impl_->hierarchy.operating.cca;
  auto key = std::make_shared<const SoftwareSigner>(
      SoftwareSigner::generate(SignatureAlgorithm::ml_dsa_65, rng()));
  auto card_secret = rng().secret(kCardSecretBytes);
  const auto nonce = rng().make<NonceCCA>();
  auto pan_secret =
      derive_pan_secret(card_secret.reveal(), nonce.view(), brand(), key->public_key());
  const auto number = must(Pan::parse(pan));
  const auto expires = must(CardExpiry::parse(expiry));
  const auto contents = ca::cardholder_profile(
      impl_->context, cardholder_pseudonym(number, expires, pan_secret.reveal()), "Sandbox Bank",
      expires.end(), cca.certificate, now());
  auto leaf = must(ca::issue(must(ca::prepare(contents, key->public_key(), cca, now())), rng()));
  Party party{impl_->trust, key, impl_->chain(std::move(leaf), cca), nullptr, std::nullopt};
  return TestCardholder{std::move(party), std::string(pan), std::string(expiry),
                        std::move(card_secret), std::move(pan_secret)};
}

TestParty TestPki::Impl::party(const ca::Authority& issuer, const CertificateTemplate& signature,
                               const CertificateTemplate& key_exchange,
                               std::vector<std::string> hosts) const {
  auto signer = std::make_shared<const SoftwareSigner>(
      SoftwareSigner::generate(SignatureAlgorithm::ml_dsa_65, rng()));
  auto kem = std::make_shared<const KemPrivateKey>(KemPrivateKey::generate(rng()));
  auto leaf =
      must(ca::issue(must(ca::prepare(signature, signer->public_key(), issuer, now)), rng()));
  auto kem_leaf = must(
      ca::issue(must(ca::prepare(key_exchange, kem->public_key().spki(), issuer, now)), rng()));
  const auto tls_key = TlsKey::generate(rng());
  auto tls = must(issue_tls_certificate(
      ca::tls_profile(context, party_name(leaf).value(), std::move(hosts), now), tls_key.public_key,
      hierarchy.transport.certificate_pem, hierarchy.transport.private_key_pem, rng()));
  TestParty out;
  out.party = std::make_shared<const Party>(Party{trust, signer, chain(std::move(leaf), issuer),
                                                  kem, chain(std::move(kem_leaf), issuer)});
  out.tls_chain_pem = std::move(tls);
  out.tls_key_pem = tls_key.private_key_pem.reveal();
  out.tls_root_pem = trust->transport_root_pem();
  out.signature_key = signer->pkcs8();
  out.key_exchange_key = kem->seed();
  out.trust_pem = hierarchy.trust_pem;
  return out;
}

TestParty TestPki::merchant(std::string_view id, std::string_view name,
                            std::vector<std::string> hosts) const {
  const auto& mca = impl_->hierarchy.operating.mca;
  const MerchantData data{
      std::string(id), std::string(kBin), std::string(name), "Berlin", 276, false};
  return impl_->party(
      mca, ca::merchant_profile(impl_->context, data, KeyUse::signature, mca.certificate, now()),
      ca::merchant_profile(impl_->context, data, KeyUse::key_exchange, mca.certificate, now()),
      std::move(hosts));
}

TestParty TestPki::gateway(std::string_view id, std::vector<std::string> hosts) const {
  const auto& pca = impl_->hierarchy.operating.pca;
  return impl_->party(
      pca, ca::gateway_profile(impl_->context, id, kBin, KeyUse::signature, pca.certificate, now()),
      ca::gateway_profile(impl_->context, id, kBin, KeyUse::key_exchange, pca.certificate, now()),
      std::move(hosts));
}

TlsIdentity TestPki::tls(const PartyName& party, std::vector<std::string> hosts) const {
  const auto& transport = impl_->hierarchy.transport;
  const auto key = TlsKey::generate(rng());
  auto chain = must(issue_tls_certificate(
      ca::tls_profile(impl_->context, party, std::move(hosts), now()), key.public_key, transport.certificate_pem,
      transport.private_key_pem, rng()));
  return {std::move(chain), Secret<std::string>(key.private_key_pem.reveal()),
          transport.certificate_pem};
}

Result<Chain> TestPki::issue(const CertificateTemplate& contents, ByteView public_key,
                             std::string_view ca) const {
  const auto& h = impl_->hierarchy;
  const auto sign = [&](const ca::Authority& issuer,
                        std::vector<Certificate> issuers) -> Result<Chain> {
    auto leaf =
        TRY(issue_certificate(contents, public_key, &issuer.certificate, issuer.key, rng()));
    return Chain{std::move(leaf), std::move(issuers)};
  };
  const auto& brand_certificate = h.brand.certificate;
  if (ca == "root") return sign(h.root, {});
  if (ca == "brand") return sign(h.brand, {brand_certificate});
  if (ca == "cca") return sign(h.operating.cca, {h.operating.cca.certificate, brand_certificate});
  if (ca == "mca") return sign(h.operating.mca, {h.operating.mca.certificate, brand_certificate});
  SET_ASSERT(ca == "pca");
  return sign(h.operating.pca, {h.operating.pca.certificate, brand_certificate});
}

std::string sandbox_cards_path() { return SET_SOURCE_DIR "/deploy/sandbox/cards.toml"; }

}  // namespace set::test
