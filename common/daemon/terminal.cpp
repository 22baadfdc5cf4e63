#include "common/daemon/terminal.h"

#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <iostream>

#include "common/daemon/patience.h"

namespace set {
namespace {

std::atomic<bool> colour_forbidden = false;
std::atomic<bool> talk_forbidden = false;
std::atomic<bool> input_forbidden = false;

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
void forbid_talk() { talk_forbidden = true; }
void forbid_input() { input_forbidden = true; }

bool shows_colour(std::FILE* stream) {
  const char* terminal = std::getenv("TERM");
  const bool dumb = terminal == nullptr || std::string_view(terminal) == "dumb";
  return !colour_forbidden && !is_set("NO_COLOR") && !dumb && is_terminal(stream);
}

std::string coloured(std::string_view text, Colour colour, std::FILE* stream) {
  if (!shows_colour(stream)) return std::string(text);
  return std::string(code_of(colour)) + std::string(text) + "\x1b[0m";
}

void say(std::string_view text) {
  if (talk_forbidden) return;
  std::fwrite(text.data(), 1, text.size(), stderr);
  if (!text.ends_with('\n')) std::fputc('\n', stderr);
  std::fflush(stderr);
}

bool input_is_forbidden() { return input_forbidden; }

bool is_interactive() {
  return !input_forbidden && is_terminal(stdin) && is_terminal(stderr);
}

Error nobody_to_ask(std::string_view about, std::string_view instead) {
  const std::string why =
      input_forbidden ? "--no-input forbids to ask " : "there is no terminal to ask ";
  return {ErrorCode::invalid_argument, why + std::string(about) + ": " + std::string(instead)};
}

Result<void> check_interactive(std::string_view about, std::string_view instead) {
  if (is_interactive()) return {};
  return failure(nobody_to_ask(about, instead));
}

// A question is no talk: --quiet does not hide what somebody is to answer.
Result<std::string> ask_line(std::string_view question) {
  const NobodyWaits typing;
  std::fprintf(stderr, "%.*s: ", static_cast<int>(question.size()), question.data());
  std::fflush(stderr);
  std::string line;
  CHECK_OR_FAIL(std::getline(std::cin, line), ErrorCode::invalid_argument, "nothing was entered");
  return line;
}

bool ask_yes(std::string_view question) {
  const auto answer = ask_line(std::string(question) + " [y/N]");
  return answer && (*answer == "y" || *answer == "Y" || *answer == "yes");
}

Result<std::string> read_input_line(std::string_view what) {
  std::string line;
  CHECK_OR_FAIL(std::getline(std::cin, line), ErrorCode::invalid_argument,
                "there is no " + std::string(what) + " on standard input");
  return line;
}

ProgressLine::ProgressLine() : shown_at_all_(is_terminal(stderr) && !talk_forbidden) {}

ProgressLine::~ProgressLine() {
  if (shown_) std::fputs("\r\x1b[K", stderr);
}

void ProgressLine::show(std::string_view text) {
  if (!shown_at_all_) return;
  shown_ = true;
  std::fprintf(stderr, "\r\x1b[K%.*s", static_cast<int>(text.size()), text.data());
  std::fflush(stderr);
}

}  // namespace set
