#include "merchant/gateway_certificate.h"

#include <algorithm>

namespace set::merchant {
namespace {

bool same_subject(const Certificate& a, const Certificate& b) {
  return a.common_name() == b.common_name() && a.organizational_unit() == b.organizational_unit() &&
         a.brand() == b.brand();
}

// The CAs above the gateway, each once, to be handed on to wallets.
std::vector<Certificate> issuers_among(std::span<const Certificate> certificates) {
  std::vector<Certificate> out;
  for (const auto& certificate : certificates) {
    const bool above = certificate.has_role(Role::pca) || certificate.has_role(Role::gca) ||
                       certificate.has_role(Role::bca);
    const bool ca =
        certificate.key_use() == KeyUse::certificate_signing && !certificate.is_self_signed();
    const bool there =
        std::ranges::find(out, certificate.thumbprint(), &Certificate::thumbprint) != out.end();
    if (above && ca && !there) out.push_back(certificate);
  }
  return out;
}

std::vector<Certificate> leaves(std::span<const Certificate> certificates, KeyUse use) {
  std::vector<Certificate> out;
  std::ranges::copy_if(certificates, std::back_inserter(out),
                       [use](const Certificate& certificate) {
                         return certificate.has_role(Role::gateway) && certificate.key_use() == use;
                       });
  std::ranges::sort(out, std::ranges::greater(), &Certificate::not_after);
  return out;
}

}  // namespace

Result<void> check_same_gateway(const Certificate& signer, const GatewayCertificates& asked) {
  CHECK_OR_FAIL(same_subject(signer, asked.signature), ErrorCode::invalid_certificate,
                "the answer is signed by another gateway than we asked");
  return {};
}

Result<GatewayCertificates> find_gateway_certificates(std::span<const Certificate> certificates,
                                                      const Trust& trust, std::string_view brand,
                                                      Instant now) {
  Error reason{ErrorCode::missing_certificate, "the gateway has shown no certificates of its own"};
  const auto verifies = [&](const Certificate& certificate, KeyUse use) {
    const auto verified =
        trust.verify(certificate, certificates, {Role::gateway, use, std::string(brand)}, now);
    if (!verified) reason = verified.error();
    return verified.has_value();
  };
  for (const auto& key_exchange : leaves(certificates, KeyUse::key_exchange)) {
    if (!verifies(key_exchange, KeyUse::key_exchange)) continue;
    for (const auto& signature : leaves(certificates, KeyUse::signature)) {
      if (!same_subject(signature, key_exchange) || !verifies(signature, KeyUse::signature))
        continue;
      return GatewayCertificates{signature, Chain{key_exchange, issuers_among(certificates)}};
    }
  }
  return failure(std::move(reason));
}

Result<Request> make_pcert_req(const Party& merchant, const GatewayCertificates& fetched,
                               Instant now, Rng& rng) {
  const PCertReq message{.brands_and_bins = {{merchant.signature.value().leaf.brand(), ""}},
                         .thumbs = {}};
  return seal_request(message,
                      {.self = merchant,
                       .recipient = &fetched.key_exchange.leaf,
                       .rrpid = rng.make<RRPID>(),
                       .trans_ids = std::nullopt,
                       .now = now},
                      rng);
}

Result<GatewayCertificates> accept_pcert_res(const OpenedAnswer<PCertRes>& answer,
                                             const Party& merchant, Instant now) {
  const auto& items = answer.message->items;
  // "items in the order asked": one was asked.
  CHECK_OR_FAIL(items.size() == 1, ErrorCode::decoding_failure,
                "the gateway answered for more brands than asked");
  CHECK_OR_FAIL(items.front().code == PCertCode::success && items.front().certificate,
                ErrorCode::missing_certificate, "the gateway does not serve our brand");
  // "with the certificates enclosed".
  const auto leaf =
      std::ranges::find(answer.bag, *items.front().certificate, &Certificate::thumbprint);
  CHECK_OR_FAIL(leaf != answer.bag.end(), ErrorCode::missing_certificate,
                "the gateway names a certificate that it does not enclose");
  // "M checks each: type pgwy, brand, chain, CRLs".
  const auto& brand = merchant.signature.value().leaf.brand();
  TRY(merchant.trust->verify(*leaf, answer.bag, {Role::gateway, KeyUse::key_exchange, brand}, now));
  // One gateway: a certificate of another could make it read what is not for it (protocol §4).
  const auto& signer = answer.message.signer();
  CHECK_OR_FAIL(same_subject(signer, *leaf), ErrorCode::invalid_certificate,
                "the gateway names another gateway's key-exchange certificate");
  return GatewayCertificates{signer, Chain{*leaf, issuers_among(answer.bag)}};
}

}  // namespace set::merchant
