// Options that every program shares, over CLI11: flags, environment and one TOML file (settings.h),
// --help, --version, `config`, `completion`, `man`. The edge where CLI11's exceptions become Errors.
// Included by main.cpp and config.cpp only. Called once by main, before threads exist.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <CLI/CLI.hpp>

#include "common/base/log.h"
#include "common/base/time.h"
#include "common/daemon/settings.h"
#include "common/daemon/span_exporter.h"

namespace set {

/// Names for type_name(): what an option's value names, for --help, completion and `config check`.
inline constexpr const char* kFile = "FILE";
inline constexpr const char* kPrivateFile = "PRIVATE_FILE";  ///< with a secret: its owner's only
inline constexpr const char* kNewFile = "NEW_FILE";          ///< is written
inline constexpr const char* kDirectory = "DIR";

struct CommonOptions {
  LogLevel log_level = LogLevel::info;
  LogFormat log_format = LogFormat::json;  ///< default: text on a terminal, JSON otherwise
  bool json = false;                       ///< answers and errors as JSON
  bool no_color = false;
  SpanExportOptions span_export;
  bool quiet = false;     ///< nothing but errors on standard error
  bool verbose = false;   ///< everything that is logged
  bool no_input = false;  ///< nobody is asked
  std::optional<Duration> timeout;  ///< of commands that have it: all waiting for others together
  std::string config_file;                 ///< empty: none
  std::string shell;                       ///< of `completion`
  std::string program;                     ///< "set-merchant"
  std::vector<std::string> arguments;      ///< as they were given, with the program's name
  std::vector<Setting> settings;           ///< after parse(): each key of the file, as it holds
  /// What main does in the command's place; set by `config check`, once all else was accepted.
  std::function<Result<void>()> instead;
};

/// To be called first, before the program's own options. Adds --config, --log-level, --log-format,
/// --json, --quiet, --verbose, --no-input, --no-color, --otlp-…, --version, --help (-h), `config`,
/// `completion` and `man` to the program's app and its habits: options may follow a subcommand; flags
/// win over the environment, that over the
/// file; defaults are shown; unknown keys and variables are refused. `examples` is the footer of
/// --help: lines that can be copied; each command's own --help shows those that begin with it.
void add_common_options(CLI::App& app, CommonOptions& options, std::string_view examples);

/// Parses, opens the log under the app's name, begins to export spans, tells run() how to print errors
/// and the terminal what it may do, and starts the clock of --timeout. Ends the
/// process with 0 after --help, --version and what else only prints a text.
/// invalid_argument: unknown flag, subcommand ("did you mean …?") or value. bad_config: file or
/// environment cannot be read, or has a key that no option has or a value that it refuses; the
/// sentence names line or variable.
Result<void> parse(CLI::App& app, CommonOptions& options, int argc, const char* const* argv);

/// parse() without side effects: nothing, or the text that was asked for in place of a command's
/// doing. `arguments` without the program's name.
Result<std::optional<std::string>> parse_arguments(CLI::App& app, CommonOptions& options,
                                                   std::vector<std::string> arguments);

/// As parse_duration() reads it; empty for zero, which stands for none.
std::string option_text(Duration duration);
/// Of a type with str(), such as an address; empty if it is none yet.
template <class T>
requires requires(const T& value) {
  value.str();
  value.is_none();
}
std::string option_text(const T& value) { return value.is_none() ? "" : value.str(); }

/// An option of one of our own types: `parser` is its parse function, whose Error becomes the
/// option's. add_parsed(app, "--listen", config.listen, ListenAddress::parse, "where …").
/// The target is a T or an optional one; what it holds now is the default.
template <class Target, class T>
CLI::Option* add_parsed(CLI::App& app, const std::string& name, Target& target,
                        Result<T> (*parser)(std::string_view), const std::string& description) {
  auto* option = app.add_option_function<std::string>(
      name,
      [&target, parser, name](const std::string& text) {
        auto parsed = parser(text);
        if (!parsed) throw CLI::ValidationError(name, parsed.error().detail);
        target = std::move(*parsed);
      },
      description);
  if constexpr (requires { option_text(target); }) option->default_str(option_text(target));
  return option;
}

/// --timeout of a command that waits for others: CommonOptions::timeout, or a duration that the command
/// waits by itself.
template <class Target>
CLI::Option* add_timeout_option(CLI::App& command, Target& timeout) {
  return add_parsed(command, "--timeout", timeout, parse_duration,
                    "How long to wait for others in all, such as 30s")
      ->configurable(false);
}

}  // namespace set
