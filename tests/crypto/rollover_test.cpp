// "R(n+1) is accepted iff the digest of its key equals the value in R(n)" (set-1997 §1.2): lines of
// roots, as files and as news for who trusts the first one.
#include <algorithm>

#include "common/crypto/crl.h"
#include "common/crypto/digest.h"
#include "common/crypto/trust.h"
#include "pki.h"

namespace set::test::rollover {
namespace {

const SoftwareSigner& root_key(int number) {
  return signer("line root " + std::to_string(number), SignatureAlgorithm::ml_dsa_87);
}
const SoftwareSigner& brand_key() { return signer("line brand", SignatureAlgorithm::ml_dsa_87); }

/// R(number), which announces the key of R(next).
Certificate root(int number, int next, Instant from = kNow - 10 * kDay,
                 Instant until = kNow + 3650 * kDay) {
  auto contents = root_template();
  contents.not_before = from;
  contents.not_after = until;
  contents.hashed_root_key = bytes_of(sha384(root_key(next).public_key()).view());
  const auto& key = root_key(number);
  return must(issue_certificate(contents, key.public_key(), nullptr, key, Rng::system()));
}

Certificate brand_under(const Certificate& of, int number) {
  auto contents = ca_template({Role::bca});
  contents.common_name = "brand";
  return must(
      issue_certificate(contents, brand_key().public_key(), &of, root_key(number), Rng::system()));
}

/// One line of roots with a CA below its brand; made once, for keys of ML-DSA-87 take their time.
struct Line {
  Certificate r1 = root(1, 2), r2 = root(2, 3), r3 = root(3, 4);
  Certificate impostor = root(66, 3);  ///< has the name, not the key that R1 announced
  Certificate brand1 = brand_under(r1, 1), brand2 = brand_under(r2, 2);
  Certificate cca = must(issue_certificate(ca_template({Role::cca}), signer("cca").public_key(),
                                           &brand1, brand_key(), Rng::system()));
  std::string transport = pki().transport_root_pem;

  std::string cross(const Certificate& of, int number) const {
    return certificate_pem(must(cross_certify_transport_root(
        transport, of, root_key(number), kNow - kDay, kNow + 365 * kDay, Rng::system())));
  }
  std::string first() const { return r1.pem() + transport + cross(r1, 1); }
  std::string second() const {
    return r1.pem() + r2.pem() + transport + cross(r2, 2) + brand2.pem();
  }
};
const Line& line() {
  static const Line made;
  return made;
}

const Expected kCca{Role::cca, KeyUse::certificate_signing, "Test Brand"};

void check_refused(const Result<Trust>& trust) {
  CHECK(code_of(trust) == ErrorCode::verification_failed);
}

std::size_t roots_of(const Trust& trust) { return trust.roots().size(); }

}  // namespace

TEST_CASE("the announced successor is trusted with the fingerprint of the first root") {
  const auto& l = line();
  for (const auto& fingerprint : {l.r1.thumbprint().hex(), std::string()}) {
    const auto trust = must(Trust::parse(l.second(), fingerprint, kNow));
    CHECK(roots_of(trust) == 2);
    CHECK(trust.root().thumbprint() == l.r1.thumbprint());
    must(trust.verify(l.cca, std::vector{l.brand1}, kCca, kNow));
    must(trust.verify(l.cca, std::vector{l.brand2}, kCca, kNow));
    // What is kept is read again, to the same line.
    CHECK(must(Trust::parse(trust.pem(), "", kNow)).pem() == trust.pem());
  }
}

TEST_CASE("who is given the successor's fingerprint does not trust the root before it") {
  const auto& l = line();
  const auto trust = must(Trust::parse(l.second(), l.r2.thumbprint().hex(), kNow));
  CHECK(roots_of(trust) == 1);
  CHECK(trust.known_roots().size() == 2);
  // Nor after it was kept and read again.
  CHECK(roots_of(must(Trust::parse(trust.pem(), "", kNow))) == 1);
  // The chain that parties hold from before leads to the new root by the brand in the trust file.
  must(trust.verify(l.cca, std::vector{l.brand1}, kCca, kNow));
  CHECK_FALSE(trust.verify(l.brand1, {}, {Role::bca, KeyUse::certificate_signing, ""}, kNow));
}

TEST_CASE("a successor with another key is refused, in a file and as news") {
  const auto& l = line();
  const auto forged = l.r1.pem() + l.impostor.pem() + l.transport + l.cross(l.impostor, 66);
  check_refused(Trust::parse(forged, l.r1.thumbprint().hex(), kNow));
  check_refused(Trust::parse(l.r1.pem() + l.impostor.pem() + l.transport + l.cross(l.r1, 1),
                             l.r1.thumbprint().hex(), kNow));

  const auto trust = must(Trust::parse(l.first(), l.r1.thumbprint().hex(), kNow));
  const auto before = trust.pem();
  for (const auto& news : {forged, l.impostor.pem() + l.transport + l.cross(l.impostor, 66),
                           l.r3.pem() + l.transport + l.cross(l.r3, 3), std::string("no file")}) {
    CHECK(code_of(trust.renew(news, kNow)) == ErrorCode::verification_failed);
  }
  CHECK(trust.pem() == before);
  CHECK_FALSE(trust.verify(l.cca, std::vector{brand_under(l.impostor, 66)}, kCca, kNow));
}

TEST_CASE("a root that claims to be the earlier one signs for nobody else's CRLs") {
  const auto& l = line();
  // Anybody can name R1's key as its successor.
  const auto before = root(66, 1);
  const auto first = l.first();
  const auto trust = must(Trust::parse(first, l.r1.thumbprint().hex(), kNow));
  CHECK_FALSE(must(trust.renew(before.pem() + first, kNow)));
  CHECK(trust.known_roots().size() == 1);
  // With the key identifier of a CA whose list it would forge, it is refused from the beginning.
  auto der = before.der();
  const auto own = must(key_id_of(before));
  const auto other = must(key_id_of(l.cca));
  for (auto at = der.begin();;) {
    at = std::search(at, der.end(), own.value.begin(), own.value.end());
    if (at == der.end()) break;
    at = std::copy(other.value.begin(), other.value.end(), at);
  }
  const auto forged = must(Certificate::parse(der));
  REQUIRE(must(key_id_of(forged)) == other);
  check_refused(Trust::parse(first + forged.pem(), l.r1.thumbprint().hex(), kNow));
}

TEST_CASE("news of a successor count at once, for whoever holds the trust") {
  const auto& l = line();
  const auto trust = must(Trust::parse(l.first(), l.r1.thumbprint().hex(), kNow));
  const auto held =
      std::make_shared<const Trust>(must(Trust::parse(l.first(), l.r1.thumbprint().hex(), kNow)));
  CHECK_FALSE(held->verify(l.cca, std::vector{l.brand2}, kCca, kNow));
  const auto second = l.second();
  CHECK(must(held->renew(second, kNow)));
  must(held->verify(l.cca, std::vector{l.brand2}, kCca, kNow));
  must(held->verify(l.cca, std::vector{l.brand1}, kCca, kNow));
  CHECK_FALSE(must(held->renew(second, kNow)));  // no news any more
  // An older file takes nothing away.
  must(held->renew(l.first(), kNow));
  CHECK(roots_of(*held) == 2);
  must(held->verify(l.cca, std::vector{l.brand2}, kCca, kNow));
}

TEST_CASE("a line goes on: the successor's successor, also two steps at once") {
  const auto& l = line();
  const auto third = l.r2.pem() + l.r3.pem() + l.transport + l.cross(l.r3, 3);
  const auto trust = must(Trust::parse(l.first(), l.r1.thumbprint().hex(), kNow));
  CHECK(must(trust.renew(third, kNow)));  // a file that has left the first root out
  CHECK(roots_of(trust) == 3);
  CHECK(trust.roots().back().thumbprint() == l.r3.thumbprint());
  CHECK(roots_of(must(Trust::parse(trust.pem(), "", kNow))) == 3);
}

TEST_CASE("old chains are good as long as the old root is, and the line holds beyond its end") {
  const auto old = root(1, 2, kNow - 20 * kDay, kNow + kDay);
  const auto& l = line();
  const auto old_brand = brand_under(old, 1);
  const auto pem = old.pem() + l.r2.pem() + l.transport + l.cross(l.r2, 2) + l.brand2.pem();
  const auto trust = must(Trust::parse(pem, old.thumbprint().hex(), kNow));
  const Expected brand{Role::bca, KeyUse::certificate_signing, ""};
  must(trust.verify(old_brand, {}, brand, kNow));
  const auto later = kNow + 2 * kDay;
  CHECK_FALSE(trust.verify(old_brand, {}, brand, later));
  must(trust.verify(l.cca, std::vector{old_brand}, kCca, later));
  must(Trust::parse(pem, old.thumbprint().hex(), later));
  check_refused(Trust::parse(old.pem() + l.transport + l.cross(old, 1), "", later));
}

}  // namespace set::test::rollover
