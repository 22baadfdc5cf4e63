// set-gateway stands between merchants and the acquirer: it opens what the cardholder sealed,
// checks that both mean the same purchase, and asks the bank.
#include <chrono>
#include <cstdio>
#include <thread>

#include "common/base/live_setting.h"
#include "common/base/log.h"
#include "common/daemon/audit_command.h"
#include "common/daemon/audit_keeper.h"
#include "common/daemon/evidence_command.h"
#include "common/daemon/files.h"
#include "common/daemon/healthcheck.h"
#include "common/daemon/live_identity.h"
#include "common/daemon/instruments.h"
#include "common/daemon/observation.h"
#include "common/daemon/reload.h"
#include "common/daemon/run.h"
#include "common/daemon/stop.h"
#include "common/enrollment/first_start.h"
#include "common/enrollment/register.h"
#include "common/enrollment/renewer.h"
#include "gateway/acquirer_client.h"
#include "gateway/config.h"
#include "gateway/doctor_command.h"
#include "gateway/iso8583_client.h"
#include "gateway/payments.h"
#include "gateway/queue_command.h"
#include "gateway/queues.h"
#include "gateway/service.h"

namespace set::gateway {
namespace {

// Longer than any flow takes; what is older was left behind by one.
constexpr auto kLeftBehind = std::chrono::minutes(1);
constexpr auto kResumeEvery = std::chrono::seconds(20);
// Answers outlive the five-minute window and the batch cycle by far (protocol §6 rule 2).
constexpr auto kKeepReplies = std::chrono::hours(35 * 24);

/// Finishes, until the daemon stops, what flows had to leave: the database or acquirer said no, or it
/// was a flow of another gateway on this database, which died. Once a day it forgets old answers.
void keep_resuming(Service& service, Database& database) {
  leases::Leadership first(database, "resume", kLeftBehind, system_clock());
  auto forgotten_at = system_clock()();  // at the start
  while (!wait_for_stop(kResumeEvery)) {
    const auto ours = first.hold();
    if (!ours) log_warning("resume", ours.error());
    if (!ours || !*ours) continue;
    const auto resumed = service.resume(kLeftBehind);
    if (!resumed) log_warning("resume", resumed.error());
    const auto settled = service.settle_batches();
    if (!settled) log_warning("settle batches", settled.error());
    const auto now = system_clock()();
    if (now < forgotten_at + std::chrono::hours(24)) continue;
    forgotten_at = now;
    const auto forgotten = replies::purge_older_than(database, now - kKeepReplies);
    if (!forgotten) log_warning("old answers not forgotten", forgotten.error());
  }
}

void print(const std::string& line) { std::printf("%s\n", line.c_str()); }

Result<void> get_certificates(const Config& config, const KeyLock& lock) {
  const auto clock = system_clock();
  const auto& asked = config.enroll;
  const auto trust = TRY(load_trust(asked.trust, clock()));
  const auto ca = CaClient::connect(asked.ca, trust);
  const PartyToEnroll party{.role = Role::gateway,
                            .brand = "",
                            .bin = asked.bin,
                            .id = asked.id,
                            .hosts = asked.hosts,
                            .language = asked.flags.language};
  TRY(enroll_party_from_token_file(ca, trust, party, asked.token_file, config.directory, lock,
                                   clock, Rng::system(), TRY(enrollment_options(asked.flags))));
  return {};
}

/// What a gateway has beside its certificates; done again, it changes nothing. The setting is last:
/// with it the enrolment is complete.
Result<void> make_what_is_ours(const Config& config, const KeyLock& lock) {
  TRY(make_gateway_keys(config.directory, lock, Rng::system()));
  auto store = TRY(Store::open(config.database, DatabaseUse::command));
  return store.save_setting(kAcquirerBinSetting, config.enroll.bin);
}

Result<void> enroll(const Config& config) {
  const auto clock = system_clock();
  const auto access = TRY(KeyAccess::read_or_new(config.keys, config.directory / "keys.set"));
  const KeyLock lock = access.lock();
  const auto enrolled = get_certificates(config, lock);
  // A run that ended after the certificates, but before our own keys: what is missing is made up.
  const bool only_finish = !enrolled && enrolled.error().code == ErrorCode::conflict &&
                           !load_gateway_keys(config.directory, lock);
  if (!enrolled && !only_finish) return failure(enrolled.error());
  TRY(save_trust_source(config.directory, config.enroll.trust));
  TRY(make_what_is_ours(config, lock));

  const auto identity = TRY(Identity::load(config.directory, lock, clock()));
  const auto& leaf = identity.party->key_exchange.value().leaf;
  if (config.common.json) {
    print(nlohmann::json{{"brand", leaf.brand()},
                         {"id", leaf.common_name()},
                         {"acquirer_bin", config.enroll.bin},
                         {"key_exchange_thumbprint", leaf.thumbprint().hex()},
                         {"not_after", to_string(leaf.not_after())}}
              .dump());
  } else {
    print("enrolled as " + leaf.common_name() + " of " + leaf.brand() + ", until " +
          to_string(leaf.not_after()));
  }
  return {};
}

/// Of `serve --enroll`.
Result<void> enroll_if_new(const Config& config, const KeyLock& lock) {
  TRY(make_private_directory(config.directory));
  TRY(enroll_at_first_start(config.directory, config.enroll, system_clock()(),
                            [&] { return get_certificates(config, lock); }));
  const bool complete =
      TRY(TRY(Store::open(config.database, DatabaseUse::command)).find_setting(kAcquirerBinSetting))
          .has_value();
  return complete ? Result<void>() : make_what_is_ours(config, lock);
}

GatewayTerms terms_told(const Config& config, std::string acquirer_bin) {
  return {.acquirer_bin = std::move(acquirer_bin),
          .capture_now = !config.no_capture_now,
          .token_life = config.token_life,
          .message_of_day = config.message_of_day,
          .customer_service = config.customer_service};
}

Result<GatewayTerms> terms_of(const Config& config, Store& store) {
  auto bin = TRY(store.find_setting(kAcquirerBinSetting));
  CHECK_OR_FAIL(bin, ErrorCode::bad_config,
                "the database does not know the acquirer's BIN: run set-gateway enroll");
  return terms_told(config, *std::move(bin));
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

/// What can change while we serve (docs/configuration.md).
struct LiveSettings {
  LiveSettings(const Config& config, const GatewayTerms& first_terms)
      : revocation(config.revocation),
        trust_every(config.trust_every),
        terms(first_terms),
        close_daily(config.close_batches_daily) {}

  LiveSetting<RevocationWatchOptions> revocation;
  LiveSetting<Duration> trust_every;
  LiveSetting<GatewayTerms> terms;
  LiveSetting<bool> close_daily;

  std::map<std::string, Reloader<Config>::Take> keys() const {
    const auto revoked = [now = revocation](const Config& config) { now.set(config.revocation); };
    const auto agreed = [now = terms](const Config& config) {
      now.set(terms_told(config, now().acquirer_bin));
    };
    return {
        {"serve.revocation-every", revoked},
        {"serve.revocation-grace", revoked},
        {"serve.no-capture-now", agreed},
        {"serve.auth-token-life", agreed},
        {"serve.message-of-day", agreed},
        {"serve.customer-service", agreed},
        {"serve.trust-every",
         [now = trust_every](const Config& config) { now.set(config.trust_every); }},
        {"serve.close-batches-daily",
         [now = close_daily](const Config& config) { now.set(config.close_batches_daily); }}};
  }
};

Result<void> serve(const Config& config) {
  const auto clock = system_clock();
  auto& rng = Rng::system();
  const auto key_file = config.directory / "keys.set";
  const auto access = std::make_shared<const KeyAccess>(
      TRY(config.enroll_first ? KeyAccess::read_or_new(config.keys, key_file)
                              : KeyAccess::read(config.keys, key_file)));
  if (config.enroll_first) TRY(enroll_if_new(config, access->lock()));
  const auto keys = TRY(load_gateway_keys(config.directory, access->lock()));
  const auto ca = renewal_ca(config.enroll.ca, config.directory);
  const auto identity = TRY(load_or_renew(config.directory, access, ca, clock, rng));
  auto store = TRY(Store::open(config.database, DatabaseUse::daemon));
  const auto terms = TRY(terms_of(config, store));
  TRY(replies::purge_older_than(store.database(), clock() - kKeepReplies));
  TRY(leases::forget_ended(store.database(), clock()));

  const LiveSettings live(config, terms);
  RevocationWatch revocations(
      {identity->current_party(), config.directory, ca, live.revocation, clock});
  TRY(revocations.start());
  Receiver receiver(identity->current_party(), store.database(), clock, rng);
  iso8583::observe_exchanges([](const iso8583::Exchange& exchange) {
    metrics::bank_requests.observe(exchange.took, LabelWord{exchange.type},
                                   LabelWord{exchange.response});
  });
  const auto acquirer = TRY(open_acquirer(config, store.database(), keys, terms));
  Service service({.receiver = receiver,
                   .store = store,
                   .acquirer = *acquirer->client,
                   .token_key = keys.token,
                   .terms = live.terms,
                   .close_daily = live.close_daily});
  const auto audit_head = std::make_shared<CurrentAuditHead>();
  identity->tell_audit_head(audit_head);
  const auto audit =
      TRY(AuditKeeper::start({store.database(), clock, audit_head}, *identity->party()));
  audit->watch(receiver.counts());
  // What another gateway is about to answer is not ours to answer.
  if (!store.database().is_shared()) TRY(service.resume());

  const auto observation = TRY(Observation::start("set-gateway", config.metrics, clock));
  observation->watch(store.database());
  observation->watch(store.database(), kQueues);
  observation->watch(identity->current_party());
  observation->watch(identity->current_tls());

  std::vector<Server> servers;
  servers.push_back(TRY(Server::start(
      {.listen = config.listen,
       .credentials = server_credentials(identity->current_tls(), ClientCertificate::required),
       .services = {&service},
       .balancers = config.balancers})));
  servers.push_back(TRY(Server::start_admin(config.admin_listen)));
  expect_stop();
  std::jthread trust([&] {
    keep_trust_until_stop([&] { return identity->party()->trust; }, config.directory,
                          live.trust_every, clock);
  });
  const Reloader<Config> reloader(config, live.keys());
  std::jthread resumer([&] { keep_resuming(service, store.database()); });
  Renewer renewer({*identity, ca, clock, rng,
                   [&audit](const Party& in_use) { audit->keys_changed(in_use); }});
  renewer.start();
  auto served = set::serve(std::move(servers), config.ready_file, observation->readiness());
  request_stop();  // also where serving ended by itself: the resumer waits for it
  return served;
}

/// A purchase with all that followed its authorisations.
Result<void> show_purchase(const Config& config, Store& store,
                           const std::vector<Payment>& payments) {
  PaymentStore followed(store.database());
  const auto items = TRY(followed.of_purchase(terms_of(payments.front().decided).trans_ids.xid));
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
  std::vector<Payment> payments;
  if (config.command == Command::payments_list) {
    payments = TRY(store.list(config.limit.to_fetch()));
    keep_within(config.limit, payments);
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
    auto found = TRY(batches.list(config.limit.to_fetch()));
    keep_within(config.limit, found);
    for (const auto& batch : found) {
      if (!config.common.json) print(batch_line(batch));
      list.push_back(batch_json(batch));
    }
    if (config.common.json) print(list.dump());
    return {};
  }
  if (config.command == Command::batch_close) {
    const auto now = system_clock()();
    auto audit = set::audit::by_operator("batch close", now);
    audit.party = config.merchant_id;
    audit.subject = config.batch_id;
    const auto closed = TRY(batches.close(config.merchant_id, config.batch_id, ClosedBy::acquirer,
                                          std::nullopt, now, audit));
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

Result<void> audit_log(const Config& config) {
  auto store = TRY(Store::open(config.database, DatabaseUse::command));
  return run_audit(store.database(), config.audit, config.common.json);
}

Result<void> run_evidence(const Config& config) {
  if (config.evidence.verify) return verify_evidence_file(config.evidence, config.common.json);
  auto store = TRY(Store::open(config.database, DatabaseUse::command));
  return write_evidence_file(store.database(), config.evidence, "gateway", config.directory);
}

Result<void> run_command(const Config& config) {
  if (config.common.instead) return config.common.instead();
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
    case Command::queue_list:
    case Command::queue_retry:
      return run_queue(config);
    case Command::audit:
      return audit_log(config);
    case Command::evidence:
      return run_evidence(config);
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
