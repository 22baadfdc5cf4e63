// set-ca certifies cardholders, merchants and gateways of one brand.
#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <nlohmann/json.hpp>
#include <thread>

#include "ca/audit_command.h"
#include "ca/certs_command.h"
#include "ca/config.h"
#include "ca/doctor_command.h"
#include "ca/publication.h"
#include "ca/requests_command.h"
#include "ca/service.h"
#include "ca/trust_http.h"
#include "common/daemon/files.h"
#include "common/daemon/healthcheck.h"
#include "common/daemon/run.h"
#include "common/daemon/stop.h"

namespace set::ca {
namespace {

constexpr Duration kLookEvery = std::chrono::seconds(2);  // for a new root
constexpr std::int64_t kLooksPerPurge = 30;

void say(const std::string& text) { fmt::print(stderr, "{}\n", text); }
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

Result<void> init(const Config& config) {
  TRY(check_new_directory(config.dir));
  auto& rng = Rng::system();
  const auto now = system_clock()();
  const auto hierarchy =
      TRY(make_hierarchy({config.brand, config.public_url, config.geopolitical}, now, rng));
  const Settings settings{config.brand, config.hosts, config.public_url};
  // A TLS certificate for these hosts, only to see now whether it can be made.
  TRY(issue_daemon_tls(hierarchy.transport, config.brand, config.hosts, {}, now, rng));
  const auto access = TRY(KeyAccess::read_new(config.keys, {}, "New passphrase for keys.set"));
  const bool own_root = !config.root_passphrase.file.empty() || config.root_passphrase.descriptor;
  std::optional<Passphrase> root;
  if (own_root)
    root = TRY(read_passphrase(config.root_passphrase, "New passphrase for the root", true));
  TRY(save_new_ca(config.dir, hierarchy, settings, access.lock(),
                  root ? KeyLock(*root) : access.lock(), rng));
  auto store = TRY(Store::open(config.database));
  TRY(store.insert_own(own_certificates(hierarchy), now));
  const auto fingerprint = hierarchy.root.certificate.thumbprint().hex();
  if (config.common.json) {
    answer(nlohmann::json{{"root_fingerprint", fingerprint},
                          {"brand", config.brand},
                          {"dir", config.dir.string()},
                          {"trust", (config.dir / "trust.pem").string()}}
               .dump());
    return {};
  }
  say("root fingerprint:");
  std::fflush(stderr);
  answer(fingerprint);
  std::fflush(stdout);
  say_what_is_next(config);
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

Result<void> serve(const Config& config) {
  TRY(load_settings(config.dir));  // before anybody types a passphrase
  TRY(check_times(config.revocation.times));
  const Issuer issuer(TRY(CardFile::load(config.cards)));
  auto forms = TRY(load_forms(config.forms));
  auto approval = TRY(ApprovalRules::parse(config.approval));
  const auto access = TRY(KeyAccess::read(config.keys, config.dir / "keys.set"));
  auto& rng = Rng::system();
  const auto clock = system_clock();
  auto ca = TRY(load_ca(config.dir, access.lock(), clock()));
  ca.settings.lifetimes = config.lifetimes;
  auto store = TRY(Store::open(config.database));
  TRY(store.purge(clock()));
  Publisher publisher({ca, store.database(), config.revocation.times, clock});
  TRY(publisher.start());  // whoever registers is told what is revoked
  const auto tls = TRY(keep_tls_identity(ca, clock, rng));
  std::optional<BankClient> bank;
  if (config.bank) bank.emplace(*config.bank, clock, rng);
  Service service({.ca = ca,
                   .issuer = issuer,
                   .store = store,
                   .clock = clock,
                   .rng = rng,
                   .forms = std::move(forms),
                   .approval = std::move(approval),
                   .ask_again = config.ask_again,
                   .rate = {config.requests_per_second, 10 * config.requests_per_second},
                   .sessions_per_address = config.sessions_per_address,
                   .bank = bank ? &*bank : nullptr});

  auto http = TRY(TrustHttp::start(
      config.http_listen, [trust = ca.party->trust] { return trust->pem(); }, ca.published,
      [&publisher](std::string_view name) { return publisher.file(name); }));
  ServerLimits limits;
  limits.max_concurrent_streams = 32;  // wallets connect
  std::vector<Server> servers;
  servers.push_back(
      TRY(Server::start({.listen = config.listen,
                         .credentials = server_credentials(tls, ClientCertificate::optional),
                         .services = {&service},
                         .limits = limits})));
  servers.push_back(TRY(Server::start_admin(config.admin_listen)));

  expect_stop();
  for (auto& server : servers) server.set_serving(true);
  TRY(write_ready_file(config.ready_file, servers.front(), http));
  log_info("serving trust over http", LogWord{"address", http.address()});
  std::thread purge([&] { look_after_until_stop(store, *ca.party->trust, config.dir); });
  std::thread publish([&publisher] { publisher.run_until_stop(); });
  const auto served = set::serve(std::move(servers), {});
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
  if (::isatty(STDERR_FILENO) != 0) {
    say("good once, until " + to_string(made.record.expires_at) +
        "; put it into a file of mode 0600 for `enroll --token-file`");
  }
  return {};
}

Result<void> main_of(int argc, char** argv) {
  const auto config = TRY(Config::parse(argc, argv));
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
      return run_key(config.key);
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
    case Command::audit_list:
      return list_audit(config);
    case Command::audit_verify:
      return verify_audit(config);
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
