#include "tests/flow/log_capture.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <sstream>
#include <stdexcept>

#include "common/base/log.h"

namespace set::flow {
namespace {

// Errors alone, unless somebody reads what is written.
[[maybe_unused]] const bool kQuiet = (log_open("flow", LogLevel::error, LogFormat::text), true);

}  // namespace

LogCapture::LogCapture()
    : before_(::dup(STDERR_FILENO)), file_(::memfd_create("log", MFD_CLOEXEC)) {
  if (before_ < 0 || file_ < 0 || ::dup2(file_, STDERR_FILENO) < 0) {
    throw std::runtime_error("standard error cannot be captured");
  }
  log_open("flow", LogLevel::info, LogFormat::text);
}

LogCapture::~LogCapture() {
  log_open("flow", LogLevel::error, LogFormat::text);
  ::dup2(before_, STDERR_FILENO);
  ::close(before_);
  ::close(file_);
}

std::string LogCapture::take() {
  std::string out(static_cast<std::size_t>(::lseek(file_, 0, SEEK_END)), '\0');
  const auto got = ::pread(file_, out.data(), out.size(), 0);
  out.resize(static_cast<std::size_t>(std::max<::ssize_t>(got, 0)));
  if (::ftruncate(file_, 0) != 0) throw std::runtime_error("the captured log cannot be emptied");
  ::lseek(file_, 0, SEEK_SET);
  return out;
}

std::size_t lines_in(const std::string& log) {
  return static_cast<std::size_t>(std::ranges::count(log, '\n'));
}

std::size_t lines_with(const std::string& log, std::string_view words) {
  std::istringstream lines(log);
  std::size_t count = 0;
  for (std::string line; std::getline(lines, line);) {
    if (line.find(words) != std::string::npos) ++count;
  }
  return count;
}

}  // namespace set::flow
