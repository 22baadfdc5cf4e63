// set-bank is a simulation: the bank network behind gateway and CA, for tests and demonstrations.
#include <cstdio>

#include "common/base/log.h"
#include "common/crypto/random.h"
#include "common/daemon/files.h"
#include "common/daemon/observation.h"
#include "common/daemon/healthcheck.h"
#include "common/daemon/reload.h"
#include "common/daemon/run.h"
#include "common/daemon/stop.h"
#include "deploy/sandbox/config.h"
#include "deploy/sandbox/report.h"
#include "deploy/sandbox/schema.h"
#include "deploy/sandbox/service.h"

namespace set::bank {
namespace {

constexpr std::size_t kKeyBytes = 48;

void print(const std::string& text) { std::fputs(text.c_str(), stdout); }

/// Hides card numbers in the database; made once.
Result<SecretBytes> load_key(const std::filesystem::path& directory) {
  const auto path = directory / "bank.key";
  if (!std::filesystem::exists(path)) {
    TRY(write_file_atomically(path, Rng::system().secret(kKeyBytes).reveal()));
  }
  TRY(check_private_file(path));
  const auto bytes = TRY(read_file(path, kKeyBytes + 1));
  CHECK_OR_FAIL(bytes.size() == kKeyBytes, ErrorCode::bad_config,
                path.string() + " is no key of a bank");
  return SecretBytes::copy_of(bytes);
}

Result<Database> open_database(const Config& config, DatabaseUse use) {
  CHECK_OR_FAIL(use == DatabaseUse::daemon || std::filesystem::exists(config.directory / "bank.db"),
                ErrorCode::bad_config,
                config.directory.string() + " is no bank's directory: run set-bank serve");
  auto database = TRY(Database::open(config.database_url(), use));
  TRY(database.migrate(kMigrations));
  return database;
}

Result<void> serve(const Config& config) {
  const auto cards = TRY(CardFile::load(config.cards));
  std::vector<Rule> rules;
  if (!config.scenario.empty()) rules = TRY(Script::load(config.scenario));
  TRY(make_private_directory(config.directory));
  const auto key = TRY(load_key(config.directory));
  auto database = TRY(open_database(config, DatabaseUse::daemon));
  Bank bank(database, cards, key, config.seed, config.hold_lifetime, system_clock());
  TRY(bank.open_accounts());
  const auto observation = TRY(Observation::start("set-bank", config.metrics, system_clock()));
  observation->watch(database);
  Script script(std::move(rules));
  const auto service = TRY(Service::start(config.listen, bank, script, config.slow));
  std::vector<Server> servers;
  servers.push_back(TRY(Server::start_admin(config.admin_listen)));
  expect_stop();
  if (!config.ready_file.empty()) {
    TRY(write_file_atomically(config.ready_file, std::string_view(service->address() + "\n"),
                              0644));
  }
  log_info("a simulated bank serves", LogWord{"address", service->address()});
  const Reloader<Config> reloader(config, {});
  const auto served = set::serve(std::move(servers), {}, observation->readiness());
  std::error_code ignored;
  if (!config.ready_file.empty()) std::filesystem::remove(config.ready_file, ignored);
  return served;
}

Result<nlohmann::json> shown(const Config& config, Database& database) {
  if (config.command == Command::accounts) return accounts_json(database, system_clock()());
  const auto most = config.limit.to_fetch();
  auto rows = TRY(config.command == Command::entries ? entries_json(database, most)
                                                     : batches_json(database, most));
  if (!rows.empty() && config.limit.is_full(rows.size() - 1)) {
    rows.erase(rows.size() - 1);
    say_rows_left_out(config.limit);
  }
  return rows;
}

Result<void> run_command(const Config& config) {
  if (config.common.instead) return config.common.instead();
  if (config.command == Command::serve) return serve(config);
  if (config.command == Command::healthcheck)
    return healthcheck(config.admin_listen.str(), nullptr);
  auto database = TRY(open_database(config, DatabaseUse::command));
  if (config.command == Command::reset) {
    TRY(reset(database));
    print(config.common.json ? "{\"reset\":true}\n" : "holds and entries are forgotten\n");
    return {};
  }
  const auto books = TRY(shown(config, database));
  print(config.common.json ? books.dump() + "\n" : table_of(books));
  return {};
}

}  // namespace
}  // namespace set::bank

int main(int argc, char** argv) {
  return set::run("set-bank", [&]() -> set::Result<void> {
    const auto config = TRY(set::bank::Config::parse(argc, argv));
    return set::bank::run_command(config);
  });
}
