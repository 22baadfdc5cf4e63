// The wallet's flows: a card is registered, an offer fetched, an order signed and sent, an outcome
// asked for, a receipt verified. Called by local_service.cpp on gRPC's threads; owns no state besides
// the store, so any thread.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <mutex>

#include "common/enrollment/register.h"
#include "common/message/card_message.h"
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
                                         const CardToRegister& card, CardRegistration registration)>;
/// The CA has not decided yet and suggests to ask again after this time.
using OnPended = std::function<void(Duration)>;
/// The CA said no, in these words: for the cardholder's eyes.
using OnRefused = std::function<void(const std::string&)>;

/// Asks a CA what is revoked; CaClient::fetch_revocations but in tests.
using FetchRevocations = std::function<Result<void>(const std::string& ca, const Trust& trust)>;
/// Runs a renewal with a CA; renew_cardholder over CaClient but in tests.
using RenewCard = std::function<Result<RegisteredCard>(
    const std::string& ca, const Party& cardholder, const CardToRegister& card,
    CardRegistration registration)>;
/// The trust file behind a URL, unverified; fetch_trust() but in tests.
using FetchTrust = std::function<Result<std::string>(const std::string& url)>;

struct Surroundings {
  Store& store;
  ConnectMerchant connect_merchant;
  RegisterCard register_card;
  Clock clock;
  Rng& rng;
  RenewCard renew_card = {};
  FetchTrust fetch_trust = {};  ///< none = successors of roots are not looked for
  FetchRevocations fetch_revocations = {};  ///< none: nobody is asked
  std::string ca = {};  ///< who is asked, instead of where the card was registered
  /// Before a purchase what is known of revocations is not older, if the CA answers.
  Duration revocation_age = std::chrono::seconds(30);
};

/// Where a card is registered.
struct CardIssuer {
  std::string ca;  ///< host:port
  std::string trust_pem;
  std::string root_fingerprint;
  std::string language = "en";  ///< of the form
  std::string trust_url = {};  ///< where trust_pem came from; empty = from a file
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

  /// CardCInit, RegForm, Cert; then the card is kept, encrypted. A card whose registration was begun
  /// at this CA before is asked about first (CertInq).
  /// Errors: conflict if the wallet has a valid certificate for this card; register_cardholder's.
  Result<CardView> add_card(EnteredCard card, const CardIssuer& issuer, const FillForm& fill_form,
                            const OnPended& on_pended = {}, const OnRefused& on_refused = {});
  Result<std::vector<CardView>> cards();
  /// A new certificate, key, CardSecret and PANSecret for a card; the old ones stay for the purchases
  /// that they signed. The new key is kept before the CA is asked for its certificate, so that a
  /// lost answer can be asked for. `ca` empty: where it was registered. Errors: renew_cardholder's.
  Result<CardView> renew_card(std::int64_t number, const std::string& ca);
  /// Renews the cards whose time has come, and logs what does not work. For one thread; returns how
  /// long it may sleep.
  Duration renew_due_cards();

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

  /// Inq at any time, with the certificate that paid. Where the outcome is known already and the
  /// merchant does not answer: what is known.
  Result<PurchaseState> inquire(const XID& xid);
  /// The acquirer's words to the cardholder, one place for each authorisation; none where there is no
  /// word, or one that does not open.
  Result<std::vector<std::optional<AcqCardCodeMsg>>> card_messages(const PurchaseState& state);
  /// Sends the stored bytes again for all in AwaitingPRes, asks for all in Ordered.
  Result<std::vector<PurchaseState>> resume();
  Result<std::vector<PurchaseState>> purchases() { return s_.store.purchases(); }
  /// conflict unless the purchase is Completed; verification_failed.
  Result<VerifiedPurchase> receipt(const XID& xid);
  /// The same as a file that anybody can verify (common/audit/evidence.h); not_found: the purchase is
  /// older than the keeping of evidence.
  Result<std::string> export_receipt(const XID& xid);

 private:
  /// A registration or renewal as the wallet runs it: kept before the CertReq leaves, forgotten at
  /// its end.
  Result<CardRegistration> registration_of(const CardToRegister& card, const std::string& ca,
                                           std::optional<LIDCA>& kept);
  struct Chosen {
    Card card;
    Merchant merchant;
  };
  Result<Card> renew(const Card& card, const std::string& ca);
  Instant renew_one(const Card& card);
  /// The card, renewed first if it is about to end.
  Result<Card> usable(Card card);
  /// The card with the certificate that signed this order.
  Result<Card> card_of(const Order& order);
  Result<Chosen> choose(const PaymentLink& link, std::int64_t card, Instant now);
  Result<void> check_not_paid(const Thumbprint& merchant, const LIDM& lid_m);
  Result<PurchaseState> send_preq(const Order& order, const Card& card);
  Result<PurchaseState> accept_answer(const Order& order, const Card& card, const Outbound& outbound,
                                      MerchantAnswer answered);
  Result<PurchaseState> refused(const Order& order, const Card& card, const Outbound& outbound,
                                const Error& error);
  struct Inquired {
    AfterInqRes next;
    Proof proof;
  };
  Result<Inquired> ask(const Order& order, const Card& card);
  Result<PurchaseState> settle(const Order& order, AfterPRes next, const Proof& proof);
  Result<PurchaseState> ask_and_settle(const PurchaseState& state, const Card& card);
  /// A CA that does not answer is a warning: what is known may still be good.
  void refresh_revocations(const Card& card);
  Result<void> check_sellers(const Offer& offer, const Trust& trust, Instant now);

  /// Before a purchase: what the cards' roots have announced may have come. Never stops it.
  void renew_trust(Instant now);
  Result<void> renew_trust_of(const CardTrust& source, Instant now);

  struct Attempts {
    int failures = 0;
    Instant next = {};
  };

  Surroundings s_;
  std::mutex mutex_;
  std::map<Thumbprint, Instant> refreshed_at_;  ///< by root
  std::map<Thumbprint, Attempts> attempts_;  // of renew_due_cards()
  std::atomic<Instant> look_for_roots_at_ = Instant();
};

}  // namespace set::wallet
