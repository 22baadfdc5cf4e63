// What is shown to a person at a terminal: colours, and a line that tells how far a long piece of
// work is. Neither is ever written into a file or a pipe. Called by main and its commands.
#pragma once

#include <cstdio>
#include <string>
#include <string_view>

namespace set {

enum class Colour { green, yellow, red };

/// For --no-color.
void forbid_colour();
/// True if `stream` is a terminal that shows colours, NO_COLOR is not set (or empty), and nobody
/// forbade them.
bool shows_colour(std::FILE* stream);
/// `text` in this colour where `stream` shows it, and as it is where not.
std::string coloured(std::string_view text, Colour colour, std::FILE* stream);

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
  bool on_terminal_;
  bool shown_ = false;
};

}  // namespace set
