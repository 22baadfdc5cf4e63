#include "gateway/doctor_command.h"

#include "common/daemon/doctor.h"
#include "gateway/schema.h"

namespace set::gateway {

Result<void> run_doctor(const Config& config) {
  const auto clock = system_clock();
  Examination examination;
  const auto identity = examine_identity(examination, config.directory, config.keys, clock());
  examine_database(examination, config.database, kMigrations.back().number);
  examine_daemon(examination, config.admin_listen.str());
  if (!identity) return examination.report(config.common.json);

  const auto& party = *identity->party;
  const Examiner self{party.trust, &identity->tls, party.signature.value().leaf.brand(), clock};
  const auto ca = renewal_ca(config.enroll.ca, config.directory);
  if (ca.empty()) {
    examination.note("ca", "not asked: give --ca HOST:PORT, as enroll had it");
  } else {
    examine_peer(examination, self, PartyRole::ca, ca);
  }
  return examination.report(config.common.json);
}

}  // namespace set::gateway
