#include "gateway/config.h"

#include <algorithm>

#include "common/crypto/key_file.h"
#include "gateway/cap_token.h"

namespace set::gateway {
namespace {

constexpr std::string_view kTokenEntry = "token";
constexpr std::string_view kCardIndexEntry = "card-index";
constexpr std::size_t kCardIndexKeyBytes = 48;

constexpr std::string_view kExamples =
    R"(  set-gateway enroll --dir gw --ca localhost:7701 --trust http://localhost:7702/trust.pem \
    --root-fingerprint HEX --token-file token --bin 400000 --id gateway-1 --host localhost
  set-gateway serve --dir gw --listen 127.0.0.1:7711 --cards cards.toml --passphrase-file pass
  set-gateway payments list --dir gw --json
  set-gateway healthcheck --dir gw
)";

void add_enroll(CLI::App& app, Config& config) {
  auto& enroll = *app.add_subcommand("enroll", "Get this gateway's certificates from the CA");
  enroll.add_option("--ca", config.ca, "The CA, host:port")->required();
  add_trust_options(enroll, config.trust);
  enroll.add_option("--token-file", config.token_file, "File with the CA's enrolment token")
      ->required();
  enroll.add_option("--bin", config.bin, "The acquirer's BIN, 6 digits")->required();
  enroll.add_option("--id", config.id, "This gateway's id, 1 to 30 characters")->required();
  enroll.add_option("--host", config.hosts, "A name or address for its TLS certificate");
}

void add_serve(CLI::App& app, Config& config) {
  auto& serve = *app.add_subcommand("serve", "Answer merchants until SIGTERM");
  add_parsed<ListenAddress>(serve, "--listen", config.listen, ListenAddress::parse,
                            "host:port, port 0 for any")
      ->required();
  serve.add_option("--ready-file", config.ready_file, "Gets the address once it answers");
  serve.add_option("--cards", config.cards, "The sandbox acquirer's cards")->required();
  add_parsed<Duration>(serve, "--acquirer-timeout", config.acquirer_timeout, parse_duration,
                       "How long to wait for the acquirer, such as 5s");
  serve.add_flag("--no-capture-now", config.no_capture_now,
                 "Authorise only; sales are answered captureNotSupported");
}

void add_payments(CLI::App& app, Config& config) {
  auto& payments = *app.add_subcommand("payments", "What was authorised");
  payments.require_subcommand(1);
  auto& list = *payments.add_subcommand("list", "Newest first");
  list.add_option("--limit", config.at_most, "At most so many")->check(CLI::Range(1, 100'000));
  auto& show = *payments.add_subcommand("show", "One purchase");
  show.add_option("xid", config.xid, "Its XID, 40 hex digits")->required();
}

Command chosen(const CLI::App& app) {
  if (app.got_subcommand("enroll")) return Command::enroll;
  if (app.got_subcommand("serve")) return Command::serve;
  if (app.got_subcommand("healthcheck")) return Command::healthcheck;
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
  add_passphrase_options(app, config.passphrase);
  add_enroll(app, config);
  add_serve(app, config);
  add_payments(app, config);
  app.add_subcommand("healthcheck", "0 if the daemon of this directory serves, 1 otherwise");
  TRY(set::parse(app, config.common, argc, argv));
  config.command = chosen(app);
  if (config.database.empty()) {
    config.database = "sqlite:" + (config.directory / "gateway.db").string();
  }
  CHECK_OR_FAIL(config.command != Command::enroll || is_bin(config.bin),
                ErrorCode::invalid_argument, "--bin must be six digits");
  CHECK_OR_FAIL(config.acquirer_timeout > Duration::zero(), ErrorCode::invalid_argument,
                "--acquirer-timeout must be more than 0");
  return config;
}

std::string Config::health_address() const {
  return "unix:" + (directory / "health.sock").string();
}

Result<void> make_gateway_keys(const std::filesystem::path& directory, const Passphrase& passphrase,
                               Rng& rng) {
  auto file = TRY(KeyFile::open(key_file_of(directory), passphrase));
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

Result<GatewayKeys> load_gateway_keys(const std::filesystem::path& directory,
                                      const Passphrase& passphrase) {
  const auto file = TRY(KeyFile::open(key_file_of(directory), passphrase));
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
