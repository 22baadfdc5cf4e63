#include "common/enrollment/renewal_command.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "common/base/log.h"
#include "common/daemon/files.h"
#include "common/daemon/terminal.h"
#include "common/enrollment/renewal.h"
#include "common/enrollment/renewer.h"

namespace set {
namespace {

namespace fs = std::filesystem;

/// From the certificates alone: no passphrase is needed to look at dates.
Result<RenewalPlan> plan_of(const fs::path& directory) {
  const auto chain = [&](const char* name) -> Result<Chain> {
    const auto file = directory / name;
    return parse_chain_pem(TRY(read_text_file(file)), file.string());
  };
  Party party{
      .trust = nullptr, .signer = nullptr, .signature = {}, .kem = nullptr, .key_exchange = {}};
  party.signature = TRY(chain("signature.pem"));
  party.key_exchange = TRY(chain("key-exchange.pem"));
  TlsIdentity tls;
  tls.chain_pem = TRY(read_text_file(directory / "tls.pem"));
  return renewal_plan(party, tls);
}

void show(const RenewalPlan& plan, bool json) {
  struct Line {
    const char* name;
    Instant until, due;
  };
  const Line lines[] = {{"signature", plan.signature_until, plan.signature_due},
                        {"key_exchange", plan.key_exchange_until, plan.key_exchange_due},
                        {"tls", plan.tls_until, plan.tls_due}};
  nlohmann::ordered_json out;
  for (const auto& line : lines) {
    out[line.name] = {{"not_after", to_string(line.until)}, {"renew_from", to_string(line.due)}};
    if (!json) {
      fmt::print("{:<13} until {}  renewed from {}\n", line.name, to_string(line.until),
                 to_string(line.due));
    }
  }
  if (json) fmt::print("{}\n", out.dump());
}

}  // namespace

void add_ca_option(CLI::App& app, std::string& ca) {
  app.add_option("--ca", ca, 
                 "The CA that renews and says what is revoked, such as ca.example:7701; default: "
                 "where it was enrolled");
}

void add_renew_options(CLI::App& app, RenewOptions& options) {
  add_ca_option(app, options.ca);
  app.add_flag("--force", options.force, "Also if nothing is due");
}

std::string renewal_ca(const std::string& ca, const fs::path& directory) {
  return ca.empty() ? ca_address_of(directory) : ca;
}

Result<void> run_renew(const fs::path& directory, const RenewOptions& options,
                       const KeySource& keys, bool json) {
  const auto clock = system_clock();
  const auto access = TRY(KeyAccess::read(keys, directory / "keys.set"));
  const auto identity = TRY(Identity::load(directory, access.lock(), clock(), EndedTls::allowed));
  const bool renewed = TRY(renew_what_is_due(renewal_ca(options.ca, directory), *identity.party,
                                             identity.tls, directory, access.lock(), options.force,
                                             clock, Rng::system()));
  if (!renewed && !json) say("nothing is due; --force renews all the same");
  show(TRY(plan_of(directory)), json);
  return {};
}

Result<void> run_needs_renewal(const fs::path& directory, bool json) {
  const auto plan = TRY(plan_of(directory));
  show(plan, json);
  const auto now = system_clock()();
  CHECK_OR_FAIL(plan.party_needs_it(now) || plan.tls_needs_it(now), ErrorCode::internal,
                "no renewal is due");
  return {};
}

Result<std::unique_ptr<LiveIdentity>> load_or_renew(const fs::path& directory,
                                                    std::shared_ptr<const KeyAccess> access,
                                                    const std::string& ca, const Clock& clock,
                                                    Rng& rng) {
  auto loaded = LiveIdentity::load(directory, access, clock);
  if (loaded || loaded.error().code != ErrorCode::expired_certificate || ca.empty()) return loaded;
  const auto ended = Identity::load(directory, access->lock(), clock(), EndedTls::allowed);
  if (!ended) return loaded;  // more than TLS has ended
  log_warning("the TLS certificate ended while nobody served: it is renewed first");
  TRY(renew_what_is_due(ca, *ended->party, ended->tls, directory, access->lock(), false, clock,
                        rng));
  return LiveIdentity::load(directory, std::move(access), clock);
}

}  // namespace set
