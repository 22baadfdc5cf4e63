// Cards whose certificate was asked for and is not there yet.
#include "wallet/store.h"

namespace set::wallet {
namespace {

// A row's secrets are bound to its registration, so that rows cannot be exchanged.
std::string pending_purpose(const LIDCA& lid_ca) {
  return "pending card " + to_hex(view_of(lid_ca.value));
}

}  // namespace

Result<void> Store::keep(const PendingCard& card, Instant now) {
  const auto& registration = card.state.registration;
  const auto sealed =
      at_rest_.seal(pending_purpose(registration.lid_ca), to_bytes(card.secrets).reveal(), *rng_);
  return database_.in_transaction("wallet:card-pending", [&](Transaction& t) -> Result<void> {
    TRY(t.execute(
        "INSERT INTO pending_cards (lid_ca, secrets, ca, brand, lid_ee, cae, nonce_cca_commitment,"
        " asked_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"
        " ON CONFLICT (lid_ca) DO UPDATE SET secrets = excluded.secrets,"
        " nonce_cca_commitment = excluded.nonce_cca_commitment, asked_at = excluded.asked_at",
        {registration.lid_ca, sealed, card.ca, registration.brand, registration.lid_ee,
         registration.cae.der(), card.state.nonce_cca_commitment, now}));
    return {};
  });
}

Result<std::vector<PendingCard>> Store::pending_cards() {
  const auto rows = TRY(database_.in_transaction("wallet:pending-cards", [](Transaction& t) {
    return t.query("SELECT lid_ca, secrets, ca, brand, lid_ee, cae, nonce_cca_commitment"
                   " FROM pending_cards ORDER BY asked_at");
  }));
  std::vector<PendingCard> out;
  for (const auto& row : rows) {
    auto lid_ca = TRY(LIDCA::parse(string_of(row.blob(0))));
    const auto opened = TRY(at_rest_.open(pending_purpose(lid_ca), row.blob(1)));
    auto secrets = TRY(card_secrets_from_bytes(opened.reveal()));
    const auto key = TRY(SoftwareSigner::from_pkcs8(secrets.key.reveal()));
    auto lid_ee = TRY(LIDEE::parse(string_of(row.blob(4))));
    auto cae = TRY(Certificate::parse(row.blob(5)));
    Registration registration{row.text(3), std::move(lid_ee), std::move(lid_ca), std::move(cae)};
    AwaitingCardCertRes state{std::move(registration), Challenge{}, row.octets<Digest>(6),
                              secrets.card_secret.clone(), key.public_key()};
    out.push_back({std::move(secrets), std::move(state), row.text(2)});
  }
  return out;
}

Result<void> Store::forget(const LIDCA& registration) {
  return database_.in_transaction("wallet:card-forgotten", [&](Transaction& t) -> Result<void> {
    TRY(t.execute("DELETE FROM pending_cards WHERE lid_ca = $1", {registration}));
    return {};
  });
}

}  // namespace set::wallet
