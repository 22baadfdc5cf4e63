#include "common/crypto/certificate_impl.h"
#include "common/crypto/trust.h"
#include "forge.h"

namespace set::test {
namespace {

const SoftwareSigner& root_key() { return signer("root", SignatureAlgorithm::ml_dsa_87); }

/// The three blocks of the trust file.
struct Blocks {
  std::string root, transport, cross;
  std::string all() const { return root + transport + cross; }
};

Blocks blocks() {
  const auto& p = pki();
  Blocks found{p.root.pem(), p.transport_root_pem, ""};
  found.cross = p.trust_pem.substr(found.root.size() + found.transport.size());
  return found;
}

std::string transport_root(Instant not_before, Instant not_after, bool is_ca = true) {
  const auto key = TlsKey::generate(Rng::system());
  const TlsTemplate contents{.organization = "OpenSET Test",
                             .organizational_unit = "Transport",
                             .common_name = "Transport Root",
                             .hosts = {},
                             .is_ca = is_ca,
                             .not_before = not_before,
                             .not_after = not_after};
  return must(
      issue_tls_certificate(contents, key.public_key, "", key.private_key_pem, Rng::system()));
}

std::string cross_of(const std::string& transport_pem, const Certificate& root,
                     const SoftwareSigner& key, Instant from = kNow - kDay,
                     Instant until = kNow + kDay) {
  return certificate_pem(
      must(cross_certify_transport_root(transport_pem, root, key, from, until, Rng::system())));
}

void check_no(const std::string& pem, Instant now = kNow,
              const std::string& fingerprint = pki().root.thumbprint().hex()) {
  CHECK(code_of(Trust::parse(pem, fingerprint, now)) == ErrorCode::verification_failed);
}

}  // namespace

TEST_CASE("a trust file is taken in any order, by its fingerprint or on its own") {
  const auto b = blocks();
  const std::string fingerprint = pki().root.thumbprint().hex();
  std::string upper = fingerprint;
  for (char& c : upper) c = static_cast<char>(std::toupper(c));
  for (const auto& pem :
       {b.root + b.transport + b.cross, b.cross + b.transport + b.root,
        b.transport + b.root + b.cross, "text before\n" + b.all() + "and after"}) {
    for (const auto& given : {fingerprint, upper, std::string()}) {
      const auto trust = must(Trust::parse(pem, given, kNow));
      CHECK(trust.root().thumbprint() == pki().root.thumbprint());
      CHECK(trust.transport_root_pem() == b.transport);
      CHECK(trust.pem() == b.all());
    }
  }
  must(Trust::parse(must(Trust::parse(b.all(), "", kNow)).pem(), fingerprint, kNow));
}

TEST_CASE("another fingerprint is refused, a malformed one is a mistake") {
  std::string wrong = pki().root.thumbprint().hex();
  wrong[0] = wrong[0] == '0' ? '1' : '0';
  check_no(blocks().all(), kNow, wrong);
  check_no(blocks().all(), kNow, std::string(64, '0'));
  for (const auto* text : {"0", "zz", "00", "not a fingerprint at all"}) {
    CHECK(code_of(Trust::parse(blocks().all(), text, kNow)) == ErrorCode::invalid_argument);
  }
  CHECK(code_of(Trust::parse(blocks().all(), std::string(66, '0'), kNow)) ==
        ErrorCode::invalid_argument);
}

TEST_CASE("a trust file has its three certificates and no more") {
  const auto b = blocks();
  check_no("");
  check_no("no certificates");
  check_no(b.root + b.transport);
  check_no(b.root + b.cross);
  check_no(b.transport + b.cross);
  check_no(b.all() + b.root);
  check_no(b.root + b.root + b.cross);
  check_no(b.root + b.transport + b.transport);
  check_no(pki().brand.pem() + b.transport + b.cross);
  check_no(pki().brand.pem() + b.root + b.cross);
  check_no(b.all().substr(0, b.all().size() - 100));
  check_no(std::string(100'000, 'x'));
  const auto key = TlsKey::generate(Rng::system());
  check_no(b.root + b.transport + key.private_key_pem.reveal());
}

TEST_CASE("the cross-certificate must be the root's, over this transport root") {
  const auto b = blocks();
  const auto other = transport_root(kNow - kDay, kNow + kDay);  // same name, another key
  check_no(b.root + other + b.cross);
  check_no(b.root + other + cross_of(b.transport, pki().root, root_key()));
  must(Trust::parse(b.root + other + cross_of(other, pki().root, root_key()), "", kNow));

  // A root of the same name, but not this one.
  const auto& fake_key = signer("fake root", SignatureAlgorithm::ml_dsa_87);
  const auto fake = must(
      issue_certificate(root_template(), fake_key.public_key(), nullptr, fake_key, Rng::system()));
  check_no(b.root + b.transport + cross_of(b.transport, fake, fake_key));
  check_no(fake.pem() + b.transport + cross_of(b.transport, fake, fake_key));
  must(Trust::parse(fake.pem() + b.transport + cross_of(b.transport, fake, fake_key),
                    fake.thumbprint().hex(), kNow));
  check_no(fake.pem() + b.transport + b.cross, kNow, "");

  CHECK(code_of(cross_certify_transport_root(
            b.transport, pki().brand, signer("brand", SignatureAlgorithm::ml_dsa_87), kNow,
            kNow + kDay, Rng::system())) == ErrorCode::invalid_argument);
  CHECK(code_of(cross_certify_transport_root(transport_root(kNow, kNow + kDay, false), pki().root,
                                             root_key(), kNow, kNow + kDay, Rng::system())) ==
        ErrorCode::invalid_argument);
}

TEST_CASE("every certificate of the trust file must be valid now") {
  const auto b = blocks();
  check_no(b.root + b.transport +
           cross_of(b.transport, pki().root, root_key(), kNow - 2 * kDay, kNow - kDay));
  check_no(b.root + b.transport +
           cross_of(b.transport, pki().root, root_key(), kNow + kDay, kNow + 2 * kDay));
  const auto old = transport_root(kNow - 2 * kDay, kNow - kDay);
  check_no(b.root + old + cross_of(old, pki().root, root_key()));
  check_no(b.all(), pki().root.not_after() + std::chrono::seconds(1));
  check_no(b.all(), pki().root.not_before() - std::chrono::seconds(1));
}

TEST_CASE("a changed byte in any of the three is refused") {
  const auto b = blocks();
  const auto& transport = must(tls_certificate_facts(b.transport));
  CHECK(transport.common_name == "Transport Root");
  for (std::size_t i = 0; i < b.all().size(); i += 61) {
    std::string changed = b.all();
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    if (changed == b.all()) continue;
    const auto trust = Trust::parse(changed, "", kNow);
    INFO("at " << i);
    CHECK_FALSE(trust.has_value());
  }
}

TEST_CASE("the cross-certificate is no certificate of SET") {
  // It is a CA under the SET root: nothing that it signed may get into a path of SET.
  const auto pem = blocks().cross;
  const auto x509 = Botan::X509_Certificate(view_of(pem));
  CHECK(x509.is_CA_cert());
  CHECK(code_of(Certificate::parse(x509.BER_encode())) == ErrorCode::invalid_certificate);
}

}  // namespace set::test
