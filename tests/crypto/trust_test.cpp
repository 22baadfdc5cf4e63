#include "common/crypto/trust.h"

#include <atomic>
#include <thread>

#include "common/crypto/digest.h"
#include "forge.h"

namespace set::test {
namespace {

const Expected kCardholder{Role::cardholder, KeyUse::signature, "Test Brand"};

void check_no(const Certificate& leaf, std::span<const Certificate> others,
              const Expected& expected, ErrorCode code, Instant now = kNow) {
  CHECK(code_of(pki().trust().verify(leaf, others, expected, now)) == code);
}

Certificate forged(const Certificate& like, const SoftwareSigner& by,
                   const std::function<void(Forgery&)>& edit) {
  return must(Certificate::parse(forge(like, by, edit)));
}

CertificateTemplate ca_messages_template() {
  auto contents = ca_template({Role::cca, Role::mca, Role::pca});
  contents.key_use = KeyUse::signature;
  contents.is_ca = false;
  return contents;
}

}  // namespace

TEST_CASE("the certificates of a whole hierarchy are trusted for what they are") {
  const auto& p = pki();
  const Trust trust = p.trust();
  const auto chain = p.chain();
  const auto good = [&](const Certificate& leaf, Role role, KeyUse use) {
    must(trust.verify(leaf, chain, {role, use, "Test Brand"}, kNow));
    must(trust.verify(leaf, chain, {role, use, "Test Brand"}, kNow));  // remembered
    must(trust.verify(leaf, chain, {role, use, ""}, kNow));
  };
  good(p.cardholder, Role::cardholder, KeyUse::signature);
  good(p.merchant, Role::merchant, KeyUse::signature);
  good(p.merchant_kem, Role::merchant, KeyUse::key_exchange);
  good(p.gateway, Role::gateway, KeyUse::signature);
  good(p.gateway_kem, Role::gateway, KeyUse::key_exchange);
  for (const Role role : {Role::cca, Role::mca, Role::pca}) {
    good(p.ca_messages, role, KeyUse::signature);
    good(p.ca_kem, role, KeyUse::key_exchange);
  }
  good(p.cca, Role::cca, KeyUse::certificate_signing);
  good(p.brand, Role::bca, KeyUse::certificate_signing);
  must(trust.verify(p.root, {}, {Role::rca, KeyUse::certificate_signing, ""}, kNow));
}

TEST_CASE("a geopolitical CA may stand between the brand and the others") {
  const auto& p = pki();
  const auto cca =
      p.issue(ca_template({Role::cca}), signer("cca").public_key(), p.geopolitical, "gca");
  const auto leaf =
      p.issue(end_template(Role::cardholder), signer("cardholder").public_key(), cca, "cca");
  must(p.trust().verify(leaf, std::vector{cca, p.brand, p.geopolitical}, kCardholder, kNow));
  must(p.trust().verify(p.geopolitical, std::vector{p.brand},
                        {Role::gca, KeyUse::certificate_signing, ""}, kNow));
}

TEST_CASE("a certificate is not trusted for another role, use or brand") {
  const auto& p = pki();
  const auto chain = p.chain();
  const auto code = ErrorCode::invalid_certificate;
  check_no(p.cardholder, chain, {Role::merchant, KeyUse::signature, ""}, code);
  check_no(p.merchant, chain, {Role::cardholder, KeyUse::signature, ""}, code);
  check_no(p.merchant, chain, {Role::gateway, KeyUse::signature, ""}, code);
  check_no(p.ca_messages, chain, {Role::cardholder, KeyUse::signature, ""}, code);
  check_no(p.ca_messages, chain, {Role::bca, KeyUse::signature, ""}, code);
  check_no(p.cca, chain, {Role::cca, KeyUse::signature, ""}, code);
  check_no(p.ca_messages, chain, {Role::cca, KeyUse::certificate_signing, ""}, code);
  check_no(p.merchant_kem, chain, {Role::merchant, KeyUse::signature, ""}, code);  // KEM signs not
  check_no(p.merchant, chain, {Role::merchant, KeyUse::key_exchange, ""}, code);
  check_no(p.cardholder, chain, {Role::cardholder, KeyUse::signature, "Other Brand"}, code);
  check_no(p.cardholder, chain, {Role::cardholder, KeyUse::signature, "test brand"}, code);
  check_no(p.root, {}, {Role::bca, KeyUse::certificate_signing, ""}, code);

  // A yes for one question is no yes for another.
  const Trust trust = p.trust();
  must(trust.verify(p.cardholder, chain, kCardholder, kNow));
  CHECK_FALSE(trust.verify(p.cardholder, chain, {Role::merchant, KeyUse::signature, ""}, kNow));
  CHECK_FALSE(
      trust.verify(p.cardholder, chain, {Role::cardholder, KeyUse::key_exchange, ""}, kNow));
}

TEST_CASE("nobody certifies what is not theirs to certify") {
  const auto& p = pki();
  struct Case {
    const char* what;
    CertificateTemplate contents;
    Bytes key;
    const Certificate& issuer;
    const char* issuer_key;
    Expected expected;
  };
  const Bytes key = signer("somebody").public_key();
  const Bytes strong = signer("strong", SignatureAlgorithm::ml_dsa_87).public_key();
  const auto signing = [](Role role) { return Expected{role, KeyUse::certificate_signing, ""}; };
  const auto signs = [](Role role) { return Expected{role, KeyUse::signature, ""}; };
  const Case cases[] = {
      {"cardholder by MCA", end_template(Role::cardholder), key, p.mca, "mca",
       signs(Role::cardholder)},
      {"cardholder by PCA", end_template(Role::cardholder), key, p.pca, "pca",
       signs(Role::cardholder)},
      {"cardholder by brand", end_template(Role::cardholder), key, p.brand, "brand",
       signs(Role::cardholder)},
      {"cardholder by root", end_template(Role::cardholder), key, p.root, "root",
       signs(Role::cardholder)},
      {"merchant by CCA", end_template(Role::merchant), key, p.cca, "cca", signs(Role::merchant)},
      {"merchant by PCA", end_template(Role::merchant), key, p.pca, "pca", signs(Role::merchant)},
      {"gateway by MCA", end_template(Role::gateway), key, p.mca, "mca", signs(Role::gateway)},
      {"gateway by GCA", end_template(Role::gateway), key, p.geopolitical, "gca",
       signs(Role::gateway)},
      {"CCA by CCA", ca_template({Role::cca}), key, p.cca, "cca", signing(Role::cca)},
      {"CCA by root", ca_template({Role::cca}), key, p.root, "root", signing(Role::cca)},
      {"MCA and CCA by CCA", ca_template({Role::cca, Role::mca}), key, p.cca, "cca",
       signing(Role::mca)},
      {"brand by brand", ca_template({Role::bca}), strong, p.brand, "brand", signing(Role::bca)},
      {"GCA by GCA", ca_template({Role::gca}), key, p.geopolitical, "gca", signing(Role::gca)},
      {"GCA by root", ca_template({Role::gca}), key, p.root, "root", signing(Role::gca)},
      {"CA messages by GCA", ca_messages_template(), key, p.geopolitical, "gca", signs(Role::cca)},
      {"CA messages by CCA", ca_messages_template(), key, p.cca, "cca", signs(Role::cca)},
  };
  auto chain = p.chain();
  chain.push_back(p.geopolitical);
  for (const auto& [what, contents, subject_key, issuer, issuer_key, expected] : cases) {
    INFO(what);
    auto named = contents;
    named.common_name = "somebody";  // not the issuer's own name
    const auto leaf = p.issue(named, subject_key, issuer, issuer_key);
    check_no(leaf, chain, expected, ErrorCode::invalid_certificate);
  }
}

TEST_CASE("an end entity certifies nobody") {
  const auto& p = pki();
  const auto leaf = forged(p.cardholder, signer("merchant"), [&](Forgery& f) {
    f.issuer = Botan::X509_DN({{"X520.Organization", "Test Brand"},
                               {"X520.OrganizationalUnit", "Test Bank"},
                               {"X520.CommonName", "a merchant"}});
    f.extensions.remove(Botan::OID("2.5.29.35"));
    f.set_extension(std::make_unique<Botan::Cert_Extension::Authority_Key_ID>(
                        bytes_of(thumbprint_of(p.merchant.public_key()).view().first(20))),
                    false);
  });
  auto chain = p.chain();
  chain.push_back(p.merchant);
  check_no(leaf, chain, kCardholder, ErrorCode::missing_certificate);
}

TEST_CASE("validity counts for every certificate of the path, and for the second asked about") {
  const auto& p = pki();
  const Trust trust = p.trust();
  const auto chain = p.chain();
  must(trust.verify(p.cardholder, chain, kCardholder, kNow));
  const auto expired = ErrorCode::expired_certificate;
  const auto at = [&](Instant now) { return trust.verify(p.cardholder, chain, kCardholder, now); };
  must(at(p.cardholder.not_before()));
  must(at(p.cardholder.not_after()));
  // What was remembered above is forgotten outside the validity.
  CHECK(code_of(at(p.cardholder.not_before() - std::chrono::seconds(1))) == expired);
  CHECK(code_of(at(p.cardholder.not_after() + std::chrono::seconds(1))) == expired);

  auto late = ca_template({Role::cca});
  late.not_before = kNow + kDay;
  auto over = ca_template({Role::cca});
  over.not_after = kNow - kDay;
  for (const auto& contents : {late, over}) {
    const auto cca = p.issue(contents, signer("cca").public_key(), p.brand, "brand");
    check_no(p.cardholder, std::vector{cca, p.brand}, kCardholder, expired);
  }
  // A CA that was certified anew serves as well as the old one beside it.
  const auto cca = p.issue(over, signer("cca").public_key(), p.brand, "brand");
  must(trust.verify(p.cardholder, std::vector{cca, p.cca, p.brand}, kCardholder, kNow));
}

TEST_CASE("a path stays within one brand") {
  const auto& p = pki();
  const auto other_cca = p.issue(ca_template({Role::cca}, "Other Brand"),
                                 signer("other cca").public_key(), p.brand, "brand");
  const auto leaf = p.issue(end_template(Role::cardholder, KeyUse::signature, "Other Brand"),
                            signer("cardholder").public_key(), other_cca, "other cca");
  const std::vector chain{other_cca, p.brand};
  check_no(leaf, chain, {Role::cardholder, KeyUse::signature, "Other Brand"},
           ErrorCode::invalid_certificate);
  check_no(leaf, chain, {Role::cardholder, KeyUse::signature, ""}, ErrorCode::invalid_certificate);

  const auto stray = p.issue(end_template(Role::cardholder, KeyUse::signature, "Other Brand"),
                             signer("cardholder").public_key(), p.cca, "cca");
  check_no(stray, p.chain(), {Role::cardholder, KeyUse::signature, ""},
           ErrorCode::invalid_certificate);
}

TEST_CASE("a path that its issuers limit is not longer than that") {
  const auto& p = pki();
  auto contents = ca_template({Role::bca});
  contents.path_limit = 0;
  const auto brand = p.issue(contents, signer("brand", SignatureAlgorithm::ml_dsa_87).public_key(),
                             p.root, "root");
  const std::vector chain{p.cca, brand};
  check_no(p.cardholder, chain, kCardholder, ErrorCode::invalid_certificate);
  must(p.trust().verify(p.ca_messages, chain, {Role::cca, KeyUse::signature, ""}, kNow));
}

TEST_CASE("a lacking issuer is a missing certificate") {
  const auto& p = pki();
  const auto missing = ErrorCode::missing_certificate;
  check_no(p.cardholder, {}, kCardholder, missing);
  check_no(p.cardholder, std::vector{p.cca}, kCardholder, missing);
  check_no(p.cardholder, std::vector{p.brand}, kCardholder, missing);
  check_no(p.cardholder, std::vector{p.mca, p.brand}, kCardholder, missing);
}

TEST_CASE("a hierarchy under another root is not trusted, whatever it is called") {
  const auto& p = pki();
  const auto& fake_key = signer("fake root", SignatureAlgorithm::ml_dsa_87);
  const auto fake_root = must(
      issue_certificate(root_template(), fake_key.public_key(), nullptr, fake_key, Rng::system()));
  const auto fake_brand =
      p.issue(ca_template({Role::bca}),
              signer("strong", SignatureAlgorithm::ml_dsa_87).public_key(), fake_root, "fake root");
  const auto fake_cca =
      p.issue(ca_template({Role::cca}), signer("fake cca").public_key(), fake_brand, "strong");
  const auto leaf =
      p.issue(end_template(Role::cardholder), signer("a").public_key(), fake_cca, "fake cca");
  check_no(leaf, std::vector{fake_cca, fake_brand, fake_root}, kCardholder,
           ErrorCode::missing_certificate);
  check_no(fake_root, {}, {Role::rca, KeyUse::certificate_signing, ""},
           ErrorCode::missing_certificate);

  // Even with the real key identifiers: the signature decides.
  const auto as_real = forged(p.brand, fake_key, [](Forgery&) {});
  check_no(p.cardholder, std::vector{p.cca, as_real}, kCardholder, ErrorCode::invalid_certificate);
  must(p.trust().verify(p.cardholder, std::vector{as_real, p.cca, p.brand}, kCardholder, kNow));
}

TEST_CASE("a forged or changed certificate is not trusted") {
  const auto& p = pki();
  const auto chain = p.chain();
  const auto by_other_key = forged(p.cardholder, signer("somebody"), [](Forgery&) {});
  check_no(by_other_key, chain, kCardholder, ErrorCode::invalid_certificate);

  const auto& good = p.cardholder.der();
  int parsed = 0;
  for (std::size_t i = 0; i < good.size(); i += 53) {
    Bytes changed = good;
    changed[i] ^= 0x01;
    const auto certificate = Certificate::parse(changed);
    if (!certificate) continue;
    ++parsed;
    CHECK_FALSE(p.trust().verify(*certificate, chain, kCardholder, kNow));
  }
  CHECK(parsed > 50);  // most changes hit the key or the signature, which parse as any bytes
}

TEST_CASE("an end entity has the policy of its role") {
  const auto& p = pki();
  for (const auto* oid : {"2.23.42.5.2", "2.23.42.5.0", "1.2.3"}) {
    auto contents = end_template(Role::cardholder);
    contents.policy_oid = oid;
    const auto leaf = p.issue(contents, signer("cardholder").public_key(), p.cca, "cca");
    check_no(leaf, p.chain(), kCardholder, ErrorCode::invalid_certificate);
  }
  const auto none = forged(p.cardholder, signer("cca"), [](Forgery& f) {
    f.extensions.remove(Botan::Cert_Extension::Certificate_Policies::static_oid());
  });
  check_no(none, p.chain(), kCardholder, ErrorCode::invalid_certificate);
}

TEST_CASE("a flood of certificates beside the leaf is refused") {
  const auto& p = pki();
  check_no(p.cardholder, std::vector<Certificate>(65, p.cca), kCardholder,
           ErrorCode::invalid_certificate);
  std::vector<Certificate> many{p.brand};
  for (int i = 0; i < 9; ++i) {
    many.push_back(p.issue(ca_template({Role::cca}), signer("cca").public_key(), p.brand, "brand"));
  }
  check_no(p.cardholder, many, kCardholder, ErrorCode::invalid_certificate);
  must(p.trust().verify(p.cardholder, std::vector{p.cca, p.cca, p.brand, p.brand}, kCardholder,
                        kNow));
}

TEST_CASE("many threads ask one Trust") {
  const auto& p = pki();
  const Trust trust = p.trust();
  const auto chain = p.chain();
  std::atomic<int> wrong = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 20; ++i) {
        if (!trust.verify(p.cardholder, chain, kCardholder, kNow)) ++wrong;
        if (trust.verify(p.merchant, chain, kCardholder, kNow)) ++wrong;
        if (!trust.verify(p.merchant, chain, {Role::merchant, KeyUse::signature, ""}, kNow))
          ++wrong;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(wrong == 0);
}

}  // namespace set::test
