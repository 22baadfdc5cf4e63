// set-merchant takes orders from wallets and asks the gateway to authorise them.

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <thread>

#include "common/base/live_setting.h"
#include "common/base/log.h"
#include "common/daemon/audit_command.h"
#include "common/daemon/audit_keeper.h"
#include "common/daemon/client.h"
#include "common/daemon/evidence_command.h"
#include "common/daemon/files.h"
#include "common/daemon/healthcheck.h"
#include "common/daemon/live_identity.h"
#include "common/daemon/observation.h"
#include "common/daemon/reload.h"
#include "common/daemon/run.h"
#include "common/daemon/stop.h"
#include "common/enrollment/first_start.h"
#include "common/enrollment/register.h"
#include "common/enrollment/renewer.h"
#include "merchant/batch_command.h"
#include "merchant/config.h"
#include "merchant/doctor_command.h"
#include "merchant/event_command.h"
#include "merchant/event_dispatcher.h"
#include "merchant/order_command.h"
#include "merchant/payment_command.h"
#include "merchant/queues.h"
#include "merchant/service.h"
#include "merchant/webhook_command.h"

namespace set::merchant {
namespace {

Result<PartyCertified> get_certificates(const Config& config, const KeyLock& lock) {
  const auto clock = system_clock();
  const auto& asked = config.enroll;
  const auto trust = TRY(load_trust(asked.trust, clock()));
  const auto ca = CaClient::connect(asked.ca, trust);
  const PartyToEnroll party{Role::merchant, "",          asked.bin,
                            asked.id,       asked.hosts, asked.flags.language};
  return enroll_party_from_token_file(ca, trust, party, asked.token_file, config.dir, lock, clock,
                                      Rng::system(), TRY(enrollment_options(asked.flags)));
}

Result<void> enroll(const Config& config) {
  const auto& options = config.enroll;
  const auto access = TRY(KeyAccess::read_or_new(config.keys, config.dir / "keys.set"));
  const auto certified = TRY(get_certificates(config, access.lock()));
  TRY(save_trust_source(config.dir, options.trust));
  const auto& leaf = certified.signature.leaf;
  if (config.common.json) {
    const nlohmann::ordered_json out{{"merchant_id", options.id},
                                     {"name", leaf.common_name()},
                                     {"brand", leaf.brand()},
                                     {"certificate", leaf.thumbprint().hex()},
                                     {"not_after", to_string(leaf.not_after())}};
    fmt::print("{}\n", out.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
  } else {
    fmt::print("Enrolled {} ({}), brand {}, certificate {} until {}\n", leaf.common_name(),
               options.id, leaf.brand(), leaf.thumbprint().hex(), to_string(leaf.not_after()));
  }
  return {};
}

/// Of `serve --enroll`.
Result<void> enroll_if_new(const Config& config, const KeyLock& lock) {
  TRY(make_private_directory(config.dir));
  return enroll_at_first_start(config.dir, config.enroll, system_clock()(),
                               [&]() -> Result<void> {
                                 TRY(get_certificates(config, lock));
                                 return {};
                               });
}

Result<void> check_is_merchant(const Party& party) {
  CHECK_OR_FAIL(party.signature && party.signature->leaf.has_role(Role::merchant) &&
                    party.key_exchange && party.kem,
                ErrorCode::bad_config,
                "the directory holds no merchant's identity: run set-merchant enroll");
  return {};
}

// Without the gateway's certificates no order can be taken: we answer, but do not say SERVING.
// True once they are there, false if we were told to stop.
bool wait_for_gateway(GatewayClient& gateway) {
  for (std::int64_t attempts = 0; !stop_requested(); ++attempts) {
    const auto refreshed = gateway.refresh();
    if (refreshed) return true;
    log_warning("waiting for the gateway's certificates", refreshed.error());
    const auto pause = std::min<Duration>(std::chrono::milliseconds(500) * (attempts + 1),
                                          std::chrono::seconds(15));
    if (wait_for_stop(pause)) return false;
  }
  return false;
}

/// What can change while we serve (docs/configuration.md).
struct LiveSettings {
  explicit LiveSettings(const Config& config)
      : revocation(config.serve.revocation),
        trust_every(config.serve.trust_every),
        patience(config.serve.patience),
        close_batches_at(config.serve.close_batches_at),
        events(config.serve.events) {}

  LiveSetting<RevocationWatchOptions> revocation;
  LiveSetting<Duration> trust_every, patience;
  LiveSetting<std::optional<Duration>> close_batches_at;
  LiveSetting<EventOptions> events;

  std::map<std::string, Reloader<Config>::Take> keys() const {
    const auto revoked = [now = revocation](const Config& config) {
      now.set(config.serve.revocation);
    };
    const auto told = [now = events](const Config& config) { now.set(config.serve.events); };
    return {{"serve.events-keep", told},
            {"serve.webhook-retry", told},
            {"serve.webhook-max-age", told},
            {"serve.webhook-disable-after", told},
            {"serve.revocation-every", revoked},
            {"serve.revocation-grace", revoked},
            {"serve.trust-every",
             [now = trust_every](const Config& config) { now.set(config.serve.trust_every); }},
            {"serve.patience",
             [now = patience](const Config& config) { now.set(config.serve.patience); }},
            {"serve.close-batch-daily", [now = close_batches_at](const Config& config) {
               now.set(config.serve.close_batches_at);
             }}};
  }
};

Result<void> serve_shop(const Config& config) {
  const auto clock = system_clock();
  auto& rng = Rng::system();
  const auto key_file = config.dir / "keys.set";
  const auto access = std::make_shared<const KeyAccess>(
      TRY(config.serve.enroll_first ? KeyAccess::read_or_new(config.keys, key_file)
                                    : KeyAccess::read(config.keys, key_file)));
  if (config.serve.enroll_first) TRY(enroll_if_new(config, access->lock()));
  const auto ca = renewal_ca(config.enroll.ca, config.dir);
  const auto identity = TRY(load_or_renew(config.dir, access, ca, clock, rng));
  TRY(check_is_merchant(*identity->party()));
  auto database = TRY(Database::open(config.database_url(), DatabaseUse::daemon));
  const LiveSettings live(config);
  RevocationWatch revocations({identity->current_party(), config.dir, ca, live.revocation, clock});
  TRY(revocations.start());
  auto store = TRY(Store::open(database));
  const auto party = identity->current_party();
  GatewayClient gateway({party, config.serve.gateway,
                         live_channel(config.serve.gateway, identity->current_tls()), clock, rng});
  Resolver resolver({.party = party,
                     .store = store,
                     .gateway = gateway,
                     .clock = clock,
                     .rng = rng,
                     .patience = live.patience,
                     .close_batches_at = live.close_batches_at});
  Service service({party, store, gateway, resolver, clock, rng});
  const auto audit_head = std::make_shared<CurrentAuditHead>();
  identity->tell_audit_head(audit_head);
  const auto audit =
      TRY(AuditKeeper::start({database, clock, audit_head}, *identity->party()));
  audit->watch(service.counts());

  const auto observation = TRY(Observation::start("set-merchant", config.serve.metrics, clock));
  observation->watch(database);
  observation->watch(database, kQueues);
  observation->watch(party);
  observation->watch(identity->current_tls());

  ServerLimits limits;
  limits.max_concurrent_streams = 32;  // wallets connect here
  std::vector<Server> servers;
  servers.push_back(
      TRY(Server::start({config.serve.listen,
                         server_credentials(identity->current_tls(), ClientCertificate::optional),
                         {&service},
                         limits,
                         config.serve.balancers})));
  servers.push_back(TRY(Server::start_admin(config.admin_listen)));
  const auto address = servers.front().address();
  TRY(store.put_setting(
      kPublicAddress, config.serve.public_address.empty() ? address : config.serve.public_address));
  TRY(store.put_setting(kGatewayAddress, config.serve.gateway));

  EventDispatcher dispatcher(
      {database, live.events, config.dir, identity->lock(), clock, rng});
  expect_stop();
  const Reloader<Config> reloader(config, live.keys());
  TRY(dispatcher.start());
  // Payment links name a certificate that we have, also while a new one is being taken in.
  const auto name_in_links = [&store, &clock](const Party& in_use) {
    const auto thumbprint = in_use.signature.value().leaf.thumbprint().hex();
    const auto named = store.put_link_certificate(thumbprint, clock());
    if (!named) log_error("payment links name an older certificate", named.error());
  };
  name_in_links(*identity->party());
  const auto take_in = [&](const Party& in_use) {
    name_in_links(in_use);
    audit->keys_changed(in_use);
  };
  // Before we wait: a gateway that stays away longer than our TLS certificate lasts would else never
  // let us in again.
  Renewer renewer({*identity, ca, clock, rng, take_in});
  renewer.start();
  const std::string why = "the gateway's certificates are not known yet";
  observation->readiness().hold("gateway", why);
  servers.back().set_serving(false, why);
  if (!wait_for_gateway(gateway)) return {};
  observation->readiness().release("gateway");
  TRY(resolver.start());
  std::jthread trust([&] {
    keep_trust_until_stop([&] { return identity->party()->trust; }, config.dir,
                          live.trust_every, clock);
  });
  auto served =
      serve(std::move(servers), config.serve.ready_file, observation->readiness());
  request_stop();  // also where serving ended by itself: who keeps the trust waits for it
  resolver.stop();
  dispatcher.stop();
  return served;
}

Result<void> audit_log(const Config& config) {
  auto database = TRY(Database::open(config.database_url(), DatabaseUse::command));
  TRY(Store::open(database));
  return run_audit(database, config.audit, config.common.json);
}

Result<void> run_evidence(const Config& config) {
  if (config.evidence.verify) return verify_evidence_file(config.evidence, config.common.json);
  auto database = TRY(Database::open(config.database_url(), DatabaseUse::command));
  TRY(Store::open(database));
  return write_evidence_file(database, config.evidence, "merchant", config.dir);
}

Result<void> run_command(const Config& config) {
  if (config.common.instead) return config.common.instead();
  switch (config.command) {
    case Command::enroll:
      return enroll(config);
    case Command::serve:
      return serve_shop(config);
    case Command::renew:
      return run_renew(config.dir, config.renew, config.keys, config.common.json);
    case Command::needs_renewal:
      return run_needs_renewal(config.dir, config.common.json);
    case Command::order_create:
      return create_order(config);
    case Command::order_list:
      return list_orders(config);
    case Command::order_show:
      return show_order(config);
    case Command::doctor:
      return run_doctor(config);
    case Command::authorize:
    case Command::capture:
    case Command::reverse:
    case Command::refund:
    case Command::void_refund:
    case Command::void_capture:
      return run_payment(config);
    case Command::batch_list:
      return list_batches(config);
    case Command::batch_open:
    case Command::batch_close:
    case Command::batch_purge:
    case Command::batch_show:
      return ask_about_batch(config);
    case Command::batch_report:
      return report_batch(config);
    case Command::audit:
      return audit_log(config);
    case Command::evidence:
      return run_evidence(config);
    case Command::events:
      return show_events(config);
    case Command::webhook:
      return run_webhook(config);
    case Command::healthcheck:
      return healthcheck(config.admin_listen.str(), nullptr);
  }
  return {};
}

}  // namespace
}  // namespace set::merchant

int main(int argc, char** argv) {
  return set::run("set-merchant", [&]() -> set::Result<void> {
    return set::merchant::run_command(TRY(set::merchant::Config::parse(argc, argv)));
  });
}
