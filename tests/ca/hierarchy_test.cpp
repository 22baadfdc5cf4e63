#include "ca/hierarchy.h"

#include "ca/issuance.h"
#include "ca/key_store.h"
#include "ca/profile.h"
#include "common/crypto/digest.h"
#include "tests/ca/ca_world.h"

namespace set::ca::test {

namespace {

Hierarchy hierarchy(const std::string& url = "") {
  return must(make_hierarchy({std::string(kBrand), url}, system_clock()(), Rng::system()));
}

}  // namespace

TEST_CASE("a hierarchy's certificates verify under its trust file and no other's") {
  const auto h = hierarchy();
  const auto now = system_clock()();
  const auto trust = must(Trust::parse(h.trust_pem, h.root.certificate.thumbprint().hex(), now));
  const std::vector<Certificate> issuers{h.brand.certificate};
  must(trust.verify(h.operating.cca.certificate, issuers,
                    {Role::cca, KeyUse::certificate_signing, std::string(kBrand)}, now));
  must(trust.verify(h.messages.signature_chain.leaf, issuers,
                    {Role::pca, KeyUse::signature, std::string(kBrand)}, now));
  must(trust.verify(h.messages.key_exchange_chain.leaf, issuers,
                    {Role::mca, KeyUse::key_exchange, std::string(kBrand)}, now));
  const auto other = hierarchy();
  const auto stranger = must(Trust::parse(other.trust_pem, "", now));
  CHECK_FALSE(stranger.verify(h.operating.cca.certificate, issuers,
                              {Role::cca, KeyUse::certificate_signing, ""}, now));
  CHECK(code_of(Trust::parse(h.trust_pem, other.root.certificate.thumbprint().hex(), now)) ==
        ErrorCode::verification_failed);
}

TEST_CASE("the root announces the next root's key") {
  const auto h = hierarchy();
  REQUIRE(h.root.certificate.hashed_root_key());
  CHECK(equal(*h.root.certificate.hashed_root_key(), sha384(h.next_root.public_key()).view()));
}

TEST_CASE("brands and URLs that cannot stand in a certificate are refused") {
  const auto [brand, url] = GENERATE(Catch::Generators::table<std::string, std::string>({
      {"", ""},
      {"any", ""},
      {"a/b", ""},
      {std::string(41, 'a'), ""},
      {"OpenSET", "https://ca.example"},
      {"OpenSET", "http://ca.example/"},
      {"OpenSET", "ca.example"},
  }));
  CHECK(code_of(make_hierarchy({brand, url}, system_clock()(), Rng::system())) ==
        ErrorCode::invalid_argument);
}

TEST_CASE("prepare refuses what the profile forbids") {
  const auto h = hierarchy();
  const auto now = system_clock()();
  const ProfileContext context{std::string(kBrand), ""};
  const auto key = SoftwareSigner::generate(SignatureAlgorithm::ml_dsa_65, Rng::system());
  const auto& cca = h.operating.cca;
  auto contents =
      cardholder_profile(context, std::string(64, 'p'), "Bank", now + kYear, cca.certificate, now);
  auto public_key = key.public_key();
  const auto* issuer = &cca;
  SECTION("as it is") {
    must(issue(must(prepare(contents, public_key, *issuer, now)), Rng::system()));
    return;
  }
  SECTION("another brand") { contents.organization = "Other"; }
  SECTION("no name") { contents.common_name.clear(); }
  SECTION("a CA") { contents.is_ca = true; }
  SECTION("a CA's role") { contents.roles = {Role::cca}; }
  SECTION("two roles") { contents.roles = {Role::cardholder, Role::merchant}; }
  SECTION("another CA's role") { contents.roles = {Role::gateway}; }
  SECTION("the wrong CA") { issuer = &h.operating.mca; }
  SECTION("key exchange for a cardholder") { contents.key_use = KeyUse::key_exchange; }
  SECTION("expired") { contents.not_after = now; }
  SECTION("not yet valid") { contents.not_before = now + std::chrono::seconds(1); }
  SECTION("longer than the issuer") {
    contents.not_after = cca.certificate.not_after() + std::chrono::seconds(1);
  }
  SECTION("merchant data for a cardholder") {
    contents.merchant_data = MerchantData{"shop-1", "400000", "Shop", "Berlin", 276, false};
  }
  SECTION("a key of the root's kind") {
    public_key =
        SoftwareSigner::generate(SignatureAlgorithm::ml_dsa_87, Rng::system()).public_key();
  }
  SECTION("a KEM key") { public_key = KemPrivateKey::generate(Rng::system()).public_key().spki(); }
  CHECK(code_of(prepare(contents, public_key, *issuer, now)) == ErrorCode::invalid_argument);
}

TEST_CASE("a cardholder's certificate ends with the card") {
  const auto h = hierarchy();
  const auto now = system_clock()();
  const auto end = now + std::chrono::hours(24 * 40);
  const auto contents = cardholder_profile({std::string(kBrand), ""}, "p", "Bank", end,
                                           h.operating.cca.certificate, now);
  CHECK(contents.not_after == end - std::chrono::seconds(1));
}

TEST_CASE("a CA's directory is made once and loads with its passphrase") {
  TemporaryDirectory home;
  const auto directory = home.path / "ca";
  const Passphrase passphrase(std::string("daemon")), root(std::string("root"));
  const auto h = hierarchy("http://ca.example:7702");
  const Settings settings{std::string(kBrand), {"localhost"}, "http://ca.example:7702"};
  must(check_new_directory(directory));
  must(save_new_ca(directory, h, settings, passphrase, root, Rng::system()));

  CHECK(code_of(check_new_directory(directory)) == ErrorCode::conflict);
  const auto now = system_clock()();
  const auto loaded = must(load_ca(directory, passphrase, now));
  CHECK(loaded.settings.brand == kBrand);
  CHECK(loaded.settings.public_url == "http://ca.example:7702");
  CHECK(loaded.published.size() == 5);
  CHECK(code_of(load_ca(directory, Passphrase(std::string("wrong")), now)) ==
        ErrorCode::wrong_passphrase);

  SECTION("the daemon needs neither root nor brand key") {
    for (const char* file : {"root-1.keys.set", "root-2.keys.set", "brand.keys.set"}) {
      REQUIRE(std::filesystem::remove(directory / file));
    }
    must(load_ca(directory, passphrase, now));
  }
  SECTION("open to others") {
    std::filesystem::permissions(directory, std::filesystem::perms::all);
    CHECK(code_of(load_ca(directory, passphrase, now)) == ErrorCode::bad_config);
  }
  SECTION("another CA's certificate") {
    const auto other = hierarchy();
    must(save_new_ca(home.path / "other", other, settings, passphrase, root, Rng::system()));
    std::filesystem::copy_file(home.path / "other/cca.pem", directory / "cca.pem",
                               std::filesystem::copy_options::overwrite_existing);
    CHECK_FALSE(load_ca(directory, passphrase, now));
  }
  SECTION("not finished") {
    std::filesystem::remove(directory / "ca.json");
    CHECK(code_of(load_ca(directory, passphrase, now)) == ErrorCode::bad_config);
    CHECK(code_of(check_new_directory(directory)) == ErrorCode::conflict);
  }
}

}  // namespace set::ca::test
