// Renewing the wallet's cards; service.cpp has everything else.
#include <algorithm>

#include "common/base/renewal_due.h"
#include "common/store/crash_point.h"
#include "wallet/service.h"

namespace set::wallet {
namespace {

// A purchase and its inquiries should still find the certificate alive.
constexpr int kLastShare = 20;
constexpr Duration kShortestSleep = std::chrono::seconds(1);
constexpr Duration kLongestSleep = std::chrono::minutes(1);  // a card may be added meanwhile

bool is_about_to_end(const Certificate& leaf, Instant now) {
  return now >= leaf.not_after() - (leaf.not_after() - leaf.not_before()) / kLastShare;
}

}  // namespace

Result<CardView> Service::renew_card(std::int64_t number, const std::string& ca) {
  const auto card = TRY(s_.store.find_card(number, s_.clock()));
  return view_of_card(TRY(renew(card, ca.empty() ? card.ca : ca)));
}

Result<Card> Service::renew(const Card& card, const std::string& ca) {
  CHECK_OR_FAIL(!ca.empty(), ErrorCode::invalid_argument,
                "the wallet does not know where this card was registered: give it with --ca");
  auto pan = TRY(Pan::parse(card.secrets.pan.reveal()));
  const CardToRegister to_renew{std::move(pan), card.secrets.expiry, std::nullopt};
  std::optional<LIDCA> kept;
  auto registration = TRY(registration_of(to_renew, ca, kept));
  auto renewed = TRY(s_.renew_card(ca, card.party, to_renew, std::move(registration)));
  auto pan_again = TRY(Pan::parse(card.secrets.pan.reveal()));
  CardSecrets secrets{std::move(pan_again), to_renew.expiry, std::move(renewed.pan_secret),
                      std::move(renewed.card_secret), renewed.key.pkcs8()};
  crash_point("wallet:renewed");
  TRY(s_.store.replace(card, secrets, renewed.certificate, ca, s_.clock(), kept));
  auto made =
      TRY(make_card(card.number, std::move(secrets), renewed.certificate, card.party.trust));
  made.ca = ca;
  log_info("card renewed", made.certificate.leaf.thumbprint());
  return made;
}

Result<Card> Service::usable(Card card) {
  const auto now = s_.clock();
  const auto& leaf = card.certificate.leaf;
  if (card.ca.empty() || now > leaf.not_after() || !is_about_to_end(leaf, now)) return card;
  auto renewed = renew(card, card.ca);
  if (renewed) return std::move(*renewed);
  log_warning("the card could not be renewed before its use", renewed.error());
  return card;
}

Duration Service::renew_due_cards() {
  const auto now = s_.clock();
  auto next = now + kLongestSleep;
  const auto cards = s_.store.cards(now);
  if (!cards) {
    log_warning("the cards could not be looked at", cards.error());
    return kLongestSleep;
  }
  for (const auto& card : *cards) {
    const auto& leaf = card.certificate.leaf;
    if (card.ca.empty() || now > leaf.not_after()) continue;
    const auto due = std::max(renew_from(leaf), attempts_[leaf.thumbprint()].next);
    next = std::min(next, now < due ? due : renew_one(card));
  }
  return std::max<Duration>(next - now, kShortestSleep);
}

/// When it is to be looked at again.
Instant Service::renew_one(const Card& card) {
  const auto& leaf = card.certificate.leaf;
  const auto renewed = renew(card, card.ca);
  const auto now = s_.clock();
  if (renewed) {
    attempts_.erase(leaf.thumbprint());
    return renew_from(renewed->certificate.leaf);
  }
  auto& attempts = attempts_[leaf.thumbprint()];
  attempts.next = now + renewal_back_off(leaf.not_after() - leaf.not_before(), ++attempts.failures);
  log_warning("the card could not be renewed", leaf.thumbprint(), renewed.error());
  return attempts.next;
}

Result<Card> Service::card_of(const Order& order) {
  return s_.store.find_card(order.offer.card, TRY(signer_of(order)), s_.clock());
}

}  // namespace set::wallet
