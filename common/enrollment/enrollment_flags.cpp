#include "common/enrollment/enrollment_flags.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "common/daemon/files.h"
#include "common/daemon/terminal.h"
#include "common/enrollment/policy_consent.h"

namespace set {
namespace {

using Field = std::pair<std::string, std::string>;

constexpr std::size_t kMaxFormBytes = 64 * 1024;

Result<std::vector<Field>> read_form(const std::filesystem::path& file) {
  const auto text = TRY(read_text_file(file, kMaxFormBytes));
  const auto object = nlohmann::ordered_json::parse(text, nullptr, /*allow_exceptions=*/false);
  std::vector<Field> fields;
  bool good = object.is_object();
  if (good) {
    for (const auto& [name, value] : object.items()) {
      good = good && value.is_string();
      if (good) fields.emplace_back(name, value.get<std::string>());
    }
  }
  CHECK_OR_FAIL(good, ErrorCode::invalid_argument,
                file.string() + " must be a JSON object of texts: {\"name\": \"Corner Shop\"}");
  return fields;
}

/// Gives those without which nobody is certified.
std::vector<CLI::Option*> add_party_options(CLI::App& app, PartyEnrollment& party) {
  auto* trust = add_trust_options(app, party.trust);
  app.add_option("--token-file", party.token_file,
                 "File with the enrolment token that the CA's operator made; left out where the "
                 "operator decides later")
      ->type_name(kPrivateFile);
  auto* bin = app.add_option("--bin", party.bin, "The acquirer's BIN, six digits, such as 400000");
  auto* id = app.add_option("--id", party.id, "Our id, as the token has it, 1 to 30 characters, such as shop-1");
  app.add_option("--host", party.hosts,
                 "Name or address that others connect to, such as shop.example; repeat for more "
                 "(default: localhost, 127.0.0.1)");
  app.add_option("--language", party.flags.language, "Of the CA's form, such as de-CH");
  app.add_option("--field", party.flags.fields, "NAME=VALUE, a field of the CA's form; repeatable; such as \"city=Berlin\"");
  app.add_option("--form", party.flags.form_file, "The form's fields as a JSON object of texts")
      ->type_name(kFile);
  add_policy_option(app, party.flags.accept_policy);
  return {trust, bin, id};
}

void say_pended(Duration pause) {
  say("The CA's operator has not decided yet; the CA suggests to ask again in " +
      std::to_string((pause.count() + 999) / 1000) + " s.");
}

}  // namespace

void add_enrollment_options(CLI::App& enroll, PartyEnrollment& party) {
  enroll.add_option("--ca", party.ca, "The CA, such as ca.example:7701")->required();
  for (auto* option : add_party_options(enroll, party)) option->required();
  enroll.add_flag("--wait", party.flags.wait,
                  "If the CA's operator has not decided yet, ask again at the times the CA "
                  "suggests");
}

void add_first_enrollment(CLI::App& serve, bool& enroll_first, PartyEnrollment& party) {
  serve.add_flag("--enroll", enroll_first,
                 "At the first start, get certificates first, as `enroll` does, and wait for the CA "
                 "as long as it takes; later starts find them");
  add_party_options(serve, party);
}

Result<void> check_first_enrollment(bool enroll_first, const PartyEnrollment& party) {
  CHECK_OR_FAIL(!enroll_first || (!party.ca.empty() && !party.trust.location.empty() &&
                                  !party.bin.empty() && !party.id.empty()),
                ErrorCode::invalid_argument, "--enroll needs --ca, --trust, --bin and --id");
  return {};
}

Result<EnrollmentOptions> enrollment_options(const EnrollmentFlags& flags) {
  EnrollmentOptions options;
  options.wait = flags.wait;
  options.on_pended = say_pended;
  options.accept_policy = [accepted = flags.accept_policy](const std::string& policy) {
    return accept_policy(policy, accepted);
  };
  if (!flags.form_file.empty()) options.fields = TRY(read_form(flags.form_file));
  for (const auto& text : flags.fields) {
    const auto equals = text.find('=');
    CHECK_OR_FAIL(equals != std::string::npos && equals != 0, ErrorCode::invalid_argument,
                  "--field is NAME=VALUE");
    const auto name = text.substr(0, equals);
    CHECK_OR_FAIL(std::ranges::find(options.fields, name, &Field::first) == options.fields.end(),
                  ErrorCode::invalid_argument, "a field is given twice");
    options.fields.emplace_back(name, text.substr(equals + 1));
  }
  return options;
}

}  // namespace set
