// Where passphrases come from: a private file, an inherited descriptor, or a prompt on the
// terminal. Never from the command line or the environment, where others can read them. Called by
// main before threads exist.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/result.h"
#include "common/base/secret.h"

namespace CLI {
class App;
}

namespace set {

/// Neither file nor descriptor = ask on the terminal.
struct PassphraseSource {
  std::filesystem::path file;  ///< empty = none
  std::optional<int> descriptor;
  std::string option = "--passphrase-file";  ///< what would have given the file
};

/// Adds --<stem>-file FILE and --<stem>-fd N, which exclude each other.
void add_passphrase_options(CLI::App& app, PassphraseSource& source,
                            const std::string& stem = "passphrase");

/// One trailing newline is dropped; empty or longer than 1024 bytes is refused. `prompt` is what
/// the terminal shows ("Passphrase for keys.set"); with `confirm` it is asked twice.
/// bad_config: file missing or readable by group or others; invalid_argument: empty, too long, the two
/// answers differ, nobody to ask (terminal.h).
Result<Passphrase> read_passphrase(const PassphraseSource& source, std::string_view prompt,
                                   bool confirm);

}  // namespace set
