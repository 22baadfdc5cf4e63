// This test program once more, in a process of its own, for what ends or changes a process. The
// test it runs is tagged "[.child]", which hides it from ordinary runs.
#pragma once

#include <catch2/catch_test_macros.hpp>

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>
#include <csignal>
#include <string>
#include <vector>

namespace set::test {

class Child {
 public:
  /// `environment` as "NAME=value", on top of ours.
  explicit Child(std::string test, std::vector<std::string> environment = {}) {
    for (char** variable = environ; *variable != nullptr; ++variable) {
      environment.emplace_back(*variable);
    }
    std::vector<char*> names;
    for (std::string& variable : environment) names.push_back(variable.data());
    names.push_back(nullptr);
    std::string program = "/proc/self/exe";
    char* arguments[] = {program.data(), test.data(), nullptr};
    REQUIRE(::posix_spawn(&pid_, program.c_str(), nullptr, nullptr, arguments, names.data()) == 0);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() {
    if (pid_ > 0) {
      ::kill(pid_, SIGKILL);
      ::waitpid(pid_, nullptr, 0);
    }
  }

  void signal(int number) const { REQUIRE(::kill(pid_, number) == 0); }

  /// Its exit code, or 1000 and the signal that killed it.
  int wait() {
    int status = 0;
    REQUIRE(::waitpid(pid_, &status, 0) == pid_);
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
  }

 private:
  pid_t pid_ = -1;
};

/// Tries until it is true, at most ten seconds.
bool eventually(const auto& condition) {
  for (int i = 0; i < 1000; ++i) {
    if (condition()) return true;
    ::usleep(10'000);
  }
  return false;
}

}  // namespace set::test
