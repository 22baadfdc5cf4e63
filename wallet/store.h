// The wallet's memory: cards, their secrets encrypted, and purchases with the exact bytes that were
// sent (protocol §6 rule 3). Called by service.cpp. Any thread: the database takes one at a time.
#pragma once

#include "common/audit/statements.h"
#include "common/enrollment/enrollee.h"
#include "common/store/database.h"
#include "wallet/at_rest.h"
#include "wallet/card.h"
#include "wallet/purchase.h"
#include "wallet/store_trust.h"

namespace set::wallet {

/// What a PReq needs to be sent again and its answer to be opened.
struct Outbound {
  Bytes preq;
  PendingReply pending;
  int sends = 0;  ///< this one included
};

/// A card whose registration was begun at a CA and has not ended.
struct PendingCard {
  CardSecrets secrets;  ///< PANSecret is all zeroes: it comes with the certificate
  AwaitingCardCertRes state;
  std::string ca;  ///< host:port
};

/// What a card trusts, and where that came from.
struct CardTrust {
  std::int64_t card = 0;
  std::string pem;
  std::string url;
};

class Store {
 public:
  /// `kept`: the directory for what is known of revocations; empty: only in memory.
  static Result<Store> open(std::string_view url, AtRest at_rest, Rng& rng,
                            const std::filesystem::path& kept = {},
                            DatabaseUse use = DatabaseUse::daemon);

  /// The Trust that all cards under this root share. Errors: Trust::parse's.
  Result<std::shared_ptr<const Trust>> trust(std::string_view pem, std::string_view fingerprint,
                                             Instant now);

  /// Returns the card's number in the wallet. `from` is the registration that it came from: with
  /// the card there, nothing waits for it any more.
  /// `trust_url` is where its trust came from, or empty.
  Result<std::int64_t> insert(const CardSecrets& secrets, const Chain& certificate,
                              const Trust& trust, Instant now,
                              const std::optional<LIDCA>& from = std::nullopt,
                              const std::string& ca = "",
                              std::string_view trust_url = {});
  /// Keeps a registration, or its newest request.
  Result<void> keep(const PendingCard& card, Instant now);
  Result<std::vector<PendingCard>> pending_cards();
  Result<void> forget(const LIDCA& registration);
  /// The renewed card in place of `before`, which stays for the purchases that it signed. conflict if
  /// another renewal was first. `from` as in insert().
  Result<void> replace(const Card& before, const CardSecrets& secrets, const Chain& certificate,
                       const std::string& ca, Instant now,
                       const std::optional<LIDCA>& from = std::nullopt);
  /// What the cards trust, of those that have a URL.
  Result<std::vector<CardTrust>> trust_sources();
  Result<void> save_trust(std::int64_t card, const std::string& trust_pem);
  /// not_found if there is none of this number.
  Result<Card> find_card(std::int64_t number, Instant now);
  /// The card as it was when this certificate of it was in use. not_found as well if its secrets are
  /// gone, since no purchase could need them.
  Result<Card> find_card(std::int64_t number, const Thumbprint& certificate, Instant now);
  /// The certificates alone, as long as the wallet exists.
  struct CardCertificate {
    Chain certificate;
    std::shared_ptr<const Trust> trust;
  };
  Result<CardCertificate> find_certificate(std::int64_t number, const Thumbprint& certificate,
                                           Instant now);
  Result<std::vector<Card>> cards(Instant now);

  /// Keeps an offer until the cardholder says yes; forgets those that ended a day ago.
  Result<void> insert(const Offered& offered, Instant now, const AuditEntry& audit = {});
  /// not_found if there is no such purchase.
  Result<PurchaseState> find(const LIDC& lid_c);
  Result<PurchaseState> find(const XID& xid);
  /// All purchases of one order of one merchant that were signed.
  Result<std::vector<PurchaseState>> find_signed(const Thumbprint& merchant, const LIDM& order);
  /// All but offers without an answer of the cardholder, newest first.
  Result<std::vector<PurchaseState>> purchases();
  /// Opens AcqCardMsg: the key of this purchase's PI. not_found before it was signed.
  Result<SecretBytes> card_message_key(const LIDC& lid_c);
  /// Those in AwaitingPRes and Ordered, oldest first.
  Result<std::vector<PurchaseState>> unanswered();

  /// State and exact outbound bytes in one transaction. conflict: the offer was confirmed before, or
  /// another purchase of the same order is open.
  Result<void> advance(const Offered& from, const SignedOrder& next, const Proof& proof = {});
  /// Counts a sending before it happens. conflict unless it still waits for its PRes.
  Result<Outbound> take_outbound(const LIDC& lid_c);
  /// The outcome; the outbound bytes are deleted with it, but for Ordered. conflict: another thread
  /// was first.
  Result<void> advance(const Ordered& next, const Proof& proof = {});
  /// Also a younger answer in place of the one that is there.
  Result<void> advance(const Completed& next, const Proof& proof = {});
  Result<void> advance(const Rejected& next, const Proof& proof = {});

  Database& database() { return database_; }

 private:
  Store(Database database, AtRest at_rest, Rng& rng, const std::filesystem::path& kept)
      : database_(std::move(database)), at_rest_(std::move(at_rest)), rng_(&rng),
        trusts_(std::make_unique<TrustBook>(kept)) {}

  Result<Card> card_of(const Row& row, Instant now);
  Result<std::optional<Row>> find_earlier(std::int64_t number, const Thumbprint& certificate);

  Database database_;
  AtRest at_rest_;
  Rng* rng_;
  std::unique_ptr<TrustBook> trusts_;
};

}  // namespace set::wallet
