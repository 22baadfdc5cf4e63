// The certificates of a registration that everybody who is asked has said yes to.
#include "ca/enrollment_parts.h"
#include "ca/profile.h"

namespace set::ca {

using namespace parts;

namespace {

PartyName name_of(const IDData& id_data, const std::string& brand) {
  if (const auto* merchant = std::get_if<MerchantIDData>(&id_data))
    return party_name(PartyRole::merchant, brand, merchant->merchant_bin, merchant->merchant_id);
  const auto& gateway = std::get<AcquirerIDData>(id_data);
  return party_name(PartyRole::gateway, brand, gateway.acquirer_bin, gateway.business_id);
}

CertificateTemplate contents_of(const PartyContents& party, KeyUse use, const Authority& issuer,
                                const ProfileContext& context, Instant now) {
  if (const auto* merchant = std::get_if<MerchantIDData>(&party.id_data)) {
    const MerchantData data{merchant->merchant_id, merchant->merchant_bin, party.facts.name,
                            party.facts.city,      party.facts.country,    false};
    return merchant_profile(context, data, use, issuer.certificate, now);
  }
  const auto& gateway = std::get<AcquirerIDData>(party.id_data);
  return gateway_profile(context, gateway.business_id, gateway.acquirer_bin, use,
                         issuer.certificate, now);
}

Certified certified(const ToCertify& request, std::vector<Certificate> certificates, Instant now) {
  Certified next{complete(request.head, now), request.cert_request, request.signature_key,
                 std::nullopt,                std::move(certificates), {}};
  if (const auto* card = std::get_if<CardContents>(&request.contents))
    next.nonce_cca = card->nonce_cca;
  return next;
}

Result<Issued> issue_card(const ToCertify& request, const CardContents& card,
                          const IssuingParts& ca, Instant now, Rng& rng) {
  const auto& cca = ca.authorities.cca;
  auto contents = cardholder_profile({cca.certificate.brand(), ca.public_url, ca.lifetimes}, card.pseudonym,
                                     ca.issuer_name, card.card_end, cca.certificate, now);
  auto token = TRY(prepare(std::move(contents), request.signature_key, cca, now));
  auto certificate = TRY(issue(std::move(token), rng));
  return Issued{certified(request, {std::move(certificate)}, now), {}};
}

Result<Issued> issue_party(const ToCertify& request, const PartyContents& party,
                           const IssuingParts& ca, Instant now, Rng& rng) {
  const Role role = role_of(party.request_type);
  const auto& issuer = role == Role::merchant ? ca.authorities.mca : ca.authorities.pca;
  const ProfileContext context{issuer.certificate.brand(), ca.public_url, ca.lifetimes};
  const auto contents = [&](KeyUse use) { return contents_of(party, use, issuer, context, now); };
  const auto tls = tls_profile(context, name_of(party.id_data, context.brand), party.tls_hosts, now);
  TRY(require_clean(TlsLintSubject{tls, party.tls_key}));
  if (is_tls_renewal(party.request_type)) {
    auto alone = TRY(issue_tls_certificate(tls, party.tls_key, ca.transport.certificate_pem,
                                           ca.transport.private_key_pem, rng));
    return Issued{certified(request, {}, now), std::move(alone)};
  }
  // All three are linted before the first is signed.
  auto signature_token =
      TRY(prepare(contents(KeyUse::signature), request.signature_key, issuer, now));
  auto kem_token = TRY(prepare(contents(KeyUse::key_exchange), party.encryption_key, issuer, now));
  auto tls_pem = TRY(issue_tls_certificate(tls, party.tls_key, ca.transport.certificate_pem,
                                           ca.transport.private_key_pem, rng));
  auto signature = TRY(issue(std::move(signature_token), rng));
  auto key_exchange = TRY(issue(std::move(kem_token), rng));
  return Issued{certified(request, {std::move(signature), std::move(key_exchange)}, now),
                std::move(tls_pem)};
}

}  // namespace

Result<Issued> issue_certificates(const ToCertify& request, const IssuingParts& ca, Instant now,
                                  Rng& rng) {
  if (const auto* card = std::get_if<CardContents>(&request.contents))
    return issue_card(request, *card, ca, now, rng);
  return issue_party(request, std::get<PartyContents>(request.contents), ca, now, rng);
}

}  // namespace set::ca
