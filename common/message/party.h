// Party: who we are in SET messages: our keys, our certificates and whom we trust.
// Loaded once by daemon/identity (merchant, gateway, CA) or made per card by the wallet.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "common/crypto/certificate.h"
#include "common/crypto/kem.h"
#include "common/crypto/trust.h"

namespace set {

/// A certificate with the certificates above it up to, and without, the root; leaf first.
struct Chain {
  Certificate leaf;
  std::vector<Certificate> issuers;
};

/// Immutable after loading; any thread. A wallet that has no certificate yet has no `signature`;
/// only merchants, gateways and CAs have a key-exchange pair.
struct Party {
  std::shared_ptr<const Trust> trust;
  std::shared_ptr<const Signer> signer;
  std::optional<Chain> signature;
  std::shared_ptr<const KemPrivateKey> kem;
  std::optional<Chain> key_exchange;
};

}  // namespace set
