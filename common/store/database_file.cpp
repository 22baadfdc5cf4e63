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

// Makes the file unless it exists, and sees to it that only we may read it. An existing file is not
// opened: closing it again would drop the locks that SQLite may hold on it in this process (a trap
// of POSIX locks).
Result<void> make_private(const std::filesystem::path& file) {
  const int fd = ::open(file.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  CHECK_OR_FAIL(fd >= 0 || errno == EEXIST, ErrorCode::bad_config,
                "cannot make the database file " + file.string() + ": " + std::strerror(errno));
  if (fd >= 0) ::close(fd);
  struct stat status = {};
  CHECK_OR_FAIL(
      ::lstat(file.c_str(), &status) == 0 && S_ISREG(status.st_mode) && (status.st_mode & 077) == 0,
      ErrorCode::bad_config,
      "the database file " + file.string() +
          " must be a regular file that only its owner can read: chmod 600");
  return {};
}

}  // namespace

Result<DatabaseFile> DatabaseFile::open(const std::filesystem::path& file, bool exclusive) {
  DatabaseFile result;
  if (exclusive) {
    const std::string lock = file.string() + ".lock";
    TRY(make_private(lock));
    result.lock_ = ::open(lock.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    CHECK_OR_FAIL(::flock(result.lock_, LOCK_EX | LOCK_NB) == 0, ErrorCode::bad_config,
                  "another process uses the database " + file.string() + "; stop it first");
  }
  TRY(make_private(file));
  return result;
}

DatabaseFile::DatabaseFile(DatabaseFile&& other) noexcept : lock_(std::exchange(other.lock_, -1)) {}

DatabaseFile& DatabaseFile::operator=(DatabaseFile&& other) noexcept {
  std::swap(lock_, other.lock_);
  return *this;
}

// The lock file stays: removing it would let two processes lock two files of one name.
DatabaseFile::~DatabaseFile() {
  if (lock_ >= 0) ::close(lock_);
}

}  // namespace set
