#include "gateway/config.h"

#include "common/daemon/healthcheck.h"

#include <algorithm>

#include "common/crypto/key_file.h"
#include "gateway/cap_token.h"

namespace set::gateway {
namespace {

constexpr std::string_view kTokenEntry = "token";
constexpr std::string_view kCardIndexEntry = "card-index";
constexpr std::size_t kCardIndexKeyBytes = 48;
// What AcqCardMsg has room for (docs/protocol.md §6).
constexpr std::size_t kMaxMessageOfDay = 128;
constexpr std::size_t kMaxPhone = 20;

constexpr std::string_view kExamples =
    R"(  set-gateway enroll --dir gw --ca localhost:7701 --trust http://localhost:7702/trust.pem \
    --root-fingerprint HEX --token-file token --bin 400000 --id gateway-1 --host localhost
  set-gateway serve --dir gw --listen 127.0.0.1:7711 --cards cards.toml --passphrase-file pass
  set-gateway serve --dir gw --listen 127.0.0.1:7711 --acquirer tcp://127.0.0.1:7900 \
    --passphrase-file pass
  set-gateway needs-renewal --dir gw && set-gateway renew --dir gw
  set-gateway payment list --dir gw --json
  set-gateway payment show XID --dir gw
  set-gateway batch list --dir gw --json
  set-gateway batch close shop-1 20261122 --dir gw
  set-gateway queue list --dir gw && set-gateway queue retry --dir gw
  set-gateway audit verify --dir gw --peer-log shop-log.json
  set-gateway evidence export XID --dir gw --out purchase.evidence
  set-gateway healthcheck --dir gw
)";

void add_enroll(CLI::App& app, Config& config) {
  auto& enroll = *app.add_subcommand("enroll", "Get this gateway's certificates from the CA");
  add_enrollment_options(enroll, config.enroll);
  add_timeout_option(enroll, config.common.timeout);
}

void add_serve(CLI::App& app, Config& config) {
  auto& serve = *app.add_subcommand("serve", "Answer merchants until SIGTERM");
  add_parsed(serve, "--listen", config.listen, ListenAddress::parse,
             "Where merchants connect to, host:port; port 0 for any");
  add_balancer_option(serve, config.balancers);
  serve.add_option("--ready-file", config.ready_file, "Gets the address once it answers")
      ->type_name(kNewFile);
  add_parsed(serve, "--trust-every", config.trust_every, parse_duration,
             "How often to look for a new root at the CA");
  add_ca_option(serve, config.enroll.ca);
  add_first_enrollment(serve, config.enroll_first, config.enroll);
  auto* cards =
      serve.add_option("--cards", config.cards, "Cards of the sandbox acquirer, embedded here")
          ->type_name(kFile);
  add_parsed(serve, "--acquirer", config.acquirer, iso8583::BankAddress::parse,
             "A bank that speaks ISO 8583, such as tcp://bank.example:7900")
      ->excludes(cards);
  add_parsed(serve, "--acquirer-timeout", config.acquirer_timeout, parse_duration,
             "How long to wait for the acquirer");
  serve.add_flag("--no-capture-now", config.no_capture_now,
                 "Authorise only; sales are answered captureNotSupported");
  add_parsed(serve, "--auth-token-life", config.token_life, parse_duration,
             "How long after its first approval a purchase without a mandate may be authorised "
             "further, such as 180d");
  serve.add_flag("--close-batches-daily", config.close_batches_daily,
                 "Close each merchant's batch when its day (UTC) is over");
  serve.add_option("--message-of-day", config.message_of_day,
                   "Told to cardholders with an approval, at most 128 octets, such as \"Thank you\"");
  serve.add_option("--customer-service", config.customer_service,
                   "Told to cardholders who were not approved, such as \"+49 30 5550100\"");
  add_revocation_options(serve, config.revocation);
  add_metrics_options(serve, config.metrics);
}

void add_doctor(CLI::App& app, Config& config) {
  auto& doctor = *app.add_subcommand(
      "doctor", "Examine keys, certificates, database and peers, and say what to do");
  doctor.add_option("--ca", config.enroll.ca, "The CA, host:port (default: where it was enrolled)");
  add_timeout_option(doctor, config.common.timeout);
}

void add_payments(CLI::App& app, Config& config) {
  auto& payments = *app.add_subcommand("payment", "What was authorised");
  payments.alias("payments");
  payments.require_subcommand(1);
  auto& list = *payments.add_subcommand("list", "Newest first");
  add_limit_option(list, config.limit);
  auto& show = *payments.add_subcommand("show", "One purchase");
  show.add_option("XID", config.xid, "Its XID, 40 hex digits")->required();
}

void add_batch(CLI::App& app, Config& config) {
  auto& batch = *app.add_subcommand("batch", "Merchants' batches of captures and credits");
  batch.require_subcommand(1);
  auto& list = *batch.add_subcommand("list", "Newest first");
  add_limit_option(list, config.limit);
  const auto add_names = [&](CLI::App& command) {
    command.add_option("MERCHANT", config.merchant_id, "The merchant's ID")->required();
    command.add_option("BATCH", config.batch_id, "The BatchID")->required();
  };
  add_names(*batch.add_subcommand("show", "One batch with its items"));
  add_names(*batch.add_subcommand(
      "close", "Take no more items; a running daemon then asks the acquirer for its totals"));
}

void add_queue(CLI::App& app, Config& config) {
  auto& queue = *app.add_subcommand(
      "queue", "What the bank must still hear: captures, refunds, reversals on their way");
  queue.require_subcommand(1);
  auto& list = *queue.add_subcommand("list", "Oldest first, with those that are parked");
  list.footer("Example: set-gateway queue list --dir gw --json");
  add_limit_option(list, config.limit);
  auto& retry = *queue.add_subcommand(
      "retry", "Send what is parked again; a running daemon does so within seconds");
  retry.footer("Example: set-gateway queue retry --dir gw 4711");
  retry.add_option("NUMBER", config.serial, "Its number, as `queue list` has it (default: all)");
}

Command chosen(const CLI::App& app) {
  if (app.got_subcommand("enroll")) return Command::enroll;
  if (app.got_subcommand("serve")) return Command::serve;
  if (app.got_subcommand("healthcheck")) return Command::healthcheck;
  if (app.got_subcommand("doctor")) return Command::doctor;
  if (app.got_subcommand("audit")) return Command::audit;
  if (app.got_subcommand("evidence")) return Command::evidence;
  if (app.got_subcommand("renew")) return Command::renew;
  if (app.got_subcommand("needs-renewal")) return Command::needs_renewal;
  if (app.got_subcommand("batch")) {
    const auto& batch = *app.get_subcommand("batch");
    if (batch.got_subcommand("list")) return Command::batch_list;
    return batch.got_subcommand("show") ? Command::batch_show : Command::batch_close;
  }
  if (app.got_subcommand("queue")) {
    return app.get_subcommand("queue")->got_subcommand("list") ? Command::queue_list
                                                               : Command::queue_retry;
  }
  return app.get_subcommand("payment")->got_subcommand("list") ? Command::payments_list
                                                                : Command::payments_show;
}

bool is_bin(const std::string& text) {
  return text.size() == 6 && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

std::filesystem::path key_file_of(const std::filesystem::path& directory) {
  return directory / "keys.set";
}

}  // namespace

Result<Config> Config::parse(int argc, const char* const* argv) {
  Config config;
  config.listen = TRY(ListenAddress::parse("127.0.0.1:7711"));
  CLI::App app("The payment gateway: authorises what cardholder and merchant agreed on",
               "set-gateway");
  add_common_options(app, config.common, kExamples);
  app.require_subcommand(1);
  app.add_option("--dir", config.directory, "Directory with keys, certificates and database, such as "
                 "/var/lib/set/gateway")
      ->required()
      ->type_name(kDirectory);
  app.add_option("--database", config.database, "Default: sqlite:DIR/gateway.db; or postgresql://set@db.example/gateway");
  add_key_options(app, config.keys);
  add_admin_option(app, config.admin_listen);
  add_enroll(app, config);
  add_serve(app, config);
  auto& renew = *app.add_subcommand("renew", "Renew what is due; `serve` does so by itself");
  add_renew_options(renew, config.renew);
  add_timeout_option(renew, config.common.timeout);
  app.add_subcommand("needs-renewal", "Print the dates; exit code 0 if a renewal is due, 1 if not");
  add_payments(app, config);
  add_batch(app, config);
  add_queue(app, config);
  auto& audit = *app.add_subcommand("audit", "The log of every request, also the refused ones");
  audit.require_subcommand(1);
  add_audit_verbs(audit, config.audit);
  auto& evidence = *app.add_subcommand("evidence", "What was signed of a purchase, as a file");
  add_evidence(evidence, config.evidence);
  add_doctor(app, config);
  add_timeout_option(*app.add_subcommand("healthcheck", "Exit with 0 if the daemon serves, else 1"),
                     config.common.timeout);
  TRY(set::parse(app, config.common, argc, argv));
  config.command = chosen(app);
  set_default_admin(config.admin_listen, config.directory);
  if (config.database.empty()) {
    config.database = "sqlite:" + (config.directory / "gateway.db").string();
  }
  TRY(check_first_enrollment(config.enroll_first, config.enroll));
  CHECK_OR_FAIL(config.enroll.bin.empty() || is_bin(config.enroll.bin),
                ErrorCode::invalid_argument, "--bin must be six digits");
  if (config.enroll.hosts.empty()) config.enroll.hosts = {"localhost", "127.0.0.1"};
  CHECK_OR_FAIL(config.command != Command::serve || config.acquirer || !config.cards.empty(),
                ErrorCode::invalid_argument,
                "serve needs a bank: --cards for the embedded one, or --acquirer tcp://host:port");
  CHECK_OR_FAIL(config.message_of_day.size() <= kMaxMessageOfDay &&
                    config.customer_service.size() <= kMaxPhone,
                ErrorCode::invalid_argument,
                "--message-of-day has at most 128 octets, --customer-service at most 20");
  CHECK_OR_FAIL(config.acquirer_timeout > Duration::zero(), ErrorCode::invalid_argument,
                "--acquirer-timeout must be more than 0");
  return config;
}

Result<void> make_gateway_keys(const std::filesystem::path& directory, const KeyLock& lock,
                               Rng& rng) {
  auto file = TRY(KeyFile::open(key_file_of(directory), lock));
  const auto names = file.names();
  const auto missing = [&](std::string_view name) {
    return std::ranges::find(names, name) == names.end();
  };
  if (missing(kTokenEntry)) {
    TRY(file.put(kTokenEntry, rng.secret(kTokenKeyBytes).reveal(), rng));
  }
  if (missing(kCardIndexEntry)) {
    TRY(file.put(kCardIndexEntry, rng.secret(kCardIndexKeyBytes).reveal(), rng));
  }
  return {};
}

Result<GatewayKeys> load_gateway_keys(const std::filesystem::path& directory, const KeyLock& lock) {
  const auto file = TRY(KeyFile::open(key_file_of(directory), lock));
  auto token = file.get(kTokenEntry);
  auto card_index = file.get(kCardIndexEntry);
  CHECK_OR_FAIL(token && card_index, ErrorCode::bad_config,
                key_file_of(directory).string() +
                    " lacks the gateway's own keys: run set-gateway enroll again");
  CHECK_OR_FAIL(token->size() == kTokenKeyBytes && card_index->size() == kCardIndexKeyBytes,
                ErrorCode::bad_config,
                key_file_of(directory).string() + " holds gateway keys of a wrong size");
  return GatewayKeys{*std::move(token), *std::move(card_index)};
}

}  // namespace set::gateway
