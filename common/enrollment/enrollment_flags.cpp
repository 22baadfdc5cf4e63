#include "common/enrollment/enrollment_flags.h"

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "common/daemon/files.h"

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

void say_pended(Duration pause) {
  std::fprintf(stderr,
               "The CA's operator has not decided yet; the CA suggests to ask again in %lld s.\n",
               static_cast<long long>((pause.count() + 999) / 1000));
}

}  // namespace

void add_enrollment_flags(CLI::App& app, EnrollmentFlags& flags) {
  app.add_option("--language", flags.language, "Of the CA's form, such as de-CH; default: en");
  app.add_option("--field", flags.fields, "NAME=VALUE, a field of the CA's form; repeatable");
  app.add_option("--form", flags.form_file, "The form's fields as a JSON object of texts");
  app.add_flag("--wait", flags.wait,
               "If the CA's operator has not decided yet, ask again at the times the CA suggests");
}

Result<EnrollmentOptions> enrollment_options(const EnrollmentFlags& flags) {
  EnrollmentOptions options;
  options.wait = flags.wait;
  options.on_pended = say_pended;
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
