// The CA's own keys in a token that does ML-DSA (PKCS#11 3.2), simulated by tests/crypto/fake_token:
// no signature key of safe or daemon is in a file, and nobody who sees a certificate, a list or a
// BCI sees the difference.
#include "ca/publication.h"
#include "ca/safe_store.h"
#include "common/crypto/key_file.h"
#include "common/crypto/pkcs11_token.h"
#include "tests/ca/ca_world.h"

namespace set::ca::test {
namespace {

struct SimulatedHsm {
  Pkcs11Module module = must(Pkcs11Module::load(SET_FAKE_TOKEN));
  Pkcs11Token token = must(
      Pkcs11Token::open(module, "simulated", Secret<std::string>(std::string("1234"))));
  SimulatedHsm() {
    if (!token.has_wrapping_key()) must(token.make_wrapping_key(Rng::system()));
  }
};

/// How many entries of a key file are keys, and how many only names of keys in the token.
std::pair<int, int> in_file_and_token(const std::filesystem::path& path, const KeyLock& lock,
                                      std::initializer_list<const char*> names) {
  const auto file = must(KeyFile::open(path, lock));
  std::pair<int, int> out;
  for (const char* name : names) {
    const auto entry = must(file.get(name));
    ++(StoredSigner::names_token_key(entry.reveal()) ? out.second : out.first);
  }
  return out;
}

}  // namespace

TEST_CASE("the keys of safe and daemon live in a token, which signs certificates, lists and the BCI") {
  const SimulatedHsm hsm;
  REQUIRE(hsm.token.can_sign());
  const KeyLock lock(hsm.token);
  const TemporaryDirectory home;
  const auto directory = home.path / "ca";
  auto& rng = Rng::system();
  const auto now = system_clock()();
  const HierarchySpec spec{std::string(kBrand), "http://ca.example:7702", "Europe"};
  const auto h = must(make_hierarchy(spec, now, rng, {.safe = &hsm.token, .online = &hsm.token}));
  must(save_new_ca(directory, h, {spec.brand, {"localhost"}, spec.public_url}, lock, lock, rng));
  CHECK(in_file_and_token(directory / "keys.set", lock,
                          {"cca", "mca", "pca", "signature", "bci"}) == std::pair(0, 5));
  CHECK(in_file_and_token(directory / "root-1.keys.set", lock, {"root"}) == std::pair(0, 1));
  CHECK(in_file_and_token(directory / "root-2.keys.set", lock, {"root"}) == std::pair(0, 1));
  CHECK(in_file_and_token(directory / "brand.keys.set", lock, {"brand"}) == std::pair(0, 1));

  // What `serve` does with them: a certificate, the lists, the BCI, a signed message.
  const auto ca = must(load_ca(directory, lock, now));
  const auto key = SoftwareSigner::generate(SignatureAlgorithm::ml_dsa_65, rng);
  const auto contents =
      cardholder_profile({ca.settings.brand, ca.settings.public_url}, std::string(64, 'a'),
                         "Sandbox Bank", now + std::chrono::hours(24), ca.authorities.cca.certificate, now);
  const auto leaf = must(issue(must(prepare(contents, key.public_key(), ca.authorities.cca, now)), rng));
  const auto trust = must(Trust::parse(h.trust_pem, h.root.certificate.thumbprint().hex(), now));
  const std::vector<Certificate> issuers{ca.authorities.cca.certificate, *ca.authorities.geopolitical,
                                         h.brand.certificate};
  must(trust.verify(leaf, issuers, {Role::cardholder, KeyUse::signature, spec.brand}, now));
  auto store = must(Store::open("sqlite::memory:"));
  Publisher publisher({ca, store.database(), PublicationTimes{}, system_clock()});
  must(publisher.start());
  const auto known = ca.party->trust->revocation().of(spec.brand);
  REQUIRE(known != nullptr);
  CHECK(known->crls.size() == 6);
  must(verify_signature(ca.party->signature->leaf.public_key(), view_of("x"),
                        must(ca.party->signer->sign(view_of("x")))));

  // The safe: the root's rollover and its list, by keys in the token.
  const auto state = must(load_safe(directory));
  auto keys = must(prepare_rollover(directory, state, lock, rng));
  CHECK(StoredSigner::names_token_key(keys.next.stored().reveal()));
  const auto next = must(make_next_root(std::move(keys.announced), std::move(keys.next), now, rng));
  CHECK(next.root.certificate.thumbprint() != h.root.certificate.thumbprint());
  const auto parts = must(prepare_brand_revocation(directory, state, lock, now));
  REQUIRE(parts.size() == 1);
  const auto list = must(revoke_offline(parts.front().root, parts.front().before,
                                        {&parts.front().brand, 1}, RevocationReason::ca_compromise, now));
  must(list.verify(h.root.certificate));
  trust.revocation().adopt_root_list(list);
  CHECK(code_of(trust.verify(leaf, issuers, {Role::cardholder, KeyUse::signature, spec.brand}, now)) ==
        ErrorCode::revoked_certificate);

  // Without the token there is nothing to open, and under another lock nothing to find.
  CHECK(code_of(load_ca(directory, Passphrase(std::string("1234")), now)) == ErrorCode::bad_config);
}

}  // namespace set::ca::test
