#include "ca/doctor_command.h"

#include "ca/publication.h"
#include "ca/schema.h"
#include "common/daemon/doctor.h"

namespace set::ca {
namespace {

/// What `serve` loads before it listens; none after a bad finding.
std::optional<LoadedCa> examine_directory(Examination& examination, const Config& config,
                                          Instant now) {
  const auto settings = load_settings(config.dir);
  if (!settings) {
    examination.bad("identity", settings.error(), "make a CA with init, or correct --dir");
    return std::nullopt;
  }
  examination.good("identity", "CA of " + settings->brand + " in " + config.dir.string());
  const auto access = examine_keys(examination, config.dir / "keys.set", config.keys);
  if (!access) return std::nullopt;
  auto ca = load_ca(config.dir, access->lock(), now);
  if (!ca) {
    examination.bad("identity", ca.error(), "take the directory from a backup");
    return std::nullopt;
  }
  examination.good("identity", "each key belongs to its certificate");
  return std::move(*ca);
}

/// What `serve` gives out. The database has our schema.
void examine_published(Examination& examination, const Config& config, const LoadedCa& ca,
                       Instant now) {
  const std::string fix = "`serve` publishes them, and `crl publish` does at once; see its log";
  auto database = Database::open(config.database, DatabaseUse::command);
  if (!database) return examination.bad("revocations", database.error(), fix);
  RevocationStore store(*database);
  const auto adopted = adopt_published(ca, store, now);
  if (!adopted) return examination.bad("revocations", adopted.error(), fix);
  examine_known_revocations(examination, *ca.party->trust, now, fix);
}

}  // namespace

Result<void> run_doctor(const Config& config) {
  const auto clock = system_clock();
  const auto now = clock();
  Examination examination;
  const auto ca = examine_directory(examination, config, now);
  const bool usable = examine_database(examination, config.database, kMigrations.back().number);
  examine_daemon(examination, config.admin_listen.str());
  if (!ca) return examination.report(config.common.json);

  const auto& party = *ca->party;
  examine_trust(examination, *party.trust);
  if (usable) examine_published(examination, config, *ca, now);
  examine_chain(examination, "message signature", party.signature.value(), *party.trust, now);
  examine_chain(examination, "key exchange", party.key_exchange.value(), *party.trust, now);
  const auto& brand = party.signature->issuers;
  for (const auto* authority : {&ca->authorities.cca, &ca->authorities.mca, &ca->authorities.pca}) {
    examine_chain(examination, "authority", {authority->certificate, brand}, *party.trust, now);
  }
  if (config.address.empty()) {
    examination.note("ca", "not asked: give --address HOST:PORT, as others reach it");
  } else {
    const Examiner anybody{party.trust, nullptr, ca->settings.brand, clock};
    examine_peer(examination, anybody, PartyRole::ca, config.address);
  }
  return examination.report(config.common.json);
}

}  // namespace set::ca
