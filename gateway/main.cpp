// set-gateway stands between merchants and the acquirer: it opens what the cardholder sealed,
// checks that both mean the same purchase, and asks the bank.
#include <chrono>
#include <cstdio>
#include <thread>

#include "common/base/log.h"
#include "common/daemon/healthcheck.h"
#include "common/daemon/identity.h"
#include "common/daemon/run.h"
#include "common/daemon/stop.h"
#include "common/enrollment/register.h"
#include "gateway/acquirer_client.h"
#include "gateway/config.h"
#include "gateway/payments.h"
#include "gateway/service.h"

namespace set::gateway {
namespace {

// Longer than any flow takes; what is older was left behind by one.
constexpr auto kLeftBehind = std::chrono::minutes(1);
constexpr auto kResumeEvery = std::chrono::seconds(20);
// Answers outlive the five-minute window and the batch cycle by far (protocol §6 rule 2).
constexpr auto kKeepReplies = std::chrono::hours(35 * 24);

/// Finishes, until the daemon stops, what flows had to leave: the database or acquirer said no.
void keep_resuming(Service& service) {
  while (!wait_for_stop(kResumeEvery)) {
    const auto resumed = service.resume(kLeftBehind);
    if (!resumed) log_warning("resume", resumed.error());
  }
}

void print(const std::string& line) { std::printf("%s\n", line.c_str()); }

Result<void> enroll(const Config& config) {
  const auto clock = system_clock();
  auto& rng = Rng::system();
  const bool is_new = !std::filesystem::exists(config.directory / "keys.set");
  const auto passphrase =
      TRY(read_passphrase(config.passphrase, "Passphrase for keys.set", is_new));
  const auto trust = TRY(load_trust(config.trust, clock()));
  const auto ca = CaClient::connect(config.ca, trust);
  const PartyToEnroll party{.role = Role::gateway,
                            .brand = "",
                            .bin = config.bin,
                            .id = config.id,
                            .hosts = config.hosts};
  const auto enrolled = enroll_party_from_token_file(ca, trust, party, config.token_file,
                                                     config.directory, passphrase, clock, rng);
  // A run that ended after the certificates, but before our own keys: what is missing is made up.
  const bool only_finish = !enrolled && enrolled.error().code == ErrorCode::conflict &&
                           !load_gateway_keys(config.directory, passphrase);
  if (!enrolled && !only_finish) return failure(enrolled.error());
  auto store = TRY(Store::open(config.database, DatabaseUse::command));
  TRY(store.save_setting(kAcquirerBinSetting, config.bin));
  TRY(make_gateway_keys(config.directory, passphrase, rng));

  const auto identity = TRY(Identity::load(config.directory, passphrase, clock()));
  const auto& leaf = identity.party->key_exchange.value().leaf;
  if (config.common.json) {
    print(nlohmann::json{{"brand", leaf.brand()},
                         {"id", leaf.common_name()},
                         {"acquirer_bin", config.bin},
                         {"key_exchange_thumbprint", leaf.thumbprint().hex()},
                         {"not_after", to_string(leaf.not_after())}}
              .dump());
  } else {
    print("enrolled as " + leaf.common_name() + " of " + leaf.brand() + ", until " +
          to_string(leaf.not_after()));
  }
  return {};
}

Result<GatewayTerms> terms_of(const Config& config, Store& store) {
  auto bin = TRY(store.find_setting(kAcquirerBinSetting));
  CHECK_OR_FAIL(bin, ErrorCode::bad_config,
                "the database does not know the acquirer's BIN: run set-gateway enroll");
  return GatewayTerms{.acquirer_bin = *std::move(bin), .capture_now = !config.no_capture_now};
}

Result<void> serve(const Config& config) {
  const auto clock = system_clock();
  auto& rng = Rng::system();
  const auto passphrase = TRY(read_passphrase(config.passphrase, "Passphrase for keys.set", false));
  const auto identity = TRY(Identity::load(config.directory, passphrase, clock()));
  const auto keys = TRY(load_gateway_keys(config.directory, passphrase));
  const auto cards = TRY(CardFile::load(config.cards));
  auto store = TRY(Store::open(config.database, DatabaseUse::daemon));
  const auto terms = TRY(terms_of(config, store));
  TRY(replies::purge_older_than(store.database(), clock() - kKeepReplies));

  Receiver receiver([&] { return identity.party; }, store.database(), clock, rng);
  AcquirerClient acquirer(store.database(), cards, keys.card_index.clone(),
                          {.timeout = config.acquirer_timeout}, clock, rng,
                          [](Duration time) { std::this_thread::sleep_for(time); });
  Service service({.receiver = receiver,
                   .store = store,
                   .acquirer = acquirer,
                   .token_key = keys.token,
                   .terms = terms});
  TRY(service.resume());

  std::vector<Server> servers;
  servers.push_back(TRY(
      Server::start({.listen = config.listen,
                     .credentials = server_credentials(identity.tls, ClientCertificate::required),
                     .services = {&service}})));
  // Not among the servers: its address has no place in the ready file.
  auto health = TRY(Server::start({.listen = TRY(ListenAddress::parse(config.health_address())),
                                   .credentials = nullptr,
                                   .services = {}}));
  expect_stop();
  health.set_serving(true);
  std::jthread resumer([&service] { keep_resuming(service); });
  auto served = set::serve(std::move(servers), config.ready_file);
  request_stop();  // also where serving ended by itself: the resumer waits for it
  return served;
}

Result<void> show_payments(const Config& config) {
  auto store = TRY(Store::open(config.database, DatabaseUse::command));
  std::vector<Authorization> payments;
  if (config.command == Command::payments_list) {
    payments = TRY(store.list(config.at_most));
  } else {
    const auto bytes = TRY(from_hex(config.xid));
    const auto xid = XID::parse(ByteView(bytes));
    CHECK_OR_FAIL(xid, ErrorCode::invalid_argument, "an XID has 40 hex digits");
    payments = TRY(store.find_by_xid(*xid));
    CHECK_OR_FAIL(!payments.empty(), ErrorCode::not_found, "no payment with this XID");
  }
  if (!config.common.json) {
    for (const auto& payment : payments) print(payment_line(payment));
    return {};
  }
  auto list = nlohmann::json::array();
  for (const auto& payment : payments) list.push_back(payment_json(payment));
  print(list.dump());
  return {};
}

Result<void> run_command(const Config& config) {
  switch (config.command) {
    case Command::enroll:
      return enroll(config);
    case Command::serve:
      return serve(config);
    case Command::payments_list:
    case Command::payments_show:
      return show_payments(config);
    case Command::healthcheck:
      return healthcheck(config.health_address(), nullptr);
  }
  return {};
}

}  // namespace
}  // namespace set::gateway

int main(int argc, char** argv) {
  return set::run("set-gateway", [&]() -> set::Result<void> {
    const auto config = TRY(set::gateway::Config::parse(argc, argv));
    return set::gateway::run_command(config);
  });
}
