// The flags of what an operator does beside a running serve: requests, certs, audit.
#include "ca/config.h"

namespace set::ca {
namespace {

CLI::App& add_verb(CLI::App& noun, const std::string& verb, const std::string& description,
                   Config& config) {
  auto& command = *noun.add_subcommand(verb, description);
  add_directory(command, config);
  add_database(command, config);
  return command;
}

CLI::App& add_noun(CLI::App& app, const std::string& noun, const std::string& description) {
  auto& command = *app.add_subcommand(noun, description);
  command.require_subcommand(1);
  return command;
}

void add_requests(CLI::App& app, Config& config) {
  auto& options = config.requests;
  auto& noun = add_noun(app, "requests", "Requests for certificates that an operator decides");
  auto& list = add_verb(noun, "list", "Those that wait, newest first", config);
  list.add_flag("--all", options.all, "those that were decided, too");
  const auto add_id = [&](CLI::App& command) {
    command.add_option("ID", options.id, "ten digits, as in the list")->required();
  };
  add_id(add_verb(noun, "show", "Everything that was asked", config));
  auto& approve = add_verb(
      noun, "approve", "Certificates are issued, once, when the requester asks again", config);
  add_id(approve);
  approve.add_option("--name", options.name, "the name that cardholders see, if the form has none");
  approve.add_option("--city", options.city, "if the form has none");
  approve.add_option("--country", options.country, "ISO 3166 number, if the form has none");
  auto& reject = add_verb(noun, "reject", "The requester is told so when it asks again", config);
  add_id(reject);
  reject.add_option("--reason", options.reason, "a sentence for the requester");
  reject.add_option("--as", options.as, "who says no: ca, issuer or acquirer; default: ca")
      ->check(CLI::IsMember({"ca", "issuer", "acquirer"}));
}

void add_certs(CLI::App& app, Config& config) {
  auto& options = config.certs;
  auto& noun = add_noun(app, "certs", "Every certificate that this CA issued");
  auto& list = add_verb(noun, "list", "By the end of their validity", config);
  list.add_option("--role", options.role,
                  "cardholder, merchant, gateway, cca, mca, pca, bca, rca or ca (its TLS)");
  list.add_option("--brand", options.brand, "BrandID");
  list.add_option("--party", options.party, "such as 400000/shop-1");
  list.add_option("--state", options.state, "valid, revoked or expired")
      ->check(CLI::IsMember({"valid", "revoked", "expired"}));
  add_parsed(list, "--expiring-within", options.expiring_within, parse_duration, "such as 30d");
  list.add_flag("--csv", options.csv, "comma-separated values with a header");
  auto& show = add_verb(noun, "show", "One certificate, or those of one party", config);
  show.add_option("NAME", options.name, "thumbprint, serial number or party")->required();
  auto* full = show.add_flag("--full", options.full, "all of it");
  show.add_flag("--pem", options.pem, "as PEM")->excludes(full);
  auto& lint = add_verb(noun, "lint", "Checks a certificate against the profile", config);
  lint.add_option("NAME", options.name, "a file (PEM or DER), thumbprint, serial number or party")
      ->required();
}

void add_audit(CLI::App& app, Config& config) {
  auto& options = config.audit;
  auto& noun = add_noun(app, "audit", "The log of every request, also the refused ones");
  auto& list = add_verb(noun, "list", "Oldest first, a line of JSON each", config);
  list.add_option("--after", options.after, "begin after this number");
  auto& verify = add_verb(noun, "verify", "Follows the chain of digests to its head", config);
  verify.add_option("--head", options.head, "a head that was noted before: it must be in the chain");
}

}  // namespace

void add_operator_commands(CLI::App& app, Config& config) {
  add_requests(app, config);
  add_certs(app, config);
  add_audit(app, config);
}

std::optional<Command> operator_command(const CLI::App& app) {
  struct Verb {
    const char* noun;
    const char* verb;
    Command command;
  };
  static constexpr Verb kVerbs[] = {
      {"requests", "list", Command::requests_list},
      {"requests", "show", Command::requests_show},
      {"requests", "approve", Command::requests_approve},
      {"requests", "reject", Command::requests_reject},
      {"certs", "list", Command::certs_list},
      {"certs", "show", Command::certs_show},
      {"certs", "lint", Command::certs_lint},
      {"audit", "list", Command::audit_list},
      {"audit", "verify", Command::audit_verify},
  };
  for (const auto& [noun, verb, command] : kVerbs) {
    if (app.got_subcommand(noun) && app.get_subcommand(noun)->got_subcommand(verb)) return command;
  }
  return std::nullopt;
}

}  // namespace set::ca
