#include "wallet/cli/terminal.h"

#include <cstdio>

#include "common/daemon/passphrase.h"

namespace set::wallet {

Result<Secret<std::string>> ask_secret(const std::string& prompt) {
  TRY(check_interactive("for \"" + prompt + "\"", "give it by a file"));
  auto entered = read_passphrase({}, prompt, /*confirm=*/false);
  CHECK_OR_FAIL(entered, ErrorCode::invalid_argument, "nothing was entered for: " + prompt);
  return entered;
}

void print(const std::string& text) {
  std::fputs(text.c_str(), stdout);
  std::fflush(stdout);
}

}  // namespace set::wallet
