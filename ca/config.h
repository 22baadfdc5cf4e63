// The command line of set-ca: init, ceremony, serve, token create, requests, certs, audit, evidence, revoke, crl,
// key, healthcheck.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "ca/ceremony_command.h"
#include "ca/key_command.h"
#include "ca/profile.h"
#include "ca/revoke_command.h"
#include "common/daemon/audit_command.h"
#include "common/daemon/evidence_command.h"
#include "common/daemon/metrics_http.h"
#include "common/daemon/options.h"
#include "common/daemon/server.h"
#include "common/iso8583/connection.h"

namespace set::ca {

enum class Command {
  init,
  serve,
  token_create,
  requests_list,
  requests_show,
  requests_approve,
  requests_reject,
  certs_list,
  certs_show,
  certs_lint,
  audit,
  evidence_verify,
  ceremony,
  key,
  revoke,
  crl_show,
  crl_publish,
  crl_import,
  healthcheck,
  doctor
};

struct Config {
  CommonOptions common;
  Command command = Command::serve;

  std::filesystem::path dir;
  std::string database;  ///< after parsing never empty: sqlite:DIR/ca.db by default
  KeySource keys;        ///< of keys.set

  // init
  std::string brand;
  std::vector<std::string> hosts;  ///< also of a token
  std::string public_url;
  std::string geopolitical;
  bool if_new = false;
  PassphraseSource root_passphrase;

  // serve
  ListenAddress listen, http_listen;
  std::vector<Network> balancers;
  ListenAddress admin_listen;  ///< also of healthcheck; after parsing never empty
  std::filesystem::path cards, ready_file, forms;
  std::vector<std::string> approval;  ///< "ROLE[:BIN]=POLICY"
  Duration ask_again = std::chrono::minutes(1);
  double requests_per_second = 50;
  std::int64_t sessions_per_address = 1000, pended_per_address = 20;
  MetricsOptions metrics;
  Lifetimes lifetimes;  ///< of the certificates that are issued
  std::optional<iso8583::BankAddress> bank;  ///< asked about cards in the card file's place
  Duration bank_timeout = std::chrono::seconds(5);

  RevocationOptions revocation;  // revoke, crl; the times also of serve

  // doctor
  std::string address;  ///< empty = not asked

  // token create
  std::filesystem::path token_file;  ///< empty: it is printed
  std::string role, name, bin, id, city;
  unsigned country = 0;
  Duration valid = std::chrono::hours(24);

  CeremonyOptions ceremony;
  KeyOptions key;  ///< also of hsm
  struct Requests {
    std::string id;
    bool all = false;
    ListLimit limit;
    std::string name, city;  ///< of a merchant or gateway without a token
    unsigned country = 0;
    bool replace = false;  ///< an id that has certificates already
    std::string as = "ca";  ///< who rejects: ca, issuer or acquirer
    std::string reason;
  } requests;
  struct Certs {
    std::string role, brand, party, state;
    Duration expiring_within{};  ///< zero: no matter
    bool csv = false, full = false, pem = false;
    ListLimit limit;
    std::string name;  ///< thumbprint, serial or party; of lint also a file
  } certs;
  AuditOptions audit;
  EvidenceOptions evidence;

  /// Ends the process after --help and --version. Errors: invalid_argument, bad_config.
  static Result<Config> parse(int argc, const char* const* argv);
};

/// Adds requests, certs, audit and evidence with their verbs (config_commands.cpp).
void add_operator_commands(CLI::App& app, Config& config);
/// The command of those that was given, if one was.
std::optional<Command> operator_command(const CLI::App& app);

}  // namespace set::ca
