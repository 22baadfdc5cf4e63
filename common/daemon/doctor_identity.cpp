#include <algorithm>

#include "common/crypto/key_file.h"
#include "common/daemon/doctor.h"
#include "common/daemon/files.h"
#include "common/daemon/healthcheck.h"
#include "common/daemon/revocation_file.h"
#include "common/store/database.h"

namespace set {
namespace {

namespace fs = std::filesystem;

std::string validity(Instant from, Instant until) {
  return "valid " + to_string(from) + " to " + to_string(until);
}

std::string text_of(const Certificate& certificate) {
  std::string role;
  for (const auto each : certificate.roles())
    role += (role.empty() ? "" : "+") + std::string(to_string(each));
  const auto& name = certificate.common_name().empty() ? certificate.organizational_unit()
                                                       : certificate.common_name();
  const auto party = party_name(certificate);
  const bool entity = party && party->role != PartyRole::ca;
  return role + " \"" + name + "\"" + (entity ? " " + party->name : "") + " of " +
         certificate.brand() + ", " + validity(certificate.not_before(), certificate.not_after()) +
         ", thumbprint " + certificate.thumbprint().hex();
}

std::string text_of(const TlsCertificateFacts& facts) {
  return facts.organizational_unit + " " + facts.common_name + " of " + facts.organization + ", " +
         validity(facts.not_before, facts.not_after) + ", fingerprint " + facts.fingerprint_hex;
}

std::string fix_of_chain(ErrorCode code) {
  if (code == ErrorCode::expired_certificate)
    return "compare the dates with the right time; renew what has expired";
  if (code == ErrorCode::revoked_certificate) return "enrol again with new keys and a new token";
  if (code == ErrorCode::missing_certificate)
    return "it is another CA's, or its issuers are missing: compare the root fingerprints";
  return "this is not what its place asks for: enrol again";
}

std::optional<Trust> read_trust(Examination& examination, const fs::path& file, Instant now) {
  const auto pem = read_text_file(file);
  if (!pem) {
    examination.bad("trust", pem.error(), "enrol first, or correct --dir");
    return std::nullopt;
  }
  auto trust = Trust::parse(*pem, "", now);
  if (!trust) {
    examination.bad("trust", {trust.error().code, file.string() + ": " + trust.error().detail},
                    "take the CA's trust.pem anew and compare its root fingerprint");
    return std::nullopt;
  }
  return std::move(*trust);
}

void examine_chain_file(Examination& examination, const fs::path& file, const Trust& trust,
                        Instant now) {
  const auto name = file.filename().string();
  const auto pem = read_text_file(file);
  if (!pem) return examination.bad(name, pem.error(), "enrol first, or correct --dir");
  const auto chain = parse_chain_pem(*pem, file.string());
  if (!chain) return examination.bad(name, chain.error(), "take it from a backup, or enrol again");
  examine_chain(examination, name, *chain, trust, now);
}

void examine_tls_file(Examination& examination, const fs::path& file) {
  const auto pem = read_text_file(file);
  if (!pem) return examination.bad("tls.pem", pem.error(), "enrol first, or correct --dir");
  const auto facts = tls_certificate_facts(*pem);
  if (!facts) return examination.bad("tls.pem", facts.error(), "enrol again");
  examination.note("tls.pem", text_of(*facts));
}

}  // namespace

std::optional<KeyAccess> examine_keys(Examination& examination, const fs::path& file,
                                      const KeySource& source) {
  std::error_code error;
  if (!fs::exists(file, error)) {
    examination.bad("keys", {ErrorCode::bad_config, "there is no " + file.string()},
                    "make it first (enroll, init or serve), or correct --dir");
    return std::nullopt;
  }
  auto access = KeyAccess::read(source, file);
  if (!access) {
    examination.bad("keys", access.error(),
                    source.token.module.empty() ? "give --passphrase-file FILE, of mode 0600"
                                                : "look at the token with `set-ca hsm doctor`");
    return std::nullopt;
  }
  const auto keys = KeyFile::open(file, access->lock());
  if (!keys) {
    const bool wrong = keys.error().code == ErrorCode::wrong_passphrase;
    examination.bad("keys", keys.error(),
                    wrong ? "give the passphrase that this key file was made with"
                          : "chmod 600 " + file.string() + ", or take it from a backup");
    return std::nullopt;
  }
  std::string names;
  for (const auto& name : keys->names()) names += " " + name;
  examination.good("keys", file.string() + " opens, and holds" + names);
  return std::move(*access);
}

void examine_trust(Examination& examination, const Trust& trust) {
  const auto& root = trust.root();
  examination.good("trust", "SET root, fingerprint " + root.thumbprint().hex() + ", " +
                                validity(root.not_before(), root.not_after()));
  const auto transport = tls_certificate_facts(trust.transport_root_pem());
  if (!transport) return examination.bad("trust", transport.error(), "take trust.pem anew");
  examination.good("trust", "transport root, fingerprint " + transport->fingerprint_hex + ", " +
                                validity(transport->not_before, transport->not_after));
}

void examine_known_revocations(Examination& examination, const Trust& trust, Instant now,
                               const std::string& fix) {
  const auto brands = trust.revocation().all();
  if (brands.empty()) return examination.note("revocations", "none known yet: " + fix);
  for (const auto& [brand, known] : brands) {
    auto says = brand + ", BCI " + std::to_string(known->sequence_num) + " " +
                validity(known->not_before, known->not_after);
    auto fresh_until = known->not_after;
    for (const auto& crl : known->crls) {
      says += ", CRL " + std::to_string(crl.number()) + " with " + std::to_string(crl.size()) +
              " entries until " + to_string(crl.next_update());
      fresh_until = std::min(fresh_until, crl.next_update());
    }
    if (now <= fresh_until) {
      examination.good("revocations", says);
    } else {
      examination.bad("revocations", {ErrorCode::peer_unavailable, "out of date: " + says}, fix);
    }
  }
}

void examine_revocations(Examination& examination, const fs::path& file, const Trust& trust,
                         Instant now) {
  const std::string fix = "is the CA reached at --ca, and does it serve? `serve` fetches the lists";
  const auto kept = load_revocations(file, trust, now);
  if (!kept) return examination.bad("revocations", kept.error(), fix);
  examine_known_revocations(examination, trust, now, fix);
}

void examine_chain(Examination& examination, const std::string& about, const Chain& chain,
                   const Trust& trust, Instant now) {
  for (const auto& issuer : chain.issuers) {
    examination.note(about, "above it: " + text_of(issuer));
  }
  const auto roles = chain.leaf.roles();
  const Expected expected{
      .role = roles.front(), .use = chain.leaf.key_use(), .brand = chain.leaf.brand()};
  const auto verified = trust.verify(chain.leaf, chain.issuers, expected, now);
  if (verified) return examination.good(about, text_of(chain.leaf));
  examination.note(about, text_of(chain.leaf));
  examination.bad(about, verified.error(), fix_of_chain(verified.error().code));
}

std::optional<Identity> examine_identity(Examination& examination, const fs::path& directory,
                                         const KeySource& source, Instant now) {
  const auto is_private = check_private_directory(directory);
  examination.check("identity", is_private, directory.string() + " is private",
                    "chmod 700 " + directory.string() + ", or correct --dir");
  if (!is_private) return std::nullopt;
  const auto trust = read_trust(examination, directory / "trust.pem", now);
  if (trust) {
    examine_trust(examination, *trust);
    examine_revocations(examination, directory / kRevocationFile, *trust, now);
    examine_chain_file(examination, directory / "signature.pem", *trust, now);
    examine_chain_file(examination, directory / "key-exchange.pem", *trust, now);
  }
  examine_tls_file(examination, directory / "tls.pem");
  const auto access = examine_keys(examination, directory / "keys.set", source);
  if (!access) return std::nullopt;
  auto identity = Identity::load(directory, access->lock(), now);
  if (identity) {
    examination.good("identity", "each key belongs to its certificate");
    // What is known of revocations counts for peers too; a bad file has been spoken of.
    [[maybe_unused]] const auto known =
        keep_revocations(directory / kRevocationFile, *identity->party->trust, now);
    return std::move(*identity);
  }
  if (examination.all_good()) {  // what it says of a chain has been said above
    const bool dates = identity.error().code == ErrorCode::expired_certificate;
    examination.bad("identity", identity.error(),
                    dates ? "renew it, or enrol again" : "enrol again, or take a backup");
  }
  return std::nullopt;
}

void examine_daemon(Examination& examination, const std::string& admin_address) {
  const auto healthy = healthcheck(admin_address, nullptr);
  if (healthy) return examination.good("daemon", "serves, says " + admin_address);
  examination.note("daemon", "does not serve now: " + healthy.error().detail);
}

namespace {

// What of a PostgreSQL server matters to whoever trusts it with money. False: it cannot be asked.
bool examine_server(Examination& examination, Database& database) {
  const auto server = database.in_transaction("doctor:server", [](Transaction& t) {
    return t.query_one(
        "SELECT current_setting('server_version'), current_setting('fsync'), COALESCE((SELECT "
        "version FROM pg_stat_ssl WHERE pid = pg_backend_pid()), '')");
  });
  if (!server) {
    examination.bad("database", server.error(), "is the server up, and does it have room?");
    return false;
  }
  const Row& row = **server;
  examination.note("database", "PostgreSQL " + row.text(0) + ", " +
                                   (row.text(2).empty() ? "without TLS" : row.text(2)));
  if (row.text(1) != "on") {
    examination.bad("database",
                    {ErrorCode::bad_config,
                     "its fsync is off: a power cut would lose what was committed"},
                    "set fsync = on in postgresql.conf");
  }
  return true;
}

}  // namespace

bool examine_database(Examination& examination, std::string_view url, int newest_schema) {
  constexpr std::string_view kSqlite = "sqlite:";
  const std::string about = "database";
  std::error_code error;
  const bool is_file = url.starts_with(kSqlite);
  if (is_file && !fs::exists(url.substr(kSqlite.size()), error)) {
    examination.note(about, std::string(url) + " is not there yet: it is made when needed");
    return false;
  }
  auto database = Database::open(url, DatabaseUse::command);
  if (!database) {
    examination.bad(about, database.error(),
                    is_file ? "chmod 600 it, or correct --database"
                            : "start the server, or correct --database");
    return false;
  }
  if (!is_file && !examine_server(examination, *database)) return false;
  const auto number =
      database->in_transaction("doctor:schema", [](Transaction& t) -> Result<std::int64_t> {
        const auto row = TRY(t.query_one("SELECT COALESCE(MAX(number), 0) FROM schema_version"));
        return row->integer(0);
      });
  if (!number) {
    const bool foreign = number.error().code == ErrorCode::internal;
    examination.bad(
        about,
        foreign ? Error{ErrorCode::bad_config, std::string(url) + " has no schema of ours"}
                : number.error(),
        foreign ? "correct --database" : "does another program hold it locked, is the disk full?");
    return false;
  }
  if (*number > newest_schema) {
    examination.bad(about,
                    {ErrorCode::bad_config, "its schema " + std::to_string(*number) +
                                                " is newer than this program's " +
                                                std::to_string(newest_schema)},
                    "run the program's newer version, or take the backup from before");
    return false;
  }
  examination.good(about, std::string(url) + ", schema " + std::to_string(*number) +
                              (*number < newest_schema ? ", brought up to date by `serve`" : ""));
  return *number == newest_schema;
}

}  // namespace set
