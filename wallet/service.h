// The wallet's flows: a card is registered, an offer fetched, an order signed and sent, an outcome
// asked for, a receipt verified. Called by local_service.cpp on gRPC's threads; owns no state besides
// the store, so any thread.
#pragma once

#include <functional>

#include "common/enrollment/register.h"
#include "wallet/card_entry.h"
#include "wallet/merchant_client.h"
#include "wallet/receipt.h"
#include "wallet/store.h"

namespace set::wallet {

/// An open door to a merchant; MerchantClient::connect but in tests.
using ConnectMerchant = std::function<MerchantClient(const std::string& address, const Trust& trust)>;
/// Runs the registration with a CA; register_cardholder over CaClient but in tests.
using RegisterCard =
    std::function<Result<RegisteredCard>(const std::string& ca, std::shared_ptr<const Trust> trust,
                                         const CardToRegister& card, const FillForm& fill_form)>;

struct Surroundings {
  Store& store;
  ConnectMerchant connect_merchant;
  RegisterCard register_card;
  Clock clock;
  Rng& rng;
};

/// Where a card is registered.
struct CardIssuer {
  std::string ca;  ///< host:port
  std::string trust_pem;
  std::string root_fingerprint;
};

struct ShownOffer {
  Offered offered;
  CardView card;
};

struct VerifiedPurchase {
  Completed purchase;
  Receipt receipt;
  Thumbprint card_certificate;
};

class Service {
 public:
  explicit Service(Surroundings surroundings) : s_(std::move(surroundings)) {}

  /// CardCInit, RegForm, Cert; then the card is kept, encrypted.
  /// Errors: conflict if the wallet has a valid certificate for this card; register_cardholder's.
  Result<CardView> add_card(EnteredCard card, const CardIssuer& issuer, const FillForm& fill_form);
  Result<std::vector<CardView>> cards();

  /// PInit. `card` 0 = the first whose brand is the merchant's.
  /// State:  (none) → Offered, kept for confirm().
  /// Errors: invalid_argument (link), not_found (card), conflict (the order is paid, or a purchase of
  ///         it has no outcome yet), those of the network and of choose_merchant and accept_pinit_res.
  Result<ShownOffer> offer(std::string_view link, std::int64_t card);

  /// P. Returns the state as it is when an answer is there or is not: a lost answer is no Error, the
  /// purchase is then AwaitingPRes. State: Offered → AwaitingPRes → Ordered | Completed | Rejected.
  /// Errors: not_found, conflict (confirmed before, offer over); an answer that does not verify (the
  ///         purchase stays AwaitingPRes).
  Result<PurchaseState> confirm(const LIDC& lid_c, std::optional<CardVerificationValue> cvv);

  /// Inq where the outcome is open; otherwise what is known.
  Result<PurchaseState> inquire(const XID& xid);
  /// Sends the stored bytes again for all in AwaitingPRes, asks for all in Ordered.
  Result<std::vector<PurchaseState>> resume();
  Result<std::vector<PurchaseState>> purchases() { return s_.store.purchases(); }
  /// conflict unless the purchase is Completed; verification_failed.
  Result<VerifiedPurchase> receipt(const XID& xid);

 private:
  struct Chosen {
    Card card;
    Merchant merchant;
  };
  Result<Chosen> choose(const PaymentLink& link, std::int64_t card, Instant now);
  Result<void> check_not_paid(const Thumbprint& merchant, const LIDM& lid_m);
  Result<PurchaseState> send_preq(const Order& order, const Card& card);
  Result<PurchaseState> accept_answer(const Order& order, const Card& card, const Outbound& outbound,
                                      wire::MessageWrapper answer);
  Result<PurchaseState> refused(const Order& order, const Card& card, const Outbound& outbound,
                                const Error& error);
  Result<AfterInqRes> ask(const Order& order, const Card& card);
  Result<PurchaseState> settle(const Order& order, AfterPRes next);
  Result<PurchaseState> ask_and_settle(const PurchaseState& state, const Card& card);

  Surroundings s_;
};

}  // namespace set::wallet
