// A program started by a test: its exit code, its output, and its certain end. One thread.
#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace set::test {

using Environment = std::map<std::string, std::string>;

/// What a finished command left behind.
struct Finished {
  int exit_code = -1;  ///< 128 + signal if a signal ended it
  std::string out, err;
};

/// A running program. Its end comes with the object's, by SIGKILL if nobody asked nicely before.
class Process {
 public:
  /// `argv[0]` is a program's name in the build's bin folder, or a path. Output goes to `log`.
  static Process start(const std::vector<std::string>& argv, const Environment& extra,
                       const std::filesystem::path& out, const std::filesystem::path& log);
  Process(Process&& other) noexcept;
  Process& operator=(Process&& other) noexcept;
  ~Process();

  int pid() const { return pid_; }
  bool running();
  void signal(int number);
  /// The exit code, or none if it is still running after `patience`.
  std::optional<int> wait(std::chrono::milliseconds patience);
  /// SIGTERM and wait.
  int stop();
  /// SIGKILL and wait.
  void kill();

 private:
  explicit Process(int pid) : pid_(pid) {}
  int pid_ = -1;
  std::optional<int> exit_code_;
};

/// Runs to the end (at most a minute).
Finished run(const std::vector<std::string>& argv, const Environment& extra = {});

/// Where the programs are: the build's bin folder, or what the environment's SET_BIN_DIR says (installed programs).
std::filesystem::path bin_dir();

std::string read_file(const std::filesystem::path& path);
void write_file(const std::filesystem::path& path, const std::string& content);

}  // namespace set::test
