// set-ca certifies cardholders, merchants and gateways of one brand.
#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <nlohmann/json.hpp>
#include <thread>

#include "ca/config.h"
#include "ca/service.h"
#include "ca/trust_http.h"
#include "common/daemon/files.h"
#include "common/daemon/healthcheck.h"
#include "common/daemon/run.h"
#include "common/daemon/stop.h"

namespace set::ca {
namespace {

constexpr Duration kPurgeEvery = std::chrono::minutes(1);

void say(const std::string& text) { fmt::print(stderr, "{}\n", text); }
void answer(const std::string& text) { fmt::print(stdout, "{}\n", text); }

std::vector<IssuedRecord> own_certificates(const Hierarchy& h) {
  std::vector<IssuedRecord> own;
  for (const auto* certificate :
       {&h.root.certificate, &h.brand.certificate, &h.operating.cca.certificate,
        &h.operating.mca.certificate, &h.operating.pca.certificate,
        &h.messages.signature_chain.leaf, &h.messages.key_exchange_chain.leaf}) {
    own.push_back(record_of(*certificate, ""));
  }
  return own;
}

void say_what_is_next(const Config& config) {
  const auto dir = config.dir.string();
  say("\nThe CA is ready in " + dir + ".");
  say("  root.keys.set, next-root.keys.set, brand.keys.set   not needed by `serve`: move them to a "
      "safe place");
  say("  keys.set                                            what `serve` opens");
  say("Give the root fingerprint to everyone who is to trust this CA, by a way that cannot be "
      "changed on.");
  say("Next:\n  set-ca serve --dir " + dir + " --cards deploy/sandbox/cards.toml");
}

Result<void> init(const Config& config) {
  TRY(check_new_directory(config.dir));
  auto& rng = Rng::system();
  const auto now = system_clock()();
  const auto hierarchy = TRY(make_hierarchy({config.brand, config.public_url}, now, rng));
  const Settings settings{config.brand, config.hosts, config.public_url};
  // A TLS certificate for these hosts, only to see now whether it can be made.
  TRY(issue_daemon_tls(hierarchy.transport, config.brand, config.hosts, now, rng));
  const auto passphrase =
      TRY(read_passphrase(config.passphrase, "New passphrase for keys.set", true));
  const bool own_root = !config.root_passphrase.file.empty() || config.root_passphrase.descriptor;
  std::optional<Passphrase> root;
  if (own_root)
    root = TRY(read_passphrase(config.root_passphrase, "New passphrase for the root", true));
  TRY(save_new_ca(config.dir, hierarchy, settings, passphrase, root ? *root : passphrase, rng));
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

/// Forgets what has expired, until the stop.
void purge_until_stop(Store& store) {
  while (!wait_for_stop(kPurgeEvery)) {
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
  const Issuer issuer(TRY(CardFile::load(config.cards)));
  const auto passphrase = TRY(read_passphrase(config.passphrase, "Passphrase for keys.set", false));
  auto& rng = Rng::system();
  const auto clock = system_clock();
  const auto ca = TRY(load_ca(config.dir, passphrase, clock()));
  auto store = TRY(Store::open(config.database));
  TRY(store.purge(clock()));
  const auto tls = TRY(make_tls_identity(ca, clock(), rng));
  Service service({ca, issuer, store, clock, rng});

  auto http = TRY(TrustHttp::start(config.http_listen, ca.party->trust->pem(), ca.published));
  ServerLimits limits;
  limits.max_concurrent_streams = 32;  // wallets connect
  std::vector<Server> servers;
  servers.push_back(
      TRY(Server::start({.listen = config.listen,
                         .credentials = server_credentials(tls, ClientCertificate::none),
                         .services = {&service},
                         .limits = limits})));
  const auto health = TRY(ListenAddress::parse("unix:" + (config.dir / "health.sock").string()));
  servers.push_back(TRY(Server::start({.listen = health, .credentials = nullptr, .services = {}})));

  expect_stop();
  for (auto& server : servers) server.set_serving(true);
  TRY(write_ready_file(config.ready_file, servers.front(), http));
  log_info("serving trust over http", LogWord{"address", http.address()});
  std::thread purge([&store] { purge_until_stop(store); });
  const auto served = set::serve(std::move(servers), {});
  request_stop();
  purge.join();
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
    case Command::healthcheck:
      return healthcheck("unix:" + (config.dir / "health.sock").string(), nullptr);
  }
  return {};
}

}  // namespace
}  // namespace set::ca

int main(int argc, char** argv) {
  return set::run("set-ca", [&] { return set::ca::main_of(argc, argv); });
}
