// The linter: clean certificates break nothing, and each rule is broken by what it forbids alone.
#include "ca/lint.h"

#include <set>

#include "ca/profile.h"
#include "tests/ca/ca_world.h"

namespace set::ca::test {

namespace {

struct Subjects {
  LoadedCa ca = make_ca();
  Instant now = system_clock()();
  Rng& rng = Rng::system();
  ProfileContext context{std::string(kBrand), "http://ca.example"};
  Bytes signature_key =
      SoftwareSigner::generate(SignatureAlgorithm::ml_dsa_65, rng).public_key();
  Bytes strong_key = SoftwareSigner::generate(SignatureAlgorithm::ml_dsa_87, rng).public_key();
  Bytes kem_key = KemPrivateKey::generate(rng).public_key().spki();

  LintSubject merchant(KeyUse use = KeyUse::signature) {
    const MerchantData data{"shop-1", "400000", "Corner Shop", "Berlin", 276, false};
    const auto& mca = ca.authorities.mca.certificate;
    return lint_subject(merchant_profile(context, data, use, mca, now),
                        use == KeyUse::signature ? signature_key : kem_key, &mca);
  }
  LintSubject gateway() {
    const auto& pca = ca.authorities.pca.certificate;
    return lint_subject(gateway_profile(context, "gw", "400000", KeyUse::key_exchange, pca, now),
                        kem_key, &pca);
  }
  LintSubject cardholder() {
    const auto& cca = ca.authorities.cca.certificate;
    return lint_subject(cardholder_profile(context, std::string(64, 'a'), "Sandbox Bank",
                                           now + kCardholderValidity, cca, now),
                        signature_key, &cca);
  }
  TlsLintSubject tls() {
    return {tls_profile(context, {PartyRole::merchant, context.brand, "400000/shop-1"}, {"localhost", "::1"}, now),
            TlsKey::generate(rng).public_key};
  }
};

std::set<std::string> ids(const LintSubject& subject) {
  std::set<std::string> out;
  for (const auto* rule : lint(subject)) out.emplace(rule->id);
  return out;
}

using Ids = std::set<std::string>;

}  // namespace

TEST_CASE_METHOD(Subjects, "what the profile makes is clean") {
  CHECK(ids(merchant()) == Ids{});
  CHECK(ids(merchant(KeyUse::key_exchange)) == Ids{});
  CHECK(ids(gateway()) == Ids{});
  CHECK(ids(cardholder()) == Ids{});
  CHECK(require_clean(tls()));
}

TEST_CASE("a hierarchy's own certificates are clean, but for URLs where there are none") {
  const auto h = must(make_hierarchy({std::string(kBrand), ""}, system_clock()(), Rng::system()));
  const Ids urls{"crl-url", "issuer-url"};
  CHECK(ids(lint_subject(h.root.certificate, nullptr)) == Ids{});
  CHECK(ids(lint_subject(h.brand.certificate, &h.root.certificate)) == urls);
  for (const auto* certificate :
       {&h.operating.cca.certificate, &h.operating.mca.certificate, &h.operating.pca.certificate,
        &h.messages.signature_chain.leaf, &h.messages.key_exchange_chain.leaf}) {
    CHECK(ids(lint_subject(*certificate, &h.brand.certificate)) == urls);
    CHECK(require_clean(lint_subject(*certificate, &h.brand.certificate)));  // notices only
  }
}

TEST_CASE_METHOD(Subjects, "each rule is broken by what it forbids") {
  auto m = merchant();
  auto& c = m.contents;
  const auto breaks = [&](Ids expected) {
    CHECK(ids(m) == expected);
    CHECK(code_of(require_clean(m)) == ErrorCode::invalid_argument);
  };
  SECTION("no brand") { c.organization = ""; breaks({"name-brand-present", "name-brand-of-issuer"}); }
  SECTION("another brand") { c.organization = "Other"; breaks({"name-brand-of-issuer"}); }
  SECTION("no name") { c.common_name = ""; breaks({"name-common-name"}); }
  SECTION("long name") { c.common_name = std::string(65, 'a'); breaks({"name-length"}); }
  SECTION("control character") { c.organizational_unit = "a\nb"; breaks({"name-characters"}); }
  SECTION("space at the end") { c.common_name = "Shop "; breaks({"name-characters"}); }
  SECTION("backwards") { c.not_after = c.not_before; breaks({"validity-order"}); }
  SECTION("older than the issuer") {
    c.not_before = m.issuer->not_before() - std::chrono::seconds(1);
    c.not_after = c.not_before + kPartyValidity;
    breaks({"validity-within-issuer"});
  }
  SECTION("too long") { c.not_after += std::chrono::hours(1); breaks({"validity-length"}); }
  SECTION("two roles") {
    c.roles = {Role::merchant, Role::gateway};
    const auto found = ids(m);
    CHECK(found.contains("type-one-role"));
    CHECK(found.contains("type-of-issuer"));
  }
  SECTION("of another CA") {
    m.issuer = ca.authorities.pca.certificate;
    breaks({"type-of-issuer"});
  }
  SECTION("signing certificates") {
    c.key_use = KeyUse::certificate_signing;
    breaks({"key-usage", "basic-constraints"});
  }
  SECTION("a CA flag") { c.is_ca = true; breaks({"basic-constraints"}); }
  SECTION("a path limit") { c.path_limit = 0; breaks({"basic-constraints"}); }
  SECTION("another role's policy") { m.policies = {std::string(policy::kGateway)}; breaks({"policy"}); }
  SECTION("no policy") { m.policies.clear(); breaks({"policy"}); }
  SECTION("no merchantData") { c.merchant_data.reset(); breaks({"merchant-data"}); }
  SECTION("a short BIN") { c.merchant_data->acquirer_bin = "4000"; breaks({"merchant-data-form"}); }
  SECTION("country 0") { c.merchant_data->country = 0; breaks({"merchant-data-form"}); }
  SECTION("PANs for the merchant") { c.merchant_data->auth_flag = true; breaks({"merchant-no-pan"}); }
  SECTION("cardCertRequired") { c.card_cert_required = true; breaks({"card-cert-required"}); }
  SECTION("hashedRootKey") { c.hashed_root_key = Bytes(48); breaks({"hashed-root-key"}); }
  SECTION("a stronger key") { m.public_key = strong_key; breaks({"key-algorithm"}); }
  SECTION("a KEM key for signatures") { m.public_key = kem_key; breaks({"key-algorithm"}); }
  SECTION("a short serial") { m.serial_hex = "0123456789abcde"; breaks({"serial-entropy"}); }
  SECTION("a long serial") { m.serial_hex = std::string(42, 'a'); breaks({"serial-entropy"}); }
  SECTION("https") { c.crl_url = "https://ca.example/crl"; breaks({"url-form"}); }
  SECTION("no CRL: a notice") {
    c.crl_url = "";
    CHECK(ids(m) == Ids{"crl-url"});
    CHECK(require_clean(m));
  }
}

TEST_CASE_METHOD(Subjects, "rules of the other roles") {
  auto card = cardholder();
  card.contents.common_name = "Alice Example";
  CHECK(ids(card) == Ids{"name-pseudonym"});
  card = cardholder();
  card.contents.key_use = KeyUse::key_exchange;
  CHECK(ids(card) == Ids{"key-usage", "key-algorithm"});
  auto gw = gateway();
  gw.contents.card_cert_required = false;
  CHECK(ids(gw) == Ids{"card-cert-required"});
  auto authority = lint_subject(authority_profile(context, Role::mca, now), signature_key, nullptr);
  CHECK(ids(authority) == Ids{});
  authority.contents.path_limit = 1;
  CHECK(ids(authority) == Ids{"path-limit"});
}

TEST_CASE_METHOD(Subjects, "the transport's rules") {
  const auto broken = [](const TlsLintSubject& subject) {
    std::string found;
    for (const auto& rule : tls_lint_rules()) {
      if (!rule.holds(subject)) found += std::string(rule.id) + " ";
    }
    return found;
  };
  auto s = tls();
  CHECK(broken(s).empty());
  SECTION("unit") { s.contents.organizational_unit = "shop"; CHECK(broken(s) == "tls-role "); }
  SECTION("long") { s.contents.not_after += std::chrono::hours(1); CHECK(broken(s) == "tls-validity "); }
  SECTION("no host") { s.contents.hosts.clear(); CHECK(broken(s) == "tls-hosts "); }
  SECTION("wildcard") { s.contents.hosts = {"*.example"}; CHECK(broken(s) == "tls-hosts "); }
  SECTION("e-mail") { s.contents.hosts = {"a@b.example"}; CHECK(broken(s) == "tls-hosts "); }
  SECTION("CA") { s.contents.is_ca = true; CHECK(broken(s) == "tls-no-ca "); }
  SECTION("key") { s.public_key = signature_key; CHECK(broken(s) == "tls-key "); }
  SECTION("name") { s.contents.common_name = "a\x7f"; CHECK(broken(s) == "tls-names "); }
}

TEST_CASE_METHOD(Subjects, "nothing is signed that breaks a rule") {
  auto m = merchant();
  m.contents.merchant_data->country = 0;
  const auto prepared = prepare(m.contents, signature_key, ca.authorities.mca, now);
  CHECK(code_of(prepared) == ErrorCode::invalid_argument);
  CHECK(prepared.error().detail.find("merchant-data-form") != std::string::npos);
}

}  // namespace set::ca::test
