// Options that every program shares, over CLI11: flags, one TOML file, --help, --version. The edge
// where CLI11's exceptions become Errors. Included by main.cpp and config.cpp only.
// Called once by main, before threads exist.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <CLI/CLI.hpp>

#include "common/base/log.h"
#include "common/base/time.h"

namespace set {

struct CommonOptions {
  LogLevel log_level = LogLevel::info;
  LogFormat log_format = LogFormat::json;  ///< default: text on a terminal, JSON otherwise
  bool json = false;                       ///< answers and errors as JSON
};

/// Adds --config, --log-level, --log-format, --json, --version, --help (-h) to the program's app
/// and its habits: options may follow a subcommand, flags win over the file, unknown keys of the
/// file are refused. `examples` is the footer of --help: lines that can be copied.
void add_common_options(CLI::App& app, CommonOptions& options, std::string_view examples);

/// Parses, opens the log under the app's name, and tells run() how to print errors. Ends the
/// process with 0 after --help or --version.
/// invalid_argument: unknown flag, subcommand ("did you mean …?") or value. bad_config: the file is
/// missing or malformed, or has a key that no option has; the sentence names it.
Result<void> parse(CLI::App& app, const CommonOptions& options, int argc, const char* const* argv);

/// parse() without side effects: nothing, or the text that --help or --version asked for.
/// `arguments` without the program's name.
Result<std::optional<std::string>> parse_arguments(CLI::App& app,
                                                   std::vector<std::string> arguments);

/// An option of one of our own types: `parser` is its parse function, whose Error becomes the
/// option's. add_parsed(app, "--listen", config.listen, ListenAddress::parse, "where …").
/// The target is a T or an optional one.
template <class Target, class T>
CLI::Option* add_parsed(CLI::App& app, const std::string& name, Target& target,
                        Result<T> (*parser)(std::string_view), const std::string& description) {
  return app.add_option_function<std::string>(
      name,
      [&target, parser, name](const std::string& text) {
        auto parsed = parser(text);
        if (!parsed) throw CLI::ValidationError(name, parsed.error().detail);
        target = std::move(*parsed);
      },
      description);
}

}  // namespace set
