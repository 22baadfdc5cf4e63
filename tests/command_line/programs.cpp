#include "tests/command_line/programs.h"

#include <algorithm>
#include <cstdlib>
#include <sstream>

namespace set::test {
namespace {

void collect_commands(const std::string& program, const Words& path, std::vector<Words>& out) {
  bool leaf = true;
  for (const auto& [word, meaning] : completions(program, path, "")) {
    if (word.starts_with('-') || meaning.empty()) continue;  // an option, a choice
    leaf = false;
    collect_commands(program, path + Words{word}, out);
  }
  if (leaf) out.push_back(path);
}

}  // namespace

std::vector<std::pair<std::string, std::string>> completions(const std::string& program,
                                                             const Words& words,
                                                             const std::string& begun) {
  const auto finished = run(Words{program, "completion", "words", "--"} + words + Words{begun});
  REQUIRE(finished.exit_code == 0);
  std::vector<std::pair<std::string, std::string>> out;
  std::istringstream lines(finished.out);
  for (std::string line; std::getline(lines, line);) {
    const auto tab = line.find('\t');
    out.emplace_back(line.substr(0, tab), tab == std::string::npos ? "" : line.substr(tab + 1));
  }
  return out;
}

std::vector<Words> commands_of(const std::string& program) {
  std::vector<Words> commands;
  collect_commands(program, {}, commands);
  return commands;
}

std::vector<Shown> settings_of(const std::string& program, const Words& flags,
                               const Environment& environment) {
  const auto text = ok(run(Words{program, "config", "show", "--json"} + flags, environment));
  const auto parsed = Json::parse(text);
  std::vector<Shown> settings;
  for (const auto& one : parsed.at("settings")) {
    settings.push_back({one.at("key"), one.at("source"), one.at("value")});
  }
  return settings;
}

Shown setting_of(const std::string& program, const std::string& key, const Words& flags,
                 const Environment& environment) {
  const auto settings = settings_of(program, flags, environment);
  const auto found = std::ranges::find(settings, key, &Shown::key);
  REQUIRE(found != settings.end());
  return *found;
}

std::filesystem::path example_file(const std::string& program) {
  return std::filesystem::path(SET_SOURCE_DIR) / "deploy" / "config" /
         (program.substr(std::string("set-").size()) + ".toml");
}

bool has_tool(const std::string& name) {
  return run({"/bin/sh", "-c", "command -v " + name}).exit_code == 0;
}

Folder::Folder() {
  auto name = (std::filesystem::temp_directory_path() / "openset-XXXXXX").string();
  REQUIRE(::mkdtemp(name.data()) != nullptr);
  path_ = name;
}

Folder::~Folder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string Folder::file(const std::string& name, const std::string& content) const {
  const auto path = path_ / name;
  write_secret(path, content);
  return path.string();
}

}  // namespace set::test
