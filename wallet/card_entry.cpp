#include "wallet/card_entry.h"

namespace set::wallet {
namespace {

constexpr std::string_view kInfo = "set-wallet entry";

Result<SealedEntry> seal(const SecretBytes& block, ByteView kem_public_key, Rng& rng) {
  const auto key = TRY(KemPublicKey::parse(kem_public_key));
  auto hpke = TRY(hpke_sender(key, view_of(kInfo), rng));
  auto ciphertext = hpke.context.seal({}, block.reveal());
  return SealedEntry{std::move(hpke.encapsulated), std::move(ciphertext)};
}

Result<SecretBytes> open(const SealedEntry& entry, const KemPrivateKey& key) {
  auto context = TRY(hpke_receiver(key, entry.encapsulated, view_of(kInfo)));
  return context.open({}, entry.ciphertext);
}

}  // namespace

Result<SealedEntry> seal_card(EnteredCard card, ByteView kem_public_key, Rng& rng) {
  // The block's secrets are fillers: the daemon makes the ones that count.
  const PANData0 block{std::move(card.pan), card.expiry, rng.secret(kCardSecretBytes),
                       rng.secret(kCardSecretBytes), std::move(card.cvv)};
  return seal(to_block(block), kem_public_key, rng);
}

Result<EnteredCard> open_card(const SealedEntry& entry, const KemPrivateKey& key) {
  const auto block = TRY(open(entry, key));
  auto data = TRY(pan_data0_from_block(block.reveal()));
  return EnteredCard{std::move(data.pan), data.expiry, std::move(data.cvv)};
}

Result<SealedEntry> seal_cvv(const CardVerificationValue& cvv, ByteView kem_public_key, Rng& rng) {
  const AcctData block{Secret<std::string>(std::string(cvv.reveal())), rng.secret(kCardSecretBytes)};
  return seal(to_block(block), kem_public_key, rng);
}

Result<CardVerificationValue> open_cvv(const SealedEntry& entry, const KemPrivateKey& key) {
  const auto block = TRY(open(entry, key));
  const auto data = TRY(acct_data_from_block(block.reveal()));
  return CardVerificationValue::parse(data.identification.reveal());
}

}  // namespace set::wallet
