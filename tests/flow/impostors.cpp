#include "tests/flow/impostors.h"

#include "tests/flow/dual.h"

namespace set::flow {
namespace {

using Key = std::shared_ptr<const SoftwareSigner>;

Key new_key() {
  return std::make_shared<const SoftwareSigner>(
      SoftwareSigner::generate(SignatureAlgorithm::ml_dsa_65, Rng::system()));
}

std::shared_ptr<const Party> party_of(Key key, Certificate leaf, std::vector<Certificate> issuers) {
  return std::make_shared<const Party>(Party{home().ca.party->trust, std::move(key),
                                             Chain{std::move(leaf), std::move(issuers)}, nullptr,
                                             std::nullopt});
}

CertificateTemplate like(const Certificate& honest) {
  CertificateTemplate out;
  out.organization = honest.brand();
  out.organizational_unit = honest.organizational_unit();
  out.common_name = honest.common_name();
  out.roles = honest.roles();
  out.key_use = honest.key_use();
  out.not_before = honest.not_before();
  out.not_after = honest.not_after();
  out.merchant_data = honest.merchant_data();
  return out;
}

/// Who issues for a role, and the certificates above a leaf of it.
struct Line {
  const ca::Authority* issuer;
  std::vector<Certificate> issuers;
};

Line line(Role role, const ca::OperatingAuthorities& operating, const ca::Authority& brand) {
  const auto& top = brand.certificate;
  if (role == Role::cardholder) return {&operating.cca, {operating.cca.certificate, top}};
  if (role == Role::merchant) return {&operating.mca, {operating.mca.certificate, top}};
  if (role == Role::gateway) return {&operating.pca, {operating.pca.certificate, top}};
  return {&brand, {top}};
}
Line line(Role role, const Authorities& authorities) {
  return line(role, authorities.ca.authorities, authorities.brand);
}

std::shared_ptr<const Party> certify(const CertificateTemplate& contents, const Line& by) {
  auto key = new_key();
  auto leaf = must(issue_certificate(contents, key->public_key(), &by.issuer->certificate,
                                     by.issuer->key, Rng::system()));
  return party_of(std::move(key), std::move(leaf), by.issuers);
}

/// Another root: the only kind of certificate that may be its own issuer.
std::shared_ptr<const Party> self_signed() {
  const auto pkcs8 = foreign().root.key.stored();
  auto key =
      std::make_shared<const SoftwareSigner>(must(SoftwareSigner::from_pkcs8(pkcs8.reveal())));
  return party_of(std::move(key), foreign().root.certificate, {});
}

/// By an end entity whose own certificate is good. Our issuing function would not do it, so it is
/// shown a CA certificate of the same key and name, which then stays away.
std::shared_ptr<const Party> certified_by_end_entity(const CertificateTemplate& contents,
                                                     const Line& by) {
  const auto issuer_key = new_key();
  auto issuer = must(issue_certificate(contents, issuer_key->public_key(), &by.issuer->certificate,
                                       by.issuer->key, Rng::system()));
  auto authority = contents;
  authority.roles = {Role::cca};
  authority.key_use = KeyUse::certificate_signing;
  authority.is_ca = true;
  authority.path_limit = 0;
  authority.merchant_data.reset();
  const auto& brand = home().brand;
  const auto shown = must(issue_certificate(authority, issuer_key->public_key(), &brand.certificate,
                                            brand.key, Rng::system()));
  auto inner = contents;
  inner.organizational_unit = "Another";
  auto key = new_key();
  auto leaf = must(issue_certificate(inner, key->public_key(), &shown, *issuer_key, Rng::system()));
  auto issuers = by.issuers;
  issuers.insert(issuers.begin(), std::move(issuer));
  return party_of(std::move(key), std::move(leaf), std::move(issuers));
}

/// A good key-exchange certificate, whose key cannot sign, and a signature with some other.
std::shared_ptr<const Party> for_key_exchange(Role role, CertificateTemplate contents) {
  contents.key_use = KeyUse::key_exchange;
  if (role == Role::gateway) contents.card_cert_required = contents.tunneling = true;
  const auto by = line(role, home());
  const auto kem = KemPrivateKey::generate(Rng::system());
  auto leaf = must(issue_certificate(contents, kem.public_key().spki(), &by.issuer->certificate,
                                     by.issuer->key, Rng::system()));
  return party_of(new_key(), std::move(leaf), by.issuers);
}

/// A certificate whose last octet, of the issuer's signature, is another.
std::shared_ptr<const Party> with_broken_signature(const CertificateTemplate& contents,
                                                   const Line& by) {
  auto party = *certify(contents, by);
  auto der = party.signature->leaf.der();
  der.back() ^= 1U;
  party.signature->leaf = must(Certificate::parse(der));
  return std::make_shared<const Party>(std::move(party));
}

constexpr Duration kHour = std::chrono::hours(1);

void add_roles(std::vector<Impostor>& out, Role role, const CertificateTemplate& contents) {
  for (const auto other : {Role::cardholder, Role::merchant, Role::gateway, Role::cca}) {
    if (other == role) continue;
    auto wrong = contents;
    wrong.roles = {other};
    wrong.merchant_data.reset();
    if (other == Role::merchant) {
      wrong.merchant_data = MerchantData{"shop-1", "400000", "Test Shop", "Berlin", 276, false};
    }
    out.push_back({"of another role, " + std::string(to_string(other)),
                   certify(wrong, line(other, home())), "invalidCertificate"});
  }
}

void add_issuers(std::vector<Impostor>& out, Role role, const CertificateTemplate& contents,
                 const Word& of_other_brand) {
  const auto wrong_issuer = role == Role::cardholder ? Role::merchant : Role::cardholder;
  out.push_back({"issued by an authority for another role",
                 certify(contents, line(wrong_issuer, home())), "invalidCertificate"});
  auto other = contents;
  other.organization = kOtherBrand;
  out.push_back({"of another brand under the same root",
                 certify(other, line(role, other_brand().operating, other_brand().brand)),
                 of_other_brand});
  out.push_back({"of another brand than the authority that issued it",
                 certify(other, line(role, home())), "invalidCertificate"});
  out.push_back({"under another root with the same names", certify(contents, line(role, foreign())),
                 "missingCertificate"});
  out.push_back({"signed by itself", self_signed(), "invalidCertificate"});
  out.push_back({"issued by another of its kind",
                 certified_by_end_entity(contents, line(role, home())), "missingCertificate"});
  out.push_back({"whose issuer's signature is broken",
                 with_broken_signature(contents, line(role, home())), "invalidCertificate"});
}

void add_dates(std::vector<Impostor>& out, Role role, const CertificateTemplate& contents,
               Instant now) {
  auto expired = contents;
  expired.not_before = now - 3 * kHour;
  expired.not_after = now - std::chrono::seconds(1);
  out.push_back(
      {"expired a second ago", certify(expired, line(role, home())), "expiredCertificate"});
  auto early = contents;
  early.not_before = now + kHour;
  early.not_after = now + 2 * kHour;
  out.push_back({"not yet valid", certify(early, line(role, home())), "expiredCertificate"});
}

}  // namespace

std::vector<Impostor> impostors_of(Role role, const Certificate& honest, Instant now,
                                   const Word& of_other_brand) {
  std::vector<Impostor> out;
  const auto contents = like(honest);
  add_roles(out, role, contents);
  add_issuers(out, role, contents, of_other_brand);
  add_dates(out, role, contents, now);
  if (role != Role::cardholder) {  // cardholders have one certificate
    out.push_back({"for key exchange", for_key_exchange(role, contents), "invalidCertificate"});
  }
  auto alone = line(role, home());
  alone.issuers.clear();
  out.push_back({"without its issuers", certify(contents, alone), "missingCertificate"});
  return out;
}

std::shared_ptr<const Party> authority_for(Role role) {
  auto contents = like(home().ca.party->signature->leaf);
  contents.roles = {role};
  return certify(contents, line(Role::bca, home()));
}

namespace {

Bytes with_sender(const Message& prototype, ByteView content, const Thumbprint& sender) {
  std::unique_ptr<Message> message(prototype.New());
  must(parse_canonical(content, *message));
  const auto* field = message->GetDescriptor()->FindFieldByName("header");
  auto* header = message->GetReflection()->MutableMessage(message.get(), field);
  dynamic_cast<wire::ContentHeader&>(*header).set_sender(sender.str());
  return serialize(*message);
}

}  // namespace

Forged signed_by(const Exchange& exchange, const Party& party) {
  const auto& chain = party.signature.value();
  if (exchange.request.type == wire::MESSAGE_TYPE_P_REQ) return pi_signed_by(exchange, party);
  auto inside = open_request(exchange);
  auto content = with_sender(*exchange.request_content, view_of(content_of(inside.body)),
                             chain.leaf.thumbprint());
  put_content(inside.body, exchange.request, std::move(content), party);
  put_chain(inside.body, chain);
  auto forged = close_request(exchange, inside);
  forged.sender = std::make_shared<const Party>(party);
  return forged;
}

Forged pi_signed_by(const Exchange& exchange, const Party& party) {
  auto dual = dual_of(exchange);
  dual.cardholder = std::make_shared<const Party>(party);
  dual.pi_tbs.mutable_header()->set_sender(party.signature->leaf.thumbprint().str());
  auto forged = with_dual(exchange, dual, *party.signature);
  if (exchange.request.type == wire::MESSAGE_TYPE_P_REQ) forged.sender = dual.cardholder;
  return forged;
}

Forged answer_signed_by(const Exchange& exchange, ByteView answer, const Party& party) {
  auto inside = open_answer(exchange, answer);
  const auto& chain = party.signature.value();
  auto content = with_sender(*exchange.answer_content, view_of(content_of(inside.body)),
                             chain.leaf.thumbprint());
  put_content(inside.body, exchange.answer, std::move(content), party);
  add_chain(*inside.body.mutable_bag(), chain, {});
  return close_answer(exchange, inside);
}

}  // namespace set::flow
