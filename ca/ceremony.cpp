#include "ca/ceremony.h"

#include <nlohmann/json.hpp>

#include "common/crypto/digest.h"
#include "common/crypto/hpke.h"

namespace set::ca {
namespace {

using CarriedJson = nlohmann::json;

constexpr std::string_view kRequest = "OpenSET ceremony request",
                           kAnswer = "OpenSET ceremony answer",
                           kRollover = "OpenSET ceremony rollover";
constexpr std::string_view kPossessionLabel = "SET/2 ceremony request";
constexpr std::string_view kSealLabel = "SET/2 ceremony key-exchange certificate";
constexpr std::uint8_t kZero = 0;
constexpr std::size_t kMaxTextBytes = 1 << 20;

auto wrong(const std::string& sentence) {
  return failure(ErrorCode::verification_failed, sentence);
}

/// What each signature key signs: the label and the exact text.
Bytes possession_input(std::string_view body) {
  return concat({view_of(kPossessionLabel), ByteView(&kZero, 1), view_of(body)});
}

Result<CarriedJson> parse_kind(std::string_view text, std::string_view kind) {
  const std::string is = carried_kind(text);
  if (is != kind) {
    return wrong(is.empty() ? "the file is no " + std::string(kind)
                            : "the file is an " + is + ", not an " + std::string(kind));
  }
  return CarriedJson::parse(text, nullptr, /*allow_exceptions=*/false);
}

Result<std::string> text_in(const CarriedJson& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end() || !found->is_string()) {
    return wrong("the file lacks \"" + std::string(name) + "\"");
  }
  return found->get<std::string>();
}

Result<Bytes> octets_in(const CarriedJson& object, const char* name) {
  auto octets = from_hex(TRY(text_in(object, name)));
  if (!octets) return wrong("\"" + std::string(name) + "\" in the file is malformed");
  return octets;
}

Result<CarriedJson> object_in(const CarriedJson& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end() || !found->is_object()) {
    return wrong("the file lacks \"" + std::string(name) + "\"");
  }
  return *found;
}

CarriedJson certificates_json(const std::vector<Certificate>& certificates) {
  auto list = CarriedJson::array();
  for (const auto& certificate : certificates) list.push_back(to_hex(certificate.der()));
  return list;
}

Result<Certificate> certificate_of(std::string_view hex) {
  const auto der = from_hex(hex);
  if (!der) return wrong("a certificate in the file is malformed");
  return Certificate::parse(*der);
}

Result<std::vector<Certificate>> certificates_in(const CarriedJson& object, const std::string& name) {
  std::vector<Certificate> certificates;
  const auto found = object.find(name);
  if (found == object.end() || !found->is_array()) return wrong("the file lacks \"" + name + "\"");
  for (const auto& hex : *found) {
    if (!hex.is_string()) return wrong("a certificate in the file is malformed");
    certificates.push_back(TRY(certificate_of(hex.get<std::string>())));
  }
  return certificates;
}

Result<void> check_possession(const PublicKeys& keys, const CarriedJson& signatures,
                              std::string_view body) {
  for (const auto& row : online_key_rows()) {
    const std::string name(row.name);
    const auto key = keys.find(name);
    if (key == keys.end()) return wrong("the request lacks the key \"" + name + "\"");
    if (row.use == KeyUse::key_exchange) continue;
    const auto signature = TRY(octets_in(signatures, name.c_str()));
    if (!verify_signature(key->second, possession_input(body), signature)) {
      return wrong("the request was changed: the key \"" + name + "\" has not signed it");
    }
  }
  return {};
}

Result<void> check_chain(const OnlineKeyRow& row, const Chain& chain, const PublicKeys& keys,
                         const Trust& trust, const std::string& brand, Instant now) {
  const auto name = std::string(row.name);
  if (!equal(chain.leaf.public_key(), keys.at(name))) {
    return wrong("the certificate \"" + name + "\" is not for this CA's key");
  }
  const auto verified = trust.verify(chain.leaf, chain.issuers, {row.role, row.use, brand}, now);
  if (!verified) {
    return failure(verified.error().code,
                   "the certificate \"" + name + "\": " + verified.error().detail);
  }
  return {};
}

CarriedJson crls_json(const OfflineCrls& crls) {
  auto roots = CarriedJson::array();
  for (const auto& list : crls.roots) roots.push_back(to_hex(list.der()));
  CarriedJson out{{"roots", std::move(roots)}, {"brand", to_hex(crls.brand.der())}};
  if (crls.geopolitical) out["gca"] = to_hex(crls.geopolitical->der());
  return out;
}

Result<Crl> crl_of(ByteView der, const char* name, std::span<const Certificate> issuers) {
  auto crl = TRY(Crl::parse(der));
  const bool verified = std::ranges::any_of(issuers, [&](const Certificate& issuer) {
    return crl.verify(issuer).has_value();
  });
  if (!verified) return wrong("the list of revoked certificates \"" + std::string(name) + "\" is not its issuer's");
  return crl;
}

Result<Crl> crl_in(const CarriedJson& object, const char* name, const Certificate& issuer) {
  return crl_of(TRY(octets_in(object, name)), name, {&issuer, 1});
}

Result<std::vector<Crl>> root_crls_in(const CarriedJson& object, const Trust& trust) {
  const auto found = object.find("roots");
  if (found == object.end() || !found->is_array()) return wrong("the file lacks \"roots\"");
  const auto roots = trust.roots();
  std::vector<Crl> out;
  for (const auto& hex : *found) {
    const auto der = hex.is_string() ? from_hex(hex.get<std::string>()) : Result<Bytes>(Bytes());
    if (!der) return wrong("a list of revoked certificates in the file is malformed");
    out.push_back(TRY(crl_of(*der, "roots", roots)));
  }
  return out;
}

Result<OfflineCrls> crls_in(const CarriedJson& object, const Trust& trust, const Chain& operating) {
  auto roots = TRY(root_crls_in(object, trust));
  auto brand = TRY(crl_in(object, "brand", operating.issuers.back()));
  OfflineCrls crls{std::move(roots), std::move(brand), std::nullopt};
  if (operating.issuers.size() == 2) {
    crls.geopolitical = TRY(crl_in(object, "gca", operating.issuers.front()));
  }
  return crls;
}

/// The KEM certificate, which only the KEM key opens.
Result<Certificate> unseal(const CarriedJson& sealed, const KemPrivateKey& key, std::string_view request) {
  const auto encapsulated = TRY(octets_in(sealed, "encapsulated"));
  const auto ciphertext = TRY(octets_in(sealed, "ciphertext"));
  auto context = TRY(hpke_receiver(key, encapsulated, view_of(kSealLabel)));
  const auto der = TRY(context.open(view_of(request), ciphertext));
  return Certificate::parse(der.reveal());
}

}  // namespace

std::string text_fingerprint(std::string_view text) { return thumbprint_of(view_of(text)).hex(); }

std::string carried_kind(std::string_view text) {
  if (text.size() > kMaxTextBytes) return {};
  const auto object = CarriedJson::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!object.is_object()) return {};
  const auto kind = object.find("is");
  if (kind == object.end() || !kind->is_string()) return {};
  for (const auto known : {kRequest, kAnswer, kRollover}) {
    if (*kind == known) return std::string(known);
  }
  return {};
}

Result<std::string> make_ceremony_request(const std::string& brand, const OnlineKeys& keys) {
  CarriedJson public_keys = CarriedJson::object();
  for (const auto& [name, key] : public_keys_of(keys)) public_keys[name] = to_hex(key);
  // Signed as a text inside the text: nothing is written anew to verify it.
  const std::string body = CarriedJson{{"brand", brand},
                                {"keys", public_keys},
                                {"transport_root", keys.transport.certificate_pem}}
                               .dump();
  CarriedJson possession = CarriedJson::object();
  for (const auto& [name, signer] : keys.signers) {
    possession[name] = to_hex(TRY(signer.sign(possession_input(body))));
  }
  return CarriedJson{{"is", kRequest}, {"body", body}, {"possession", possession}}.dump(1) + "\n";
}

Result<CeremonyRequest> accept_ceremony_request(std::string_view text) {
  const auto file = TRY(parse_kind(text, kRequest));
  const auto body_text = TRY(text_in(file, "body"));
  const auto body = CarriedJson::parse(body_text, nullptr, /*allow_exceptions=*/false);
  if (!body.is_object()) return wrong("the request is malformed");
  CeremonyRequest request;
  request.brand = TRY(text_in(body, "brand"));
  request.transport_root_pem = TRY(text_in(body, "transport_root"));
  const auto keys = TRY(object_in(body, "keys"));
  for (const auto& row : online_key_rows()) {
    const std::string name(row.name);
    request.keys.emplace(name, TRY(octets_in(keys, name.c_str())));
  }
  TRY(check_possession(request.keys, TRY(object_in(file, "possession")), body_text));
  return request;
}

Result<std::string> make_ceremony_answer(const CeremonyAnswer& answer, Rng& rng) {
  const auto& exchange = answer.chains.at(std::string(kKeyExchangeName));
  const auto key = TRY(KemPublicKey::from_spki(exchange.leaf.public_key()));
  auto sender = TRY(hpke_sender(key, view_of(kSealLabel), rng));
  const auto sealed = sender.context.seal(view_of(answer.request), exchange.leaf.der());
  CarriedJson chains = CarriedJson::object();
  for (const auto& [name, chain] : answer.chains) {
    auto certificates = chain.issuers;
    if (name != kKeyExchangeName) certificates.insert(certificates.begin(), chain.leaf);
    chains[name] = certificates_json(certificates);
  }
  return CarriedJson{{"is", kAnswer},
              {"request", answer.request},
              {"brand", answer.spec.brand},
              {"public_url", answer.spec.public_url},
              {"geopolitical", answer.spec.geopolitical},
              {"root", to_hex(answer.root.der())},
              {"trust", answer.trust_pem},
              {"chains", chains},
              {"crls", crls_json(answer.crls)},
              {"key_exchange",
               {{"encapsulated", to_hex(sender.encapsulated)}, {"ciphertext", to_hex(sealed)}}}}
             .dump(1) +
         "\n";
}

Result<CeremonyAnswer> accept_ceremony_answer(std::string_view text, std::string_view request,
                                              const OnlineKeys& keys, std::string_view fingerprint,
                                              Instant now) {
  const auto file = TRY(parse_kind(text, kAnswer));
  const auto of_request = TRY(text_in(file, "request"));
  if (of_request != request) return wrong("the answer is for another request");
  HierarchySpec spec;
  spec.brand = TRY(text_in(file, "brand"));
  spec.public_url = TRY(text_in(file, "public_url"));
  spec.geopolitical = TRY(text_in(file, "geopolitical"));
  TRY(check_spec(spec));
  auto root = TRY(certificate_of(TRY(text_in(file, "root"))));
  auto trust_pem = TRY(text_in(file, "trust"));
  const auto trust = TRY(Trust::parse(trust_pem, fingerprint, now));
  const auto in_file = TRY(object_in(file, "chains"));
  const auto public_keys = public_keys_of(keys);
  OnlineChains chains;
  for (const auto& row : online_key_rows()) {
    const std::string name(row.name);
    auto certificates = TRY(certificates_in(in_file, name));
    if (name == kKeyExchangeName) {
      const auto sealed = TRY(object_in(file, "key_exchange"));
      certificates.insert(certificates.begin(), TRY(unseal(sealed, keys.key_exchange, request)));
    }
    if (certificates.empty()) return wrong("the file lacks the certificate \"" + name + "\"");
    Chain chain{certificates.front(), {certificates.begin() + 1, certificates.end()}};
    TRY(check_chain(row, chain, public_keys, trust, spec.brand, now));
    chains.emplace(name, std::move(chain));
  }
  auto crls = TRY(crls_in(TRY(object_in(file, "crls")), trust, chains.at("cca")));
  return CeremonyAnswer{std::string(request), std::move(spec), std::move(chains), std::move(root),
                        std::move(trust_pem), std::move(crls)};
}

std::string make_rollover(const Certificate& root, const std::string& trust_pem) {
  return CarriedJson{{"is", kRollover}, {"root", to_hex(root.der())}, {"trust", trust_pem}}.dump(1) + "\n";
}

Result<Rollover> accept_rollover(std::string_view text, const Trust& trust, Instant now) {
  const auto file = TRY(parse_kind(text, kRollover));
  auto root = TRY(certificate_of(TRY(text_in(file, "root"))));
  const auto trust_pem = TRY(text_in(file, "trust"));
  TRY(trust.renew(trust_pem, now));
  const auto roots = trust.roots();
  if (!(roots.back().thumbprint() == root.thumbprint())) {
    return wrong("the rollover's root is not the newest that its trust file leads to");
  }
  return Rollover{std::move(root), trust.pem()};
}

}  // namespace set::ca
