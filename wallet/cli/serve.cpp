// set-wallet serve: the daemon that holds the unlocked cards.
#include <thread>

#include "common/crypto/key_file.h"
#include "common/daemon/audit_keeper.h"
#include "common/daemon/files.h"
#include "common/daemon/observation.h"
#include "common/daemon/server.h"
#include "common/daemon/stop.h"
#include "common/enrollment/first_start.h"
#include "common/enrollment/renewal.h"
#include "common/enrollment/trust_source.h"
#include "wallet/cli/commands.h"
#include "wallet/cli/local_client.h"
#include "wallet/local_service.h"
#include "wallet/queues.h"

namespace set::wallet {
namespace {

constexpr std::size_t kStoreKeyBytes = 32;

/// Opens keys.set, or makes it at the first start.
Result<KeyFile> open_keys(const Paths& paths, const PassphraseSource& source, Rng& rng) {
  std::error_code error;
  const bool is_new = !std::filesystem::exists(paths.keys(), error);
  if (!is_new) {
    const auto passphrase = TRY(read_passphrase(source, "Passphrase of the wallet", false));
    return KeyFile::open(paths.keys(), passphrase);
  }
  CHECK_OR_FAIL(!std::filesystem::exists(paths.database(), error), ErrorCode::bad_config,
                "keys.set is missing beside wallet.db: without it the cards cannot be opened");
  const auto passphrase = TRY(read_passphrase(source, "New passphrase for the wallet", true));
  return KeyFile::create(paths.keys(), passphrase, Argon2Cost(), rng);
}

Result<AtRest> open_at_rest(const Paths& paths, const PassphraseSource& source, Rng& rng) {
  auto keys = TRY(open_keys(paths, source, rng));
  auto key = keys.get(kStoreEntry);
  if (!key && key.error().code == ErrorCode::not_found) {
    TRY(keys.put(kStoreEntry, rng.secret(kStoreKeyBytes).reveal(), rng));
    key = keys.get(kStoreEntry);
  }
  return AtRest(TRY(std::move(key)));
}

Result<RegisteredCard> register_with_ca(const std::string& address,
                                        std::shared_ptr<const Trust> trust,
                                        const CardToRegister& card, CardRegistration registration) {
  const auto ca = CaClient::connect(address, *trust);
  return register_cardholder(ca, std::move(trust), card, std::move(registration), system_clock(),
                             Rng::system());
}

Result<RegisteredCard> renew_with_ca(const std::string& address, const Party& cardholder,
                                     const CardToRegister& card, CardRegistration registration) {
  const auto ca = CaClient::connect(address, *cardholder.trust);
  return renew_cardholder(ca, cardholder, card, std::move(registration), system_clock(),
                          Rng::system());
}

/// A person waits for it.
constexpr Duration kRevocationDeadline = std::chrono::seconds(3);

Result<void> fetch_revocations(const std::string& address, const Trust& trust) {
  return CaClient::connect(address, trust)
      .fetch_revocations(trust, system_clock()(), kRevocationDeadline);
}

/// The daemon answers already, but is not healthy before it can pay.
Result<void> register_first_card(const Paths& paths, Store& store, const CardAddOptions& card) {
  LocalClient client(paths);
  const auto list = TRY(client.ask(&LocalClient::Stub::ListCards, wire::ListCardsRequest()));
  if (list.cards().empty()) {
    return try_until_done("waiting to register the first card",
                          [&] { return run_card_add(paths, card, false); });
  }
  const auto fingerprint = TRY(root_fingerprint_of(card.trust));
  Result<void> same;
  for (const auto& known : TRY(store.trust_sources())) {
    same = check_same_root(known.pem, fingerprint, system_clock()(), "this wallet's card");
    if (same) break;
  }
  return same;
}

/// Beside the purchases, so that nobody waits for it.
void renew_until_stop(Service& service) {
  while (!wait_for_stop(service.renew_due_cards())) {
  }
}

}  // namespace

Result<void> run_serve(const Paths& paths, const ServeOptions& options) {
  auto& rng = Rng::system();
  TRY(make_private_directory(paths.home));
  TRY(make_private_directory(paths.socket.parent_path()));
  auto at_rest = TRY(open_at_rest(paths, options.passphrase, rng));
  auto store = TRY(Store::open("sqlite:" + paths.database().string(), std::move(at_rest), rng,
                               paths.home));
  Service service({.store = store,
                   .connect_merchant = MerchantClient::connect,
                   .register_card = register_with_ca,
                   .clock = system_clock(),
                   .rng = rng,
                   .renew_card = renew_with_ca,
                   .fetch_trust = fetch_trust,
                   .fetch_revocations = fetch_revocations,
                   .ca = options.ca,
                   .revocation_age = options.revocation_age});
  LocalService door(service, rng);
  // A wallet tells its head to nobody: it would tie purchases together.
  const auto audit = TRY(AuditKeeper::start({store.database(), system_clock(), nullptr}, Party{}));

  const auto observation = TRY(Observation::start("set-wallet", options.metrics, system_clock()));
  observation->watch(store.database());
  observation->watch(store.database(), kQueues);

  const auto listen = TRY(ListenAddress::parse(paths.socket_target()));
  std::vector<Server> servers;
  servers.push_back(TRY(Server::start({.listen = listen, .credentials = nullptr, .services = {&door}})));
  const auto waiting = TRY(store.unanswered()).size();
  if (waiting != 0) log_warning("purchases wait for their outcome", LogSize{"purchases", waiting});
  expect_stop();
  if (!options.first_card.card_file.empty()) {
    auto card = options.first_card;
    card.ca = options.ca;
    TRY(register_first_card(paths, store, card));
  }
  std::jthread renewer([&service] { renew_until_stop(service); });
  auto served = serve(std::move(servers), options.ready_file, observation->readiness());
  request_stop();  // also where serving ended by itself: the renewer waits for it
  return served;
}

}  // namespace set::wallet
