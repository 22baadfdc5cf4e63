// set-gateway stands between merchants and the acquirer: it opens what the cardholder sealed,
// checks that both mean the same purchase, and asks the bank.
#include <chrono>
#include <cstdio>
#include <thread>

#include "common/base/log.h"
#include "common/daemon/healthcheck.h"
#include "common/daemon/live_identity.h"
#include "common/daemon/run.h"
#include "common/daemon/stop.h"
#include "common/enrollment/register.h"
#include "common/enrollment/renewer.h"
#include "gateway/acquirer_client.h"
#include "gateway/config.h"
#include "gateway/doctor_command.h"
#include "gateway/iso8583_client.h"
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
    const auto settled = service.settle_batches();
    if (!settled) log_warning("settle batches", settled.error());
  }
}

void print(const std::string& line) { std::printf("%s\n", line.c_str()); }

Result<void> enroll(const Config& config) {
  const auto clock = system_clock();
  auto& rng = Rng::system();
  const auto access = TRY(KeyAccess::read_or_new(config.keys, config.directory / "keys.set"));
  const KeyLock lock = access.lock();
  const auto trust = TRY(load_trust(config.trust, clock()));
  const auto ca = CaClient::connect(config.ca, trust);
  const PartyToEnroll party{.role = Role::gateway,
                            .brand = "",
                            .bin = config.bin,
                            .id = config.id,
                            .hosts = config.hosts,
                            .language = config.enrollment.language};
  const auto options = TRY(enrollment_options(config.enrollment));
  const auto enrolled = enroll_party_from_token_file(ca, trust, party, config.token_file,
                                                     config.directory, lock, clock, rng, options);
  // A run that ended after the certificates, but before our own keys: what is missing is made up.
  const bool only_finish = !enrolled && enrolled.error().code == ErrorCode::conflict &&
                           !load_gateway_keys(config.directory, lock);
  if (!enrolled && !only_finish) return failure(enrolled.error());
  TRY(save_trust_source(config.directory, config.trust));
  auto store = TRY(Store::open(config.database, DatabaseUse::command));
  TRY(store.save_setting(kAcquirerBinSetting, config.bin));
  TRY(make_gateway_keys(config.directory, lock, rng));

  const auto identity = TRY(Identity::load(config.directory, lock, clock()));
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
  return GatewayTerms{.acquirer_bin = *std::move(bin),
                      .capture_now = !config.no_capture_now,
                      .message_of_day = config.message_of_day,
                      .customer_service = config.customer_service};
}

/// The bank that `serve` was told to ask.
struct OpenedAcquirer {
  CardFile cards;  // of the embedded one
  std::unique_ptr<Acquirer> client;
};

Result<std::unique_ptr<OpenedAcquirer>> open_acquirer(const Config& config, Database& database,
                                                      const GatewayKeys& keys,
                                                      const GatewayTerms& terms) {
  auto out = std::make_unique<OpenedAcquirer>();
  if (config.acquirer) {
    out->client =
        std::make_unique<Iso8583Client>(database,
                                        Iso8583Options{.address = *config.acquirer,
                                                       .acquirer_bin = terms.acquirer_bin,
                                                       .timeout = config.acquirer_timeout},
                                        system_clock(), Rng::system());
    return out;
  }
  out->cards = TRY(CardFile::load(config.cards));
  out->client = std::make_unique<AcquirerClient>(
      database, out->cards, keys.card_index, AcquirerOptions{.timeout = config.acquirer_timeout},
      system_clock(), [](Duration time) { std::this_thread::sleep_for(time); });
  return out;
}

Result<void> serve(const Config& config) {
  const auto clock = system_clock();
  auto& rng = Rng::system();
  const auto access = std::make_shared<const KeyAccess>(
      TRY(KeyAccess::read(config.keys, config.directory / "keys.set")));
  const auto keys = TRY(load_gateway_keys(config.directory, access->lock()));
  const auto ca = renewal_ca(config.ca, config.directory);
  const auto identity = TRY(load_or_renew(config.directory, access, ca, clock, rng));
  auto store = TRY(Store::open(config.database, DatabaseUse::daemon));
  const auto terms = TRY(terms_of(config, store));
  TRY(replies::purge_older_than(store.database(), clock() - kKeepReplies));

  RevocationWatch revocations(
      {identity->current_party(), config.directory, ca, config.revocation, clock});
  TRY(revocations.start());
  Receiver receiver(identity->current_party(), store.database(), clock, rng);
  const auto acquirer = TRY(open_acquirer(config, store.database(), keys, terms));
  Service service({.receiver = receiver,
                   .store = store,
                   .acquirer = *acquirer->client,
                   .token_key = keys.token,
                   .terms = terms,
                   .close_daily = config.close_batches_daily});
  TRY(service.resume());

  std::vector<Server> servers;
  servers.push_back(TRY(Server::start(
      {.listen = config.listen,
       .credentials = server_credentials(identity->current_tls(), ClientCertificate::required),
       .services = {&service}})));
  // Not among the servers: its address has no place in the ready file.
  auto admin = TRY(Server::start_admin(config.admin_listen));
  expect_stop();
  admin.set_serving(true);
  std::jthread trust([&] {
    keep_trust_until_stop([&] { return identity->party()->trust; }, config.directory,
                          config.trust_every, clock);
  });
  std::jthread resumer([&service] { keep_resuming(service); });
  Renewer renewer({*identity, ca, clock, rng});
  renewer.start();
  auto served = set::serve(std::move(servers), config.ready_file);
  request_stop();  // also where serving ended by itself: the resumer waits for it
  return served;
}

/// A purchase with all that followed its authorisations.
Result<void> show_purchase(const Config& config, Store& store,
                           const std::vector<Authorization>& payments) {
  PaymentStore followed(store.database());
  const auto items = TRY(followed.of_purchase(terms_of(payments.front()).trans_ids.xid));
  if (config.common.json) {
    print(purchase_json(payments, items).dump());
    return {};
  }
  for (const auto& payment : payments) print(payment_line(payment));
  for (const auto& item : items) print(item_line(item));
  return {};
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
    return show_purchase(config, store, payments);
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

Result<void> run_batch(const Config& config) {
  auto store = TRY(Store::open(config.database, DatabaseUse::command));
  BatchStore batches(store.database());
  if (config.command == Command::batch_list) {
    auto list = nlohmann::json::array();
    for (const auto& batch : TRY(batches.list(config.at_most))) {
      if (!config.common.json) print(batch_line(batch));
      list.push_back(batch_json(batch));
    }
    if (config.common.json) print(list.dump());
    return {};
  }
  if (config.command == Command::batch_close) {
    const auto closed = TRY(batches.close(config.merchant_id, config.batch_id, ClosedBy::acquirer,
                                          std::nullopt, system_clock()()));
    CHECK_OR_FAIL(closed != BAStatus::batch_id_unavailable, ErrorCode::conflict,
                  "this batch is closed already");
  }
  const auto batch = TRY(batches.find(config.merchant_id, config.batch_id));
  CHECK_OR_FAIL(batch, ErrorCode::not_found, "this merchant has no such batch");
  if (config.common.json) {
    print(batch_with_items_json(*batch).dump());
    return {};
  }
  print(batch_line(*batch));
  for (const auto& item : batch->items) print(batch_item_line(item));
  return {};
}

Result<void> run_command(const Config& config) {
  switch (config.command) {
    case Command::enroll:
      return enroll(config);
    case Command::serve:
      return serve(config);
    case Command::renew:
      return run_renew(config.directory, config.renew, config.keys, config.common.json);
    case Command::needs_renewal:
      return run_needs_renewal(config.directory, config.common.json);
    case Command::payments_list:
    case Command::payments_show:
      return show_payments(config);
    case Command::batch_list:
    case Command::batch_show:
    case Command::batch_close:
      return run_batch(config);
    case Command::doctor:
      return run_doctor(config);
    case Command::healthcheck:
      return healthcheck(config.admin_listen.str(), nullptr);
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
