// What every program says about itself, from the tree of its own commands and options: `config
// check|show|example`, `completion`, `man`. Added and answered by options.cpp, before threads exist.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/daemon/settings.h"

namespace set {

enum class ProgramCommand {
  none,
  config_check,
  config_show,
  config_example,
  completion,
  completion_words,  ///< asked by the shells' scripts at each Tab; not shown
  manual
};

/// `shell` is what `completion` is asked for.
void add_program_commands(CLI::App& app, std::string& shell);
/// "/etc/set/merchant.toml", where the packages put it.
std::string settings_file_name(const CLI::App& app);
ProgramCommand program_command(const CommandWords& words);

// --- configuration.cpp ---

/// The file with every key, its description, and its default or an example.
std::string configuration_example(CLI::App& app);
/// A table, or JSON.
std::string settings_text(const std::vector<Setting>& settings, bool json);
/// Examines the files that settings name and prints the verdict on standard output; the first
/// problem is the error. `file` may be empty.
Result<void> check_settings(const std::vector<Setting>& settings,
                            const std::filesystem::path& file, bool json);

// --- completion.cpp ---

/// The script for bash, zsh or fish. invalid_argument: another shell.
Result<std::string> completion_script(const CLI::App& app, const std::string& shell);
/// What may stand in the place of the last of `words`, a line each: the word, a tab, what it means;
/// or :file or :directory where the shell is to complete a name.
std::string completion_words(CLI::App& app, std::vector<std::string> words);

// --- manual.cpp ---

/// The manual page of section 1, for man(1).
std::string manual_page(CLI::App& app);
/// Begins the sentence at the end of each command's --help that leads to the program's options.
inline constexpr std::string_view kAlsoTakes = "It also takes";
/// Lines to copy for a command: those of the program's examples that begin with it, or one made of
/// what it requires.
std::string examples_of(CLI::App& app, CLI::App& command);

}  // namespace set
