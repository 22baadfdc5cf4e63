#include "common/store/database_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

namespace set {
namespace {

// Opens or makes a file that only we may read.
Result<int> open_private(const std::filesystem::path& file) {
  const int fd = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  CHECK_OR_FAIL(fd >= 0, ErrorCode::bad_config,
                "cannot open the database file " + file.string() + ": " + std::strerror(errno));
  struct stat status = {};
  if (::fstat(fd, &status) != 0 || !S_ISREG(status.st_mode) || (status.st_mode & 077) != 0) {
    ::close(fd);
    return failure(ErrorCode::bad_config, "the database file " + file.string() +
                                              " must be a file that only its owner can read: chmod 600");
  }
  return fd;
}

}  // namespace

Result<DatabaseFile> DatabaseFile::open(const std::filesystem::path& file, bool exclusive) {
  DatabaseFile result;
  if (exclusive) {
    result.lock_ = TRY(open_private(file.string() + ".lock"));
    CHECK_OR_FAIL(::flock(result.lock_, LOCK_EX | LOCK_NB) == 0, ErrorCode::bad_config,
                  "another process uses the database " + file.string() + "; stop it first");
  }
  ::close(TRY(open_private(file)));
  return result;
}

DatabaseFile::DatabaseFile(DatabaseFile&& other) noexcept : lock_(std::exchange(other.lock_, -1)) {}

DatabaseFile& DatabaseFile::operator=(DatabaseFile&& other) noexcept {
  std::swap(lock_, other.lock_);
  return *this;
}

DatabaseFile::~DatabaseFile() {
  if (lock_ >= 0) ::close(lock_);  // the file stays: removing it would let two processes lock two files
}

}  // namespace set
