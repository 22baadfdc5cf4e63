// set-ca certifies cardholders, merchants and gateways of one brand.
#include <fmt/format.h>

#include <cstdio>
#include <nlohmann/json.hpp>
#include <thread>

#include "ca/certs_command.h"
#include "ca/config.h"
#include "ca/doctor_command.h"
#include "ca/publication.h"
#include "ca/queues.h"
#include "ca/requests_command.h"
#include "ca/service.h"
#include "ca/trust_http.h"
#include "common/daemon/audit_command.h"
#include "common/daemon/audit_keeper.h"
#include "common/daemon/evidence_command.h"
#include "common/base/live_setting.h"
#include "common/daemon/files.h"
#include "common/daemon/healthcheck.h"
#include "common/daemon/instruments.h"
#include "common/daemon/observation.h"
#include "common/daemon/reload.h"
#include "common/daemon/run.h"
#include "common/daemon/stop.h"
#include "common/daemon/terminal.h"

namespace set::ca {
namespace {

constexpr Duration kLookEvery = std::chrono::seconds(2);  // for a new root
constexpr std::int64_t kLooksPerPurge = 30;

void answer(const std::string& text) { fmt::print(stdout, "{}\n", text); }

std::vector<IssuedRecord> own_certificates(const Hierarchy& h) {
  std::vector<IssuedRecord> own;
  for (const auto& certificate : certificates_of(h.chains, h.root.certificate)) {
    own.push_back(record_of(certificate, ""));
  }
  return own;
}

void say_what_is_next(const Config& config) {
  const auto dir = config.dir.string();
  say("\nThe CA is ready in " + dir + ".");
  say("  root-1.keys.set, root-2.keys.set, brand.keys.set   not needed by `serve`: move them to a "
      "safe place");
  say("  keys.set                                           what `serve` opens");
  say("Give the root fingerprint to everyone who is to trust this CA, by a way that cannot be "
      "changed on.");
  say("Next:\n  set-ca serve --dir " + dir + " --cards deploy/sandbox/cards.toml");
}

/// What both `init` and a repeated `init --if-new` say.
void say_ready(const Config& config, const std::string& fingerprint) {
  if (config.common.json) {
    answer(nlohmann::json{{"root_fingerprint", fingerprint},
                          {"brand", config.brand},
                          {"dir", config.dir.string()},
                          {"trust", (config.dir / "trust.pem").string()}}
               .dump());
    return;
  }
  say("root fingerprint:");
  answer(fingerprint);
  std::fflush(stdout);
}

/// `init --if-new` where there is a CA: nothing is made.
Result<void> show_existing(const Config& config) {
  const auto settings = TRY(load_settings(config.dir));
  CHECK_OR_FAIL(settings.brand == config.brand, ErrorCode::conflict,
                "the CA in " + config.dir.string() + " serves the brand " + settings.brand +
                    ", not " + config.brand + ": choose another --dir");
  const auto pem = TRY(read_text_file(config.dir / "trust.pem"));
  const auto trust = TRY(Trust::parse(pem, "", system_clock()()));
  say_ready(config, trust.roots().front().thumbprint().hex());
  return {};
}

Result<void> init(const Config& config) {
  if (config.if_new && is_complete_ca(config.dir)) return show_existing(config);
  if (!is_interrupted_init(config.dir)) TRY(check_new_directory(config.dir));
  auto& rng = Rng::system();
  const auto now = system_clock()();
  const HierarchySpec spec{config.brand, config.public_url, config.geopolitical};
  TRY(check_spec(spec));
  const auto access = TRY(KeyAccess::read_new(config.keys, {}, "New passphrase for keys.set"));
  const bool own_root = !config.root_passphrase.file.empty() || config.root_passphrase.descriptor;
  std::optional<Passphrase> root;
  if (own_root)
    root = TRY(read_passphrase(config.root_passphrase, "New passphrase for the root", true));
  const auto online_lock = access.lock();
  const auto root_lock = root ? KeyLock(*root) : online_lock;
  const auto hierarchy =
      TRY(make_hierarchy(spec, now, rng, {.safe = root_lock.token, .online = online_lock.token}));
  const Settings settings{config.brand, config.hosts, config.public_url};
  // A TLS certificate for these hosts, only to see now whether it can be made.
  TRY(issue_daemon_tls(hierarchy.transport, config.brand, config.hosts, {}, now, rng));
  TRY(begin_init(config.dir));
  TRY(save_new_ca(config.dir, hierarchy, settings, online_lock, root_lock, rng));
  auto store = TRY(Store::open(config.database));
  TRY(store.insert_own(own_certificates(hierarchy), now));
  TRY(end_init(config.dir));
  say_ready(config, hierarchy.root.certificate.thumbprint().hex());
  if (!config.common.json) say_what_is_next(config);
  return {};
}

Result<FormBook> load_forms(const std::filesystem::path& file) {
  if (file.empty()) return FormBook::standard();
  auto forms = FormBook::parse(TRY(read_text_file(file)));
  if (!forms) return failure(ErrorCode::bad_config, file.string() + ": " + forms.error().detail);
  return forms;
}

/// Takes what `ceremony install` has put into trust.pem, so that it is given out.
Result<void> renew_trust(const Trust& trust, const std::filesystem::path& directory) {
  const auto pem = TRY(read_text_file(directory / "trust.pem"));
  if (TRY(trust.renew(pem, system_clock()()))) log_info("a new root is given out");
  return {};
}

/// Forgets what has expired and looks for a new root, until the stop.
void look_after_until_stop(Store& store, const Trust& trust,
                           const std::filesystem::path& directory) {
  for (std::int64_t looks = 1; !wait_for_stop(kLookEvery); ++looks) {
    if (const auto renewed = renew_trust(trust, directory); !renewed)
      log_warning("trust.pem", renewed.error());
    if (looks % kLooksPerPurge != 0) continue;
    if (const auto purged = store.purge(system_clock()()); !purged)
      log_warning("purge failed", purged.error());
  }
}

Result<void> write_ready_file(const std::filesystem::path& file, const Server& server,
                              const TrustHttp& http) {
  if (file.empty()) return {};
  return write_file_atomically(
      file, std::string_view(server.address() + "\n" + http.address() + "\n"), 0644);
}

PeerRate rate_of(const Config& config) {
  return {config.requests_per_second, 10 * config.requests_per_second};
}

/// What can change while we serve (docs/configuration.md).
struct LiveSettings {
  LiveSettings(const Config& config, ApprovalRules rules)
      : times(config.revocation.times),
        approval(std::move(rules)),
        ask_again(config.ask_again),
        sessions_per_address(config.sessions_per_address),
        pended_per_address(config.pended_per_address) {}

  LiveSetting<PublicationTimes> times;
  LiveSetting<ApprovalRules> approval;
  LiveSetting<Duration> ask_again;
  LiveSetting<std::int64_t> sessions_per_address, pended_per_address;

  std::map<std::string, Reloader<Config>::Take> keys(Service& service) const {
    const auto published = [now = times](const Config& config) {
      now.set(config.revocation.times);
    };
    return {
        {"serve.bci-life", published},
        {"serve.bci-every", published},
        {"serve.crl-life", published},
        {"serve.approval",
         [now = approval](const Config& config) {
           // Config::parse has accepted them.
           if (auto rules = ApprovalRules::parse(config.approval)) now.set(*std::move(rules));
         }},
        {"serve.ask-again",
         [now = ask_again](const Config& config) { now.set(config.ask_again); }},
        {"serve.requests-per-second",
         [&service](const Config& config) { service.set_rate(rate_of(config)); }},
        {"serve.sessions-per-address", [now = sessions_per_address](const Config& config) {
           now.set(config.sessions_per_address);
         }},
        {"serve.pended-per-address", [now = pended_per_address](const Config& config) {
           now.set(config.pended_per_address);
         }}};
  }
};

Result<void> serve(const Config& config) {
  TRY(load_settings(config.dir));  // before anybody types a passphrase
  const Issuer issuer(TRY(CardFile::load(config.cards)));
  auto forms = TRY(load_forms(config.forms));
  const LiveSettings live(config, TRY(ApprovalRules::parse(config.approval)));
  const auto access = TRY(KeyAccess::read(config.keys, config.dir / "keys.set"));
  auto& rng = Rng::system();
  const auto clock = system_clock();
  auto ca = TRY(load_ca(config.dir, access.lock(), clock()));
  ca.settings.lifetimes = config.lifetimes;
  auto store = TRY(Store::open(config.database));
  TRY(store.purge(clock()));
  Publisher publisher({ca, store.database(), live.times, clock});
  TRY(publisher.start());  // whoever registers is told what is revoked
  const auto tls = TRY(keep_tls_identity(ca, clock, rng));
  iso8583::observe_exchanges([](const iso8583::Exchange& exchange) {
    metrics::bank_requests.observe(exchange.took, LabelWord{exchange.type},
                                   LabelWord{exchange.response});
  });
  std::optional<BankClient> bank;
  if (config.bank) bank.emplace(*config.bank, config.bank_timeout, clock, rng);
  Service service({.ca = ca,
                   .issuer = issuer,
                   .store = store,
                   .clock = clock,
                   .rng = rng,
                   .forms = std::move(forms),
                   .approval = live.approval,
                   .ask_again = live.ask_again,
                   .rate = rate_of(config),
                   .sessions_per_address = live.sessions_per_address,
                   .pended_per_address = live.pended_per_address,
                   .bank = bank ? &*bank : nullptr});
  const auto audit = TRY(AuditKeeper::start({store.database(), clock, nullptr}, *ca.party));
  audit->watch(service.counts());

  auto http = TRY(TrustHttp::start(
      config.http_listen, [trust = ca.party->trust] { return trust->pem(); }, ca.published,
      [&publisher](std::string_view name) { return publisher.file(name); }));
  const auto observation = TRY(Observation::start("set-ca", config.metrics, clock));
  observation->watch(store.database());
  observation->watch(store.database(), kQueues);
  observation->watch(Current<const Party>(ca.party));
  observation->watch(tls);

  ServerLimits limits;
  limits.max_concurrent_streams = 32;  // wallets connect
  std::vector<Server> servers;
  servers.push_back(
      TRY(Server::start({.listen = config.listen,
                         .credentials = server_credentials(tls, ClientCertificate::optional),
                         .services = {&service},
                         .limits = limits,
                         .balancers = config.balancers})));
  servers.push_back(TRY(Server::start_admin(config.admin_listen)));

  expect_stop();
  TRY(write_ready_file(config.ready_file, servers.front(), http));
  log_info("serving trust over http", LogWord{"address", http.address()});
  const Reloader<Config> reloader(config, live.keys(service));
  std::thread purge([&] { look_after_until_stop(store, *ca.party->trust, config.dir); });
  std::thread publish([&publisher] { publisher.run_until_stop(); });
  const auto served = set::serve(std::move(servers), {}, observation->readiness());
  request_stop();
  purge.join();
  publish.join();
  if (!config.ready_file.empty()) {
    std::error_code ignored;
    std::filesystem::remove(config.ready_file, ignored);
  }
  return served;
}

Result<void> token_create(const Config& config) {
  TRY(load_settings(config.dir));
  std::error_code ignored;
  if (!config.token_file.empty() && std::filesystem::exists(config.token_file, ignored)) return {};
  const auto now = system_clock()();
  TokenRecord record;
  record.role = config.role == "gateway" ? Role::gateway : Role::merchant;
  record.name = config.name;
  record.bin = config.bin;
  record.id = config.id;
  record.city = config.city;
  record.country = config.country;
  record.hosts = config.hosts;
  record.created_at = now;
  record.expires_at = now + config.valid;
  const auto made = TRY(make_token(std::move(record), Rng::system()));
  auto store = TRY(Store::open(config.database, DatabaseUse::command));
  TRY(store.insert(made.record));
  if (!config.token_file.empty())
    return write_file_atomically(config.token_file, std::string_view(made.token.reveal() + "\n"));
  if (config.common.json) {
    answer(nlohmann::json{{"token", made.token.reveal()},
                          {"role", config.role},
                          {"name", config.name},
                          {"bin", config.bin},
                          {"id", config.id},
                          {"expires_at", to_string(made.record.expires_at)}}
               .dump());
    return {};
  }
  answer(made.token.reveal());
  say("good once, until " + to_string(made.record.expires_at) +
      "; put it into a file of mode 0600 for `enroll --token-file`");
  return {};
}

Result<void> audit_log(const Config& config) {
  auto store = TRY(Store::open(config.database, DatabaseUse::command));
  return run_audit(store.database(), config.audit, config.common.json);
}

Result<void> main_of(int argc, char** argv) {
  const auto config = TRY(Config::parse(argc, argv));
  if (config.common.instead) return config.common.instead();
  switch (config.command) {
    case Command::init:
      return init(config);
    case Command::serve:
      return serve(config);
    case Command::token_create:
      return token_create(config);
    case Command::ceremony:
      return run_ceremony(config.ceremony, config.common.json);
    case Command::key:
      return run_key(config.key, config.common.json);
    case Command::doctor:
      return run_doctor(config);
    case Command::requests_list:
      return list_requests(config);
    case Command::requests_show:
      return show_request(config);
    case Command::requests_approve:
      return approve_request(config);
    case Command::requests_reject:
      return reject_request(config);
    case Command::certs_list:
      return list_certificates(config);
    case Command::certs_show:
      return show_certificate(config);
    case Command::certs_lint:
      return lint_certificates(config);
    case Command::audit:
      return audit_log(config);
    case Command::evidence_verify:
      return verify_evidence_file(config.evidence, config.common.json);
    case Command::revoke:
      return revoke(config);
    case Command::crl_show:
      return crl_show(config);
    case Command::crl_publish:
      return crl_publish(config);
    case Command::crl_import:
      return crl_import(config);
    case Command::healthcheck:
      return healthcheck(config.admin_listen.str(), nullptr);
  }
  return {};
}

}  // namespace
}  // namespace set::ca

int main(int argc, char** argv) {
  return set::run("set-ca", [&] { return set::ca::main_of(argc, argv); });
}
