// How a card number gets from the terminal into the daemon: sealed to a key that the daemon makes at
// its start, so that no protobuf message on either side holds it (protocol §2). Called by the card and
// pay commands (seal) and by service.cpp (open). Pure; any thread.
#pragma once

#include "common/crypto/hpke.h"
#include "common/message/account.h"

namespace set::wallet {

struct SealedEntry {
  Bytes encapsulated;
  Bytes ciphertext;
};

/// A card as it was entered. The daemon makes the secrets.
struct EnteredCard {
  Pan pan;
  CardExpiry expiry;
  std::optional<CardVerificationValue> cvv;
};

Result<SealedEntry> seal_card(EnteredCard card, ByteView kem_public_key, Rng& rng);
Result<EnteredCard> open_card(const SealedEntry& entry, const KemPrivateKey& key);

Result<SealedEntry> seal_cvv(const CardVerificationValue& cvv, ByteView kem_public_key, Rng& rng);
Result<CardVerificationValue> open_cvv(const SealedEntry& entry, const KemPrivateKey& key);

}  // namespace set::wallet
