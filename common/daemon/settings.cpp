#include "common/daemon/settings.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdlib>
#include <optional>
#include <string_view>

// Without exceptions the parser returns its error as a value; the system's shared library was built
// with them, hence the header alone.
#undef TOML_HEADER_ONLY
#undef TOML_SHARED_LIB
#define TOML_HEADER_ONLY 1
#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>

#include "common/daemon/files.h"
#include "common/daemon/options.h"

namespace set {
namespace {

constexpr std::size_t kMaxSettingsBytes = 1 << 20;
constexpr std::array<std::string_view, 3> kConfiguredCommands = {"serve", "enroll", "init"};

std::string in_capitals(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](unsigned char c) {
    return c == '-' ? '_' : static_cast<char>(std::toupper(c));
  });
  return out;
}

SettingType type_of(const CLI::Option& option) {
  if (is_flag(option)) return SettingType::flag;
  if (option.get_items_expected_max() > 1) return SettingType::list;
  const auto type = option.get_type_name();
  const bool number =
      type.starts_with("INT") || type.starts_with("UINT") || type.starts_with("FLOAT");
  return number ? SettingType::number : SettingType::text;
}

SettingNames names_of(const CLI::Option& option) {
  const auto type = option.get_type_name();
  if (type.starts_with(kPrivateFile)) return SettingNames::private_file;
  if (type.starts_with(kNewFile)) return SettingNames::new_file;
  if (type.starts_with(kFile)) return SettingNames::file;
  return type.starts_with(kDirectory) ? SettingNames::directory : SettingNames::nothing;
}

void add_keys(CLI::App& app, CLI::App& command, const std::string& table,
              std::vector<SettingKey>& keys) {
  for (CLI::Option* option : command.get_options([](const CLI::Option* candidate) {
         return candidate->get_configurable() && !candidate->get_lnames().empty() &&
                !candidate->get_group().empty() && !candidate->check_lname("help");
       })) {
    const auto& key = option->get_lnames().front();
    keys.push_back({table.empty() ? key : table + "." + key,
                    environment_prefix(app) + (table.empty() ? "" : in_capitals(table) + "__") +
                        in_capitals(key),
                    &command, option, type_of(*option), names_of(*option)});
  }
}

std::string wanted(const SettingKey& key) {
  switch (key.type) {
    case SettingType::flag:
      return "true or false";
    case SettingType::number:
      return "a number";
    case SettingType::text:
      return "a text in quotes, such as \"" + example_value(*key.option) + "\"";
    case SettingType::list:
      return "a list of texts";
  }
  return "";
}

std::optional<std::string> scalar(const toml::node& node) {
  if (const auto text = node.value_exact<std::string>()) return *text;
  return std::nullopt;
}

// The words that CLI11 would have got for it; none: another type than the option's.
std::optional<std::vector<std::string>> words_of(const toml::node& node, SettingType type) {
  using Words = std::vector<std::string>;
  if (type == SettingType::flag) {
    const auto flag = node.value_exact<bool>();
    if (!flag) return std::nullopt;
    return Words{*flag ? "true" : "false"};
  }
  if (type == SettingType::number) {
    if (const auto number = node.value_exact<std::int64_t>()) return Words{std::to_string(*number)};
    if (const auto number = node.value_exact<double>()) return Words{std::to_string(*number)};
    return std::nullopt;
  }
  if (const auto text = scalar(node)) return Words{*text};
  const auto* array = node.as_array();
  if (type != SettingType::list || array == nullptr) return std::nullopt;
  Words words;
  for (const auto& element : *array) {
    const auto text = scalar(element);
    if (!text) return std::nullopt;
    words.push_back(*text);
  }
  return words;
}

std::string unknown_key(const std::string& name, const std::vector<SettingKey>& keys) {
  std::vector<std::string> names;
  for (const auto& key : keys) names.push_back(key.name);
  const auto leaf = "." + name.substr(name.rfind('.') + 1);
  const auto elsewhere =
      std::ranges::find_if(names, [&](const auto& known) { return ("." + known).ends_with(leaf); });
  auto meant = nearest(name, names);
  if (elsewhere != names.end()) meant = *elsewhere;
  return "unknown key " + name + (meant ? "; did you mean " + *meant + "?" : "");
}

std::string unknown_table(const std::string& name, const std::vector<SettingKey>& keys) {
  std::vector<std::string> tables;
  for (const auto& key : keys) {
    if (const auto dot = key.name.find('.'); dot != std::string::npos) {
      tables.push_back(key.name.substr(0, dot));
    }
  }
  const auto meant = nearest(name, tables);
  return "unknown table [" + name + "]" + (meant ? "; did you mean [" + *meant + "]?" : "");
}

const SettingKey* find_key(const std::vector<SettingKey>& keys, const std::string& name) {
  const auto found = std::ranges::find(keys, name, &SettingKey::name);
  return found == keys.end() ? nullptr : &*found;
}

bool is_table_of_keys(const std::vector<SettingKey>& keys, const std::string& name) {
  return std::ranges::any_of(keys,
                             [&](const auto& key) { return key.name.starts_with(name + "."); });
}

class FileReader {
 public:
  FileReader(std::string name, const std::vector<SettingKey>& keys, ToldSettings& told)
      : name_(std::move(name)), keys_(keys), told_(told) {}

  Result<void> read(const toml::table& table, const std::string& prefix) {
    for (const auto& [key, node] : table) {
      const auto name = prefix + std::string(key.str());
      if (const auto* inner = node.as_table()) {
        CHECK_OR_FAIL(prefix.empty() && is_table_of_keys(keys_, name), ErrorCode::bad_config,
                      at(node) + ": " + unknown_table(name, keys_));
        TRY(read(*inner, name + "."));
        continue;
      }
      const auto* known = find_key(keys_, name);
      CHECK_OR_FAIL(known != nullptr, ErrorCode::bad_config,
                    at(node) + ": " + unknown_key(name, keys_));
      auto words = words_of(node, known->type);
      CHECK_OR_FAIL(words, ErrorCode::bad_config,
                    at(node) + ": " + name + " must be " + wanted(*known));
      told_[known->option] = {*std::move(words), at(node), false};
    }
    return {};
  }

  std::string at(const toml::node& node) const { return at(node.source()); }
  std::string at(const toml::source_region& region) const {
    return name_ + ":" + std::to_string(region.begin.line);
  }

 private:
  std::string name_;
  const std::vector<SettingKey>& keys_;
  ToldSettings& told_;
};

Result<void> read_settings_file(const std::filesystem::path& file,
                                const std::vector<SettingKey>& keys, ToldSettings& told) {
  const auto text = TRY(read_text_file(file, kMaxSettingsBytes));
  FileReader reader(file.string(), keys, told);
  const auto parsed = toml::parse(text);
  CHECK_OR_FAIL(
      parsed, ErrorCode::bad_config,
      reader.at(parsed.error().source()) + ": " + std::string(parsed.error().description()));
  return reader.read(parsed.table(), "");
}

// A variable has no quotes of its own: what does not begin with a bracket is one word.
Result<std::vector<std::string>> words_of_variable(const SettingKey& key,
                                                   const std::string& value) {
  using Words = std::vector<std::string>;
  const auto wrong = [&] {
    return failure(ErrorCode::bad_config, key.environment + " must be " + wanted(key));
  };
  if (key.type == SettingType::flag && value != "true" && value != "false") return wrong();
  if (key.type != SettingType::list || !value.starts_with('[')) return Words{value};
  const auto parsed = toml::parse("list = " + value);
  if (!parsed || parsed.table().size() != 1) return wrong();
  auto words = words_of(*parsed.table().get("list"), key.type);
  if (!words) return wrong();
  return *std::move(words);
}

Result<void> read_environment(CLI::App& app, const std::vector<SettingKey>& keys,
                              ToldSettings& told) {
  const auto prefix = environment_prefix(app);
  // One that the world knows by another name; ours wins over it. Empty it says nothing.
  for (const auto& key : keys) {
    const auto worlds = key.option->get_envname();
    const char* value = worlds.empty() ? nullptr : std::getenv(worlds.c_str());
    if (value == nullptr || *value == '\0') continue;
    told[key.option] = {TRY(words_of_variable(key, value)), worlds, true};
  }
  std::vector<std::string> names = {prefix + "CONFIG"};
  for (const auto& key : keys) names.push_back(key.environment);
  for (char** variable = ::environ; variable != nullptr && *variable != nullptr; ++variable) {
    const std::string_view text(*variable);
    const auto name = std::string(text.substr(0, text.find('=')));
    if (!name.starts_with(prefix) || name == names.front()) continue;
    const auto key = std::ranges::find(keys, name, &SettingKey::environment);
    if (key == keys.end()) {
      const auto meant = nearest(name, names);
      return failure(ErrorCode::bad_config, "unknown environment variable " + name +
                                                (meant ? "; did you mean " + *meant + "?" : ""));
    }
    const auto value = std::string(text.substr(std::min(text.size(), name.size() + 1)));
    told[key->option] = {TRY(words_of_variable(*key, value)), name, true};
  }
  return {};
}

// "--trust-every: a duration is …" without what the sentence says already.
std::string what_was_wrong(const SettingKey& key, const CLI::ParseError& error) {
  if (dynamic_cast<const CLI::ConversionError*>(&error) != nullptr) {
    return "must be " + wanted(key);
  }
  std::string what = error.what();
  const auto prefix = name_of(*key.option) + ": ";
  return what.starts_with(prefix) ? what.substr(prefix.size()) : what;
}

Result<void> apply_setting(const SettingKey& key, const Told& told) {
  if (key.type == SettingType::flag && told.values.front() == "false") return {};
  try {
    key.option->add_result(told.values);
    key.option->run_callback();
  } catch (const CLI::ParseError& error) {
    return failure(ErrorCode::bad_config,
                   told.source + ": " + key.name + ": " + what_was_wrong(key, error));
  }
  return {};
}

// Of a URL: what stands between the user's colon and the last @ before the path, and parameters that
// hold a secret. None of them is accepted; but one that was written must not be shown either.
std::string without_password(std::string value) {
  const auto scheme = value.find("://");
  if (scheme == std::string::npos) return value;
  const auto host = scheme + 3;
  const auto end = std::min(value.find_first_of("/?", host), value.size());
  const auto colon = value.find(':', host);
  const auto at = value.rfind('@');
  // A password may hold a slash that was not written as %2F.
  const bool in_front = colon < value.find('@', host) && at != std::string::npos &&
                        (at < end || colon < end);
  if (in_front) value.replace(colon + 1, at - colon - 1, "***");
  for (const std::string_view name : {"password=", "sslpassword="}) {
    for (const char before : {'?', '&'}) {
      const auto found = value.find(before + std::string(name));
      if (found == std::string::npos) continue;
      const auto from = found + 1 + name.size();
      value.replace(from, std::min(value.find('&', from), value.size()) - from, "***");
    }
  }
  return value;
}

}  // namespace

std::string environment_prefix(const CLI::App& app) { return in_capitals(app.get_name()) + "__"; }

std::vector<SettingKey> setting_keys(CLI::App& app) {
  std::vector<SettingKey> keys;
  add_keys(app, app, "", keys);
  for (const auto& name : kConfiguredCommands) {
    for (CLI::App* command : commands_of(app)) {
      if (command->get_name() == name) add_keys(app, *command, std::string(name), keys);
    }
  }
  return keys;
}

Result<ToldSettings> read_settings(CLI::App& app, const std::filesystem::path& file) {
  const auto keys = setting_keys(app);
  ToldSettings told;
  if (!file.empty()) TRY(read_settings_file(file, keys, told));
  TRY(read_environment(app, keys, told));
  return told;
}

Result<void> apply_settings(CLI::App& app, const CommandWords& words, ToldSettings& told,
                            bool everything) {
  const auto keys = setting_keys(app);
  for (const auto& key : keys) {
    const auto mine = told.find(key.option);
    if (mine == told.end()) continue;
    bool outdone = words.given.contains(key.option);
    for (const CLI::Option* other : key.option->get_excludes()) {
      const auto theirs = told.find(other);
      outdone =
          outdone || words.given.contains(other) ||
          (theirs != told.end() && theirs->second.by_environment && !mine->second.by_environment);
    }
    if (outdone) told.erase(mine);
  }
  // Two commands may share what they fill: the one that was chosen comes last.
  const auto chosen = [&](const SettingKey& key) {
    return std::ranges::find(words.commands, key.command) != words.commands.end();
  };
  for (const bool of_chosen : {false, true}) {
    if (!of_chosen && !everything) continue;
    for (const auto& key : keys) {
      if (chosen(key) != of_chosen || !told.contains(key.option)) continue;
      TRY(apply_setting(key, told.at(key.option)));
    }
  }
  return {};
}

std::vector<Setting> effective_settings(CLI::App& app, const CommandWords& words,
                                        const ToldSettings& told) {
  std::vector<Setting> settings;
  for (const auto& key : setting_keys(app)) {
    Setting setting{key.name, key.type, key.names, {}, "default"};
    if (words.given.contains(key.option)) {
      setting.source = "flag";
      setting.values = key.option->results();
    } else if (const auto found = told.find(key.option); found != told.end()) {
      setting.source = found->second.source;
      setting.values = found->second.values;
    } else if (key.type == SettingType::flag) {
      setting.values = {"false"};
    } else if (const auto text = key.option->get_default_str();
               !text.empty() && key.type != SettingType::list) {
      setting.values = {text};
    }
    for (auto& value : setting.values) value = without_password(value);
    settings.push_back(std::move(setting));
  }
  return settings;
}

}  // namespace set
