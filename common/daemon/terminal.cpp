#include "common/daemon/terminal.h"

#include <unistd.h>

#include <atomic>
#include <cstdlib>

namespace set {
namespace {

std::atomic<bool> colour_forbidden = false;

bool is_terminal(std::FILE* stream) { return ::isatty(::fileno(stream)) == 1; }

bool is_set(const char* variable) {
  const char* value = std::getenv(variable);
  return value != nullptr && *value != '\0';
}

std::string_view code_of(Colour colour) {
  switch (colour) {
    case Colour::green:
      return "\x1b[32m";
    case Colour::yellow:
      return "\x1b[33m";
    case Colour::red:
      return "\x1b[31m";
  }
  return "";
}

}  // namespace

void forbid_colour() { colour_forbidden = true; }

bool shows_colour(std::FILE* stream) {
  const char* terminal = std::getenv("TERM");
  const bool dumb = terminal == nullptr || std::string_view(terminal) == "dumb";
  return !colour_forbidden && !is_set("NO_COLOR") && !dumb && is_terminal(stream);
}

std::string coloured(std::string_view text, Colour colour, std::FILE* stream) {
  if (!shows_colour(stream)) return std::string(text);
  return std::string(code_of(colour)) + std::string(text) + "\x1b[0m";
}

ProgressLine::ProgressLine() : on_terminal_(is_terminal(stderr)) {}

ProgressLine::~ProgressLine() {
  if (shown_) std::fputs("\r\x1b[K", stderr);
}

void ProgressLine::show(std::string_view text) {
  if (!on_terminal_) return;
  shown_ = true;
  std::fprintf(stderr, "\r\x1b[K%.*s", static_cast<int>(text.size()), text.data());
  std::fflush(stderr);
}

}  // namespace set
