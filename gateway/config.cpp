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
  set-gateway payments list --dir gw --json
  set-gateway payments show XID --dir gw
  set-gateway batch list --dir gw --json
  set-gateway batch close shop-1 20261122 --dir gw
  set-gateway healthcheck --dir gw
)";

void add_enroll(CLI::App& app, Config& config) {
  auto& enroll = *app.add_subcommand("enroll", "Get this gateway's certificates from the CA");
  enroll.add_option("--ca", config.ca, "The CA, host:port")->required();
  add_trust_options(enroll, config.trust);
  enroll.add_option(
      "--token-file", config.token_file,
      "File with the CA's enrolment token; left out where its operator decides later");
  add_enrollment_flags(enroll, config.enrollment);
  enroll.add_option("--bin", config.bin, "The acquirer's BIN, 6 digits")->required();
  enroll.add_option("--id", config.id, "This gateway's id, 1 to 30 characters")->required();
  enroll.add_option("--host", config.hosts, "A name or address for its TLS certificate");
}

void add_serve(CLI::App& app, Config& config) {
  auto& serve = *app.add_subcommand("serve", "Answer merchants until SIGTERM");
  add_parsed(serve, "--listen", config.listen, ListenAddress::parse, "host:port, port 0 for any")
      ->required();
  serve.add_option("--ready-file", config.ready_file, "Gets the address once it answers");
  add_parsed(serve, "--trust-every", config.trust_every, parse_duration,
             "How often to look for a new root at the CA, such as 10m");
  add_ca_option(serve, config.ca);
  auto* cards =
      serve.add_option("--cards", config.cards, "Cards of the sandbox acquirer, embedded here");
  add_parsed(serve, "--acquirer", config.acquirer, iso8583::BankAddress::parse,
             "A bank that speaks ISO 8583, tcp://host:port")
      ->excludes(cards);
  add_parsed(serve, "--acquirer-timeout", config.acquirer_timeout, parse_duration,
             "How long to wait for the acquirer, such as 5s");
  serve.add_flag("--no-capture-now", config.no_capture_now,
                 "Authorise only; sales are answered captureNotSupported");
  serve.add_flag("--close-batches-daily", config.close_batches_daily,
                 "Close each merchant's batch when its day (UTC) is over");
  serve.add_option("--message-of-day", config.message_of_day,
                   "Told to cardholders with an approval, at most 128 octets");
  serve.add_option("--customer-service", config.customer_service,
                   "Telephone number told to cardholders who were not approved");
  add_revocation_options(serve, config.revocation);
}

void add_doctor(CLI::App& app, Config& config) {
  auto& doctor = *app.add_subcommand(
      "doctor", "Examine keys, certificates, database and peers, and say what to do");
  doctor.add_option("--ca", config.ca, "The CA, host:port (default: where it was enrolled)");
}

void add_payments(CLI::App& app, Config& config) {
  auto& payments = *app.add_subcommand("payments", "What was authorised");
  payments.require_subcommand(1);
  auto& list = *payments.add_subcommand("list", "Newest first");
  list.add_option("--limit", config.at_most, "At most so many")->check(CLI::Range(1, 100'000));
  auto& show = *payments.add_subcommand("show", "One purchase");
  show.add_option("xid", config.xid, "Its XID, 40 hex digits")->required();
}

void add_batch(CLI::App& app, Config& config) {
  auto& batch = *app.add_subcommand("batch", "Merchants' batches of captures and credits");
  batch.require_subcommand(1);
  auto& list = *batch.add_subcommand("list", "Newest first");
  list.add_option("--limit", config.at_most, "At most so many")->check(CLI::Range(1, 100'000));
  const auto add_names = [&](CLI::App& command) {
    command.add_option("merchant", config.merchant_id, "The merchant's ID")->required();
    command.add_option("batch", config.batch_id, "The BatchID")->required();
  };
  add_names(*batch.add_subcommand("show", "One batch with its items"));
  add_names(*batch.add_subcommand(
      "close", "Take no more items; a running daemon then asks the acquirer for its totals"));
}

Command chosen(const CLI::App& app) {
  if (app.got_subcommand("enroll")) return Command::enroll;
  if (app.got_subcommand("serve")) return Command::serve;
  if (app.got_subcommand("healthcheck")) return Command::healthcheck;
  if (app.got_subcommand("doctor")) return Command::doctor;
  if (app.got_subcommand("renew")) return Command::renew;
  if (app.got_subcommand("needs-renewal")) return Command::needs_renewal;
  if (app.got_subcommand("batch")) {
    const auto& batch = *app.get_subcommand("batch");
    if (batch.got_subcommand("list")) return Command::batch_list;
    return batch.got_subcommand("show") ? Command::batch_show : Command::batch_close;
  }
  return app.get_subcommand("payments")->got_subcommand("list") ? Command::payments_list
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
  CLI::App app("The payment gateway: authorises what cardholder and merchant agreed on",
               "set-gateway");
  add_common_options(app, config.common, kExamples);
  app.require_subcommand(1);
  app.add_option("--dir", config.directory, "Directory with keys, certificates and database")
      ->required();
  app.add_option("--database", config.database, "sqlite:FILE; by itself DIR/gateway.db");
  add_key_options(app, config.keys);
  add_admin_option(app, config.admin_listen);
  add_enroll(app, config);
  add_serve(app, config);
  add_renew_options(*app.add_subcommand("renew", "Renew what is due; `serve` does so by itself"),
                    config.renew);
  app.add_subcommand("needs-renewal", "Print the dates; exit code 0 if a renewal is due, 1 if not");
  add_payments(app, config);
  add_batch(app, config);
  add_doctor(app, config);
  app.add_subcommand("healthcheck", "0 if the daemon of this directory serves, 1 otherwise");
  TRY(set::parse(app, config.common, argc, argv));
  config.command = chosen(app);
  set_default_admin(config.admin_listen, config.directory);
  if (config.database.empty()) {
    config.database = "sqlite:" + (config.directory / "gateway.db").string();
  }
  CHECK_OR_FAIL(config.command != Command::enroll || is_bin(config.bin),
                ErrorCode::invalid_argument, "--bin must be six digits");
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
