#include "common/crypto/certificate.h"

#include "common/crypto/digest.h"
#include "common/crypto/set_extensions.h"
#include "forge.h"

namespace set::test {

namespace ext = Botan::Cert_Extension;
using Botan::Key_Constraints;

namespace {

/// One way in which a certificate breaks the profile.
struct Breach {
  const char* what;
  std::function<Bytes()> make;
};

Breach breach(const char* what, const Certificate& like, std::function<void(Forgery&)> edit) {
  return {what, [&like, edit = std::move(edit)] { return forge(like, signer("cca"), edit); }};
}

std::function<void(Forgery&)> with_usage(std::uint32_t bits, bool critical = true) {
  return [=](Forgery& f) {
    f.set_extension(std::make_unique<ext::Key_Usage>(Key_Constraints(bits)), critical);
  };
}

std::function<void(Forgery&)> with_type(Bytes der) {
  return [=](Forgery& f) { f.set_extension("2.23.42.7.1", der); };
}

std::function<void(Forgery&)> with_extension(const char* oid, Bytes der, bool critical = false) {
  return [=](Forgery& f) { f.set_extension(oid, der, critical); };
}

std::function<void(Forgery&)> without(const char* oid) {
  return [=](Forgery& f) { f.extensions.remove(Botan::OID(oid)); };
}

void check_refused(const std::vector<Breach>& breaches) {
  for (const auto& [what, make] : breaches) {
    INFO(what);
    CHECK(code_of(Certificate::parse(make())) == ErrorCode::invalid_certificate);
  }
}

const Bytes kNull{0x05, 0x00};

}  // namespace

TEST_CASE("a certificate says what was put into it") {
  const auto& p = pki();
  CHECK(p.cardholder.roles() == std::vector{Role::cardholder});
  CHECK(p.cardholder.has_role(Role::cardholder));
  CHECK_FALSE(p.cardholder.has_role(Role::merchant));
  CHECK(p.cardholder.key_use() == KeyUse::signature);
  CHECK(p.cardholder.brand() == "Test Brand");
  CHECK(p.cardholder.organizational_unit() == "Test Bank");
  CHECK(p.cardholder.common_name() == "a cardholder");
  CHECK(p.cardholder.not_before() == kNow - std::chrono::minutes(5));
  CHECK(p.cardholder.not_after() == kNow + 365 * kDay);
  CHECK(p.cardholder.public_key() == signer("cardholder").public_key());
  CHECK(p.cardholder.serial_hex().size() == 32);
  CHECK(p.cardholder.policies() == std::vector<std::string>{std::string(policy::kCardholder)});
  CHECK_FALSE(p.cardholder.merchant_data());
  CHECK_FALSE(p.cardholder.is_self_signed());
  CHECK(p.cardholder.thumbprint() == thumbprint_of(p.cardholder.der()));
  CHECK(p.cardholder.pem() == certificate_pem(p.cardholder.der()));

  const auto& data = p.merchant_kem.merchant_data();
  REQUIRE(data);
  CHECK(data->merchant_id == "M-4711");
  CHECK(data->acquirer_bin == "400000");
  CHECK(data->name == "Café Zürich");
  CHECK(data->city == "Zürich");
  CHECK(data->country == 756);
  CHECK_FALSE(data->auth_flag);
  CHECK(p.merchant_kem.key_use() == KeyUse::key_exchange);

  CHECK(p.gateway_kem.tunneling());
  CHECK(p.gateway_kem.card_cert_required() == true);
  CHECK_FALSE(p.gateway.tunneling());
  CHECK(p.ca_messages.roles() == std::vector{Role::cca, Role::mca, Role::pca});
  CHECK(p.ca_messages.policies().size() == 3);
  CHECK(p.root.is_self_signed());
  CHECK(p.root.key_use() == KeyUse::certificate_signing);
  CHECK(must(Certificate::parse(p.root.der())).thumbprint() == p.root.thumbprint());
}

TEST_CASE("two certificates of one template differ in their serial numbers") {
  const auto& p = pki();
  const auto again =
      p.issue(end_template(Role::cardholder), signer("cardholder").public_key(), p.cca, "cca");
  CHECK(again.serial_hex() != p.cardholder.serial_hex());
  CHECK(again.thumbprint() != p.cardholder.thumbprint());
}

TEST_CASE("a root announces its successor's key") {
  auto contents = root_template();
  contents.hashed_root_key = bytes_of(digest("next root", view_of("key")).view());
  const auto& key = signer("root", SignatureAlgorithm::ml_dsa_87);
  const auto root =
      must(issue_certificate(contents, key.public_key(), nullptr, key, Rng::system()));
  CHECK(root.hashed_root_key() == contents.hashed_root_key);

  contents.hashed_root_key = Bytes(20, 1);
  CHECK(code_of(issue_certificate(contents, key.public_key(), nullptr, key, Rng::system())) ==
        ErrorCode::invalid_certificate);
}

TEST_CASE("bytes that are no certificate, or more than one, are refused") {
  const Bytes der = pki().cardholder.der();
  Bytes trailing = der;
  trailing.push_back(0);
  const auto no = [](ByteView bytes) {
    CHECK(code_of(Certificate::parse(bytes)) == ErrorCode::decoding_failure);
  };
  no({});
  no(view_of("certificate"));
  no(view_of(pki().cardholder.pem()));
  no(trailing);
  no(concat({der, der}));
  no(Bytes(20000, 0x30));
  for (std::size_t size = 0; size < der.size(); size += 101) no(ByteView(der).first(size));
  no(pki().cardholder.public_key());
}

TEST_CASE("a byte changed anywhere gives no certificate or another one") {
  const auto& good = pki().merchant_kem;
  for (std::size_t i = 0; i < good.der().size(); i += 7) {
    Bytes changed = good.der();
    changed[i] ^= 0x21;
    const auto parsed = Certificate::parse(changed);
    if (parsed) CHECK(parsed->thumbprint() != good.thumbprint());
  }
}

TEST_CASE("names: exactly one O, and only what SET uses") {
  const auto& like = pki().cardholder;
  using Names = std::initializer_list<std::pair<std::string_view, std::string_view>>;
  const auto named = [&](const char* what, Names names) {
    const std::vector<std::pair<std::string_view, std::string_view>> kept(names);
    return breach(what, like, [kept](Forgery& f) {
      f.subject = Botan::X509_DN();
      for (const auto& [type, value] : kept) f.subject.add_attribute(type, value);
    });
  };
  check_refused({
      named("no name", {}),
      named("no O", {{"X520.CommonName", "x"}}),
      named("no CN", {{"X520.Organization", "Test Brand"}}),
      named("two O", {{"X520.Organization", "Test Brand"},
                      {"X520.Organization", "Other"},
                      {"X520.CommonName", "x"}}),
      named("two CN", {{"X520.Organization", "Test Brand"},
                       {"X520.CommonName", "x"},
                       {"X520.CommonName", "y"}}),
      named("a state",
            {{"X520.Organization", "Test Brand"}, {"X520.State", "x"}, {"X520.CommonName", "x"}}),
  });
  const std::string long_name(65, 'x');
  check_refused(
      {breach("a name of 65", like,
              [&](Forgery& f) {
                f.set_name({{"X520.Organization", "Test Brand"}, {"X520.CommonName", long_name}});
              }),
       breach("a control character", like, [](Forgery& f) {
         f.subject = Botan::X509_DN();
         f.subject.add_attribute("X520.Organization", "Test Brand");
         f.subject.add_attribute(Botan::OID("2.5.4.3"),
                                 Botan::ASN1_String("a\nb", Botan::ASN1_Type::Utf8String));
       })});
}

TEST_CASE("keyUsage and basicConstraints: critical, and of one use only") {
  const auto& p = pki();
  check_refused({
      breach("no keyUsage", p.cardholder, without("2.5.29.15")),
      breach("keyUsage not critical", p.cardholder,
             with_usage(Key_Constraints::DigitalSignature, false)),
      breach("signature and encipherment", p.cardholder,
             with_usage(Key_Constraints::DigitalSignature | Key_Constraints::KeyEncipherment)),
      breach("signature and certificates", p.cardholder,
             with_usage(Key_Constraints::DigitalSignature | Key_Constraints::KeyCertSign)),
      breach("data encipherment", p.merchant_kem, with_usage(Key_Constraints::DataEncipherment)),
      breach("certificates without CRLs", p.cca, with_usage(Key_Constraints::KeyCertSign)),
      breach("all", p.cca, with_usage(0xff80)),
      breach("malformed keyUsage", p.cardholder, with_extension("2.5.29.15", kNull, true)),
      breach("no basicConstraints", p.cardholder, without("2.5.29.19")),
      breach("basicConstraints not critical", p.cardholder,
             [](Forgery& f) {
               f.set_extension(std::make_unique<ext::Basic_Constraints>(false, std::nullopt),
                               false);
             }),
      breach("an end entity that is a CA", p.cardholder,
             [](Forgery& f) {
               f.set_extension(std::make_unique<ext::Basic_Constraints>(true, std::nullopt), true);
             }),
      breach("a CA that is none", p.cca,
             [](Forgery& f) {
               f.set_extension(std::make_unique<ext::Basic_Constraints>(false, std::nullopt), true);
             }),
      breach("an end entity that signs certificates", p.cardholder,
             [](Forgery& f) {
               with_usage(Key_Constraints::KeyCertSign | Key_Constraints::CrlSign)(f);
               f.set_extension(std::make_unique<ext::Basic_Constraints>(true, std::nullopt), true);
             }),
  });
}

TEST_CASE("extensions that the profile does not know, or knows too well") {
  const auto& like = pki().cardholder;
  check_refused({
      breach("unknown and critical", like, with_extension("1.2.3.4", kNull, true)),
      breach("SET's own, but critical", like,
             with_extension("2.23.42.7.1", Bytes{0x03, 0x02, 0x07, 0x80}, true)),
      breach("name constraints", like, with_extension("2.5.29.30", Bytes{0x30, 0x00})),
      breach("no authorityKeyIdentifier", like, without("2.5.29.35")),
      breach("no subjectKeyIdentifier", like, without("2.5.29.14")),
  });
  const Bytes unknown =
      forge(like, signer("cca"), with_extension("1.2.3.4", kNull));  // not critical: no matter
  CHECK(must(Certificate::parse(unknown)).has_role(Role::cardholder));
}

TEST_CASE("certificateType: there, well-formed, and of roles that go together") {
  const auto& p = pki();
  const auto type = [](std::vector<Role> roles) {
    return with_type(detail::encode_certificate_type(roles));
  };
  check_refused({
      breach("missing", p.cardholder, without("2.23.42.7.1")),
      breach("no bits", p.cardholder, with_type({0x03, 0x01, 0x00})),
      breach("all bits zero", p.cardholder, with_type({0x03, 0x02, 0x07, 0x00})),
      breach("trailing zero bits", p.cardholder, with_type({0x03, 0x02, 0x00, 0x80})),
      breach("not a BIT STRING", p.cardholder, with_type({0x04, 0x02, 0x07, 0x80})),
      breach("bit 9, the acquirer", p.cardholder, with_type({0x03, 0x03, 0x06, 0x00, 0x40})),
      breach("too long", p.cardholder, with_type({0x03, 0x02, 0x07, 0x80, 0x00})),
      breach("empty", p.cardholder, with_type({})),
      breach("cardholder and merchant", p.cardholder, type({Role::cardholder, Role::merchant})),
      breach("cardholder and CCA", p.cardholder, type({Role::cardholder, Role::cca})),
      breach("CCA and brand", p.cca, type({Role::cca, Role::bca})),
      breach("a cardholder's key exchange", p.merchant_kem,
             [&](Forgery& f) {
               type({Role::cardholder})(f);
               without("2.23.42.7.2")(f);
             }),
      // A brand may have a key that signs its BCI, and no other beside the one that certifies.
      breach("a brand's key exchange", p.ca_kem, type({Role::bca})),
      breach("a geopolitical CA's message signature", p.ca_messages, type({Role::gca})),
      breach("a CA as cardholder", p.cca, type({Role::cardholder})),
  });
  for (std::uint8_t bits = 1; bits < 8; ++bits) {
    std::vector<Role> roles;
    for (const Role role : {Role::cca, Role::mca, Role::pca}) {
      if (bits & (1u << (static_cast<unsigned>(role) - 3u))) roles.push_back(role);
    }
    CHECK(must(Certificate::parse(forge(p.cca, signer("brand"), type(roles)))).roles() == roles);
  }
}

TEST_CASE("SET's other extensions stand where they belong and nowhere else") {
  const auto& p = pki();
  const auto merchant_data = detail::encode_merchant_data(*p.merchant.merchant_data());
  auto wants_pans = *p.merchant.merchant_data();
  wants_pans.auth_flag = true;
  const Bytes tunneling = detail::encode_tunneling(true);
  const Bytes hashed = detail::encode_hashed_root_key(Bytes(48, 1));
  Bytes trailing = merchant_data;
  trailing.push_back(0);
  check_refused({
      breach("a merchant without merchantData", p.merchant, without("2.23.42.7.2")),
      breach("malformed merchantData", p.merchant, with_extension("2.23.42.7.2", kNull)),
      breach("merchantData and a byte", p.merchant, with_extension("2.23.42.7.2", trailing)),
      breach("a merchant that would get PANs", p.merchant,
             with_extension("2.23.42.7.2", detail::encode_merchant_data(wants_pans))),
      breach("a cardholder with merchantData", p.cardholder,
             with_extension("2.23.42.7.2", merchant_data)),
      breach("a gateway that takes unsigned PIs", p.gateway_kem,
             with_extension("2.23.42.7.3", {0x01, 0x01, 0x00})),
      breach("a gateway that does not say", p.gateway_kem, without("2.23.42.7.3")),
      breach("a merchant with cardCertRequired", p.merchant_kem,
             with_extension("2.23.42.7.3", {0x01, 0x01, 0xff})),
      breach("tunneling at a signature key", p.gateway, with_extension("2.23.42.7.4", tunneling)),
      breach("malformed tunneling", p.gateway_kem, with_extension("2.23.42.7.4", kNull)),
      breach("hashedRootKey at a brand", p.brand, with_extension("2.23.42.7.0", hashed)),
  });
  const auto plain =
      must(Certificate::parse(forge(p.gateway_kem, signer("pca"), without("2.23.42.7.4"))));
  CHECK_FALSE(plain.tunneling());
}

TEST_CASE("keys fit their use and their place") {
  const auto& p = pki();
  const auto key = [](Bytes spki) { return [spki](Forgery& f) { f.spki = spki; }; };
  Bytes overflow = kem_key("a").public_key().spki();
  overflow[overflow.size() - 1216] = 0xff;
  overflow[overflow.size() - 1215] = 0xff;
  const auto strong = signer("strong", SignatureAlgorithm::ml_dsa_87).public_key();
  check_refused({
      breach("a KEM key that signs", p.cardholder, key(kem_key("a").public_key().spki())),
      breach("a signature key for key exchange", p.merchant_kem, key(signer("a").public_key())),
      breach("a KEM key out of range", p.merchant_kem, key(overflow)),
      breach("an ECDSA key", p.cardholder, key(TlsKey::generate(Rng::system()).public_key)),
      breach("ML-DSA-87 below the brand", p.cardholder, key(strong)),
      breach("ML-DSA-65 for a brand", p.brand, key(signer("a").public_key())),
  });
  check_refused({{"signed with ECDSA", [&] { return forge_with_ecdsa(p.cardholder); }}});
}

TEST_CASE("serial numbers are positive and times are in order") {
  const auto& like = pki().cardholder;
  check_refused({
      breach("zero", like, [](Forgery& f) { f.serial = Botan::BigInt(); }),
      breach("negative", like, [](Forgery& f) { f.serial = -f.serial; }),
      breach("too long", like, [](Forgery& f) { f.serial = Botan::BigInt::power_of_2(170); }),
      breach("ends before it begins", like,
             [](Forgery& f) { std::swap(f.not_before, f.not_after); }),
  });
}

TEST_CASE("only a root is its own issuer") {
  const auto& p = pki();
  check_refused({
      breach("a brand that issues itself", p.brand, [](Forgery& f) { f.issuer = f.subject; }),
      breach("a CA with its issuer's name", p.cca, [](Forgery& f) { f.subject = f.issuer; }),
      breach("a root by somebody else", p.root,
             [](Forgery& f) {
               f.issuer = Botan::X509_DN();
               f.issuer.add_attribute("X520.Organization", "Other Root");
             }),
  });
}

TEST_CASE("what cannot be a certificate of SET is not issued") {
  const auto& p = pki();
  const auto refused = [&](auto edit, ErrorCode code) {
    auto contents = end_template(Role::merchant);
    edit(contents);
    CHECK(code_of(issue_certificate(contents, signer("merchant").public_key(), &p.mca,
                                    signer("mca"), Rng::system())) == code);
  };
  refused([](auto& c) { c.not_after = c.not_before; }, ErrorCode::invalid_argument);
  refused([](auto& c) { c.common_name = std::string(65, 'x'); }, ErrorCode::invalid_argument);
  refused([](auto& c) { c.common_name = "a\nb"; }, ErrorCode::invalid_argument);
  refused([](auto& c) { c.roles.clear(); }, ErrorCode::invalid_argument);
  refused([](auto& c) { c.path_limit = 1; }, ErrorCode::invalid_argument);
  refused([](auto& c) { c.crl_url = "http://x/ y"; }, ErrorCode::invalid_argument);
  refused([](auto& c) { c.policy_oid = "no oid"; }, ErrorCode::invalid_argument);
  refused([](auto& c) { c.organization.clear(); }, ErrorCode::invalid_certificate);
  refused([](auto& c) { c.merchant_data->merchant_id.clear(); }, ErrorCode::invalid_certificate);
  refused([](auto& c) { c.merchant_data->acquirer_bin = "12345"; }, ErrorCode::invalid_certificate);
  refused([](auto& c) { c.merchant_data->country = 0; }, ErrorCode::invalid_certificate);
  refused([](auto& c) { c.merchant_data.reset(); }, ErrorCode::invalid_certificate);
  refused([](auto& c) { c.key_use = KeyUse::key_exchange; }, ErrorCode::invalid_certificate);

  const auto contents = end_template(Role::cardholder);
  const auto& key = signer("cardholder").public_key();
  CHECK(code_of(issue_certificate(contents, key, &p.cca, signer("mca"), Rng::system())) ==
        ErrorCode::invalid_argument);  // not the issuer's key
  CHECK(code_of(issue_certificate(contents, key, &p.merchant, signer("merchant"), Rng::system())) ==
        ErrorCode::invalid_argument);  // no issuer
  CHECK(code_of(issue_certificate(contents, key, nullptr, signer("cca"), Rng::system())) ==
        ErrorCode::invalid_argument);  // not self-signed
  CHECK(code_of(issue_certificate(contents, view_of("key"), &p.cca, signer("cca"),
                                  Rng::system())) == ErrorCode::invalid_argument);
}

}  // namespace set::test
