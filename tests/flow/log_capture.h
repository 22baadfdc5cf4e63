// What this process writes to standard error, where the log goes. Not for two at a time.
#pragma once

#include <string>

namespace set::flow {

class LogCapture {
 public:
  LogCapture();
  ~LogCapture();
  LogCapture(const LogCapture&) = delete;
  LogCapture& operator=(const LogCapture&) = delete;

  /// What was written since the last time.
  std::string take();

 private:
  int before_;
  int file_;
};

/// How many lines, and how many of them say this.
std::size_t lines_in(const std::string& log);
std::size_t lines_with(const std::string& log, std::string_view words);

}  // namespace set::flow
