// The flags of what an operator does beside a running serve: requests, certs, audit.
#include "ca/config.h"

namespace set::ca {
namespace {

CLI::App& add_verb(CLI::App& noun, const std::string& verb, const std::string& description) {
  return *noun.add_subcommand(verb, description);
}

CLI::App& add_noun(CLI::App& app, const std::string& noun, const std::string& description) {
  auto& command = *app.add_subcommand(noun, description);
  command.require_subcommand(1);
  return command;
}

void add_requests(CLI::App& app, Config& config) {
  auto& options = config.requests;
  auto& noun = add_noun(app, "request", "Requests for certificates that an operator decides");
  noun.alias("requests");
  auto& list = add_verb(noun, "list", "Those that wait, newest first");
  list.add_flag("--all", options.all, "those that were decided, too");
  add_limit_option(list, options.limit);
  const auto add_id = [&](CLI::App& command) {
    command.add_option("ID", options.id, "ten digits, as in the list")->required();
  };
  add_id(add_verb(noun, "show", "Everything that was asked"));
  auto& approve = add_verb(
      noun, "approve", "Certificates are issued, once, when the requester asks again");
  add_id(approve);
  approve.add_option("--name", options.name, "the name that cardholders see, if the form has none");
  approve.add_option("--city", options.city, "if the form has none");
  approve.add_option("--country", options.country, "ISO 3166 number, if the form has none");
  approve.add_flag("--replace", options.replace,
                   "the merchant or gateway has certificates already, and this request takes their "
                   "place");
  auto& reject = add_verb(noun, "reject", "The requester is told so when it asks again");
  add_id(reject);
  reject.add_option("--reason", options.reason, "a sentence for the requester");
  reject.add_option("--as", options.as, "who says no: ca, issuer or acquirer")
      ->check(CLI::IsMember({"ca", "issuer", "acquirer"}));
}

void add_certs(CLI::App& app, Config& config) {
  auto& options = config.certs;
  auto& noun = add_noun(app, "cert", "Every certificate that this CA issued");
  noun.alias("certs");
  auto& list = add_verb(noun, "list", "By the end of their validity");
  list.add_option("--role", options.role,
                  "cardholder, merchant, gateway, cca, mca, pca, bca, rca or ca (its TLS)");
  list.add_option("--brand", options.brand, "BrandID");
  list.add_option("--party", options.party, "such as 400000/shop-1");
  list.add_option("--state", options.state, "valid, revoked or expired")
      ->check(CLI::IsMember({"valid", "revoked", "expired"}));
  add_parsed(list, "--expiring-within", options.expiring_within, parse_duration, "such as 30d");
  list.add_flag("--csv", options.csv, "comma-separated values with a header");
  add_limit_option(list, options.limit);
  auto& show = add_verb(noun, "show", "One certificate, or those of one party");
  show.add_option("NAME", options.name, "thumbprint, serial number or party")->required();
  auto* full = show.add_flag("--full", options.full, "all of it");
  show.add_flag("--pem", options.pem, "as PEM")->excludes(full);
  auto& lint = add_verb(noun, "lint", "Checks a certificate against the profile");
  lint.add_option("NAME", options.name, "a file (PEM or DER), thumbprint, serial number or party")
      ->required();
}

void add_audit(CLI::App& app, Config& config) {
  auto& noun = add_noun(app, "audit", "The log of every request, also the refused ones");
  add_audit_verbs(noun, config.audit);
}

void add_evidence(CLI::App& app, Config& config) {
  auto& noun = add_noun(app, "evidence", "What was signed of a purchase, as a file");
  add_evidence_verify(noun, config.evidence);
}

}  // namespace

void add_operator_commands(CLI::App& app, Config& config) {
  add_requests(app, config);
  add_certs(app, config);
  add_audit(app, config);
  add_evidence(app, config);
}

std::optional<Command> operator_command(const CLI::App& app) {
  struct Verb {
    const char* noun;
    const char* verb;
    Command command;
  };
  static constexpr Verb kVerbs[] = {
      {"request", "list", Command::requests_list},
      {"request", "show", Command::requests_show},
      {"request", "approve", Command::requests_approve},
      {"request", "reject", Command::requests_reject},
      {"cert", "list", Command::certs_list},
      {"cert", "show", Command::certs_show},
      {"cert", "lint", Command::certs_lint},
      {"audit", "list", Command::audit},
      {"audit", "show", Command::audit},
      {"audit", "verify", Command::audit},
      {"audit", "export", Command::audit},
      {"evidence", "verify", Command::evidence_verify},
  };
  for (const auto& [noun, verb, command] : kVerbs) {
    if (app.got_subcommand(noun) && app.get_subcommand(noun)->got_subcommand(verb)) return command;
  }
  return std::nullopt;
}

}  // namespace set::ca
