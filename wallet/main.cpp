// set-wallet pays with SET: `serve` holds the unlocked cards, the other subcommands ask it over a
// socket that only its user may open.
#include "common/daemon/healthcheck.h"
#include "common/daemon/reload.h"
#include "common/daemon/run.h"
#include "common/enrollment/policy_consent.h"
#include "wallet/cli/commands.h"

namespace {

constexpr std::string_view kExamples = R"(  set-wallet serve
  set-wallet card add --ca ca.example:7700 --trust trust.pem
  set-wallet pay 'setpay://shop.example:7710/1001?merchant=…&secret=…'
  set-wallet pay --yes --no-input --quiet --timeout 30s --json - < link
  set-wallet resume --timeout 1m
  set-wallet order list --json
  set-wallet receipt 0123456789abcdef0123456789abcdef01234567
  set-wallet receipt 0123456789abcdef0123456789abcdef01234567 --export mug.evidence
  set-wallet audit verify

Exit codes: 0 approved or done, 2 usage, 3 configuration, 4 network, 5 certificate or signature,
6 declined, 7 not now or not found, 8 outcome unknown (run resume), 9 receipt does not verify.
)";

struct Options {
  set::CommonOptions common;
  std::string dir;
  set::PassphraseSource passphrase;
  set::wallet::ServeOptions serve;
  set::wallet::CardAddOptions card_add;
  set::wallet::CardRenewOptions card_renew;
  set::wallet::PayOptions pay;
  set::wallet::DoctorOptions doctor;
  std::string xid;
  set::EvidenceOptions evidence;
  set::ListLimit limit;
  set::AuditOptions audit;
};

struct Commands {
  CLI::App *serve, *card, *card_add, *card_list, *card_renew, *needs_renewal, *pay, *order_list,
      *order_show, *orders, *status, *receipt, *evidence, *mandate, *mandate_list, *mandate_show, *resume, *path, *healthcheck, *doctor, *audit;
};

/// Of `card add` and of `serve`, which registers a first card. Gives what `card add` cannot do
/// without.
CLI::Option* add_card_options(CLI::App& command, set::wallet::CardAddOptions& card) {
  command.add_option("--card-file", card.card_file,
                     "Private TOML file with number, expiry, verification, name, [form]")
      ->type_name(set::kPrivateFile);
  command.add_option("--language", card.language, "Of the issuer's form, such as de-CH");
  set::add_policy_option(command, card.accept_policy);
  return set::add_trust_options(command, card.trust);
}

void add_card_commands(CLI::App& app, Options& options, Commands& commands) {
  commands.card = app.add_subcommand("card", "The cards of this wallet");
  commands.card->require_subcommand(1);
  commands.card_add = commands.card->add_subcommand("add", "Register a card with its issuer; without --card-file the terminal is asked");
  auto& add = options.card_add;
  commands.card_add->add_option("--ca", add.ca, "Where cards are registered, such as ca.example:7701")->required();
  add_card_options(*commands.card_add, add)->required();
  commands.card_add->add_flag("--wait", add.wait,
                              "If the CA has not decided yet, ask again at the times it suggests");
  commands.card_list = commands.card->add_subcommand("list", "Show the cards, masked");
  commands.card_renew = commands.card->add_subcommand(
      "renew", "Get a new certificate for a card; the daemon does so by itself in time");
  auto& renew = options.card_renew;
  commands.card_renew->add_option("CARD", renew.card, "Number of the card in card list")->required();
  commands.card_renew->add_option("--ca", renew.ca, "host:port, if it is not where it was registered");
  for (auto* command : {commands.card_add, commands.card_renew})
    set::add_timeout_option(*command, options.common.timeout);
}

void add_pay_command(CLI::App& app, Options& options, Commands& commands) {
  auto& pay = options.pay;
  commands.pay = app.add_subcommand("pay", "Show an order, ask, sign and pay it");
  commands.pay->add_option("LINK", pay.link, "The shop's payment link, or - to read it from standard input")
      ->required();
  commands.pay->add_flag("--yes,-y", pay.yes, "Pay without asking");
  commands.pay->add_option("--card", pay.card, "Number of the card in card list; by itself the first that fits");
  auto* ask = commands.pay->add_flag("--cvv", pay.ask_cvv, "Ask for the verification value and send it along");
  commands.pay->add_option("--cvv-file", pay.cvv_file, "Private file with the verification value")
      ->type_name(set::kPrivateFile)
      ->excludes(ask);
  set::add_timeout_option(*commands.pay, options.common.timeout);
}

void add_doctor_command(CLI::App& app, Options& options, Commands& commands) {
  auto& doctor = options.doctor;
  commands.doctor = app.add_subcommand(
      "doctor", "Examine keys, cards, database, merchant and CA, and say what to do");
  commands.doctor->add_option("--merchant", doctor.merchant, "A merchant, such as shop.example:7700");
  commands.doctor->add_option("--ca", doctor.ca, "The CA, such as ca.example:7701");
  set::add_timeout_option(*commands.doctor, options.common.timeout);
}

void add_order_commands(CLI::App& app, Options& options, Commands& commands) {
  auto* order = app.add_subcommand("order", "The purchases of this wallet");
  order->require_subcommand(1);
  commands.order_list = order->add_subcommand("list", "The purchases, newest first");
  commands.order_show = order->add_subcommand("show", "Ask the merchant how a purchase stands");
  // As they were called before; not shown.
  commands.orders = app.add_subcommand("orders", "As order list")->group("");
  commands.status = app.add_subcommand("status", "As order show")->group("");
  for (auto* command : {commands.order_show, commands.status}) {
    command->add_option("XID", options.xid, "The purchase, 40 hex digits")->required();
    set::add_timeout_option(*command, options.common.timeout);
  }
  for (auto* command : {commands.order_list, commands.orders})
    set::add_limit_option(*command, options.limit);
}

Commands add_commands(CLI::App& app, Options& options) {
  Commands commands{};
  app.require_subcommand(1);
  app.add_option("--dir", options.dir, "The wallet's directory, such as /home/alice/wallet; by itself see: set-wallet path")
      ->type_name(set::kDirectory);
  set::add_passphrase_options(app, options.passphrase);
  commands.serve = app.add_subcommand("serve", "Run the wallet until SIGTERM");
  commands.serve->add_option("--ready-file", options.serve.ready_file,
                             "Gets the socket's address once it answers")
      ->type_name(set::kNewFile);
  commands.serve->add_option("--ca", options.serve.ca,
                             "The CA that says what is revoked, such as ca.example:7701 "
                             "(default: where the card was registered)");
  set::add_parsed(*commands.serve, "--revocation-age", options.serve.revocation_age, set::parse_duration,
                  "The CA is asked what is revoked if its last answer is older");
  set::add_metrics_options(*commands.serve, options.serve.metrics);
  // A wallet without a card registers the one of --card-file before it says that it serves.
  auto* trust = add_card_options(*commands.serve, options.serve.first_card);
  commands.serve->get_option("--card-file")->needs(trust)->needs("--ca");
  add_card_commands(app, options, commands);
  add_pay_command(app, options, commands);
  add_order_commands(app, options, commands);
  commands.receipt = app.add_subcommand("receipt", "Verify everything that was signed of a purchase");
  commands.receipt->add_option("XID", options.xid, "The purchase, 40 hex digits")->required();
  commands.receipt->add_option("--export", options.evidence.file,
                               "Write it as a file that anybody can verify with `evidence verify`")
      ->type_name(set::kNewFile);
  commands.evidence = app.add_subcommand("evidence", "What was signed of a purchase, as a file");
  set::add_evidence(*commands.evidence, options.evidence);
  commands.audit = app.add_subcommand("audit", "The log of what this wallet asked, signed and was told");
  commands.audit->require_subcommand(1);
  set::add_audit_verbs(*commands.audit, options.audit);
  commands.mandate = app.add_subcommand("mandate", "Instalments and recurring payments that were signed");
  commands.mandate->require_subcommand(1);
  commands.mandate_list = commands.mandate->add_subcommand("list", "The mandates, newest first");
  set::add_limit_option(*commands.mandate_list, options.limit);
  commands.mandate_show =
      commands.mandate->add_subcommand("show", "One mandate, and what was charged under it so far");
  commands.mandate_show->add_option("XID", options.xid, "The purchase, 40 hex digits")->required();
  set::add_timeout_option(*commands.mandate_show, options.common.timeout);
  commands.resume = app.add_subcommand("resume", "Send every order without an answer again");
  set::add_timeout_option(*commands.resume, options.common.timeout);
  commands.needs_renewal = app.add_subcommand(
      "needs-renewal", "Print the cards' dates; exit code 0 if a renewal is due, 1 if not");
  commands.path = app.add_subcommand("path", "Print where the wallet keeps its files");
  add_doctor_command(app, options, commands);
  commands.healthcheck = app.add_subcommand("healthcheck", "Exit with 0 if the daemon serves, else 1");
  set::add_timeout_option(*commands.healthcheck, options.common.timeout);
  return commands;
}

set::Result<Commands> parse(CLI::App& app, Options& options, int argc, const char* const* argv) {
  app.name("set-wallet");
  app.description("The cardholder's wallet");
  set::add_common_options(app, options.common, kExamples);
  const auto commands = add_commands(app, options);
  TRY(set::parse(app, options.common, argc, argv));
  options.serve.passphrase = options.passphrase;
  options.doctor.passphrase = options.passphrase;
  return commands;
}

/// The settings, read again while we serve (reload.h).
struct Settings {
  set::CommonOptions common;
  static set::Result<Settings> parse(int argc, const char* const* argv) {
    Options options;
    CLI::App app;
    TRY(::parse(app, options, argc, argv));
    return Settings{options.common};
  }
};

set::Result<void> serve(const set::wallet::Paths& paths, const Options& options) {
  const set::Reloader<Settings> reloader({options.common}, {});
  return run_serve(paths, options.serve);
}

set::Result<void> run_command(const Commands& commands, const Options& options) {
  using namespace set::wallet;
  const auto paths = TRY(Paths::find(options.dir));
  const bool json = options.common.json;
  if (commands.serve->parsed()) return serve(paths, options);
  if (commands.card_add->parsed()) return run_card_add(paths, options.card_add, json);
  if (commands.card_list->parsed()) return run_card_list(paths, json);
  if (commands.card_renew->parsed()) return run_card_renew(paths, options.card_renew, json);
  if (commands.needs_renewal->parsed()) return run_needs_renewal(paths, json);
  if (commands.pay->parsed()) return run_pay(paths, options.pay, json);
  if (commands.order_list->parsed() || commands.orders->parsed()) return run_orders(paths, options.limit, json);
  if (commands.order_show->parsed() || commands.status->parsed()) return run_status(paths, options.xid, json);
  if (commands.receipt->parsed() && options.evidence.file.empty())
    return run_receipt(paths, options.xid, json);
  if (commands.receipt->parsed()) {
    auto wanted = options.evidence;
    wanted.xid = options.xid;
    return run_evidence_export(paths, wanted);
  }
  if (options.evidence.verify) return set::verify_evidence_file(options.evidence, json);
  if (commands.evidence->parsed()) return run_evidence_export(paths, options.evidence);
  if (commands.audit->parsed()) return run_audit_log(paths, options.audit, json);
  if (commands.mandate_list->parsed()) return run_mandate_list(paths, options.limit, json);
  if (commands.mandate_show->parsed()) return run_mandate_show(paths, options.xid, json);
  if (commands.resume->parsed()) return run_resume(paths, json);
  if (commands.path->parsed()) return run_path(paths, json);
  if (commands.doctor->parsed()) return run_doctor(paths, options.doctor, json);
  return set::healthcheck(paths.socket_target(), nullptr);
}

}  // namespace

int main(int argc, char** argv) {
  return set::run("set-wallet", [&]() -> set::Result<void> {
    Options options;
    CLI::App app;
    const auto commands = TRY(parse(app, options, argc, argv));
    if (options.common.instead) return options.common.instead();
    return run_command(commands, options);
  });
}
