// The words of a command line, read without carrying anything out: which command they choose, which
// options they give. Settings of file and environment fill in the others (settings.h). Also what a
// misspelt word may have meant. Called by options.cpp and its kin, before threads exist.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <CLI/CLI.hpp>

namespace set {

struct CommandWords {
  std::vector<CLI::App*> commands;      ///< the program itself, then the commands that were chosen
  std::vector<std::size_t> positions;   ///< of the words that chose them, without the program's
  std::map<const CLI::Option*, std::string> given;  ///< options with their last value
  bool help = false;                    ///< --help or --version is among them

  CLI::App& last() const { return *commands.back(); }
  /// "order create"; empty if none was chosen.
  std::string path() const;
};

/// `arguments` without the program's name. What is unknown is passed over: CLI11 complains later.
CommandWords read_command_words(CLI::App& app, const std::vector<std::string>& arguments);

/// The commands right under this one that are shown to people.
std::vector<CLI::App*> commands_of(CLI::App& app);
/// The options of this one that are shown to people, with and without dashes.
std::vector<const CLI::Option*> options_of(const CLI::App& app);
/// "--listen", or "order" of one that is known by its place.
std::string name_of(const CLI::Option& option);
bool is_flag(const CLI::Option& option);
/// The words that it takes, where they can be counted: {"merchant", "gateway"}.
std::vector<std::string> choices_of(const CLI::Option& option);
/// A value to show: its default, or what its description says after "such as", or by what it names.
std::string example_value(const CLI::Option& option);

/// The one of `known` that `word` may have meant, if one is near enough.
std::optional<std::string> nearest(std::string_view word, const std::vector<std::string>& known);

}  // namespace set
