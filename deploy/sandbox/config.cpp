#include "deploy/sandbox/config.h"

#include "common/daemon/healthcheck.h"

namespace set::bank {
namespace {

constexpr std::string_view kExamples =
    R"(  set-bank serve --dir bank --listen 127.0.0.1:7900 --cards deploy/sandbox/cards.toml
  set-bank serve --dir bank --listen 127.0.0.1:7900 --cards deploy/sandbox/cards.toml \
    --scenario deploy/sandbox/scenarios/silent.toml
  set-bank account list --dir bank
  set-bank entry list --dir bank --limit 20
  set-bank batch list --dir bank --json
  set-bank reset --dir bank
  set-bank healthcheck --dir bank
)";

void add_serve(CLI::App& app, Config& config) {
  auto& serve = *app.add_subcommand("serve", "Speak ISO 8583 to gateways and CAs until SIGTERM");
  add_parsed(serve, "--listen", config.listen, ListenAddress::parse,
             "Where gateways and CAs connect to, host:port; port 0 for any");
  serve.add_option("--cards", config.cards, "The cards and their limits (TOML)")
      ->required()
      ->type_name(kFile);
  serve.add_option("--scenario", config.scenario, "What to do out of the ordinary (TOML)")
      ->type_name(kFile);
  serve.add_option("--ready-file", config.ready_file, "Gets the address once it answers")
      ->type_name(kNewFile);
  serve.add_option("--seed", config.seed, "The same seed and requests give the same approval codes");
  add_parsed(serve, "--slow", config.slow, parse_duration, "How long a slow card takes");
  add_parsed(serve, "--hold-lifetime", config.hold_lifetime, parse_duration,
             "How long a hold lasts");
  add_metrics_options(serve, config.metrics);
}

// A list, and how it was called before, which is not shown.
struct List {
  const char *noun, *about, *list_about, *before;
  Command command;
};
constexpr List kLists[] = {
    {"account", "The cards' accounts", "Each card's limit, and what is held and captured of it",
     "accounts", Command::accounts},
    {"entry", "What was booked", "Every capture, credit and reversal, newest first", "entries",
     Command::entries},
    {"batch", "Merchants' batches", "The sums of each merchant's batches", "report",
     Command::batches},
};

void add_lists(CLI::App& app, Config& config) {
  for (const auto& [noun, about, list_about, before, command] : kLists) {
    auto& named = *app.add_subcommand(noun, about);
    named.require_subcommand(1);
    auto& list = *named.add_subcommand("list", list_about);
    auto& former = *app.add_subcommand(before, list_about);
    former.group("");
    if (command == Command::accounts) continue;  // as many as there are cards
    add_limit_option(list, config.limit);
    add_limit_option(former, config.limit);
  }
}

Command chosen(const CLI::App& app) {
  for (const auto& list : kLists) {
    if (app.got_subcommand(list.noun) || app.got_subcommand(list.before)) return list.command;
  }
  if (app.got_subcommand("healthcheck")) return Command::healthcheck;
  return app.got_subcommand("reset") ? Command::reset : Command::serve;
}

}  // namespace

Result<Config> Config::parse(int argc, const char* const* argv) {
  Config config;
  config.listen = TRY(ListenAddress::parse("127.0.0.1:7900"));
  CLI::App app("A simulated bank network of public test cards; nobody is paid", "set-bank");
  add_common_options(app, config.common, kExamples);
  app.require_subcommand(1);
  app.add_option("--dir", config.directory, "Directory with the bank's key and database, such as /var/lib/set/bank")
      ->required()
      ->type_name(kDirectory);
  add_admin_option(app, config.admin_listen);
  add_serve(app, config);
  add_lists(app, config);
  app.add_subcommand("reset", "Forget all holds and entries");
  add_timeout_option(*app.add_subcommand("healthcheck", "Exit with 0 if the daemon serves, else 1"),
                     config.common.timeout);
  TRY(set::parse(app, config.common, argc, argv));
  set_default_admin(config.admin_listen, config.directory);
  config.command = chosen(app);
  return config;
}

}  // namespace set::bank
