// The programs and the tree of their commands, as their own completion tells it. One thread.
#pragma once

#include <nlohmann/json.hpp>

#include "tests/scenario/words.h"

namespace set::test {

using Json = nlohmann::json;

inline const std::vector<std::string> kPrograms = {"set-ca", "set-gateway", "set-merchant",
                                                   "set-wallet", "set-bank"};

/// What may follow these words, by the program's own completion: word and meaning.
std::vector<std::pair<std::string, std::string>> completions(const std::string& program,
                                                             const Words& words,
                                                             const std::string& begun);
/// Every command that has none under it: {"order", "list"}.
std::vector<Words> commands_of(const std::string& program);

/// One setting as `config show --json` has it.
struct Shown {
  std::string key, source;
  Json value;
};
std::vector<Shown> settings_of(const std::string& program, const Words& flags = {},
                               const Environment& environment = {});
Shown setting_of(const std::string& program, const std::string& key, const Words& flags = {},
                 const Environment& environment = {});

/// "deploy/config/merchant.toml" of set-merchant, in the source tree.
std::filesystem::path example_file(const std::string& program);

/// True if there is such a program in the PATH; a test without it is skipped with a word.
bool has_tool(const std::string& name);

inline bool holds(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

/// A directory of its own, gone at the end.
class Folder {
 public:
  Folder();
  ~Folder();
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  const std::filesystem::path& path() const { return path_; }
  /// Writes a file into it and gives its path.
  std::string file(const std::string& name, const std::string& content) const;

 private:
  std::filesystem::path path_;
};

}  // namespace set::test
