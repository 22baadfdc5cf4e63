// Completion: what the program answers, and that the shells take its scripts.
#include <algorithm>

#include "tests/command_line/programs.h"

using namespace set::test;

namespace {

std::vector<std::string> words_after(const std::string& program, const Words& words,
                                     const std::string& begun) {
  std::vector<std::string> out;
  for (const auto& [word, meaning] : completions(program, words, begun)) out.push_back(word);
  return out;
}

bool has(const std::vector<std::string>& words, const std::string& word) {
  return std::ranges::find(words, word) != words.end();
}

}  // namespace

TEST_CASE("commands, options, choices and files are offered where they belong") {
  CHECK(words_after("set-merchant", {"order"}, "") ==
        std::vector<std::string>{"create", "list", "show"});
  CHECK(words_after("set-merchant", {"ord"}, "").size() > 5);  // unknown: as at the beginning
  CHECK(words_after("set-merchant", {}, "heal") == std::vector<std::string>{"healthcheck"});
  const auto of_serve = words_after("set-merchant", {"serve"}, "--");
  CHECK(has(of_serve, "--listen"));
  CHECK(has(of_serve, "--dir"));  // of the program
  CHECK_FALSE(has(of_serve, "--amount"));
  CHECK(words_after("set-ca", {"serve", "--cards"}, "") == std::vector<std::string>{":file"});
  CHECK(words_after("set-ca", {"--dir"}, "") == std::vector<std::string>{":directory"});
  CHECK(words_after("set-bank", {"--log-level"}, "w") == std::vector<std::string>{"warning"});
  CHECK(words_after("set-ca", {"token", "create", "--role"}, "") ==
        std::vector<std::string>{"merchant", "gateway"});
  CHECK(words_after("set-wallet", {"completion"}, "") ==
        std::vector<std::string>{"bash", "zsh", "fish"});
  CHECK_FALSE(has(words_after("set-wallet", {}, ""), "orders"));  // still works, but is not shown
}

TEST_CASE("the shells take the scripts") {
  Folder folder;
  for (const auto& program : kPrograms) {
    for (const std::string shell : {"bash", "zsh", "fish"}) {
      const auto script = folder.file(shell, ok(run({program, "completion", shell})) + "\n");
      if (!has_tool(shell)) {
        WARN("there is no " << shell << " here to try its script");
        continue;
      }
      INFO(program << " " << shell);
      const auto read = run({"/bin/sh", "-c", shell + " -n " + script});
      CHECK(read.exit_code == 0);
      CHECK(read.err.empty());
    }
  }
  refused(run({"set-ca", "completion", "csh"}), 2, "csh");
}

TEST_CASE("bash completes with the script") {
  if (!has_tool("bash")) SKIP("there is no bash here");
  Folder folder;
  const auto script = folder.file("script", ok(run({"set-merchant", "completion", "bash"})) + "\n");
  const auto program = (bin_dir() / "set-merchant").string();
  const auto ask = folder.file(
      "ask.sh", "source " + script + "\nCOMP_WORDS=(" + program +
                    " order l)\nCOMP_CWORD=2\n_set_merchant\nprintf '%s\\n' \"${COMPREPLY[@]}\"\n");
  CHECK(ok(run({"/bin/bash", ask})) == "list");
}

TEST_CASE("fish completes with the script") {
  if (!has_tool("fish")) SKIP("there is no fish here");
  Folder folder;
  const auto script = folder.file("script", ok(run({"set-merchant", "completion", "fish"})) + "\n");
  const auto asked =
      run({"/bin/sh", "-c",
           "PATH=" + bin_dir().string() + ":$PATH HOME=" + folder.path().string() +
               " fish -c 'source " + script + "; complete -C \"set-merchant order l\"'"});
  CHECK(ok(asked).starts_with("list"));
}
