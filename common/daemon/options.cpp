#include "common/daemon/options.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <map>

#include "common/daemon/run.h"

namespace set {
namespace {

const std::map<std::string, LogLevel> kLevels = {{"trace", LogLevel::trace},
                                                 {"info", LogLevel::info},
                                                 {"warning", LogLevel::warning},
                                                 {"error", LogLevel::error}};
const std::map<std::string, LogFormat> kFormats = {{"text", LogFormat::text},
                                                   {"json", LogFormat::json}};

// How many letters must be added, dropped or changed.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t change = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, change});
    }
  }
  return row[b.size()];
}

// Every subcommand and long option that could have been meant at this place.
std::vector<std::string> known_words(const CLI::App& app) {
  std::vector<std::string> words;
  for (const CLI::App* sub : app.get_subcommands([](const CLI::App*) { return true; })) {
    words.push_back(sub->get_name());
  }
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) words.push_back("--" + name);
  }
  for (const CLI::App* chosen : app.get_subcommands()) {
    for (std::string& word : known_words(*chosen)) words.push_back(std::move(word));
  }
  return words;
}

// The detail for words that CLI11 had no place for; empty if there are none.
std::string unknown_word(const CLI::App& app) {
  const auto left = app.remaining(true);
  if (left.empty()) return "";
  const std::string word = left.front().substr(0, left.front().find('='));
  std::string detail = "unknown argument " + word;
  for (const std::string& known : known_words(app)) {
    if (distance(word, known) <= 2) return detail + "; did you mean " + known + "?";
  }
  return detail + "; see --help";
}

Error error_of(const CLI::App& app, const CLI::ParseError& error) {
  // CLI11 looks for a missing subcommand before it looks at a misspelt one.
  const bool about_words = dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr ||
                           dynamic_cast<const CLI::RequiredError*>(&error) != nullptr;
  if (about_words) {
    const std::string detail = unknown_word(app);
    if (!detail.empty()) return {ErrorCode::invalid_argument, detail};
  }
  const bool about_file = dynamic_cast<const CLI::ConfigError*>(&error) != nullptr ||
                          dynamic_cast<const CLI::FileError*>(&error) != nullptr;
  if (about_file) {
    return {ErrorCode::bad_config, std::string("configuration file: ") + error.what()};
  }
  return {ErrorCode::invalid_argument, error.what()};
}

// CLI11 takes an option of the program after a subcommand only if that falls through.
void let_options_follow(CLI::App& app) {
  app.fallthrough();
  for (CLI::App* sub : app.get_subcommands([](CLI::App*) { return true; })) {
    let_options_follow(*sub);
  }
}

}  // namespace

void add_common_options(CLI::App& app, CommonOptions& options, std::string_view examples) {
  options.log_format = ::isatty(STDERR_FILENO) == 1 ? LogFormat::text : LogFormat::json;
  app.set_config("--config", "", "TOML file with any of these options; flags win over it");
  app.allow_config_extras(CLI::config_extras_mode::error);
  app.add_option("--log-level", options.log_level, "trace, info, warning or error")
      ->transform(CLI::CheckedTransformer(kLevels))
      ->option_text("LEVEL");
  app.add_option("--log-format", options.log_format,
                 "text or json; by itself text on a terminal, json otherwise")
      ->transform(CLI::CheckedTransformer(kFormats))
      ->option_text("FORMAT");
  app.add_flag("--json", options.json, "Answers and errors as JSON");
  app.set_version_flag("--version", app.get_name() + " " SET_VERSION);
  app.footer("\nExamples:\n" + std::string(examples));
}

Result<std::optional<std::string>> parse_arguments(CLI::App& app,
                                                   std::vector<std::string> arguments) {
  let_options_follow(app);
  std::reverse(arguments.begin(), arguments.end());  // CLI11 takes them from the back
  try {
    app.parse(std::move(arguments));
  } catch (const CLI::CallForHelp&) {
    return app.help();
  } catch (const CLI::CallForVersion& version) {
    return std::string(version.what()) + "\n";
  } catch (const CLI::ParseError& error) {
    return failure(error_of(app, error));
  }
  return std::nullopt;
}

Result<void> parse(CLI::App& app, const CommonOptions& options, int argc, const char* const* argv) {
  std::vector<std::string> arguments(argv + std::min(argc, 1), argv + argc);
  // Also an error in the arguments themselves is to be JSON, whatever stands before the flag.
  if (std::find(arguments.begin(), arguments.end(), "--json") != arguments.end()) {
    report_errors_as_json();
  }
  const auto text = TRY(parse_arguments(app, std::move(arguments)));
  if (text) {
    std::fputs(text->c_str(), stdout);
    std::fflush(stdout);
    std::exit(0);
  }
  if (options.json) report_errors_as_json();
  log_open(app.get_name(), options.log_level, options.log_format);
  return {};
}

}  // namespace set
