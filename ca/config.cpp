#include "ca/config.h"

#include "common/daemon/healthcheck.h"

namespace set::ca {
namespace {

constexpr Duration kShortestLife = std::chrono::seconds(10);
constexpr std::string_view kExamples =
    "Examples:\n"
    "  set-ca init --brand OpenSET --dir ca\n"
    "  set-ca token create --dir ca --role gateway --name Bank --bin 400000 --id gateway-1 --city "
    "Berlin \\\n"
    "      --country 276 --host localhost > gateway.token\n"
    "  set-ca serve --dir ca --cards deploy/sandbox/cards.toml\n"
    "  set-ca serve --dir ca --cards deploy/sandbox/cards.toml --forms deploy/sandbox/forms.toml \\\n"
    "      --approval merchant=operator\n"
    "  set-ca requests list --dir ca\n"
    "  set-ca certs list --dir ca --role merchant --expiring-within 30d --csv\n"
    "  set-ca revoke --dir ca --party 400000/shop-1 --reason keyCompromise";

CLI::App& add_init(CLI::App& app, Config& config) {
  auto& init = *app.add_subcommand(
      "init", "Makes a hierarchy for a brand: root, brand, CAs, transport root");
  add_directory(init, config);
  add_database(init, config);
  init.add_option("--brand", config.brand, "BrandID, for example OpenSET")->required();
  init.add_option("--host", config.hosts,
                  "name or address that clients reach `serve` under, repeatable; "
                  "default: localhost and 127.0.0.1");
  init.add_option(
      "--public-url", config.public_url,
      "where the HTTP port is reached from outside (http://host:port): written into certificates;"
      " default: port 7702 of the first --host");
  init.add_option("--geopolitical", config.geopolitical,
                  "name of a geopolitical CA between brand and operating CAs");
  add_key_options(init, config.keys);
  add_passphrase_options(init, config.root_passphrase, "root-passphrase");
  return init;
}

CLI::App& add_serve(CLI::App& app, Config& config) {
  auto& serve =
      *app.add_subcommand("serve", "Registers cardholders, merchants and gateways until SIGTERM");
  add_directory(serve, config);
  add_database(serve, config);
  add_parsed(serve, "--listen", config.listen, ListenAddress::parse,
             "registration, default 127.0.0.1:7701");
  add_parsed(serve, "--http-listen", config.http_listen, ListenAddress::parse,
             "trust.pem and CA certificates over plain HTTP, default 127.0.0.1:7702");
  serve.add_option("--cards", config.cards, "the sandbox issuer's cards (TOML)")->required();
  add_parsed(serve, "--bank", config.bank, iso8583::BankAddress::parse,
             "a bank that speaks ISO 8583, tcp://host:port: it vouches for cards, and --cards says "
             "only which BINs are served");
  serve.add_option("--ready-file", config.ready_file,
                   "gets both addresses, one a line, once they answer");
  add_publication_options(serve, config.revocation.times);
  add_parsed(serve, "--tls-validity", config.lifetimes.tls, parse_duration,
             "life of TLS certificates, default 7d");
  add_parsed(serve, "--party-validity", config.lifetimes.party, parse_duration,
             "life of merchants' and gateways' certificates, default 365d");
  add_parsed(serve, "--card-validity", config.lifetimes.cardholder, parse_duration,
             "life of cardholders' certificates, default 730d");
  serve.add_option("--forms", config.forms,
                   "registration forms and referrals (TOML); default: one short form in English");
  serve.add_option("--approval", config.approval,
                   "who decides, repeatable: cardholder[:BIN]=auto|operator, "
                   "merchant[:BIN]=token|operator, gateway[:BIN]=token|operator");
  add_parsed(serve, "--ask-again", config.ask_again, parse_duration,
             "what a requester is told to wait for an operator's decision, default 1m");
  serve.add_option("--requests-per-second", config.requests_per_second,
                   "of one address, on average; bursts may be ten times that; default 50")
      ->check(CLI::Range(0.1, 1e6));
  serve.add_option("--sessions-per-address", config.sessions_per_address,
                   "registrations of one address that may be open, default 1000")
      ->check(CLI::Range(1, 100'000));
  add_key_options(serve, config.keys);
  add_admin_option(serve, config.admin_listen);
  return serve;
}

CLI::App& add_token_create(CLI::App& app, Config& config) {
  auto& token = *app.add_subcommand("token", "Enrolment tokens for merchants and gateways");
  token.require_subcommand(1);
  auto& create = *token.add_subcommand("create", "Prints a new token; only its digest is kept");
  add_directory(create, config);
  add_database(create, config);
  create.add_option("--role", config.role, "merchant or gateway")
      ->required()
      ->check(CLI::IsMember({"merchant", "gateway"}));
  create.add_option("--name", config.name, "the name that cardholders see")->required();
  create.add_option("--bin", config.bin, "the acquirer's BIN, six digits")->required();
  create.add_option("--id", config.id, "merchant's or gateway's id; left out: any that is free");
  create.add_option("--city", config.city, "default: -");
  create.add_option("--country", config.country, "ISO 3166 number; default: 276");
  create.add_option("--host", config.hosts, "name or address for TLS, repeatable");
  add_parsed(create, "--valid", config.valid, parse_duration, "how long, such as 24h");
  return create;
}

CLI::App& add_doctor(CLI::App& app, Config& config) {
  auto& doctor = *app.add_subcommand(
      "doctor", "Examines keys, certificates, database and the own port, and says what to do");
  add_directory(doctor, config);
  add_database(doctor, config);
  add_key_options(doctor, config.keys);
  add_admin_option(doctor, config.admin_listen);
  doctor.add_option("--address", config.address, "registration as others reach it, host:port");
  return doctor;
}

CLI::App& add_healthcheck(CLI::App& app, Config& config) {
  auto& health = *app.add_subcommand("healthcheck", "0 if `serve` answers, 1 if not");
  add_directory(health, config);
  add_admin_option(health, config.admin_listen);
  return health;
}

}  // namespace

void add_directory(CLI::App& command, Config& config) {
  command.add_option("--dir", config.dir, "the CA's directory (mode 0700)")->required();
}

void add_database(CLI::App& command, Config& config) {
  command.add_option("--database", config.database, "default: sqlite:DIR/ca.db");
}

Result<Config> Config::parse(int argc, const char* const* argv) {
  Config config;
  config.listen = TRY(ListenAddress::parse("127.0.0.1:7701"));
  config.http_listen = TRY(ListenAddress::parse("127.0.0.1:7702"));
  config.city = "-";
  config.country = 276;
  CLI::App app("OpenSET's certificate authority", "set-ca");
  app.require_subcommand(1);
  add_common_options(app, config.common, kExamples);
  auto& init = add_init(app, config);
  add_serve(app, config);
  auto& token_create = add_token_create(app, config);
  add_operator_commands(app, config);
  auto& health = add_healthcheck(app, config);
  auto& ceremony = add_ceremony(app, config.ceremony);
  auto& key = add_key(app, config.key);
  auto& hsm = add_hsm(app, config.key);
  auto& doctor = add_doctor(app, config);
  const auto revocation = add_revocation_commands(app, config, [&](CLI::App& command) {
    add_directory(command, config);
    add_database(command, config);
  });
  TRY(set::parse(app, config.common, argc, argv));
  if (init.parsed()) config.command = Command::init;
  if (token_create.parsed()) config.command = Command::token_create;
  if (health.parsed()) config.command = Command::healthcheck;
  if (doctor.parsed()) config.command = Command::doctor;
  set_default_admin(config.admin_listen, config.dir);
  for (const auto life : {config.lifetimes.tls, config.lifetimes.party, config.lifetimes.cardholder}) {
    CHECK_OR_FAIL(life >= kShortestLife && life <= kAuthorityValidity, ErrorCode::invalid_argument,
                  "a validity is from 10s to 1825d, the life of this CA's own certificates");
  }
  config.command = operator_command(app).value_or(config.command);
  if (ceremony.parsed()) config.command = Command::ceremony;
  if (key.parsed() || hsm.parsed()) config.command = Command::key;
  if (config.ceremony.database.empty())
    config.ceremony.database = "sqlite:" + (config.ceremony.dir / "ca.db").string();
  if (config.ceremony.hosts.empty()) config.ceremony.hosts = {"localhost", "127.0.0.1"};
  if (revocation.revoke->parsed()) config.command = Command::revoke;
  if (revocation.show->parsed()) config.command = Command::crl_show;
  if (revocation.publish->parsed()) config.command = Command::crl_publish;
  if (revocation.import->parsed()) config.command = Command::crl_import;
  if (config.database.empty()) config.database = "sqlite:" + (config.dir / "ca.db").string();
  if (config.hosts.empty() && config.command == Command::init)
    config.hosts = {"localhost", "127.0.0.1"};
  if (config.public_url.empty() && config.command == Command::init)
    config.public_url = "http://" + config.hosts.front() + ":7702";
  return config;
}

}  // namespace set::ca
