#include "merchant/doctor_command.h"

#include "common/daemon/doctor.h"
#include "merchant/schema.h"
#include "merchant/store.h"
#include "merchant/webhook_store.h"

namespace set::merchant {
namespace {

/// What the last `serve` wrote down; empty if there was none. The database has our schema.
std::string setting(const Config& config, std::string_view name) {
  auto database = Database::open(config.database_url(), DatabaseUse::command);
  auto store = database ? Store::open(*database) : Result<Store>(failure(database.error()));
  if (!store) return "";
  return store->find_setting(name).value_or(std::nullopt).value_or("");
}

// Where events go, and whether they arrive.
void examine_webhooks(Examination& examination, const Config& config) {
  auto database = Database::open(config.database_url(), DatabaseUse::command);
  if (!database) return;  // examine_database() has said so
  const auto all = WebhookStore(*database).list();
  if (!all) return examination.bad("webhooks", all.error(), "look at the database");
  for (const auto& webhook : *all) {
    const auto about = "webhook " + webhook.id;
    if (!webhook.enabled) {
      examination.note(about, "disabled: " + webhook.disabled_why);
    } else if (webhook.failing_since) {
      examination.bad(
          about, {ErrorCode::peer_unavailable, "fails since " + to_string(*webhook.failing_since)},
          "set-merchant webhook deliveries " + webhook.id + " says why; mend its receiver");
    } else {
      examination.good(about, "nothing fails");
    }
  }
}

}  // namespace

Result<void> run_doctor(const Config& config) {
  const auto clock = system_clock();
  Examination examination;
  const auto identity = examine_identity(examination, config.dir, config.keys, clock());
  const bool usable =
      examine_database(examination, config.database_url(), kMigrations.back().number);
  examine_daemon(examination, config.admin_listen.str());
  if (usable) examine_webhooks(examination, config);
  if (!identity) return examination.report(config.common.json);

  const auto& party = *identity->party;
  Examiner self{party.trust, &identity->tls, party.signature.value().leaf.brand(), clock};
  auto gateway = config.doctor.gateway;
  if (gateway.empty() && usable) gateway = setting(config, kGatewayAddress);
  if (gateway.empty()) {
    examination.note("gateway", "not asked: give --gateway HOST:PORT, as serve has it");
  } else {
    examine_peer(examination, self, PartyRole::gateway, gateway);
  }
  const auto ca = renewal_ca(config.doctor.ca, config.dir);
  if (ca.empty()) {
    examination.note("ca", "not asked: give --ca HOST:PORT, as enroll had it");
  } else {
    examine_peer(examination, self, PartyRole::ca, ca);
  }
  const auto shop = usable ? setting(config, kPublicAddress) : "";
  self.tls = nullptr;  // as a wallet sees us
  if (!shop.empty()) examine_peer(examination, self, PartyRole::merchant, shop);
  return examination.report(config.common.json);
}

}  // namespace set::merchant
