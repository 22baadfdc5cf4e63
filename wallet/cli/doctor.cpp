// set-wallet doctor.
#include <algorithm>

#include "common/crypto/key_file.h"
#include "common/daemon/doctor.h"
#include "common/daemon/files.h"
#include "wallet/cli/commands.h"
#include "wallet/schema.h"
#include "wallet/store.h"

namespace set::wallet {
namespace {

/// The cards, if keys and database let us. What is known of revocations is read later: the daemon
/// keeps it, and we change nothing.
Result<std::vector<Card>> open_cards(const Paths& paths, const KeyLock& lock, Instant now) {
  const auto keys = TRY(KeyFile::open(paths.keys(), lock));
  auto& rng = Rng::system();
  auto at_rest = AtRest(TRY(keys.get(kStoreEntry)));
  auto store = TRY(Store::open("sqlite:" + paths.database().string(), std::move(at_rest), rng,
                               /*kept=*/{}, DatabaseUse::command));
  return store.cards(now);
}

/// The CA that was named, or the one where the card was registered.
void examine_peers(Examination& examination, const Card& card, const DoctorOptions& options) {
  const Examiner self{card.party.trust, nullptr, card.certificate.leaf.brand(), system_clock()};
  if (!options.merchant.empty())
    examine_peer(examination, self, PartyRole::merchant, options.merchant);
  const auto& ca = options.ca.empty() ? card.ca : options.ca;
  if (!ca.empty()) examine_peer(examination, self, PartyRole::ca, ca);
}

/// Each root once, with what is revoked under it and the peers of its first card; each card.
void examine_cards(Examination& examination, const Paths& paths, const std::vector<Card>& cards,
                   const DoctorOptions& options, Instant now) {
  std::vector<Thumbprint> roots;
  for (const auto& card : cards) {
    const auto& trust = *card.party.trust;
    const auto& root = trust.root().thumbprint();
    const bool first = std::ranges::find(roots, root) == roots.end();
    if (first) {
      roots.push_back(root);
      examine_trust(examination, trust);
      examine_revocations(examination, revocation_file(paths.home, root), trust, now);
    }
    examine_chain(examination, "card " + std::to_string(card.number), card.certificate, trust, now);
    if (first) examine_peers(examination, card, options);
  }
}

}  // namespace

Result<void> run_doctor(const Paths& paths, const DoctorOptions& options, bool json) {
  const auto now = system_clock()();
  Examination examination;
  examination.check("wallet", check_private_directory(paths.home),
                    paths.home.string() + " is private",
                    "chmod 700 it; `set-wallet serve` makes it at the first start");
  examine_daemon(examination, paths.socket_target());
  const bool usable = examine_database(examination, "sqlite:" + paths.database().string(),
                                       kMigrations.back().number);
  const auto access = examine_keys(examination, paths.keys(), {options.passphrase, {}, {}});
  if (!access) return examination.report(json);
  if (!usable) {
    examination.note("cards",
                     "not examined: they are in a database that is not as `serve` makes it");
    return examination.report(json);
  }

  const auto cards = open_cards(paths, access->lock(), now);
  if (!cards) {
    examination.bad("cards", cards.error(), "wallet.db and keys.set must be of one wallet");
    return examination.report(json);
  }
  if (cards->empty()) examination.note("cards", "none yet: set-wallet card add");
  examine_cards(examination, paths, *cards, options, now);
  return examination.report(json);
}

}  // namespace set::wallet
