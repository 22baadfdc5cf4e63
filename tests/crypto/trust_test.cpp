#include "common/crypto/trust.h"

#include "pki.h"

namespace set::test {

TEST_CASE("the certificates of a whole hierarchy are trusted for what they are") {
  const auto& p = pki();
  const Trust trust = p.trust();
  const auto chain = p.chain();
  const auto good = [&](const Certificate& leaf, Role role, KeyUse use) {
    must(trust.verify(leaf, chain, {role, use, "Test Brand"}, kNow));
    must(trust.verify(leaf, chain, {role, use, "Test Brand"}, kNow));  // remembered
    must(trust.verify(leaf, chain, {role, use, ""}, kNow));
  };
  good(p.cardholder, Role::cardholder, KeyUse::signature);
  good(p.merchant, Role::merchant, KeyUse::signature);
  good(p.merchant_kem, Role::merchant, KeyUse::key_exchange);
  good(p.gateway, Role::gateway, KeyUse::signature);
  good(p.gateway_kem, Role::gateway, KeyUse::key_exchange);
  good(p.ca_messages, Role::cca, KeyUse::signature);
  good(p.ca_kem, Role::mca, KeyUse::key_exchange);
  good(p.cca, Role::cca, KeyUse::certificate_signing);
  good(p.brand, Role::bca, KeyUse::certificate_signing);
}

}  // namespace set::test
