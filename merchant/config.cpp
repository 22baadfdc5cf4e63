#include "merchant/config.h"

namespace set::merchant {
namespace {

constexpr std::string_view kExamples =
    "  set-merchant enroll --dir shop --ca localhost:7710 --trust trust.pem --token-file token "
    "--bin 400000 --id shop-1\n"
    "  set-merchant serve --dir shop --listen 127.0.0.1:7700 --gateway localhost:7720 "
    "--passphrase-file secret\n"
    "  set-merchant order create --dir shop --amount \"49.95 EUR\" --description \"One blue mug\"\n"
    "  set-merchant order create --dir shop --cart cart.json --json\n"
    "  set-merchant order list --dir shop";

void add_enroll(CLI::App& app, Config::Enroll& enroll) {
  app.add_option("--ca", enroll.ca, "The CA's address, host:port")->required();
  add_trust_options(app, enroll.trust);
  app.add_option("--token-file", enroll.token_file,
                 "File with the enrolment token that the CA's operator made")
      ->required();
  app.add_option("--bin", enroll.bin, "The acquirer's BIN, six digits")->required();
  app.add_option("--id", enroll.id, "Our merchant id, as the token has it")->required();
  app.add_option(
      "--host", enroll.hosts,
      "Name or address that wallets connect to; repeat for more (default: localhost, 127.0.0.1)");
}

void add_serve(CLI::App& app, Config::Serve& serve) {
  add_parsed(app, "--listen", serve.listen, ListenAddress::parse, "Where wallets connect to")
      ->default_str("127.0.0.1:7700");
  app.add_option("--gateway", serve.gateway, "The gateway's address, host:port")->required();
  app.add_option("--public-address", serve.public_address,
                 "host:port for payment links, if wallets see another address than --listen");
  app.add_option("--ready-file", serve.ready_file, "File to write the address to once we serve");
}

void add_order(CLI::App& app, Config::Order& order) {
  app.require_subcommand(1);
  auto* create = app.add_subcommand("create", "Make an order and print its payment link");
  auto* amount =
      create->add_option("--amount", order.amount, "What it costs, such as \"49.95 EUR\"");
  auto* description = create->add_option("--description", order.description,
                                         "What is sold, as the customer reads it");
  auto* cart =
      create->add_option("--cart", order.cart, "JSON file with items, tax, shipping and total");
  amount->needs(description);
  description->needs(amount);
  cart->excludes(amount)->excludes(description);
  add_parsed(*create, "--valid", order.life, parse_duration,
             "How long it can be paid (default 1h)");
  app.add_subcommand("list", "All orders, newest first");
  app.add_subcommand("show", "One order")->add_option("id", order.id, "Order number")->required();
}

Command command_of(const CLI::App& app) {
  if (app.got_subcommand("enroll")) return Command::enroll;
  if (app.got_subcommand("healthcheck")) return Command::healthcheck;
  if (!app.got_subcommand("order")) return Command::serve;
  const auto* order = app.get_subcommand("order");
  if (order->got_subcommand("list")) return Command::order_list;
  return order->got_subcommand("show") ? Command::order_show : Command::order_create;
}

}  // namespace

Result<Config> Config::parse(int argc, const char* const* argv) {
  Config config;
  config.serve.listen = TRY(ListenAddress::parse("127.0.0.1:7700"));
  CLI::App app("set-merchant takes orders from wallets and asks the gateway to authorise them",
               "set-merchant");
  app.require_subcommand(1);
  app.add_option("--dir", config.dir, "Directory with keys, certificates and database")->required();
  app.add_option("--database", config.database, "Default: sqlite:DIR/merchant.db");
  add_passphrase_options(app, config.passphrase);
  add_enroll(*app.add_subcommand("enroll", "Get certificates from the CA"), config.enroll);
  add_serve(*app.add_subcommand("serve", "Take orders until SIGTERM"), config.serve);
  add_order(*app.add_subcommand("order", "Make orders and look at them"), config.order);
  app.add_subcommand("healthcheck", "Ask the running daemon whether it serves; exit code 0 or 1");
  add_common_options(app, config.common, kExamples);
  TRY(set::parse(app, config.common, argc, argv));
  config.command = command_of(app);
  CHECK_OR_FAIL(config.command != Command::order_create || !config.order.amount.empty() ||
                    !config.order.cart.empty(),
                ErrorCode::invalid_argument,
                "order create needs --amount and --description, or --cart");
  if (config.enroll.hosts.empty()) config.enroll.hosts = {"localhost", "127.0.0.1"};
  return config;
}

std::string Config::database_url() const {
  return database.empty() ? "sqlite:" + (dir / "merchant.db").string() : database;
}

}  // namespace set::merchant
