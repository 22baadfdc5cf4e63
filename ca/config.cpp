#include "ca/config.h"

#include "ca/approval.h"
#include "common/daemon/healthcheck.h"

namespace set::ca {
namespace {

constexpr Duration kShortestLife = std::chrono::seconds(10);
constexpr std::string_view kExamples =
    "  set-ca init --brand OpenSET --dir ca\n"
    "  set-ca token create --dir ca --role gateway --name Bank --bin 400000 --id gateway-1 --city "
    "Berlin \\\n"
    "      --country 276 --host localhost > gateway.token\n"
    "  set-ca serve --dir ca --cards deploy/sandbox/cards.toml\n"
    "  set-ca serve --dir ca --cards deploy/sandbox/cards.toml --forms deploy/sandbox/forms.toml \\\n"
    "      --approval merchant=operator\n"
    "  set-ca request list --dir ca\n"
    "  set-ca cert list --dir ca --role merchant --expiring-within 30d --csv\n"
    "  set-ca cert revoke --dir ca --party 400000/shop-1 --reason keyCompromise";

CLI::App& add_init(CLI::App& app, Config& config) {
  auto& init = *app.add_subcommand(
      "init", "Makes a hierarchy for a brand: root, brand, CAs, transport root");
  init.add_option("--brand", config.brand, "BrandID, such as OpenSET")->required();
  init.add_option("--host", config.hosts,
                  "name or address that clients reach `serve` under, repeatable, such as "
                  "ca.example; default: localhost and 127.0.0.1");
  init.add_option(
      "--public-url", config.public_url,
      "where the HTTP port is reached from outside, written into certificates; such as "
      "http://ca.example:7702; default: port 7702 of the first --host");
  init.add_option("--geopolitical", config.geopolitical,
                  "name of a geopolitical CA between brand and operating CAs, such as Europe");
  init.add_flag("--if-new", config.if_new,
                "if there is a CA of this brand already, only say its fingerprint");
  add_passphrase_options(init, config.root_passphrase, "root-passphrase");
  return init;
}

CLI::App& add_serve(CLI::App& app, Config& config) {
  auto& serve =
      *app.add_subcommand("serve", "Registers cardholders, merchants and gateways until SIGTERM");
  add_parsed(serve, "--listen", config.listen, ListenAddress::parse,
             "registration, host:port; port 0 for any");
  add_balancer_option(serve, config.balancers);
  add_parsed(serve, "--http-listen", config.http_listen, ListenAddress::parse,
             "trust.pem, CA certificates and lists over plain HTTP");
  serve.add_option("--cards", config.cards, "the sandbox issuer's cards (TOML)")
      ->required()
      ->type_name(kFile);
  add_parsed(serve, "--bank", config.bank, iso8583::BankAddress::parse,
             "a bank that speaks ISO 8583, such as tcp://bank.example:7900; it vouches for cards, "
             "and --cards says only which BINs are served");
  add_parsed(serve, "--bank-timeout", config.bank_timeout, parse_duration,
             "how long the bank may take to vouch for a card, 100ms to 60s");
  serve.add_option("--ready-file", config.ready_file,
                   "gets both addresses, one a line, once they answer")
      ->type_name(kNewFile);
  add_publication_options(serve, config.revocation.times);
  add_metrics_options(serve, config.metrics);
  add_parsed(serve, "--tls-validity", config.lifetimes.tls, parse_duration,
             "life of TLS certificates");
  add_parsed(serve, "--party-validity", config.lifetimes.party, parse_duration,
             "life of merchants' and gateways' certificates");
  add_parsed(serve, "--card-validity", config.lifetimes.cardholder, parse_duration,
             "life of cardholders' certificates");
  serve.add_option("--forms", config.forms,
                   "registration forms and referrals (TOML); default: one short form in English")
      ->type_name(kFile);
  serve.add_option("--approval", config.approval,
                   "who decides, repeatable: cardholder[:BIN]=auto|operator, "
                   "merchant[:BIN]=token|operator, gateway[:BIN]=token|operator, such as "
                   "merchant=operator");
  add_parsed(serve, "--ask-again", config.ask_again, parse_duration,
             "what a requester is told to wait for an operator's decision");
  serve.add_option("--requests-per-second", config.requests_per_second,
                   "of one address, on average; bursts may be ten times that")
      ->check(CLI::Range(0.1, 1e6));
  serve.add_option("--sessions-per-address", config.sessions_per_address,
                   "registrations of one address that may be open")
      ->check(CLI::Range(1, 100'000));
  serve.add_option("--pended-per-address", config.pended_per_address,
                   "requests of one address that may wait for an operator")
      ->check(CLI::Range(1, 1000));
  return serve;
}

CLI::App& add_token_create(CLI::App& app, Config& config) {
  auto& token = *app.add_subcommand("token", "Enrolment tokens for merchants and gateways");
  token.require_subcommand(1);
  auto& create = *token.add_subcommand("create", "Prints a new token; only its digest is kept");
  create.add_option("--role", config.role, "merchant or gateway")
      ->required()
      ->check(CLI::IsMember({"merchant", "gateway"}));
  create.add_option("--name", config.name, "the name that cardholders see")->required();
  create.add_option("--bin", config.bin, "the acquirer's BIN, six digits")->required();
  create.add_option("--id", config.id, "merchant's or gateway's id; left out: any that is free");
  create.add_option("--city", config.city, "where it is, for its certificate");
  create.add_option("--country", config.country, "ISO 3166 number");
  create.add_option("--host", config.hosts, "name or address for TLS, repeatable");
  create.add_option("--token-file", config.token_file,
                    "a file that gets the token, mode 0600; if it is there, nothing is done")
      ->type_name(kNewFile);
  add_parsed(create, "--valid", config.valid, parse_duration, "how long it can be used");
  return create;
}

CLI::App& add_doctor(CLI::App& app, Config& config) {
  auto& doctor = *app.add_subcommand(
      "doctor", "Examines keys, certificates, database and the own port, and says what to do");
  doctor.add_option("--address", config.address, "registration as others reach it, such as ca.example:7701");
  add_timeout_option(doctor, config.common.timeout);
  return doctor;
}

CLI::App& add_healthcheck(CLI::App& app, Config& config) {
  auto& health = *app.add_subcommand("healthcheck", "Exit with 0 if the daemon serves, else 1");
  add_timeout_option(health, config.common.timeout);
  return health;
}

/// What only looks at a key file or a token needs no directory of a CA.
bool needs_directory(Command command) {
  return command != Command::key && command != Command::evidence_verify;
}

}  // namespace

Result<Config> Config::parse(int argc, const char* const* argv) {
  Config config;
  config.listen = TRY(ListenAddress::parse("127.0.0.1:7701"));
  config.http_listen = TRY(ListenAddress::parse("127.0.0.1:7702"));
  config.city = "-";
  config.country = 276;
  CLI::App app("OpenSET's certificate authority", "set-ca");
  add_common_options(app, config.common, kExamples);
  app.require_subcommand(1);
  app.add_option("--dir", config.dir, "the CA's directory, or that of a step of the ceremony, such as /var/lib/set/ca")
      ->type_name(kDirectory);
  app.add_option("--database", config.database,
                 "default: sqlite:DIR/ca.db; or postgresql://set@db.example/ca");
  add_key_options(app, config.keys);
  add_admin_option(app, config.admin_listen);
  auto& init = add_init(app, config);
  add_serve(app, config);
  auto& token_create = add_token_create(app, config);
  add_operator_commands(app, config);
  auto& health = add_healthcheck(app, config);
  auto& ceremony = add_ceremony(app, config.ceremony);
  auto& key = add_key(app, config.key);
  auto& hsm = add_hsm(app, config.key);
  auto& doctor = add_doctor(app, config);
  const auto revocation = add_revocation_commands(app, config);
  TRY(set::parse(app, config.common, argc, argv));
  if (init.parsed()) config.command = Command::init;
  if (token_create.parsed()) config.command = Command::token_create;
  if (health.parsed()) config.command = Command::healthcheck;
  if (doctor.parsed()) config.command = Command::doctor;
  set_default_admin(config.admin_listen, config.dir);
  TRY(ApprovalRules::parse(config.approval));
  if (config.command == Command::serve) TRY(check_times(config.revocation.times));
  CHECK_OR_FAIL(config.bank_timeout >= std::chrono::milliseconds(100) &&
                    config.bank_timeout <= std::chrono::seconds(60),
                ErrorCode::invalid_argument, "--bank-timeout is from 100ms to 60s");
  for (const auto life : {config.lifetimes.tls, config.lifetimes.party, config.lifetimes.cardholder}) {
    CHECK_OR_FAIL(life >= kShortestLife && life <= kAuthorityValidity, ErrorCode::invalid_argument,
                  "a validity is from 10s to 1825d, the life of this CA's own certificates");
  }
  config.command = operator_command(app).value_or(config.command);
  if (ceremony.parsed()) config.command = Command::ceremony;
  if (key.parsed() || hsm.parsed()) config.command = Command::key;
  if (config.ceremony.hosts.empty()) config.ceremony.hosts = {"localhost", "127.0.0.1"};
  if (revocation.revoke->parsed() || revocation.revoke_before->parsed())
    config.command = Command::revoke;
  if (revocation.show->parsed()) config.command = Command::crl_show;
  if (revocation.publish->parsed()) config.command = Command::crl_publish;
  if (revocation.import->parsed()) config.command = Command::crl_import;
  CHECK_OR_FAIL(!config.dir.empty() || !needs_directory(config.command),
                ErrorCode::invalid_argument, "--dir is required");
  if (config.database.empty()) config.database = "sqlite:" + (config.dir / "ca.db").string();
  config.ceremony.dir = config.dir;
  config.ceremony.database = config.database;
  config.ceremony.keys = config.keys;
  if (config.hosts.empty() && config.command == Command::init)
    config.hosts = {"localhost", "127.0.0.1"};
  if (config.public_url.empty() && config.command == Command::init)
    config.public_url = "http://" + config.hosts.front() + ":7702";
  return config;
}

}  // namespace set::ca
