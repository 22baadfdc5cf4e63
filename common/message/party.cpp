#include "common/message/party.h"

namespace set {
namespace {

constexpr std::string_view kAcquirer = "Acquirer ";  // as a gateway's OU begins
constexpr std::string_view kCaName = "set-ca";

}  // namespace

std::string_view to_string(PartyRole role) {
  switch (role) {
    case PartyRole::merchant:
      return "merchant";
    case PartyRole::gateway:
      return "gateway";
    case PartyRole::ca:
      return "ca";
  }
  return "";
}

std::optional<PartyRole> party_role(std::string_view word) {
  for (const auto role : {PartyRole::merchant, PartyRole::gateway, PartyRole::ca}) {
    if (word == to_string(role)) return role;
  }
  return std::nullopt;
}

PartyName party_name(PartyRole role, const std::string& brand, std::string_view bin,
                     std::string_view id) {
  return {role, brand, std::string(bin) + "/" + std::string(id)};
}

std::optional<PartyName> party_name(const Certificate& certificate) {
  if (certificate.has_role(Role::cardholder)) return std::nullopt;
  const auto& brand = certificate.brand();
  if (const auto& merchant = certificate.merchant_data()) {
    return party_name(PartyRole::merchant, brand, merchant->acquirer_bin, merchant->merchant_id);
  }
  if (certificate.has_role(Role::gateway)) {
    std::string_view bin = certificate.organizational_unit();
    if (bin.starts_with(kAcquirer)) bin.remove_prefix(kAcquirer.size());
    return party_name(PartyRole::gateway, brand, bin, certificate.common_name());
  }
  return PartyName{PartyRole::ca, brand, std::string(kCaName)};
}

std::optional<KeyExchangePair> key_exchange_named(const Party& party, ByteView thumbprint,
                                                  Instant now) {
  const auto named = [&](const Chain& chain) {
    return equal(thumbprint, chain.leaf.thumbprint().view());
  };
  if (party.key_exchange && party.kem && named(*party.key_exchange)) {
    return KeyExchangePair{party.key_exchange->leaf, *party.kem};
  }
  for (const auto& earlier : party.earlier_key_exchanges) {
    if (named(earlier.chain) && now <= earlier.chain.leaf.not_after()) {
      return KeyExchangePair{earlier.chain.leaf, *earlier.kem};
    }
  }
  return std::nullopt;
}

Party signing_as(const Party& party, const Thumbprint& signature, Instant now) {
  Party out = party;
  for (const auto& earlier : party.earlier_signatures) {
    if (earlier.chain.leaf.thumbprint() != signature || now > earlier.chain.leaf.not_after()) {
      continue;
    }
    out.signer = earlier.signer;
    out.signature = earlier.chain;
  }
  return out;
}

}  // namespace set
