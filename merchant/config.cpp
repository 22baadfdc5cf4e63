#include "merchant/config.h"

#include "common/daemon/healthcheck.h"

namespace set::merchant {
namespace {

constexpr std::string_view kExamples =
    "  set-merchant enroll --dir shop --ca localhost:7710 --trust trust.pem --token-file token "
    "--bin 400000 --id shop-1\n"
    "  set-merchant serve --dir shop --listen 127.0.0.1:7700 --gateway localhost:7720 "
    "--passphrase-file secret\n"
    "  set-merchant needs-renewal --dir shop && set-merchant renew --dir shop\n"
    "  set-merchant order create --dir shop --amount \"49.95 EUR\" --description \"One blue mug\"\n"
    "  set-merchant order create --dir shop --cart cart.json --json\n"
    "  set-merchant order create --dir shop --amount \"240.00 EUR\" --description \"Three nights\" "
    "--market hotel --market-days 3 --avs-postal-code 10115 --avs-country 276\n"
    "  set-merchant order create --dir shop --amount \"90.00 EUR\" --description \"Three chairs\" "
    "--capture later --first \"30.00 EUR\"\n"
    "  set-merchant order create --dir shop --description \"The paper\" --recurring "
    "\"every 30 days\" --until 2027-11-30 --amount-per-charge \"9.99 EUR\"\n"
    "  set-merchant order list --dir shop\n"
    "  set-merchant authorize --dir shop ORDER --amount \"30.00 EUR\"\n"
    "  set-merchant capture --dir shop ORDER --amount \"20.00 EUR\" --final\n"
    "  set-merchant refund --dir shop ORDER --amount \"5.00 EUR\" --once return-4711 --json\n"
    "  set-merchant batch close --dir shop && set-merchant batch report --dir shop --csv\n"
    "  set-merchant audit verify --dir shop --peer-log gateway-log.json\n"
    "  set-merchant evidence export --dir shop XID --out purchase.evidence\n"
    "  set-merchant event list --dir shop --follow --json\n"
    "  set-merchant webhook add --dir shop --url https://shop.example/openset";

Result<Duration> parse_time_of_day(std::string_view text) {
  // As an instant of some day: the same digits, checked in one place.
  const auto day = TRY(parse_instant("2000-01-01T00:00:00Z"));
  const auto at = parse_instant("2000-01-01T" + std::string(text) + ":00Z");
  CHECK_OR_FAIL(at, ErrorCode::invalid_argument, "a time of day is written 22:00");
  return *at - day;
}

void add_serve(CLI::App& app, Config& config) {
  auto& serve = config.serve;
  add_parsed(app, "--listen", serve.listen, ListenAddress::parse,
             "Where wallets connect to, host:port; port 0 for any");
  add_balancer_option(app, serve.balancers);
  app.add_option("--gateway", serve.gateway, "The gateway, such as gateway.example:7711")
      ->required();
  app.add_option("--public-address", serve.public_address,
                 "For payment links, if wallets see another address than --listen, such as "
                 "shop.example:7700");
  add_parsed(app, "--trust-every", serve.trust_every, parse_duration,
             "How often to look for a new root at the CA");
  app.add_option("--ready-file", serve.ready_file, "Gets the address once it answers")
      ->type_name(kNewFile);
  add_ca_option(app, config.enroll.ca);
  add_first_enrollment(app, serve.enroll_first, config.enroll);
  add_revocation_options(app, serve.revocation);
  add_metrics_options(app, serve.metrics);
  add_parsed(app, "--patience", serve.patience, parse_duration,
             "How long an unanswered authorisation is asked for before it is cancelled");
  app.add_option_function<std::string>(
      "--close-batch-daily",
      [&serve](const std::string& text) {
        const auto at = parse_time_of_day(text);
        if (!at) throw CLI::ValidationError("--close-batch-daily", at.error().detail);
        serve.close_batches_at = *at;
      },
      "Hour, such as 22:00 (UTC), at which open batches are closed every day");
  add_event_options(app, serve.events);
}

void add_doctor(CLI::App& app, Config::Doctor& doctor) {
  app.add_option("--gateway", doctor.gateway,
                 "The gateway's address, host:port (default: as the last `serve` had it)");
  app.add_option("--ca", doctor.ca, "The CA's address, host:port (default: where it was enrolled)");
}

void add_details(CLI::App& create, WrittenDetails& details) {
  auto& address = details.address;
  create.add_option("--avs-street", address.street,
                    "Street and number of the card's billing address, for the issuer to compare");
  create.add_option("--avs-postal-code", address.postal_code, "Its postal code");
  create.add_option("--avs-city", address.city, "Its city");
  create.add_option("--avs-state", address.state, "Its state or province");
  create.add_option("--avs-country", address.country, "Its country, three digits of ISO 3166");
  auto& market = details.market;
  create.add_option("--market", market.name, "Market data: hotel, auto or transport");
  create.add_option("--market-days", market.days, "Days of the stay or rental, 1 to 99");
  create.add_option("--market-prestige", market.prestige,
                    "Prestige programme of the hotel: 100, 500 or 1000");
  create.add_option("--merch-group", details.merch_group,
                    "Kind of shop in SET's words, such as lodging or mailOrPhoneOrder");
  create.add_option("--merch-cat-code", details.merch_cat_code, "Merchant category, four digits");
  create.add_option("--special-processing", details.special_processing,
                    "directMarketing or preferredCustomer");
  create.add_flag("--card-suspect", details.card_suspect, "Tell the issuer that the card is suspect");
  create.add_flag("--request-card-type", details.request_card_type,
                  "Ask what kind of card it is; `order show` tells");
}

// Of what waits for the daemon's answer. It was called --wait before, which is not shown.
void add_wait(CLI::App& command, Duration& wait) {
  add_timeout_option(command, wait);
  add_parsed(command, "--wait", wait, parse_duration, "As --timeout")->group("");
}

void add_order(CLI::App& app, Config::Order& order, ListLimit& limit) {
  app.require_subcommand(1);
  auto* create = app.add_subcommand("create", "Make an order and print its payment link");
  auto* amount =
      create->add_option("--amount", order.amount, "What it costs, such as \"49.95 EUR\"");
  auto* description = create->add_option("--description", order.description,
                                         "What is sold, as the customer reads it");
  auto* cart =
      create->add_option("--cart", order.cart, "JSON file with items, tax, shipping and total")
          ->type_name(kFile);
  auto& terms = order.terms;
  create->add_option("--capture", terms.capture,
                     "now (a sale, the default) or later, by `capture`");
  create->add_option("--first", terms.first,
                     "Split shipment: what is authorised first; `authorize` asks for more");
  create->add_option("--instalments", terms.instalments,
                     "In how many charges the amount is paid, 2 to 360");
  auto* recurring = create->add_option("--recurring", terms.recurring,
                                       "Mandate for charges again and again: \"every 30 days\"");
  create->add_option("--until", terms.until, "Last day of the mandate, such as 2027-11-30");
  create->add_option("--amount-per-charge", terms.per_charge, "The most that one charge comes to");
  amount->needs(description);
  recurring->needs(description);
  cart->excludes(amount)->excludes(description);
  add_parsed(*create, "--valid", order.life, parse_duration,
             "How long it can be paid");
  add_details(*create, order.details);
  add_limit_option(*app.add_subcommand("list", "Orders, newest first"), limit);
  app.add_subcommand("show", "One order")->add_option("ORDER", order.id, "Order number")->required();
}

void add_payment(CLI::App& app, Config::Payment& payment) {
  app.add_option("ORDER", payment.orders, "Order number; several go into one request")->required();
  app.add_option("--authorization", payment.authorization,
                 "Which authorisation of the order, by the beginning of its authRRPID");
  app.add_option("--once", payment.once,
                 "A name of your own for this request: repeated under it, nothing is done twice");
  add_wait(app, payment.wait);
}

void add_batch_wish(CLI::App& app, Config::Payment& payment) {
  app.add_option("--batch", payment.batch,
                 "BatchID to count it in, which must be open (default: the gateway's open one, or, "
                 "if its own batch is closed, the one that `batch open` opened)");
}

void add_amount(CLI::App& app, Config::Payment& payment, const char* description) {
  app.add_option("--amount", payment.amount, description);
}

void add_payments(CLI::App& app, Config::Payment& payment) {
  auto* authorize = app.add_subcommand(
      "authorize", "Ask for the next part, instalment or period of an order, by its AuthToken");
  authorize->alias("charge");
  authorize->footer("Example: set-merchant authorize --dir shop ORDER --amount \"30.00 EUR\"");
  add_payment(*authorize, payment);
  add_amount(*authorize, payment, "Default: what one charge may come to, or what is left");
  add_batch_wish(*authorize, payment);
  auto* capture = app.add_subcommand("capture",
                                     "Capture what is authorised; several orders in one "
                                     "request, whole or in part");
  capture->footer(
      "Examples:\n  set-merchant capture --dir shop ORDER ORDER\n"
      "  set-merchant capture --dir shop ORDER --amount \"20.00 EUR\" --final --once parcel-1");
  add_payment(*capture, payment);
  add_amount(*capture, payment, "Default: all that is left");
  add_batch_wish(*capture, payment);
  capture->add_flag("--final", payment.final_capture, "The last capture: what is left is released");
  auto* reverse = app.add_subcommand(
      "reverse", "Release an authorisation that is not captured, or a part of it");
  reverse->footer("Example: set-merchant reverse --dir shop ORDER --amount \"5.00 EUR\"");
  add_payment(*reverse, payment);
  add_amount(*reverse, payment, "How much is released (default: all of it)");
  auto* refund = app.add_subcommand("refund", "Pay back what was captured, or a part of it");
  refund->footer("Example: set-merchant refund --dir shop ORDER --amount \"5.00 EUR\" --json");
  add_payment(*refund, payment);
  add_amount(*refund, payment, "Default: all that is not refunded yet");
  add_batch_wish(*refund, payment);
  auto* void_refund = app.add_subcommand("void-refund", "Undo a refund");
  auto* void_capture = app.add_subcommand("void-capture", "Undo a capture that was an error");
  for (auto* undo : {void_refund, void_capture}) {
    undo->footer("Example: set-merchant " + undo->get_name() + " --dir shop ORDER --item 3fa9");
    add_payment(*undo, payment);
    add_batch_wish(*undo, payment);
    undo->add_option("--item", payment.item,
                     "Which one, by the beginning of its RRPID (default: the last)");
  }
}

void add_batch(CLI::App& app, Config::Batch& batch, ListLimit& limit) {
  app.require_subcommand(1);
  add_limit_option(*app.add_subcommand("list", "Batches that we know of, newest first"), limit);
  auto* open = app.add_subcommand("open", "Open a batch at the gateway");
  auto* close = app.add_subcommand("close", "Close a batch; the gateway compares our sums");
  auto* purge = app.add_subcommand(
      "purge", "Undo every capture and refund of an open batch, at the bank too");
  auto* show = app.add_subcommand("show", "Ask the gateway about a batch and compare");
  auto* report = app.add_subcommand("report", "Settlement report of a batch, from our own books");
  for (auto* command : {open, close, purge, show, report}) {
    command->footer("Example: set-merchant batch " + command->get_name() + " --dir shop");
    command->add_option("BATCH", batch.id, "BatchID (default: the open one)");
  }
  for (auto* command : {open, close, purge, show})
    add_wait(*command, batch.wait);
  auto* items = show->add_flag("--items", batch.items, "Each item, as the gateway has it");
  show->add_flag("--errors", batch.errors, "Of the items, those that failed")->needs(items);
  report->add_flag("--csv", batch.csv, "A line for each item, with commas");
}

Command batch_command_of(const CLI::App& batch) {
  if (batch.got_subcommand("list")) return Command::batch_list;
  if (batch.got_subcommand("open")) return Command::batch_open;
  if (batch.got_subcommand("close")) return Command::batch_close;
  if (batch.got_subcommand("purge")) return Command::batch_purge;
  return batch.got_subcommand("show") ? Command::batch_show : Command::batch_report;
}

constexpr std::pair<const char*, Command> kPaymentCommands[] = {
    {"authorize", Command::authorize},     {"capture", Command::capture},
    {"reverse", Command::reverse},         {"refund", Command::refund},
    {"void-refund", Command::void_refund}, {"void-capture", Command::void_capture}};

Command command_of(const CLI::App& app) {
  if (app.got_subcommand("enroll")) return Command::enroll;
  if (app.got_subcommand("healthcheck")) return Command::healthcheck;
  if (app.got_subcommand("doctor")) return Command::doctor;
  if (app.got_subcommand("audit")) return Command::audit;
  if (app.got_subcommand("evidence")) return Command::evidence;
  if (app.got_subcommand("renew")) return Command::renew;
  if (app.got_subcommand("needs-renewal")) return Command::needs_renewal;
  for (const auto& [name, command] : kPaymentCommands) {
    if (app.got_subcommand(name)) return command;
  }
  if (app.got_subcommand("event") || app.got_subcommand("events")) return Command::events;
  if (app.got_subcommand("webhook")) return Command::webhook;
  if (app.got_subcommand("batch")) return batch_command_of(*app.get_subcommand("batch"));
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
  add_common_options(app, config.common, kExamples);
  app.require_subcommand(1);
  app.add_option("--dir", config.dir, "Directory with keys, certificates and database, such as "
                 "/var/lib/set/merchant")
      ->required()
      ->type_name(kDirectory);
  app.add_option("--database", config.database, "Default: sqlite:DIR/merchant.db; or postgresql://set@db.example/merchant");
  add_key_options(app, config.keys);
  add_admin_option(app, config.admin_listen);
  auto& enroll = *app.add_subcommand("enroll", "Get certificates from the CA");
  add_enrollment_options(enroll, config.enroll);
  add_serve(*app.add_subcommand("serve", "Take orders until SIGTERM"), config);
  auto& doctor = *app.add_subcommand(
      "doctor", "Examine keys, certificates, database and peers, and say what to do");
  add_doctor(doctor, config.doctor);
  auto& renew = *app.add_subcommand("renew", "Renew what is due; `serve` does so by itself");
  add_renew_options(renew, config.renew);
  app.add_subcommand("needs-renewal", "Print the dates; exit code 0 if a renewal is due, 1 if not");
  add_order(*app.add_subcommand("order", "Make orders and look at them"), config.order,
            config.limit);
  add_payments(app, config.payment);
  add_batch(*app.add_subcommand("batch", "Open, close and look at batches"), config.batch,
            config.limit);
  auto& audit = *app.add_subcommand("audit", "The log of every request, also the refused ones");
  audit.require_subcommand(1);
  add_audit_verbs(audit, config.audit);
  auto& evidence = *app.add_subcommand("evidence", "What was signed of a purchase, as a file");
  add_evidence(evidence, config.evidence);
  auto& event = *app.add_subcommand("event", "What happened, for the shop's own software");
  event.require_subcommand(1);
  add_events(*event.add_subcommand("list", "All that is kept, oldest first"), config.events);
  // As it was called before; not shown.
  add_events(*app.add_subcommand("events", "As event list")->group(""), config.events);
  auto& webhook = *app.add_subcommand("webhook", "Send events to the shop's own software");
  add_webhook(webhook, config.webhook);
  auto& health = *app.add_subcommand("healthcheck", "Exit with 0 if the daemon serves, else 1");
  for (auto* command : {&enroll, &doctor, &renew, &health})
    add_timeout_option(*command, config.common.timeout);
  TRY(set::parse(app, config.common, argc, argv));
  config.command = command_of(app);
  config.webhook.action = webhook_action_of(webhook);
  set_default_admin(config.admin_listen, config.dir);
  CHECK_OR_FAIL(config.command != Command::order_create || !config.order.amount.empty() ||
                    !config.order.cart.empty() || !config.order.terms.recurring.empty(),
                ErrorCode::invalid_argument,
                "order create needs --amount and --description, or --cart, or --recurring");
  TRY(check_first_enrollment(config.serve.enroll_first, config.enroll));
  if (config.enroll.hosts.empty()) config.enroll.hosts = {"localhost", "127.0.0.1"};
  return config;
}

std::string Config::database_url() const {
  return database.empty() ? "sqlite:" + (dir / "merchant.db").string() : database;
}

}  // namespace set::merchant
