// Root rollover at the wallet: before a purchase it looks where each card's trust came from.
#include "common/base/log.h"
#include "wallet/service.h"

namespace set::wallet {
namespace {

constexpr Duration kLookEvery = std::chrono::minutes(10);

}  // namespace

void Service::renew_trust(Instant now) {
  if (!s_.fetch_trust || now < look_for_roots_at_.load()) return;
  look_for_roots_at_ = now + kLookEvery;
  const auto sources = s_.store.trust_sources();
  if (!sources) return log_warning("looking for new roots", sources.error());
  for (const auto& source : *sources) {
    const auto renewed = renew_trust_of(source, now);
    // What is trusted stays: the purchase goes on with it.
    if (!renewed) log_warning("looking for new roots", renewed.error());
  }
}

Result<void> Service::renew_trust_of(const CardTrust& source, Instant now) {
  const auto trust = TRY(Trust::parse(source.pem, "", now));
  const auto pem = TRY(s_.fetch_trust(source.url));
  if (!TRY(trust.renew(pem, now))) return {};
  TRY(s_.store.save_trust(source.card, trust.pem()));
  log_info("a new root is trusted", trust.roots().back().thumbprint());
  return {};
}

}  // namespace set::wallet
