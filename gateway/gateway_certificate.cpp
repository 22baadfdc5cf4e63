#include "gateway/gateway_certificate.h"

#include <algorithm>

namespace set::gateway {
namespace {

void add_once(std::vector<Certificate>& out, const Certificate& certificate) {
  const bool there = std::ranges::any_of(
      out, [&](const auto& other) { return other.thumbprint() == certificate.thumbprint(); });
  if (!there) out.push_back(certificate);
}

void add_chain_once(std::vector<Certificate>& out, const Chain& chain) {
  add_once(out, chain.leaf);
  for (const auto& issuer : chain.issuers) add_once(out, issuer);
}

PCertResItem answer_to(const BrandAndBIN& asked, const Certificate& own,
                       const GatewayTerms& gateway) {
  // "PCertCode: success, unspecifiedFailure, brandNotSupported, unknownBIN" (§4.2). The BIN is that
  // of the acquirer through which the merchant is paid.
  if (asked.brand != own.brand()) return {PCertCode::brand_not_supported, std::nullopt};
  if (!asked.bin.empty() && asked.bin != gateway.acquirer_bin) {
    return {PCertCode::unknown_bin, std::nullopt};
  }
  return {PCertCode::success, own.thumbprint()};
}

}  // namespace

Result<AcceptedPCertReq> accept_pcert_req(const Verified<PCertReq>& pcert_req, const Party& self,
                                          const GatewayTerms& gateway) {
  TRY(check_merchant(pcert_req.signer(), self, gateway));
  return AcceptedPCertReq{pcert_req->brands_and_bins};
}

PCertRes make_pcert_res(const AcceptedPCertReq& request, const Party& self,
                        const GatewayTerms& gateway) {
  PCertRes out;
  // "With the certificates enclosed; items in the order asked" (§3.9).
  for (const auto& asked : request.asked) {
    out.items.push_back(answer_to(asked, self.key_exchange.value().leaf, gateway));
  }
  return out;
}

std::vector<Certificate> certificates_in_use(const Party& self) {
  std::vector<Certificate> out;
  if (self.signature) add_chain_once(out, *self.signature);
  if (self.key_exchange) add_chain_once(out, *self.key_exchange);
  return out;
}

std::vector<Certificate> certificates_named(const Party& self, std::span<const Thumbprint> named) {
  std::vector<const Chain*> chains;
  if (self.signature) chains.push_back(&*self.signature);
  if (self.key_exchange) chains.push_back(&*self.key_exchange);
  for (const auto& earlier : self.earlier_signatures) chains.push_back(&earlier.chain);
  for (const auto& earlier : self.earlier_key_exchanges) chains.push_back(&earlier.chain);
  std::vector<Certificate> out;
  for (const auto& thumbprint : named) {
    for (const auto* chain : chains) {
      if (chain->leaf.thumbprint() == thumbprint) add_chain_once(out, *chain);
      for (const auto& issuer : chain->issuers) {
        if (issuer.thumbprint() == thumbprint) add_once(out, issuer);
      }
    }
  }
  return out;
}

}  // namespace set::gateway
