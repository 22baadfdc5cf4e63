#include "deploy/sandbox/config.h"

namespace set::bank {
namespace {

constexpr std::string_view kExamples =
    R"(  set-bank serve --dir bank --listen 127.0.0.1:7900 --cards deploy/sandbox/cards.toml
  set-bank serve --dir bank --listen 127.0.0.1:7900 --cards deploy/sandbox/cards.toml \
    --scenario deploy/sandbox/scenarios/silent.toml
  set-bank report --dir bank --json
  set-bank reset --dir bank
)";

void add_serve(CLI::App& app, Config& config) {
  auto& serve = *app.add_subcommand("serve", "Speak ISO 8583 to gateways and CAs until SIGTERM");
  add_parsed(serve, "--listen", config.listen, ListenAddress::parse, "host:port, port 0 for any")
      ->required();
  serve.add_option("--cards", config.cards, "The cards and their limits (TOML)")->required();
  serve.add_option("--scenario", config.scenario, "What to do out of the ordinary (TOML)");
  serve.add_option("--ready-file", config.ready_file, "Gets the address once it answers");
  serve.add_option("--seed", config.seed,
                   "The same seed and requests give the same approval codes; default 0");
  add_parsed(serve, "--slow", config.slow, parse_duration,
             "How long a slow card takes; default 2s");
  add_parsed(serve, "--hold-lifetime", config.hold_lifetime, parse_duration,
             "How long a hold lasts; default 7d");
}

Command chosen(const CLI::App& app) {
  if (app.got_subcommand("accounts")) return Command::accounts;
  if (app.got_subcommand("entries")) return Command::entries;
  if (app.got_subcommand("report")) return Command::report;
  return app.got_subcommand("reset") ? Command::reset : Command::serve;
}

}  // namespace

Result<Config> Config::parse(int argc, const char* const* argv) {
  Config config;
  CLI::App app("A simulated bank network of public test cards; nobody is paid", "set-bank");
  add_common_options(app, config.common, kExamples);
  app.require_subcommand(1);
  app.add_option("--dir", config.directory, "Directory with the bank's key and database")
      ->required();
  add_serve(app, config);
  app.add_subcommand("accounts", "Each card's limit, and what is held and captured of it");
  app.add_subcommand("entries", "Every capture, credit and reversal, oldest first");
  app.add_subcommand("report", "The sums of each merchant's batches");
  app.add_subcommand("reset", "Forget all holds and entries");
  TRY(set::parse(app, config.common, argc, argv));
  config.command = chosen(app);
  return config;
}

}  // namespace set::bank
