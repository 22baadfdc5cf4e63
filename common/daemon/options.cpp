#include "common/daemon/options.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <utility>

#include "common/daemon/patience.h"
#include "common/daemon/program_commands.h"
#include "common/daemon/run.h"
#include "common/daemon/terminal.h"

namespace set {
namespace {

const std::map<std::string, LogLevel> kLevels = {{"trace", LogLevel::trace},
                                                 {"info", LogLevel::info},
                                                 {"warning", LogLevel::warning},
                                                 {"error", LogLevel::error}};
const std::map<std::string, LogFormat> kFormats = {{"text", LogFormat::text},
                                                   {"json", LogFormat::json}};

/// One of the words of a table; what the target holds now is the default.
template <class T>
CLI::Option* add_choice(CLI::App& app, const std::string& name, T& target,
                        const std::map<std::string, T>& table, const std::string& words,
                        const std::string& description) {
  auto* option = app.add_option_function<std::string>(
      name,
      [&target, &table, name, words](const std::string& text) {
        const auto found = table.find(text);
        if (found == table.end()) throw CLI::ValidationError(name, "must be one of " + words);
        target = found->second;
      },
      description);
  return option->type_name(words);
}

// Every command and long option that could have been meant at this place.
std::vector<std::string> known_words(CLI::App& app) {
  std::vector<std::string> words;
  for (CLI::App* sub : commands_of(app)) words.push_back(sub->get_name());
  for (const auto* option : options_of(app)) {
    for (const std::string& name : option->get_lnames()) words.push_back("--" + name);
  }
  for (CLI::App* chosen : app.get_subcommands()) {
    for (std::string& word : known_words(*chosen)) words.push_back(std::move(word));
  }
  return words;
}

// The detail for words that CLI11 had no place for; empty if there are none.
std::string unknown_word(CLI::App& app) {
  const auto left = app.remaining(true);
  if (left.empty()) return "";
  const std::string word = left.front().substr(0, left.front().find('='));
  const auto meant = nearest(word, known_words(app));
  return "unknown argument " + word + (meant ? "; did you mean " + *meant + "?" : "; see --help");
}

Error error_of(CLI::App& app, const CLI::ParseError& error) {
  // CLI11 looks for a missing subcommand before it looks at a misspelt one.
  const bool about_words = dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr ||
                           dynamic_cast<const CLI::RequiredError*>(&error) != nullptr;
  if (about_words) {
    const std::string detail = unknown_word(app);
    if (!detail.empty()) return {ErrorCode::invalid_argument, detail};
  }
  return {ErrorCode::invalid_argument, error.what()};
}

std::string capitalised(std::string sentence) {
  if (!sentence.empty()) {
    sentence.front() =
        static_cast<char>(std::toupper(static_cast<unsigned char>(sentence.front())));
  }
  return sentence;
}

// What CLI11 does not do by itself: an option of the program may stand after a command, and each
// command's --help ends with examples, and with where the program's own options are described.
void complete_commands(CLI::App& program, CLI::App& app) {
  app.fallthrough();
  for (CLI::Option* option : app.get_options([](const CLI::Option*) { return true; })) {
    if (option->get_default_str() == "[]") option->default_str("");  // an empty list is no default
    option->description(capitalised(option->get_description()));
  }
  const auto commands = commands_of(app);
  for (CLI::App* command : app.get_subcommands([](CLI::App*) { return true; })) {
    complete_commands(program, *command);
  }
  if (&app == &program) return;
  auto footer = app.get_footer();
  if (footer == program.get_footer()) footer.clear();  // CLI11 passes it on
  if (footer.empty() && commands.empty()) footer = "Examples:\n" + examples_of(program, app);
  app.footer("\n" + footer + (footer.empty() ? "" : "\n\n") + std::string(kAlsoTakes) +
             " the options of " + program.get_name() + " --help.");
}

// For what only describes the program.
void require_nothing(CLI::App& app) {
  for (CLI::Option* option : app.get_options([](const CLI::Option*) { return true; })) {
    option->required(false);
    for (CLI::Option* needed : option->get_needs()) option->remove_needs(needed);
  }
}

// `config check --listen …` takes what `serve` takes, and is accepted where that would be.
std::vector<std::string> as_serve(std::vector<std::string> arguments, const CommandWords& words) {
  arguments[words.positions.front()] = "serve";
  arguments.erase(arguments.begin() + static_cast<std::ptrdiff_t>(words.positions.back()));
  return arguments;
}

std::string settings_file_of(const CLI::App& app, const CommandWords& words) {
  if (const auto found = words.given.find(app.get_option("--config")); found != words.given.end()) {
    return found->second;
  }
  const char* named = std::getenv((environment_prefix(app) + "CONFIG").c_str());
  return named == nullptr ? "" : named;
}

// The text of what only describes the program.
std::string description_of(CLI::App& app, ProgramCommand command) {
  if (command == ProgramCommand::manual) return manual_page(app);
  return command == ProgramCommand::config_example ? configuration_example(app) : "";
}

}  // namespace

void add_common_options(CLI::App& app, CommonOptions& options, std::string_view examples) {
  options.log_format = ::isatty(STDERR_FILENO) == 1 ? LogFormat::text : LogFormat::json;
  app.option_defaults()->always_capture_default();
  app.add_option("--config", options.config_file,
                 "TOML file with settings, such as " + settings_file_name(app) +
                     "; flags and environment win over it")
      ->type_name(kFile)
      ->configurable(false);
  auto* level = add_choice(app, "--log-level", options.log_level, kLevels,
                           "trace|info|warning|error", "What is logged: this and what is graver")
                    ->default_str("info");
  add_choice(app, "--log-format", options.log_format, kFormats, "text|json",
             "By itself text on a terminal, json otherwise");
  app.add_flag("--json", options.json, "Answers and errors as JSON")->configurable(false);
  auto* verbose = app.add_flag("--verbose", options.verbose,
                               "Say everything that is done: as --log-level trace")
                      ->configurable(false)
                      ->excludes(level);
  app.add_flag("--quiet", options.quiet, "Say nothing but errors: only data, on standard output")
      ->configurable(false)
      ->excludes(level)
      ->excludes(verbose);
  app.add_flag("--no-input", options.no_input,
               "Ask nobody: what would be asked must come from files and flags")
      ->configurable(false);
  app.add_flag("--no-color", options.no_color,
               "No colours; without it they are on a terminal, unless NO_COLOR is set")
      ->configurable(false);
  add_span_export_options(app, options.span_export);
  app.set_version_flag("--version", app.get_name() + " " SET_VERSION)->configurable(false);
  add_program_commands(app, options.shell);
  app.footer("\nExamples:\n" + std::string(examples));
}

Result<std::optional<std::string>> parse_arguments(CLI::App& app, CommonOptions& options,
                                                   std::vector<std::string> arguments) {
  complete_commands(app, app);
  auto words = read_command_words(app, arguments);
  const auto command = words.help ? ProgramCommand::none : program_command(words);
  if (command == ProgramCommand::completion_words) {
    arguments.erase(arguments.begin(), std::ranges::find(arguments, "--"));
    if (!arguments.empty()) arguments.erase(arguments.begin());
    return completion_words(app, std::move(arguments));
  }
  const bool about_settings =
      command == ProgramCommand::config_check || command == ProgramCommand::config_show;
  if (about_settings) {
    arguments = as_serve(std::move(arguments), words);
    words = read_command_words(app, arguments);
  }
  const auto description = description_of(app, command);
  if (command != ProgramCommand::none && command != ProgramCommand::config_check) {
    require_nothing(app);
    if (about_settings) require_nothing(words.last());
  }
  ToldSettings told;
  if (!words.help && (command == ProgramCommand::none || about_settings)) {
    told = TRY(read_settings(app, settings_file_of(app, words)));
    TRY(apply_settings(app, words, told, about_settings));
  }
  std::ranges::reverse(arguments);  // CLI11 takes them from the back
  try {
    app.parse(std::move(arguments));
  } catch (const CLI::CallForHelp&) {
    return app.help();
  } catch (const CLI::CallForVersion& version) {
    return std::string(version.what()) + "\n";
  } catch (const CLI::ParseError& error) {
    return failure(error_of(app, error));
  }
  if (options.quiet) options.log_level = LogLevel::error;
  if (options.verbose) options.log_level = LogLevel::trace;
  options.config_file = settings_file_of(app, words);
  options.settings = effective_settings(app, words, told);
  if (command == ProgramCommand::config_check) {
    options.instead = [settings = options.settings, file = options.config_file,
                       json = options.json] { return check_settings(settings, file, json); };
  }
  if (command == ProgramCommand::completion) return TRY(completion_script(app, options.shell));
  if (command == ProgramCommand::config_show) return settings_text(options.settings, options.json);
  if (!description.empty()) return description;
  return std::nullopt;
}

Result<void> parse(CLI::App& app, CommonOptions& options, int argc, const char* const* argv) {
  std::vector<std::string> arguments(argv + std::min(argc, 1), argv + argc);
  // Also an error in the arguments themselves is to be JSON, whatever stands before the flag.
  if (std::find(arguments.begin(), arguments.end(), "--json") != arguments.end()) {
    report_errors_as_json();
  }
  const auto text = TRY(parse_arguments(app, options, std::move(arguments)));
  if (text) {
    std::fputs(text->c_str(), stdout);
    std::fflush(stdout);
    std::exit(0);
  }
  if (options.json) report_errors_as_json();
  if (options.no_color) forbid_colour();
  if (options.quiet) forbid_talk();
  if (options.no_input) forbid_input();
  if (options.timeout) limit_waiting(*options.timeout);
  options.program = app.get_name();
  options.arguments.assign(argv, argv + argc);
  // Who parses again while serving changes the log only once all was accepted (reload.cpp); where
  // spans go stays.
  static bool log_is_open = false;
  if (!std::exchange(log_is_open, true)) {
    log_open(options.program, options.log_level, options.log_format);
    if (!options.instead) TRY(begin_span_export(options.program, options.span_export));
  }
  return {};
}

std::string option_text(Duration duration) {
  struct Unit {
    std::int64_t millis;
    const char* name;
  };
  constexpr std::array<Unit, 5> kUnits = {
      {{86'400'000, "d"}, {3'600'000, "h"}, {60'000, "m"}, {1000, "s"}, {1, "ms"}}};
  if (duration == Duration::zero()) return "";  // stands for none
  const auto millis = duration.count();
  const auto unit =
      std::ranges::find_if(kUnits, [&](const Unit& one) { return millis % one.millis == 0; });
  return std::to_string(millis / unit->millis) + unit->name;
}

}  // namespace set
