// Asking the person at the terminal. Prompts go to standard error, since standard output is for data.
#pragma once

#include <string>

#include "common/base/result.h"
#include "common/base/secret.h"

namespace set::wallet {

/// True if a person reads and types: standard input and standard error are terminals.
bool is_interactive();
/// One visible line. invalid_argument at the end of input.
Result<std::string> ask_line(const std::string& prompt);
/// One line without echo. invalid_argument if nothing is entered.
Result<Secret<std::string>> ask_secret(const std::string& prompt);
/// y or yes; anything else is a no.
bool ask_yes(const std::string& question);

void say(const std::string& text);    ///< standard error
void print(const std::string& text);  ///< standard output

}  // namespace set::wallet
