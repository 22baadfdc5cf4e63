// set-merchant takes orders from wallets and asks the gateway to authorise them.

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "common/base/log.h"
#include "common/daemon/client.h"
#include "common/daemon/healthcheck.h"
#include "common/daemon/identity.h"
#include "common/daemon/run.h"
#include "common/daemon/stop.h"
#include "common/enrollment/register.h"
#include "merchant/config.h"
#include "merchant/order_command.h"
#include "merchant/service.h"

namespace set::merchant {
namespace {

std::string health_address(const Config& config) {
  return "unix:" + (config.dir / "health.sock").string();
}

Result<void> enroll(const Config& config) {
  const auto& options = config.enroll;
  const auto clock = system_clock();
  const auto trust = TRY(load_trust(options.trust, clock()));
  const auto passphrase =
      TRY(read_passphrase(config.passphrase, "Passphrase for the new keys", true));
  const auto ca = CaClient::connect(options.ca, trust);
  const PartyToEnroll party{Role::merchant, "", options.bin, options.id, options.hosts};
  const auto certified = TRY(enroll_party_from_token_file(
      ca, trust, party, options.token_file, config.dir, passphrase, clock, Rng::system()));
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
  const auto passphrase = TRY(read_passphrase(config.passphrase, "Passphrase for keys.set", false));
  const auto identity = TRY(Identity::load(config.dir, passphrase, clock()));
  TRY(check_is_merchant(*identity.party));
  auto database = TRY(Database::open(config.database_url(), DatabaseUse::daemon));
  auto store = TRY(Store::open(database));
  GatewayClient gateway({identity.party, config.serve.gateway,
                         make_channel(config.serve.gateway, channel_credentials(identity.tls)),
                         clock, rng});
  Resolver resolver({identity.party, store, gateway, clock, rng});
  Service service({identity.party, store, gateway, resolver, clock, rng});

  ServerLimits limits;
  limits.max_concurrent_streams = 32;  // wallets connect here
  std::vector<Server> servers;
  servers.push_back(TRY(Server::start({config.serve.listen,
                                       server_credentials(identity.tls, ClientCertificate::none),
                                       {&service},
                                       limits})));
  auto health =
      TRY(Server::start({TRY(ListenAddress::parse(health_address(config))), nullptr, {}, {}}));
  const auto& address = servers.front().address();
  TRY(store.put_setting(
      kPublicAddress, config.serve.public_address.empty() ? address : config.serve.public_address));

  expect_stop();
  if (!wait_for_gateway(gateway)) return {};
  TRY(resolver.start());
  health.set_serving(true);
  auto served = serve(std::move(servers), config.serve.ready_file);
  resolver.stop();
  return served;
}

Result<void> run_command(const Config& config) {
  switch (config.command) {
    case Command::enroll:
      return enroll(config);
    case Command::serve:
      return serve_shop(config);
    case Command::order_create:
      return create_order(config);
    case Command::order_list:
      return list_orders(config);
    case Command::order_show:
      return show_order(config);
    case Command::healthcheck:
      return healthcheck(health_address(config), nullptr);
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
