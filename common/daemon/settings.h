// Settings: what a program is told, and by whom. A flag wins over the environment, that over the
// file, that over the default. The keys are the options themselves, so that an option added anywhere
// is a key, a variable and a line of the example at once: those of the program stand at the top of
// the file, those of the commands that are configured (serve, enroll, init) in tables of their
// names; the variable of serve's --trust-every is SET_MERCHANT__SERVE__TRUST_EVERY. ADR 0043.
// Called by options.cpp and its kin, before threads exist.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "common/base/result.h"
#include "common/daemon/command_words.h"

namespace set {

/// What a text is in the file; lists are of texts.
enum class SettingType { flag, number, text, list };
/// What the text names, as far as `config check` looks.
enum class SettingNames { nothing, file, private_file, new_file, directory };

/// An option that file and environment can set.
struct SettingKey {
  std::string name;         ///< "serve.trust-every", table and key of the file
  std::string environment;  ///< "SET_MERCHANT__SERVE__TRUST_EVERY"
  CLI::App* command;        ///< the program, or the command whose table it is in
  CLI::Option* option;
  SettingType type;
  SettingNames names;
};
/// In the order of --help.
std::vector<SettingKey> setting_keys(CLI::App& app);
/// "SET_MERCHANT__" of set-merchant.
std::string environment_prefix(const CLI::App& app);

/// A setting as it holds, for people.
struct Setting {
  std::string key;
  SettingType type = SettingType::text;
  SettingNames names = SettingNames::nothing;
  std::vector<std::string> values;  ///< none: not set, and no default that is known beforehand
  std::string source;               ///< "flag", "SET_MERCHANT__DIR", "merchant.toml:12", "default"

  bool operator==(const Setting& other) const { return key == other.key && values == other.values; }
};

/// What file and environment say: the value of an option and where it stands.
struct Told {
  std::vector<std::string> values;
  std::string source;
  bool by_environment = false;
};
using ToldSettings = std::map<const CLI::Option*, Told>;

/// Reads `file` (empty: none) and the environment. bad_config, with the line or the variable: a key
/// that no option has (and the nearest that there is), one that is there twice, a value of another
/// type, a file that cannot be read.
Result<ToldSettings> read_settings(CLI::App& app, const std::filesystem::path& file);

/// Gives `told` to the options that no flag gave; before CLI11 parses. What a higher source says
/// also removes what excludes it from a lower one. Of a command that was not chosen nothing is
/// taken, except where `everything` is to be tried. bad_config: a value that the option refuses.
Result<void> apply_settings(CLI::App& app, const CommandWords& words, ToldSettings& told,
                            bool everything);

/// After CLI11 has parsed. A password within a database's URL is left out.
std::vector<Setting> effective_settings(CLI::App& app, const CommandWords& words,
                                        const ToldSettings& told);

}  // namespace set
