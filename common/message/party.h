// Party: who we are in SET messages: our keys, our certificates and whom we trust; PartyName: who
// somebody is, by the certificates of SET and of TLS alike.
// Loaded by daemon/identity (merchant, gateway, CA) or made per card by the wallet.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
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

/// Certificates with their keys that a renewal replaced. They are good until they end.
struct EarlierSignature {
  Chain chain;
  std::shared_ptr<const Signer> signer;
};
struct EarlierKeyExchange {
  Chain chain;
  std::shared_ptr<const KemPrivateKey> kem;
};

/// The last digest of the own audit log, which goes along in every signed message: whoever gets it can
/// show later that the log ended there or went on from there (docs/audit.md). Told by the log's keeper.
class CurrentAuditHead {
 public:
  void set(const Digest& head) {
    const std::lock_guard lock(mutex_);
    head_ = head;
  }
  std::optional<Digest> get() const {
    const std::lock_guard lock(mutex_);
    return head_;
  }

 private:
  mutable std::mutex mutex_;
  std::optional<Digest> head_;
};

/// Immutable after loading; any thread. A wallet that has no certificate yet has no `signature`;
/// only merchants, gateways and CAs have a key-exchange pair.
struct Party {
  std::shared_ptr<const Trust> trust;
  std::shared_ptr<const Signer> signer;
  std::optional<Chain> signature;
  std::shared_ptr<const KemPrivateKey> kem;
  std::optional<Chain> key_exchange;
  std::vector<EarlierSignature> earlier_signatures = {};
  std::vector<EarlierKeyExchange> earlier_key_exchanges = {};
  std::shared_ptr<const CurrentAuditHead> audit_head = nullptr;  ///< none: no log is kept
};

/// A key-exchange pair of a party, whose parts live as long as the party.
struct KeyExchangePair {
  const Certificate& certificate;
  const KemPrivateKey& kem;
};
/// The pair that was sealed to, by the thumbprint of its certificate: the current one, or an
/// earlier one that has not ended. None: not ours.
std::optional<KeyExchangePair> key_exchange_named(const Party& party, ByteView thumbprint,
                                                  Instant now);

/// The party with the signature certificate of this thumbprint, if that is an earlier one that has
/// not ended: what was begun under a certificate goes on under it. Otherwise the party as it is.
Party signing_as(const Party& party, const Thumbprint& signature, Instant now);

/// Who has TLS certificates; cardholders have none.
enum class PartyRole : std::uint8_t { merchant, gateway, ca };
/// "merchant", "gateway", "ca": also the OU of a TLS certificate.
std::string_view to_string(PartyRole role);
std::optional<PartyRole> party_role(std::string_view word);

/// What the certificates of one party have in common, whatever its keys are at the moment.
struct PartyName {
  PartyRole role;
  std::string brand;
  std::string name;  ///< "400000/shop-1": the acquirer's BIN and the id it gave; of a CA "set-ca"
  friend bool operator==(const PartyName&, const PartyName&) = default;
};
/// Of a merchant or a gateway.
PartyName party_name(PartyRole role, const std::string& brand, std::string_view bin,
                     std::string_view id);
/// Of a SET certificate; none for cardholders.
std::optional<PartyName> party_name(const Certificate& certificate);

}  // namespace set
