// set-merchant takes orders from wallets and asks the gateway to authorise them.

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <thread>

#include "common/base/log.h"
#include "common/daemon/client.h"
#include "common/daemon/healthcheck.h"
#include "common/daemon/live_identity.h"
#include "common/daemon/run.h"
#include "common/daemon/stop.h"
#include "common/enrollment/register.h"
#include "common/enrollment/renewer.h"
#include "merchant/batch_command.h"
#include "merchant/config.h"
#include "merchant/doctor_command.h"
#include "merchant/order_command.h"
#include "merchant/payment_command.h"
#include "merchant/service.h"

namespace set::merchant {
namespace {

Result<void> enroll(const Config& config) {
  const auto& options = config.enroll;
  const auto clock = system_clock();
  const auto trust = TRY(load_trust(options.trust, clock()));
  const auto access = TRY(KeyAccess::read_or_new(config.keys, config.dir / "keys.set"));
  const auto ca = CaClient::connect(options.ca, trust);
  const PartyToEnroll party{Role::merchant,        "", options.bin, options.id, options.hosts,
                            options.flags.language};
  const auto certified = TRY(
      enroll_party_from_token_file(ca, trust, party, options.token_file, config.dir, access.lock(),
                                   clock, Rng::system(), TRY(enrollment_options(options.flags))));
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

Result<void> serve_shop(const Config& config) {
  const auto clock = system_clock();
  auto& rng = Rng::system();
  const auto access =
      std::make_shared<const KeyAccess>(TRY(KeyAccess::read(config.keys, config.dir / "keys.set")));
  const auto ca = renewal_ca(config.serve.ca, config.dir);
  const auto identity = TRY(load_or_renew(config.dir, access, ca, clock, rng));
  TRY(check_is_merchant(*identity->party()));
  auto database = TRY(Database::open(config.database_url(), DatabaseUse::daemon));
  RevocationWatch revocations(
      {identity->current_party(), config.dir, ca, config.serve.revocation, clock});
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
                     .patience = config.serve.patience,
                     .close_batches_at = config.serve.close_batches_at});
  Service service({party, store, gateway, resolver, clock, rng});

  ServerLimits limits;
  limits.max_concurrent_streams = 32;  // wallets connect here
  std::vector<Server> servers;
  servers.push_back(
      TRY(Server::start({config.serve.listen,
                         server_credentials(identity->current_tls(), ClientCertificate::optional),
                         {&service},
                         limits})));
  auto admin = TRY(Server::start_admin(config.admin_listen));
  const auto& address = servers.front().address();
  TRY(store.put_setting(
      kPublicAddress, config.serve.public_address.empty() ? address : config.serve.public_address));
  TRY(store.put_setting(kGatewayAddress, config.serve.gateway));

  expect_stop();
  if (!wait_for_gateway(gateway)) return {};
  TRY(resolver.start());
  // Payment links name a certificate that we have, also while a new one is being taken in.
  const auto name_in_links = [&store](const Party& in_use) {
    const auto thumbprint = in_use.signature.value().leaf.thumbprint().hex();
    const auto named = store.put_setting(kLinkCertificate, thumbprint);
    if (!named) log_error("payment links name an older certificate", named.error());
  };
  name_in_links(*identity->party());
  Renewer renewer({*identity, ca, clock, rng, name_in_links});
  renewer.start();
  std::jthread trust([&] {
    keep_trust_until_stop([&] { return identity->party()->trust; }, config.dir,
                          config.serve.trust_every, clock);
  });
  admin.set_serving(true);
  auto served = serve(std::move(servers), config.serve.ready_file);
  request_stop();  // also where serving ended by itself: who keeps the trust waits for it
  resolver.stop();
  return served;
}

Result<void> run_command(const Config& config) {
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
    case Command::batch_open:
    case Command::batch_close:
    case Command::batch_show:
      return ask_about_batch(config);
    case Command::batch_report:
      return report_batch(config);
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
