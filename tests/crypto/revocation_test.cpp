// CRLs, what is known of them, and what Trust makes of it (set-1997 §1.7).
#include "common/crypto/revocation.h"

#include "common/crypto/digest.h"
#include "common/crypto/trust.h"
#include "pki.h"

namespace set::test {
namespace {

using std::chrono::hours;

RevokedCertificate revoked(const Certificate& certificate, Instant at = kNow - hours(1)) {
  return {must(from_hex(certificate.serial_hex())), at, RevocationReason::key_compromise};
}

Crl crl_of(const Certificate& issuer, const std::string& key, std::uint64_t number,
           const std::vector<RevokedCertificate>& list, Instant until = kNow + 7 * kDay) {
  return must(issue_crl({number, kNow - kDay, until, list}, issuer, signer(key)));
}

/// What a CA would have published over these lists; here its BCI is never parsed.
BrandRevocations brand_set(std::uint64_t sequence_num, std::vector<Crl> crls,
                           Instant until = kNow + kDay) {
  BrandRevocations set{.brand = "Test Brand",
                       .sequence_num = sequence_num,
                       .not_before = kNow - hours(1),
                       .not_after = until,
                       .identifiers = {},
                       .crls = std::move(crls),
                       .bci = Rng::system().bytes(32),
                       .thumbprint = {}};
  set.thumbprint = thumbprint_of(set.bci);
  for (const auto& crl : set.crls) set.identifiers.push_back({crl.issuer(), crl.number()});
  return set;
}

BrandRevocations good_set(std::uint64_t sequence_num, std::uint64_t number,
                          const std::vector<RevokedCertificate>& merchants = {}) {
  const auto& p = pki();
  return brand_set(sequence_num,
                   {crl_of(p.brand, "brand", 1, {}), crl_of(p.mca, "mca", number, merchants)});
}

const Expected kMerchant{Role::merchant, KeyUse::signature, "Test Brand"};

}  // namespace

TEST_CASE("a CRL says what it was made of, and is its issuer's") {
  const auto& p = pki();
  std::vector<RevokedCertificate> list{revoked(p.merchant)};
  for (std::uint8_t i = 1; i < 200; ++i) list.push_back({{0x7F, i}, kNow - kDay, {}});
  const auto crl = crl_of(p.mca, "mca", 17, list);
  CHECK(crl.number() == 17);
  CHECK(crl.issuer() == must(key_id_of(p.mca)));
  CHECK(crl.size() == 200);
  CHECK(crl.next_update() == kNow + 7 * kDay);
  must(crl.verify(p.mca));
  const auto entry = crl.find(p.merchant);
  REQUIRE(entry);
  CHECK(entry->revoked_at == kNow - hours(1));
  CHECK(entry->reason == RevocationReason::key_compromise);
  CHECK_FALSE(crl.find(p.merchant_kem));
  const auto again = must(Crl::parse(crl.der()));
  CHECK(again.entries().size() == 200);
  CHECK(again.thumbprint() == crl.thumbprint());
}

TEST_CASE("a CRL of another issuer, or with one bit changed, is refused") {
  const auto& p = pki();
  const auto crl = crl_of(p.mca, "mca", 1, {revoked(p.merchant)});
  CHECK(code_of(crl.verify(p.cca)) == ErrorCode::invalid_certificate);
  CHECK(code_of(crl.verify(p.brand)) == ErrorCode::invalid_certificate);
  CHECK(code_of(crl.verify(p.merchant)) == ErrorCode::invalid_certificate);
  // The same name and another key: a CA that was made anew.
  const auto twin =
      p.issue(ca_template({Role::mca}), signer("another mca").public_key(), p.brand, "brand");
  CHECK_FALSE(crl.verify(twin));
  auto der = crl.der();
  for (std::size_t at = 0; at < der.size(); at += 37) {
    der[at] ^= 1;
    const auto changed = Crl::parse(der);
    INFO("octet " << at);
    CHECK_FALSE((changed && changed->verify(p.mca)));
    der[at] ^= 1;
  }
  CHECK(code_of(Crl::parse(Bytes(10, 0x30))) == ErrorCode::decoding_failure);
  CHECK(code_of(Crl::parse({})) == ErrorCode::decoding_failure);
  auto longer = crl.der();
  longer.push_back(0);
  CHECK(code_of(Crl::parse(longer)) == ErrorCode::decoding_failure);
}

TEST_CASE("only a CA with its own key makes a CRL, and only a sound one") {
  const auto& p = pki();
  const auto code = ErrorCode::invalid_argument;
  const CrlContents good{1, kNow, kNow + kDay, {}};
  CHECK(code_of(issue_crl(good, p.merchant, signer("merchant"))) == code);
  CHECK(code_of(issue_crl(good, p.mca, signer("cca"))) == code);
  CHECK(code_of(issue_crl({0, kNow, kNow + kDay, {}}, p.mca, signer("mca"))) == code);
  CHECK(code_of(issue_crl({1, kNow, kNow, {}}, p.mca, signer("mca"))) == code);
  const std::vector<RevokedCertificate> no_serial{{{}, kNow, {}}};
  CHECK(code_of(issue_crl({1, kNow, kNow + kDay, no_serial}, p.mca, signer("mca"))) == code);
}

TEST_CASE("a revoked leaf and a revoked CA are refused at once, also where a yes was remembered") {
  const auto& p = pki();
  const Trust trust = p.trust();
  const auto chain = p.chain();
  must(trust.verify(p.merchant, chain, kMerchant, kNow));
  must(trust.revocation().adopt(good_set(1, 1)));
  must(trust.verify(p.merchant, chain, kMerchant, kNow));
  must(trust.revocation().adopt(good_set(2, 2, {revoked(p.merchant)})));
  CHECK(code_of(trust.verify(p.merchant, chain, kMerchant, kNow)) ==
        ErrorCode::revoked_certificate);
  must(trust.verify(p.gateway, chain, {Role::gateway, KeyUse::signature, ""}, kNow));

  must(trust.revocation().adopt(brand_set(3, {crl_of(p.brand, "brand", 2, {revoked(p.pca)}),
                                              crl_of(p.mca, "mca", 2, {revoked(p.merchant)})})));
  CHECK(code_of(trust.verify(p.gateway, chain, {Role::gateway, KeyUse::signature, ""}, kNow)) ==
        ErrorCode::revoked_certificate);
  must(trust.verify(p.cardholder, chain, {Role::cardholder, KeyUse::signature, ""}, kNow));
}

TEST_CASE("what was signed before the revocation stays good as of then; clocks may differ") {
  const auto& p = pki();
  const Trust trust = p.trust();
  const auto chain = p.chain();
  const auto at = kNow + hours(2);
  must(trust.revocation().adopt(good_set(1, 1, {revoked(p.merchant, at)})));
  must(trust.verify(p.merchant, chain, kMerchant, kNow));
  CHECK(code_of(trust.verify(p.merchant, chain, kMerchant, at - kRevocationSkew)) ==
        ErrorCode::revoked_certificate);
  CHECK(code_of(trust.verify(p.merchant, chain, kMerchant, at)) == ErrorCode::revoked_certificate);
  must(trust.verify(p.merchant, chain, kMerchant, kNow));  // asked again: nothing was remembered
}

TEST_CASE("older knowledge is refused and the known one kept") {
  const auto& p = pki();
  const Trust trust = p.trust();
  auto& revocation = trust.revocation();
  const auto newest = good_set(5, 3, {revoked(p.merchant)});
  must(revocation.adopt(newest));
  const auto epoch = revocation.epoch();
  must(revocation.adopt(newest));  // what is known is no news
  CHECK(revocation.epoch() == epoch);
  struct Case {
    const char* what;
    BrandRevocations set;
    ErrorCode code;
  };
  auto missing = good_set(6, 4);
  missing.crls.pop_back();
  auto too_old = good_set(6, 4);
  too_old.identifiers.back().crl_number = 5;
  auto unnamed = good_set(6, 4);
  unnamed.identifiers.pop_back();
  const Case cases[] = {
      {"lower sequenceNum", good_set(4, 4), ErrorCode::conflict},
      {"another BCI of this number", good_set(5, 4), ErrorCode::conflict},
      {"older CRL under a newer BCI", good_set(6, 2), ErrorCode::conflict},
      {"a CRL that is named is missing", missing, ErrorCode::missing_certificate},
      {"a CRL that is older than named", too_old, ErrorCode::missing_certificate},
      {"a CRL that is not named", unnamed, ErrorCode::invalid_certificate},
  };
  for (const auto& [what, set, code] : cases) {
    INFO(what);
    CHECK(code_of(revocation.adopt(set)) == code);
    CHECK(revocation.of("Test Brand")->thumbprint == newest.thumbprint);
  }
  CHECK(code_of(trust.verify(p.merchant, p.chain(), kMerchant, kNow)) ==
        ErrorCode::revoked_certificate);
}

TEST_CASE("stale knowledge counts for its grace, then nothing is trusted") {
  const auto& p = pki();
  const Trust trust = p.trust();
  const auto chain = p.chain();
  trust.revocation().set_policy({.required = true, .grace = hours(2)});
  CHECK(code_of(trust.verify(p.merchant, chain, kMerchant, kNow)) == ErrorCode::peer_unavailable);
  must(trust.revocation().adopt(good_set(1, 1)));
  must(trust.verify(p.merchant, chain, kMerchant, kNow));
  must(trust.verify(p.merchant, chain, kMerchant, kNow + kDay + hours(2)));
  CHECK(code_of(trust.verify(p.merchant, chain, kMerchant,
                             kNow + kDay + hours(2) + std::chrono::seconds(1))) ==
        ErrorCode::peer_unavailable);
  // A CRL that is over makes the BCI over which names it.
  must(trust.revocation().adopt(brand_set(
      2, {crl_of(p.brand, "brand", 1, {}), crl_of(p.mca, "mca", 2, {}, kNow - hours(3))})));
  CHECK(code_of(trust.verify(p.merchant, chain, kMerchant, kNow)) == ErrorCode::peer_unavailable);
  must(trust.verify(p.gateway, chain, {Role::gateway, KeyUse::signature, ""}, kNow));
}

TEST_CASE("the brand certifies a key that signs its BCI, and that key certifies nobody") {
  const auto& p = pki();
  auto contents = ca_template({Role::bca});
  contents.is_ca = false;
  contents.common_name = "BCI";
  contents.key_use = KeyUse::signature;
  const auto bci = p.issue(contents, signer("bci").public_key(), p.brand, "brand");
  const Expected expected{Role::bca, KeyUse::signature, "Test Brand"};
  const auto trust = p.trust();
  must(trust.verify(bci, p.chain(), expected, kNow));
  // The root itself does not, nor does an operating CA.
  const auto by_root = p.issue(contents, signer("bci").public_key(), p.root, "root");
  CHECK(code_of(trust.verify(by_root, p.chain(), expected, kNow)) ==
        ErrorCode::invalid_certificate);
  const auto by_cca = p.issue(contents, signer("bci").public_key(), p.cca, "cca");
  CHECK_FALSE(trust.verify(by_cca, p.chain(), expected, kNow));
  CHECK_FALSE(trust.verify(bci, p.chain(), {Role::cca, KeyUse::signature, ""}, kNow));
  // A brand does not certify another brand.
  auto second = ca_template({Role::bca}, "Test Brand");
  second.common_name = "second brand";
  const auto brand =
      p.issue(second, signer("second brand", SignatureAlgorithm::ml_dsa_87).public_key(), p.brand,
              "brand");
  CHECK_FALSE(trust.verify(brand, p.chain(), {Role::bca, KeyUse::certificate_signing, ""}, kNow));
}

TEST_CASE("whoever keeps what is known is told of each change") {
  Revocation revocation;
  std::size_t told = 0;
  revocation.on_change([&](const Revocation& known) { told += known.all().size(); });
  must(revocation.adopt(good_set(1, 1)));
  CHECK(told == 1);
  CHECK_FALSE(revocation.adopt(good_set(1, 1)));
  CHECK(told == 1);
}

}  // namespace set::test
