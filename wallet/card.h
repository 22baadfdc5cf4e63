// What the wallet keeps of a card: its secrets, in locked memory and encrypted at rest, and its
// certificate. Called by service.cpp and store.cpp. Pure; a Card belongs to one thread.
#pragma once

#include <memory>

#include "common/message/account.h"
#include "common/message/party.h"

namespace set::wallet {

/// The secret parts: everything here is encrypted in the database.
struct CardSecrets {
  Pan pan;
  CardExpiry expiry;
  SecretBytes pan_secret;   ///< 32 bytes
  SecretBytes card_secret;  ///< 32 bytes
  SecretBytes key;          ///< PKCS#8 of the cardholder's signature key
};

/// Version 1, PAN padded to 19 octets with zeroes, YYYYMM, PANSecret, CardSecret, PKCS#8.
SecretBytes to_bytes(const CardSecrets& secrets);
/// bad_config unless the bytes are exactly that.
Result<CardSecrets> card_secrets_from_bytes(ByteView bytes);

/// A card that is ready to pay.
struct Card {
  std::int64_t number = 0;  ///< the wallet's own: 1, 2, 3 …
  CardSecrets secrets;
  Chain certificate;
  Party party;  ///< trust, signer and certificate for messages
  std::string ca = {};  ///< host:port where it was registered; empty if that is not known
};

/// Errors: bad_config if the key is not the certificate's.
Result<Card> make_card(std::int64_t number, CardSecrets secrets, Chain certificate,
                       std::shared_ptr<const Trust> trust);

/// PANData for one purchase: the card's secrets with a fresh EXNonce (set-1997 §2.3).
PANData pan_data_of(const CardSecrets& secrets, std::optional<CardVerificationValue> cvv, Rng& rng);

/// What a person may see of a card.
struct CardView {
  std::int64_t number = 0;
  std::string masked;  ///< "•••• 1234"
  std::string brand;
  std::string issuer;
  Instant not_after;
  Thumbprint certificate;
  Instant renew_from;
};
/// When its renewal is due.
Instant renew_from(const Certificate& certificate);
CardView view_of_card(const Card& card);

}  // namespace set::wallet
