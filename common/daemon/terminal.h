// The person at the terminal: what is said to one beside the data, what one is asked, colours, and a
// line that tells how far a long piece of work is. All of it goes to standard error, since standard
// output is for data. This and passphrase.h are the only places where anybody is asked, so that
// --quiet and --no-input hold everywhere. Called by main and its commands.
#pragma once

#include <cstdio>
#include <string>
#include <string_view>

#include "common/base/result.h"

namespace set {

enum class Colour { green, yellow, red };

/// For --no-color.
void forbid_colour();
/// For --quiet: say() and ProgressLine write nothing from now on.
void forbid_talk();
/// For --no-input: whoever would be asked gets nobody_to_ask() from now on.
void forbid_input();

/// True if `stream` is a terminal that shows colours, NO_COLOR is not set (or empty), and nobody
/// forbade them.
bool shows_colour(std::FILE* stream);
/// `text` in this colour where `stream` shows it, and as it is where not.
std::string coloured(std::string_view text, Colour colour, std::FILE* stream);

/// What is told to a person, with a newline at its end.
void say(std::string_view text);

bool input_is_forbidden();
/// True if a person reads and types, and may be asked: standard input and standard error are
/// terminals.
bool is_interactive();
/// invalid_argument, in one sentence: why nobody is asked `about` something ("for the card"), and what
/// gives it instead ("use --card-file").
Error nobody_to_ask(std::string_view about, std::string_view instead);
/// Succeeds if is_interactive(); called before the first of several questions.
Result<void> check_interactive(std::string_view about, std::string_view instead);

/// One visible line; check_interactive() first. invalid_argument at the end of input.
Result<std::string> ask_line(std::string_view question);
/// y or yes; anything else is a no.
bool ask_yes(std::string_view question);
/// A line of standard input that is data and not an answer. invalid_argument: there is none.
Result<std::string> read_input_line(std::string_view what);

/// One line on standard error that is written over and over, and wiped at the end; only on a
/// terminal. One thread.
class ProgressLine {
 public:
  ProgressLine();
  ~ProgressLine();
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;
  void show(std::string_view text);

 private:
  bool shown_at_all_;
  bool shown_ = false;
};

}  // namespace set
