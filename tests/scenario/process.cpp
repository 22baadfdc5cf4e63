#include "tests/scenario/process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <thread>
#include <utility>

namespace set::test {
namespace {

std::string program(const std::string& name) {
  return name.find('/') == std::string::npos && name.starts_with("set-") ? (bin_dir() / name).string() : name;
}

int decoded(int status) { return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status); }

[[noreturn]] void become(const std::vector<std::string>& argv, const Environment& extra, const std::string& out,
                         const std::string& log) {
  const int in_fd = ::open("/dev/null", O_RDONLY);
  const int out_fd = ::open(out.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  const int log_fd = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  ::dup2(in_fd, 0);
  ::dup2(out_fd, 1);
  ::dup2(log_fd, 2);
  for (const auto& [name, value] : extra) ::setenv(name.c_str(), value.c_str(), 1);
  std::vector<char*> arguments;
  for (const auto& argument : argv) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  ::execvp(program(argv[0]).c_str(), arguments.data());
  ::_exit(127);
}

}  // namespace

Process Process::start(const std::vector<std::string>& argv, const Environment& extra,
                       const std::filesystem::path& out, const std::filesystem::path& log) {
  const int pid = ::fork();
  if (pid < 0) throw std::runtime_error("fork failed");
  if (pid == 0) become(argv, extra, out.string(), log.string());
  return Process(pid);
}

Process::Process(Process&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)), exit_code_(std::exchange(other.exit_code_, std::nullopt)) {}

Process& Process::operator=(Process&& other) noexcept {
  std::swap(pid_, other.pid_);
  std::swap(exit_code_, other.exit_code_);
  return *this;
}

Process::~Process() { kill(); }

bool Process::running() { return pid_ > 0 && !wait(std::chrono::milliseconds(0)); }

void Process::signal(int number) {
  if (pid_ > 0 && !exit_code_) ::kill(pid_, number);
}

std::optional<int> Process::wait(std::chrono::milliseconds patience) {
  if (pid_ <= 0 || exit_code_) return exit_code_;
  const auto end = std::chrono::steady_clock::now() + patience;
  while (true) {
    int status = 0;
    if (::waitpid(pid_, &status, WNOHANG) == pid_) return exit_code_ = decoded(status);
    if (std::chrono::steady_clock::now() >= end) return std::nullopt;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

int Process::stop() {
  signal(SIGTERM);
  const auto code = wait(std::chrono::seconds(20));
  if (!code) kill();
  return code.value_or(-1);
}

void Process::kill() {
  signal(SIGKILL);
  wait(std::chrono::seconds(10));
}

Finished run(const std::vector<std::string>& argv, const Environment& extra) {
  char folder[] = "/tmp/openset-run.XXXXXX";
  const std::filesystem::path work = ::mkdtemp(folder);
  auto process = Process::start(argv, extra, work / "out", work / "err");
  Finished result;
  result.exit_code = process.wait(std::chrono::seconds(60)).value_or(-1);
  process.kill();
  result.out = read_file(work / "out");
  result.err = read_file(work / "err");
  std::filesystem::remove_all(work);
  return result;
}

std::filesystem::path bin_dir() {
  const char* chosen = std::getenv("SET_BIN_DIR");
  return chosen != nullptr ? chosen : SET_BIN_DIR;
}

std::string read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

void write_file(const std::filesystem::path& path, const std::string& content) {
  std::ofstream(path, std::ios::binary) << content;
  std::filesystem::permissions(path, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
}

}  // namespace set::test
