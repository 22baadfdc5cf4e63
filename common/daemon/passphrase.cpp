#include "common/daemon/passphrase.h"

#include <fcntl.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>

#include <CLI/CLI.hpp>

#include "common/daemon/files.h"
#include "common/daemon/options.h"
#include "common/daemon/patience.h"
#include "common/daemon/terminal.h"

namespace set {
namespace {

constexpr std::size_t kMaxBytes = 1024;
constexpr char kCtrlC = 3, kCtrlD = 4, kBackspace = 8, kDelete = 127;

// Reserved in one piece, so that a growing string leaves no unwiped copy behind.
std::string room() {
  std::string text;
  text.reserve(kMaxBytes + 2);
  return text;
}

Result<Passphrase> checked(std::string text, std::string_view where) {
  if (text.ends_with('\n')) text.pop_back();
  if (text.ends_with('\r')) text.pop_back();
  Passphrase passphrase(std::move(text));
  CHECK_OR_FAIL(!passphrase.empty(), ErrorCode::invalid_argument,
                "the passphrase from " + std::string(where) + " is empty");
  CHECK_OR_FAIL(passphrase.reveal().size() <= kMaxBytes, ErrorCode::invalid_argument,
                "the passphrase from " + std::string(where) + " is longer than 1024 bytes");
  return passphrase;
}

Result<Passphrase> from_descriptor(int fd, std::string_view where) {
  std::string text = room();
  while (text.size() < kMaxBytes + 2) {  // more is too long anyway
    char c = 0;
    const ssize_t got = ::read(fd, &c, 1);
    if (got < 0 && errno == EINTR) continue;
    CHECK_OR_FAIL(
        got >= 0, ErrorCode::bad_config,
        "cannot read a passphrase from " + std::string(where) + ": " + std::strerror(errno));
    if (got == 0) break;
    text.push_back(c);
  }
  return checked(std::move(text), where);
}

Result<Passphrase> from_file(const std::filesystem::path& path) {
  TRY(check_private_file(path));
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  CHECK_OR_FAIL(fd >= 0, ErrorCode::bad_config,
                "cannot read " + path.string() + ": " + std::strerror(errno));
  auto passphrase = from_descriptor(fd, path.string());
  ::close(fd);
  return passphrase;
}

// The terminal without echo, as it was before at the end. Ctrl-C comes as a character, so that the
// terminal is put right before the process dies of it.
class Terminal {
 public:
  Terminal() : fd_(::open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY)) {
    if (fd_ < 0 || ::tcgetattr(fd_, &before_) != 0) return;
    termios silent = before_;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO | ECHONL | ICANON | ISIG);
    silent.c_cc[VMIN] = 1;
    silent.c_cc[VTIME] = 0;
    ready_ = ::tcsetattr(fd_, TCSAFLUSH, &silent) == 0;
  }
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;
  ~Terminal() {
    restore();
    if (fd_ >= 0) ::close(fd_);
  }

  bool ready() const { return ready_; }

  Result<Passphrase> ask(const std::string& prompt) {
    const NobodyWaits typing;
    say(prompt + ": ");
    std::string text = room();
    char c = 0;
    while (::read(fd_, &c, 1) == 1 && c != '\n' && c != '\r' && c != kCtrlD) {
      if (c == kCtrlC) interrupt();
      if (c == kBackspace || c == kDelete) {
        if (!text.empty()) text.pop_back();
      } else if (text.size() <= kMaxBytes) {
        text.push_back(c);
      }
    }
    say("\n");
    return checked(std::move(text), "the terminal");
  }

 private:
  void say(const std::string& text) {
    [[maybe_unused]] const auto written = ::write(fd_, text.data(), text.size());
  }
  void restore() {
    if (ready_) ::tcsetattr(fd_, TCSAFLUSH, &before_);
    ready_ = false;
  }
  void interrupt() {
    say("\n");
    restore();
    ::raise(SIGINT);
  }

  int fd_;
  termios before_ = {};
  bool ready_ = false;
};

Result<Passphrase> from_terminal(const std::string& option, std::string_view prompt, bool confirm) {
  const auto nobody = [&] {
    return failure(nobody_to_ask("for \"" + std::string(prompt) + "\"", "use " + option));
  };
  if (input_is_forbidden()) return nobody();
  Terminal terminal;
  if (!terminal.ready()) return nobody();
  auto passphrase = TRY(terminal.ask(std::string(prompt)));
  if (confirm) {
    const auto again = TRY(terminal.ask(std::string(prompt) + " (again)"));
    CHECK_OR_FAIL(passphrase.reveal() == again.reveal(), ErrorCode::invalid_argument,
                  "the two passphrases differ");
  }
  return passphrase;
}

}  // namespace

void add_passphrase_options(CLI::App& app, PassphraseSource& source, const std::string& stem) {
  source.option = "--" + stem + "-file";
  auto* file = app.add_option(source.option, source.file,
                              "File with the passphrase, readable by its owner only")
                   ->type_name(kPrivateFile);
  auto* descriptor = app.add_option("--" + stem + "-fd", source.descriptor,
                                    "Open file descriptor to read the passphrase from, such as 3");
  file->excludes(descriptor);
}

Result<Passphrase> read_passphrase(const PassphraseSource& source, std::string_view prompt,
                                   bool confirm) {
  if (!source.file.empty()) return from_file(source.file);
  if (source.descriptor) {
    return from_descriptor(*source.descriptor, "descriptor " + std::to_string(*source.descriptor));
  }
  return from_terminal(source.option, prompt, confirm);
}

}  // namespace set
