#include <sys/stat.h>

#include <algorithm>
#include <fstream>

#include <botan/pem.h>

#include "common/crypto/key_file.h"
#include "common/daemon/files.h"
#include "common/daemon/live_identity.h"
#include "tests/daemon/transport.h"
#include "tests/store/temporary_directory.h"

namespace set {
namespace {

using test::code_of;
using test::must;

const Instant kNow = system_clock()();
constexpr std::chrono::hours kDay{24};

CertificateTemplate contents_of(Role role, KeyUse use) {
  CertificateTemplate contents;
  contents.organization = role == Role::rca ? "SET Root" : "OpenSET Test";
  contents.organizational_unit = "Test Bank";
  contents.common_name = to_string(role);
  contents.roles = {role};
  contents.key_use = use;
  contents.is_ca = use == KeyUse::certificate_signing;
  contents.not_before = kNow - (contents.is_ca ? 10 * kDay : std::chrono::minutes(5));
  contents.not_after = kNow + (contents.is_ca ? 100 * kDay : 10 * kDay);
  contents.crl_url = "https://ca.example/crl";
  contents.issuer_url = "https://ca.example/ca.cer";
  if (role == Role::merchant) {
    contents.merchant_data = MerchantData{.merchant_id = "M-1",
                                          .acquirer_bin = "400000",
                                          .name = "Shop",
                                          .city = "Zurich",
                                          .country = 756,
                                          .auth_flag = false};
  }
  return contents;
}

SoftwareSigner new_signer(SignatureAlgorithm algorithm = SignatureAlgorithm::ml_dsa_65) {
  return SoftwareSigner::generate(algorithm, Rng::system());
}

// One merchant, all the way up to a root and a transport root.
struct Pki {
  SoftwareSigner root_key = new_signer(SignatureAlgorithm::ml_dsa_87);
  SoftwareSigner brand_key = new_signer(SignatureAlgorithm::ml_dsa_87);
  SoftwareSigner mca_key = new_signer();
  Certificate root =
      must(issue_certificate(contents_of(Role::rca, KeyUse::certificate_signing),
                             root_key.public_key(), nullptr, root_key, Rng::system()));
  Certificate brand =
      must(issue_certificate(contents_of(Role::bca, KeyUse::certificate_signing),
                             brand_key.public_key(), &root, root_key, Rng::system()));
  Certificate mca = must(issue_certificate(contents_of(Role::mca, KeyUse::certificate_signing),
                                           mca_key.public_key(), &brand, brand_key, Rng::system()));

  Chain merchant(ByteView key, KeyUse use) const {
    auto leaf = must(
        issue_certificate(contents_of(Role::merchant, use), key, &mca, mca_key, Rng::system()));
    return {std::move(leaf), {mca, brand}};
  }

  std::string trust_pem() const {
    const auto cross =
        must(cross_certify_transport_root(test::transport_root().pem, root, root_key,
                                          kNow - 9 * kDay, kNow + 90 * kDay, Rng::system()));
    return root.pem() + test::transport_root().pem +
           Botan::PEM_Code::encode(cross.data(), cross.size(), "CERTIFICATE");
  }

  NewIdentity new_merchant() const {
    const auto signer = new_signer();
    const auto kem = KemPrivateKey::generate(Rng::system());
    return {.signature_key = signer.pkcs8(),
            .key_exchange_key = kem.seed(),
            .signature = merchant(signer.public_key(), KeyUse::signature),
            .key_exchange = merchant(kem.public_key().spki(), KeyUse::key_exchange),
            .tls = test::transport_root().issue("merchant", "400000/M-1"),
            .trust_pem = trust_pem()};
  }
};

const Pki& pki() {
  static const Pki made;
  return made;
}

const Passphrase& passphrase() {
  static const Passphrase value{std::string("correct horse")};
  return value;
}

struct Place {
  test::TemporaryDirectory temporary;
  std::filesystem::path directory = temporary.path() / "identity";
  void save(const NewIdentity& identity) const {
    must(Identity::save(directory, identity, passphrase(), Rng::system()));
  }
  Result<Identity> load(Instant now = kNow) const {
    return Identity::load(directory, passphrase(), now);
  }
  void replace(const char* file, std::string_view content) const {
    must(write_file_atomically(directory / file, content));
  }
};

}  // namespace

TEST_CASE("an identity is loaded as it was saved") {
  Place place;
  const auto made = pki().new_merchant();
  place.save(made);
  const auto loaded = must(place.load());
  CHECK(loaded.party->signature->leaf.thumbprint() == made.signature.leaf.thumbprint());
  CHECK(loaded.party->signature->issuers.size() == 2);
  CHECK(loaded.party->key_exchange->leaf.thumbprint() == made.key_exchange->leaf.thumbprint());
  CHECK(equal(loaded.party->signer->public_key(), made.signature.leaf.public_key()));
  CHECK(loaded.tls.chain_pem == made.tls.chain_pem);
  CHECK(loaded.tls.root_pem.find("BEGIN CERTIFICATE") != std::string::npos);
  for (const auto& entry : std::filesystem::directory_iterator(place.directory)) {
    must(check_private_file(entry.path()));
  }
}

TEST_CASE("a new identity replaces the old one and keeps other keys") {
  Place place;
  place.save(pki().new_merchant());
  {
    auto keys = must(KeyFile::open(place.directory / "keys.set", passphrase()));
    must(keys.put("token", view_of("0123"), Rng::system()));
  }
  const auto second = pki().new_merchant();
  place.save(second);
  CHECK(must(place.load()).party->signature->leaf.thumbprint() ==
        second.signature.leaf.thumbprint());
  const auto keys = must(KeyFile::open(place.directory / "keys.set", passphrase()));
  CHECK(string_of(must(keys.get("token")).reveal()) == "0123");
}

TEST_CASE("what was replaced is loaded as earlier until it ends") {
  Place place;
  const auto first = pki().new_merchant();
  place.save(first);
  place.save(pki().new_merchant());
  const auto& leaf = first.signature.leaf;
  const auto loaded = must(place.load());
  REQUIRE(loaded.party->earlier_signatures.size() == 1);
  REQUIRE(loaded.party->earlier_key_exchanges.size() == 1);
  const auto& earlier = loaded.party->earlier_signatures.front();
  CHECK(earlier.chain.leaf.thumbprint() == leaf.thumbprint());
  CHECK(equal(earlier.signer->public_key(), leaf.public_key()));
  CHECK(std::filesystem::exists(place.directory / earlier_signature_file(leaf.thumbprint().hex())));

  SECTION("a third one keeps both") {
    place.save(pki().new_merchant());
    CHECK(must(place.load()).party->earlier_signatures.size() == 2);
  }
  SECTION("the same one again is not its own predecessor") {
    const auto again = pki().new_merchant();
    place.save(again);
    const auto keys = must(KeyFile::open(place.directory / "keys.set", passphrase())).names();
    place.save(again);
    CHECK(must(KeyFile::open(place.directory / "keys.set", passphrase())).names() == keys);
  }
  SECTION("one whose key does not fit is left out") {
    place.replace(earlier_signature_file(leaf.thumbprint().hex()).c_str(),
                  chain_pem(pki().new_merchant().signature));
    CHECK(must(place.load()).party->earlier_signatures.empty());
  }
  SECTION("one that has ended when the next begins goes") {
    // As if all of it had been issued, and had ended, before the new ones.
    auto late = pki().new_merchant();
    const auto signer = new_signer();
    auto contents = contents_of(Role::merchant, KeyUse::signature);
    contents.not_before = kNow + 11 * kDay;
    contents.not_after = kNow + 20 * kDay;
    late.signature_key = signer.pkcs8();
    late.signature.leaf = must(issue_certificate(contents, signer.public_key(), &pki().mca,
                                                 pki().mca_key, Rng::system()));
    place.save(late);
    const auto names = must(KeyFile::open(place.directory / "keys.set", passphrase())).names();
    CHECK(std::ranges::none_of(names, [](const auto& n) { return n.starts_with("earlier-"); }));
    CHECK_FALSE(
        std::filesystem::exists(place.directory / earlier_signature_file(leaf.thumbprint().hex())));
  }
}

TEST_CASE("a TLS certificate is replaced alone, also one that has ended") {
  Place place;
  const auto made = pki().new_merchant();
  place.save(made);
  const auto late = kNow + 2 * kDay;
  CHECK(code_of(place.load(late)) == ErrorCode::expired_certificate);
  must(Identity::load(place.directory, passphrase(), late, EndedTls::allowed));

  const auto next = test::transport_root().issue("merchant", "400000/M-1", {"localhost"}, 3 * kDay);
  must(Identity::save_tls(place.directory, next, passphrase(), Rng::system()));
  const auto loaded = must(place.load(late));
  CHECK(loaded.tls.chain_pem == next.chain_pem);
  CHECK(loaded.party->signature->leaf.thumbprint() == made.signature.leaf.thumbprint());
  CHECK(loaded.party->earlier_signatures.empty());
}

TEST_CASE("a running daemon takes in what is written, and keeps what it has if that is no good") {
  Place place;
  const auto first = pki().new_merchant();
  place.save(first);
  auto now = kNow;
  const auto live = must(LiveIdentity::load(
      place.directory, std::make_shared<const KeyAccess>(Passphrase(passphrase().reveal())),
      [&now] { return now; }));
  const auto party = live->current_party();
  const auto before = party();
  CHECK_FALSE(must(live->reload_if_changed()));
  const auto second = pki().new_merchant();
  place.save(second);
  CHECK(must(live->reload_if_changed()));
  CHECK(party()->signature->leaf.thumbprint() == second.signature.leaf.thumbprint());
  CHECK(before->signature->leaf.thumbprint() == first.signature.leaf.thumbprint());
  // Its trust file is another one, of the same root: one trust goes on, with what it has learnt.
  CHECK(party()->trust == before->trust);
  CHECK_FALSE(must(live->reload_if_changed()));

  must(Identity::save(place.directory, pki().new_merchant(), passphrase(), Rng::system()));
  place.replace("signature.pem", "nonsense");
  CHECK(code_of(live->reload_if_changed()) == ErrorCode::bad_config);
  CHECK(party()->signature->leaf.thumbprint() == second.signature.leaf.thumbprint());
  CHECK_FALSE(must(live->reload_if_changed()));  // not again at once
  now += std::chrono::seconds(11);
  CHECK(code_of(live->reload_if_changed()) == ErrorCode::bad_config);
}

TEST_CASE("a save that a crash interrupted counts wholly or not at all") {
  Place place, other;
  const auto first = pki().new_merchant();
  const auto second = pki().new_merchant();
  place.save(first);
  other.save(second);
  std::filesystem::rename(other.directory, place.directory / "next.unfinished");
  CHECK(must(place.load()).party->signature->leaf.thumbprint() ==
        first.signature.leaf.thumbprint());

  std::filesystem::rename(place.directory / "next.unfinished", place.directory / "next");
  std::filesystem::rename(place.directory / "next" / "signature.pem",
                          place.directory / "signature.pem");  // died between two renames
  CHECK(must(place.load()).party->signature->leaf.thumbprint() ==
        second.signature.leaf.thumbprint());
  CHECK_FALSE(std::filesystem::exists(place.directory / "next"));
}

TEST_CASE("an identity that does not fit is refused with a sentence") {
  Place place;
  CHECK(code_of(place.load()) == ErrorCode::bad_config);  // nothing there
  const auto made = pki().new_merchant();
  place.save(made);

  SECTION("another passphrase") {
    CHECK(code_of(Identity::load(place.directory, Passphrase(std::string("wrong")), kNow)) ==
          ErrorCode::wrong_passphrase);
  }
  SECTION("a directory that others can enter") {
    REQUIRE(::chmod(place.directory.c_str(), 0755) == 0);
    CHECK(code_of(place.load()) == ErrorCode::bad_config);
  }
  SECTION("keys that others can read") {
    REQUIRE(::chmod((place.directory / "keys.set").c_str(), 0644) == 0);
    CHECK(code_of(place.load()) == ErrorCode::bad_config);
  }
  SECTION("a certificate for another key") {
    place.replace("signature.pem", chain_pem(pki().new_merchant().signature));
    CHECK(code_of(place.load()) == ErrorCode::bad_config);
  }
  SECTION("a key-exchange certificate for another key") {
    place.replace("key-exchange.pem", chain_pem(*pki().new_merchant().key_exchange));
    CHECK(code_of(place.load()) == ErrorCode::bad_config);
  }
  SECTION("a TLS certificate for another key") {
    place.replace("tls.pem", test::transport_root().issue("merchant", "400000/M-1").chain_pem);
    CHECK(code_of(place.load()) == ErrorCode::bad_config);
  }
  SECTION("TLS and SET certificates of different parties") {
    auto foreign = pki().new_merchant();
    foreign.tls = test::transport_root().issue("merchant", "400000/M-2");
    CHECK(code_of(Identity::save(place.directory, foreign, passphrase(), Rng::system())) ==
          ErrorCode::bad_config);
    const auto other = test::transport_root().issue("gateway", "400000/M-1");
    must(Identity::save_tls(place.directory, other, passphrase(), Rng::system()));
    const auto loaded = place.load();
    REQUIRE(code_of(loaded) == ErrorCode::bad_config);
    CHECK(loaded.error().detail.find("names another party") != std::string::npos);
  }
  SECTION("no certificate") {
    for (const char* text : {"", "no PEM", "-----BEGIN CERTIFICATE-----\n!!\n"}) {
      place.replace("signature.pem", text);
      CHECK(code_of(place.load()) == ErrorCode::bad_config);
    }
  }
  SECTION("a missing issuer") {
    place.replace("signature.pem", made.signature.leaf.pem());
    CHECK(code_of(place.load()) == ErrorCode::missing_certificate);
  }
  SECTION("another root") {
    place.replace("trust.pem", Pki().trust_pem());
    const auto code = code_of(place.load());
    CHECK((code == ErrorCode::missing_certificate || code == ErrorCode::invalid_certificate));
  }
  SECTION("a TLS certificate that expired") {
    const auto expired = place.load(kNow + 2 * kDay);
    CHECK(code_of(expired) == ErrorCode::expired_certificate);
    CHECK(expired.error().detail.find("tls.pem") != std::string::npos);
    CHECK(expired.error().detail.find("renew") != std::string::npos);
  }
  SECTION("a certificate that expired") {
    const auto expired = place.load(kNow + 20 * kDay);
    CHECK(code_of(expired) == ErrorCode::expired_certificate);
    CHECK(expired.error().detail.find("signature.pem") != std::string::npos);
  }
  SECTION("a clock that is behind") {
    CHECK(code_of(place.load(kNow - kDay)) == ErrorCode::expired_certificate);
  }
}

TEST_CASE("a TLS identity of another root is refused") {
  auto identity = test::other_transport_root().issue("merchant", "400000/M-1");
  must(check_tls_identity(identity, kNow));
  identity.root_pem = test::transport_root().pem;
  CHECK(code_of(check_tls_identity(identity, kNow)) == ErrorCode::bad_config);
}

}  // namespace set
