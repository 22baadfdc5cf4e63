#include "wallet/cli/terminal.h"

#include <unistd.h>

#include <cstdio>
#include <iostream>

#include "common/daemon/passphrase.h"

namespace set::wallet {

bool is_interactive() { return ::isatty(STDIN_FILENO) == 1 && ::isatty(STDERR_FILENO) == 1; }

Result<std::string> ask_line(const std::string& prompt) {
  say(prompt + ": ");
  std::string line;
  CHECK_OR_FAIL(std::getline(std::cin, line), ErrorCode::invalid_argument, "nothing was entered");
  return line;
}

Result<Secret<std::string>> ask_secret(const std::string& prompt) {
  auto entered = read_passphrase({}, prompt, /*confirm=*/false);
  CHECK_OR_FAIL(entered, ErrorCode::invalid_argument, "nothing was entered for: " + prompt);
  return entered;
}

bool ask_yes(const std::string& question) {
  const auto answer = ask_line(question + " [y/N]");
  return answer && (*answer == "y" || *answer == "Y" || *answer == "yes");
}

void say(const std::string& text) {
  std::fputs(text.c_str(), stderr);
  std::fflush(stderr);
}

void print(const std::string& text) {
  std::fputs(text.c_str(), stdout);
  std::fflush(stdout);
}

}  // namespace set::wallet
