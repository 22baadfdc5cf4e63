#include "ca/config.h"

namespace set::ca {
namespace {

constexpr std::string_view kExamples =
    "Examples:\n"
    "  set-ca init --brand OpenSET --dir ca\n"
    "  set-ca token create --dir ca --role gateway --name Bank --bin 400000 --id gateway-1 --city "
    "Berlin \\\n"
    "      --country 276 --host localhost > gateway.token\n"
    "  set-ca serve --dir ca --cards deploy/sandbox/cards.toml";

void add_directory(CLI::App& command, Config& config) {
  command.add_option("--dir", config.dir, "the CA's directory (mode 0700)")->required();
}

void add_database(CLI::App& command, Config& config) {
  command.add_option("--database", config.database, "default: sqlite:DIR/ca.db");
}

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
      "where the HTTP port is reached from outside (http://host:port): written into certificates");
  add_passphrase_options(init, config.passphrase);
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
  serve.add_option("--ready-file", config.ready_file,
                   "gets both addresses, one a line, once they answer");
  add_passphrase_options(serve, config.passphrase);
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

CLI::App& add_healthcheck(CLI::App& app, Config& config) {
  auto& health = *app.add_subcommand("healthcheck", "0 if `serve` answers, 1 if not");
  add_directory(health, config);
  return health;
}

}  // namespace

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
  auto& health = add_healthcheck(app, config);
  TRY(set::parse(app, config.common, argc, argv));
  if (init.parsed()) config.command = Command::init;
  if (token_create.parsed()) config.command = Command::token_create;
  if (health.parsed()) config.command = Command::healthcheck;
  if (config.database.empty()) config.database = "sqlite:" + (config.dir / "ca.db").string();
  if (config.hosts.empty() && config.command == Command::init)
    config.hosts = {"localhost", "127.0.0.1"};
  return config;
}

}  // namespace set::ca
