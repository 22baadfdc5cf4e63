// What the subcommands ask and show beside common/daemon/terminal.h.
#pragma once

#include <string>

#include "common/base/result.h"
#include "common/base/secret.h"
#include "common/daemon/terminal.h"

namespace set::wallet {

/// One line without echo. invalid_argument if nothing is entered, or nobody may be asked.
Result<Secret<std::string>> ask_secret(const std::string& prompt);

void print(const std::string& text);  ///< standard output

}  // namespace set::wallet
