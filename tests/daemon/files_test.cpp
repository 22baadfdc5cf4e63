#include <pty.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include <CLI/CLI.hpp>

#include "common/daemon/files.h"
#include "common/daemon/passphrase.h"
#include "common/daemon/terminal.h"
#include "tests/daemon/transport.h"
#include "tests/store/temporary_directory.h"

namespace set {
namespace {

using test::code_of;
using test::must;

unsigned mode_of(const std::filesystem::path& path) {
  struct stat status = {};
  REQUIRE(::stat(path.c_str(), &status) == 0);
  return status.st_mode & 07777;
}

Result<Passphrase> from_file(const std::filesystem::path& path) {
  return read_passphrase({.file = path, .descriptor = {}}, "", false);
}

std::filesystem::path private_file(const test::TemporaryDirectory& directory,
                                   const std::string& text) {
  const auto path = directory.path() / "passphrase";
  must(write_file_atomically(path, text));
  return path;
}

// read_passphrase in a process whose terminal we are; what it read and what the terminal showed.
struct Typed {
  std::string shown;
  int exit;
};
Typed type(const std::string& keys, bool confirm, bool no_input = false) {
  int terminal = -1;
  const pid_t child = ::forkpty(&terminal, nullptr, nullptr, nullptr);
  if (child == 0) {
    if (no_input) forbid_input();
    const auto passphrase = read_passphrase({}, "Passphrase for keys.set", confirm);
    if (no_input) ::_exit(passphrase.has_value() ? 0 : 5);
    ::_exit(!passphrase ? 3 : passphrase->reveal() == "correct horse" ? 0 : 4);
  }
  ::usleep(200'000);  // typed ahead of the prompt would be dropped, as it should
  std::string shown;
  for (std::size_t begin = 0; begin < keys.size();) {
    const auto end = std::min(keys.find('\n', begin), keys.size() - 1) + 1;
    REQUIRE(::write(terminal, keys.data() + begin, end - begin) > 0);
    ::usleep(100'000);
    begin = end;
  }
  char buffer[512];
  ssize_t got = 0;
  while ((got = ::read(terminal, buffer, sizeof buffer)) > 0) {
    shown.append(buffer, static_cast<std::size_t>(got));
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  ::close(terminal);
  return {shown, WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status)};
}

}  // namespace

TEST_CASE("a file is written whole, private, and read back") {
  test::TemporaryDirectory directory;
  const auto path = directory.path() / "file";
  must(write_file_atomically(path, "one"));
  CHECK(mode_of(path) == 0600);
  must(write_file_atomically(path, "two", 0644));
  CHECK(mode_of(path) == 0644);
  CHECK(must(read_text_file(path)) == "two");
  CHECK(std::distance(std::filesystem::directory_iterator(directory.path()), {}) == 1);
  CHECK(code_of(read_file(path, 2)) == ErrorCode::bad_config);
  CHECK(code_of(read_file(directory.path())) == ErrorCode::bad_config);
  CHECK(code_of(write_file_atomically(directory.path() / "no" / "file", "x")) ==
        ErrorCode::storage_unavailable);
  const auto missing = read_file(directory.path() / "missing");
  CHECK(code_of(missing) == ErrorCode::bad_config);
  CHECK(missing.error().detail.find("missing") != std::string::npos);
}

TEST_CASE("private directories are made private and refused when they are not") {
  test::TemporaryDirectory directory;
  const auto path = directory.path() / "a" / "b";
  must(make_private_directory(path));
  CHECK(mode_of(path) == 0700);
  must(make_private_directory(path));
  REQUIRE(::chmod(path.c_str(), 0750) == 0);
  CHECK(code_of(make_private_directory(path)) == ErrorCode::bad_config);
  CHECK(code_of(check_private_directory(path)) == ErrorCode::bad_config);
  CHECK(code_of(check_private_file(path)) == ErrorCode::bad_config);
}

TEST_CASE("a passphrase comes from a private file without its newline") {
  test::TemporaryDirectory directory;
  CHECK(must(from_file(private_file(directory, "correct horse\n"))).reveal() == "correct horse");
  CHECK(must(from_file(private_file(directory, " a\r\n"))).reveal() == " a");
  CHECK(must(from_file(private_file(directory, std::string(1024, 'x') + "\n"))).reveal().size() ==
        1024);
}

TEST_CASE("a passphrase that is empty, too long or readable by others is refused") {
  test::TemporaryDirectory directory;
  CHECK(code_of(from_file(private_file(directory, "\n"))) == ErrorCode::invalid_argument);
  CHECK(code_of(from_file(private_file(directory, ""))) == ErrorCode::invalid_argument);
  CHECK(code_of(from_file(private_file(directory, std::string(1025, 'x')))) ==
        ErrorCode::invalid_argument);
  CHECK(code_of(from_file(directory.path() / "missing")) == ErrorCode::bad_config);
  const auto shared = private_file(directory, "secret\n");
  REQUIRE(::chmod(shared.c_str(), 0640) == 0);
  CHECK(code_of(from_file(shared)) == ErrorCode::bad_config);
}

TEST_CASE("what systemd hands a service is private under its access list, and nothing beside it") {
  test::TemporaryDirectory directory;
  const auto credential = private_file(directory, "secret\n");
  REQUIRE(::chmod(credential.c_str(), 0440) == 0);
  CHECK(code_of(from_file(credential)) == ErrorCode::bad_config);
  ::setenv("CREDENTIALS_DIRECTORY", directory.path().c_str(), 1);
  CHECK(must(from_file(credential)).reveal() == "secret");
  REQUIRE(::chmod(credential.c_str(), 0444) == 0);
  CHECK(code_of(from_file(credential)) == ErrorCode::bad_config);
  REQUIRE(::chmod(credential.c_str(), 0440) == 0);
  ::setenv("CREDENTIALS_DIRECTORY", "/run/credentials/another.service", 1);
  CHECK(code_of(from_file(credential)) == ErrorCode::bad_config);
  ::unsetenv("CREDENTIALS_DIRECTORY");
}

TEST_CASE("a passphrase comes from a descriptor") {
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  REQUIRE(::write(ends[1], "correct horse\n", 14) == 14);
  ::close(ends[1]);
  CLI::App app;
  PassphraseSource source;
  add_passphrase_options(app, source, "root-passphrase");
  app.parse("--root-passphrase-fd " + std::to_string(ends[0]));
  CHECK(must(read_passphrase(source, "", false)).reveal() == "correct horse");
  ::close(ends[0]);
  CHECK(code_of(read_passphrase(source, "", false)) == ErrorCode::bad_config);
}

TEST_CASE("a passphrase is typed on a terminal that does not show it") {
  const auto typed = type("correct hose\x7f\x7frse\n", false);
  CHECK(typed.exit == 0);
  CHECK(typed.shown.find("Passphrase for keys.set: ") != std::string::npos);
  CHECK(typed.shown.find("hors") == std::string::npos);
  CHECK(type("correct horse\ncorrect horse\n", true).exit == 0);
  CHECK(type("correct horse\nanother\n", true).exit == 3);
  CHECK(type("\x03", false).exit == 1000 + SIGINT);
}

TEST_CASE("who wants no questions gets none, and hears which option answers") {
  const auto typed = type("", false, /*no_input=*/true);
  CHECK(typed.exit == 5);
  CHECK(typed.shown.empty());
  CHECK(nobody_to_ask("for the card", "use --card-file").detail ==
        "there is no terminal to ask for the card: use --card-file");
}

}  // namespace set
