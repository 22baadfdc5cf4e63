// `config check`, `config show` and `config example`.
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <sstream>

#include <nlohmann/json.hpp>

#include "common/daemon/files.h"
#include "common/daemon/options.h"
#include "common/daemon/program_commands.h"
#include "common/daemon/terminal.h"

namespace set {
namespace {

namespace fs = std::filesystem;
using SettingJson = nlohmann::ordered_json;

constexpr std::size_t kLineWidth = 96;

std::string commented(const std::string& text) {
  std::string out, line = "#";
  std::istringstream words(text);
  for (std::string word; words >> word;) {
    if (line.size() + 1 + word.size() > kLineWidth) {
      out += line + "\n";
      line = "#";
    }
    line += " " + word;
  }
  return out + line + "\n";
}

std::string toml_text(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

std::string toml_value(SettingType type, const std::vector<std::string>& values) {
  if (type == SettingType::list) {
    std::string list;
    for (const auto& value : values) list += (list.empty() ? "" : ", ") + toml_text(value);
    return "[" + list + "]";
  }
  if (values.empty()) return "";
  return type == SettingType::text ? toml_text(values.front()) : values.front();
}

std::string example_of(const SettingKey& key) {
  const auto& text = key.option->get_default_str();
  const bool has_default = !text.empty() && key.type != SettingType::list;
  const bool is_off = key.type == SettingType::flag;
  // Ready to be filled in; what one cannot do without is not commented out.
  const bool needed = key.option->get_required() &&
                      (key.command->get_parent() == nullptr || key.command->get_name() == "serve");
  const auto leaf = key.name.substr(key.name.rfind('.') + 1);
  const auto value = is_off ? "false" : toml_value(key.type, {example_value(*key.option)});
  return commented(key.option->get_description()) +
         commented(key.environment + (has_default || is_off ? "; default:" : "; example:")) +
         (needed ? "" : "#") + leaf + " = " + value + "\n\n";
}

/// What is wrong with a file that a setting names.
Result<void> check_named(SettingNames names, const fs::path& path) {
  switch (names) {
    case SettingNames::nothing:
      return {};
    case SettingNames::file: {
      std::error_code error;
      CHECK_OR_FAIL(fs::exists(path, error), ErrorCode::bad_config,
                    path.string() + " does not exist");
      CHECK_OR_FAIL(::access(path.c_str(), R_OK) == 0, ErrorCode::bad_config,
                    path.string() + " cannot be read by this user");
      return {};
    }
    case SettingNames::private_file:
      return check_private_file(path);
    case SettingNames::new_file: {
      const auto parent = fs::absolute(path).parent_path();
      CHECK_OR_FAIL(::access(parent.c_str(), W_OK) == 0, ErrorCode::bad_config,
                    path.string() + " cannot be written: no such directory, or not by this user");
      return {};
    }
    case SettingNames::directory:
      return check_private_directory(path);
  }
  return {};
}

// Who may write the file decides what the daemon does.
Result<void> check_settings_file(const fs::path& file) {
  if (file.empty()) return {};
  std::error_code error;
  const auto mode = fs::status(file, error).permissions();
  const bool loose = (mode & (fs::perms::group_write | fs::perms::others_write)) != fs::perms::none;
  CHECK_OR_FAIL(!error && !loose, ErrorCode::bad_config,
                "others than its owner can write " + file.string() + ": chmod go-w");
  return {};
}

void print_verdict(const std::vector<std::string>& problems, std::size_t set, bool json) {
  std::string text;
  if (json) {
    text =
        SettingJson{{"ok", problems.empty()}, {"set", set}, {"problems", problems}}.dump(2) + "\n";
  } else {
    for (const auto& problem : problems)
      text += coloured("bad   ", Colour::red, stdout) + problem + "\n";
    if (problems.empty()) {
      text = coloured("ok    ", Colour::green, stdout) + std::to_string(set) +
             " settings are not the default's; all can be used\n";
    }
  }
  std::fputs(text.c_str(), stdout);
  std::fflush(stdout);
}

}  // namespace

std::string configuration_example(CLI::App& app) {
  const auto& name = app.get_name();
  std::string out =
      commented(
          "Settings of " + name + ": every key, with its default or an example, as `" + name +
          " config example` prints them. Read with --config FILE or " + environment_prefix(app) +
          "CONFIG. A flag wins over an environment variable, that over this file, that over "
          "the default. `" +
          name + " config check` examines, `" + name + " config show` tells what holds and why.") +
      "\n";
  std::string table;
  for (const auto& key : setting_keys(app)) {
    const auto dot = key.name.find('.');
    const auto in = dot == std::string::npos ? "" : key.name.substr(0, dot);
    if (in != table) out += "[" + in + "]\n";
    table = in;
    out += example_of(key);
  }
  out.pop_back();
  return out;
}

std::string settings_text(const std::vector<Setting>& settings, bool json) {
  SettingJson list = SettingJson::array();
  std::size_t widest_key = 0, widest_value = 0;
  for (const auto& setting : settings) {
    widest_key = std::max(widest_key, setting.key.size());
    widest_value = std::max(widest_value, toml_value(setting.type, setting.values).size());
    SettingJson value = setting.values;
    if (setting.type != SettingType::list) {
      value = setting.values.empty() ? SettingJson() : SettingJson(setting.values.front());
    }
    list.push_back({{"key", setting.key}, {"value", std::move(value)}, {"source", setting.source}});
  }
  if (json) return SettingJson{{"settings", std::move(list)}}.dump(2) + "\n";
  std::string out;
  widest_value = std::min<std::size_t>(widest_value, 40);
  for (const auto& setting : settings) {
    auto value = toml_value(setting.type, setting.values);
    if (value.empty() || value == "[]") value = "-";
    auto key = setting.key;
    key.resize(std::max(key.size(), widest_key), ' ');
    value.resize(std::max(value.size(), widest_value), ' ');
    out += key + "  " + value + "  " + setting.source + "\n";
  }
  return out;
}

Result<void> check_settings(const std::vector<Setting>& settings, const fs::path& file, bool json) {
  std::vector<std::string> problems;
  const auto note = [&](const Result<void>& checked, const std::string& where) {
    if (!checked) problems.push_back(where + checked.error().detail);
  };
  note(check_settings_file(file), "");
  std::size_t set = 0;
  for (const auto& setting : settings) {
    if (setting.source == "default") continue;
    ++set;
    for (const auto& value : setting.values) {
      note(check_named(setting.names, value), setting.source + ": " + setting.key + ": ");
    }
  }
  print_verdict(problems, set, json);
  if (problems.empty()) return {};
  return failure(ErrorCode::bad_config,
                 problems.front() + (problems.size() > 1
                                         ? " (first of " + std::to_string(problems.size()) + ")"
                                         : std::string()));
}

}  // namespace set
