#include "ca/ceremony.h"

#include <nlohmann/json.hpp>

#include "ca/key_store.h"
#include "ca/safe_store.h"
#include "common/crypto/digest.h"
#include "common/daemon/files.h"
#include "common/daemon/identity.h"
#include "tests/ca/ca_world.h"

namespace set::ca::test {
namespace {

using nlohmann::json;

Rng& rng() { return Rng::system(); }
const Instant kToday = system_clock()();

/// A root and its brand with a geopolitical CA; made once, as ML-DSA-87 keys take their time.
struct Safe {
  HierarchySpec spec{std::string(kBrand), "http://ca.example:7702", "Europe"};
  RootKeys root = must(make_root(kToday, rng()));
  BrandKeys brand = must(make_brand(spec, root.root, kToday, rng()));
  std::string fingerprint = root.root.certificate.thumbprint().hex();

  std::string answer(const CeremonyRequest& request, const std::string& request_fingerprint) const {
    const Certifiers by{root.root, brand.brand, &*brand.geopolitical};
    auto chains = must(certify_online(spec, by, request.keys, kToday, rng()));
    auto trust = must(make_trust_pem({root.root.certificate}, root.root.key,
                                     request.transport_root_pem, {}, kToday, rng()));
    auto crls = must(make_offline_crls(by, kToday));
    return must(make_ceremony_answer({request_fingerprint, spec, std::move(chains),
                                      root.root.certificate, std::move(trust), std::move(crls)},
                                     rng()));
  }
};
const Safe& safe() {
  static const Safe made;
  return made;
}

struct Online {
  OnlineKeys keys = must(make_online_keys(std::string(kBrand), kToday, rng()));
  std::string request = must(make_ceremony_request(std::string(kBrand), keys));
  std::string fingerprint = text_fingerprint(request);
  std::string answer = safe().answer(must(accept_ceremony_request(request)), fingerprint);

  Result<CeremonyAnswer> accept(const std::string& text) const {
    return accept_ceremony_answer(text, fingerprint, keys, safe().fingerprint, kToday);
  }
};
const Online& online() {
  static const Online made;
  return made;
}

std::string changed(const std::string& text, const std::function<void(json&)>& edit) {
  auto object = json::parse(text);
  edit(object);
  return object.dump();
}

std::string files_of(const std::filesystem::path& directory) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    names.push_back(entry.path().filename().string());
  }
  std::ranges::sort(names);
  std::string out;
  for (const auto& name : names) out += name + " ";
  return out;
}

}  // namespace

TEST_CASE("a request is taken, its answer too, and the chains go through the geopolitical CA") {
  const auto answer = must(online().accept(online().answer));
  CHECK(answer.spec.geopolitical == "Europe");
  REQUIRE(answer.chains.size() == online_key_rows().size());
  CHECK(answer.chains.at("cca").issuers.size() == 2);
  CHECK(answer.chains.at("cca").issuers.front().has_role(Role::gca));
  // Message keys are the brand's own.
  CHECK(answer.chains.at("signature").issuers.size() == 1);
  const auto certificates = certificates_of(answer.chains, answer.root);
  CHECK(certificates.size() == online_key_rows().size() + 3);
}

TEST_CASE("a request whose keys are not all proven is refused") {
  const auto refused = [](const std::string& text) {
    CHECK(code_of(accept_ceremony_request(text)) == ErrorCode::verification_failed);
  };
  const auto& text = online().request;
  refused("");
  refused("{}");
  refused("no JSON");
  refused(std::string(2 << 20, ' '));
  refused(online().answer);
  refused(changed(text, [](json& o) { o["possession"].erase("mca"); }));
  refused(changed(text, [](json& o) { o["possession"]["mca"] = "zz"; }));
  refused(changed(text, [](json& o) { o["possession"]["mca"] = o["possession"]["pca"]; }));
  refused(changed(text, [](json& o) { o["body"] = 1; }));
  // Everything that the body says is signed: the brand, each key, the transport root.
  for (const char* field : {"brand", "transport_root"}) {
    refused(changed(text, [&](json& o) {
      auto body = json::parse(o["body"].get<std::string>());
      body[field] = body[field].get<std::string>() + "x";
      o["body"] = body.dump();
    }));
  }
  const Online stranger;
  for (const auto& row : online_key_rows()) {
    refused(changed(text, [&](json& o) {
      auto body = json::parse(o["body"].get<std::string>());
      const auto theirs = json::parse(json::parse(stranger.request)["body"].get<std::string>());
      body["keys"][std::string(row.name)] = theirs["keys"][std::string(row.name)];
      o["body"] = body.dump();
    }));
  }
}

TEST_CASE("an answer for another request, of another root, or with changed contents is refused") {
  const auto& o = online();
  const auto refused = [&](const std::string& text) {
    const auto accepted = o.accept(text);
    REQUIRE_FALSE(accepted);
    CHECK_FALSE(accepted.error().detail.empty());
  };
  CHECK(code_of(accept_ceremony_answer(o.answer, std::string(64, '0'), o.keys, safe().fingerprint,
                                       kToday)) == ErrorCode::verification_failed);
  CHECK(code_of(accept_ceremony_answer(o.answer, o.fingerprint, o.keys, std::string(64, '0'),
                                       kToday)) == ErrorCode::verification_failed);
  // Somebody else's keys: neither the KEM certificate opens, nor do the others fit.
  const Online stranger;
  CHECK_FALSE(
      accept_ceremony_answer(o.answer, o.fingerprint, stranger.keys, safe().fingerprint, kToday));
  refused(o.request);
  for (const char* field : {"request", "brand", "public_url", "geopolitical", "root", "trust",
                            "chains", "crls", "key_exchange"}) {
    INFO(field);
    refused(changed(o.answer, [&](json& object) { object.erase(field); }));
  }
  refused(changed(o.answer, [](json& a) { std::swap(a["chains"]["cca"], a["chains"]["mca"]); }));
  refused(changed(o.answer, [](json& a) { a["chains"]["cca"].erase(1); }));
  refused(changed(o.answer, [](json& a) { a["chains"]["cca"] = json::array(); }));
  refused(changed(o.answer, [](json& a) { std::swap(a["crls"]["root"], a["crls"]["brand"]); }));
  refused(changed(o.answer, [](json& a) { a["crls"].erase("gca"); }));
  refused(changed(o.answer, [](json& a) { a["brand"] = "Another"; }));
  refused(changed(o.answer, [](json& a) { a["public_url"] = "https://x"; }));
  refused(changed(o.answer, [](json& a) { a["key_exchange"]["ciphertext"] = "00"; }));
}

TEST_CASE("a CA that was made by ceremony loads like one that was made at once") {
  TemporaryDirectory home;
  const auto directory = home.path / "online";
  const Passphrase passphrase(std::string("daemon"));
  const auto& o = online();
  must(save_online_keys(directory, o.keys, passphrase, rng()));
  const auto keys = must(load_online_keys(directory, passphrase));
  CHECK(public_keys_of(keys) == public_keys_of(o.keys));
  CHECK(code_of(load_ca(directory, passphrase, kToday)) == ErrorCode::bad_config);
  const auto answer = must(o.accept(o.answer));
  must(save_online_certificates(directory, answer.chains, answer.root, answer.trust_pem,
                                answer.crls,
                                {answer.spec.brand, {"localhost"}, answer.spec.public_url}));
  const auto loaded = must(load_ca(directory, passphrase, kToday));
  REQUIRE(loaded.authorities.geopolitical);
  CHECK(loaded.published.contains("gca.der"));
  CHECK(loaded.offline_crls.size() == 3);
}

TEST_CASE("rollover: the announced key reigns, also when the first attempt was interrupted") {
  TemporaryDirectory home;
  const auto directory = home.path / "safe";
  const Passphrase lock(std::string("root"));
  const auto& s = safe();
  must(save_root(directory, s.root.root, s.root.next, lock, rng()));
  CHECK(code_of(save_root(directory, s.root.root, s.root.next, lock, rng())) ==
        ErrorCode::conflict);
  CHECK(code_of(open_safe(directory, must(load_safe(directory)), lock)) == ErrorCode::conflict);
  must(save_brand(directory, s.spec, s.brand.brand, &*s.brand.geopolitical, lock, rng()));
  CHECK(code_of(load_transport(directory)) == ErrorCode::conflict);
  const auto request = must(accept_ceremony_request(online().request));
  must(save_transport(directory, request.transport_root_pem, "trust"));

  const auto state = must(load_safe(directory));
  CHECK(state.spec.geopolitical == "Europe");
  const auto interrupted = must(prepare_rollover(directory, state, lock, rng()));
  const auto before = files_of(directory);
  auto keys = must(prepare_rollover(directory, must(load_safe(directory)), lock, rng()));
  CHECK(files_of(directory) == before);
  CHECK(keys.next.public_key() == interrupted.next.public_key());
  CHECK(keys.announced.public_key() == s.root.next.public_key());

  const auto next =
      must(make_next_root(std::move(keys.announced), std::move(keys.next), kToday, rng()));
  const auto opened = must(open_safe(directory, state, lock));
  const auto brand = must(certify_brand(state.spec, opened.brand.key, next.root, kToday, rng()));
  must(save_next_root(directory, state, next.root.certificate, brand));
  CHECK(must(load_safe(directory)).root == 1);
  const auto trust_pem =
      must(make_trust_pem({s.root.root.certificate, next.root.certificate}, next.root.key,
                          request.transport_root_pem, {brand}, kToday, rng()));
  must(enthrone(directory, state, trust_pem));
  const auto after = must(load_safe(directory));
  CHECK(after.root == 2);
  CHECK(must(open_safe(directory, after, lock)).root.certificate.thumbprint() ==
        next.root.certificate.thumbprint());
  CHECK(must(load_roots(directory, after)).size() == 2);

  // The news, at the online CA: by the trust that is there.
  const auto held = must(Trust::parse(must(online().accept(online().answer)).trust_pem, "", kToday));
  const auto text = make_rollover(next.root.certificate, trust_pem);
  CHECK(must(accept_rollover(text, held, kToday)).root.thumbprint() ==
        next.root.certificate.thumbprint());
  const auto other = must(make_hierarchy({std::string(kBrand), ""}, kToday, rng()));
  const auto stranger = must(Trust::parse(other.trust_pem, "", kToday));
  CHECK(code_of(accept_rollover(text, stranger, kToday)) == ErrorCode::verification_failed);
  CHECK(code_of(accept_rollover(online().answer, held, kToday)) == ErrorCode::verification_failed);
  CHECK(code_of(accept_rollover(make_rollover(s.root.root.certificate, trust_pem), held, kToday)) ==
        ErrorCode::verification_failed);
}

TEST_CASE("a rollover needs the announced key") {
  TemporaryDirectory home;
  const auto directory = home.path / "safe";
  const Passphrase lock(std::string("root"));
  const auto& s = safe();
  must(save_root(directory, s.root.root, s.root.next, lock, rng()));
  REQUIRE(std::filesystem::remove(root_key_file(directory, 2)));
  CHECK(code_of(prepare_rollover(directory, {s.spec, 1}, lock, rng())) == ErrorCode::bad_config);
}

TEST_CASE("trust.pem never loses a successor of its root, whoever writes it last") {
  TemporaryDirectory home;
  const auto directory = home.path / "shop";
  must(make_private_directory(directory));
  const auto transport = online().keys.transport.certificate_pem;
  auto first = must(make_root(kToday, rng()));
  const auto old_pem = must(
      make_trust_pem({first.root.certificate}, first.root.key, transport, {}, kToday, rng()));
  const auto second = must(make_next_root(
      std::move(first.next), StoredSigner::generate(SignatureAlgorithm::ml_dsa_87, rng()), kToday,
      rng()));
  const auto new_pem =
      must(make_trust_pem({first.root.certificate, second.root.certificate}, second.root.key,
                          transport, {}, kToday, rng()));
  const auto save = [&](const std::string& pem) {
    must(Identity::save_trust(directory, must(Trust::parse(pem, "", kToday)), kToday));
  };
  const auto roots = [&] {
    return must(Trust::parse(must(read_text_file(directory / "trust.pem")), "", kToday)).roots();
  };
  save(old_pem);
  CHECK(roots().size() == 1);
  save(new_pem);
  CHECK(roots().size() == 2);
  save(old_pem);  // a renewal that began before the rollover, and ended after it
  REQUIRE(roots().size() == 2);
  CHECK(roots().back().thumbprint() == second.root.certificate.thumbprint());
  // Another root is another trust.
  const auto other = must(make_root(kToday, rng()));
  save(must(make_trust_pem({other.root.certificate}, other.root.key, transport, {}, kToday, rng())));
  CHECK(roots().size() == 1);
}

}  // namespace set::ca::test
