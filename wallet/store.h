// The wallet's memory: cards, their secrets encrypted, and purchases with the exact bytes that were
// sent (protocol §6 rule 3). Called by service.cpp. Any thread: the database takes one at a time.
#pragma once

#include "common/store/database.h"
#include "wallet/at_rest.h"
#include "wallet/card.h"
#include "wallet/purchase.h"

namespace set::wallet {

/// What a PReq needs to be sent again and its answer to be opened.
struct Outbound {
  Bytes preq;
  PendingReply pending;
  int sends = 0;  ///< this one included
};

class Store {
 public:
  static Result<Store> open(std::string_view url, AtRest at_rest, Rng& rng);

  /// Returns the card's number in the wallet.
  Result<std::int64_t> insert(const CardSecrets& secrets, const Chain& certificate,
                              const Trust& trust, Instant now);
  /// not_found if there is none of this number.
  Result<Card> find_card(std::int64_t number, Instant now);
  Result<std::vector<Card>> cards(Instant now);

  /// Keeps an offer until the cardholder says yes; forgets those that ended a day ago.
  Result<void> insert(const Offered& offered, Instant now);
  /// not_found if there is no such purchase.
  Result<PurchaseState> find(const LIDC& lid_c);
  Result<PurchaseState> find(const XID& xid);
  /// All purchases of one order of one merchant that were signed.
  Result<std::vector<PurchaseState>> find_signed(const Thumbprint& merchant, const LIDM& order);
  /// All but offers without an answer of the cardholder, newest first.
  Result<std::vector<PurchaseState>> purchases();
  /// Those in AwaitingPRes and Ordered, oldest first.
  Result<std::vector<PurchaseState>> unanswered();

  /// State and exact outbound bytes in one transaction. conflict: the offer was confirmed before, or
  /// another purchase of the same order is open.
  Result<void> advance(const Offered& from, const SignedOrder& next);
  /// Counts a sending before it happens. conflict unless it still waits for its PRes.
  Result<Outbound> take_outbound(const LIDC& lid_c);
  /// The outcome; the outbound bytes are deleted with it, but for Ordered. conflict: another thread
  /// was first.
  Result<void> advance(const Ordered& next);
  Result<void> advance(const Completed& next);
  Result<void> advance(const Rejected& next);

 private:
  Store(Database database, AtRest at_rest, Rng& rng)
      : database_(std::move(database)), at_rest_(std::move(at_rest)), rng_(&rng) {}

  Result<Card> card_of(const Row& row, Instant now);

  Database database_;
  AtRest at_rest_;
  Rng* rng_;
};

}  // namespace set::wallet
